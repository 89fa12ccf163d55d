/* SPDX-License-Identifier: Apache-2.0 */
/* Time for what is good to have but must not delay the rest: a share of the time that passes,
 * saved up to a limit, and drawn on by whoever measures what he has spent. What matters more may go
 * into debt, which is paid before anything else is begun. Pure; times in usec of one clock. */
#ifndef CORRAL_WORKERD_ALLOWANCE_H
#define CORRAL_WORKERD_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

struct allowance {
    unsigned percent; /* of the time that passes; 0: never anything */
    int64_t most;     /* that is saved, and owed */
    int64_t saved;    /* negative: owed */
    int64_t since;    /* up to when time was counted */
};

/* Begins with all that may be saved. */
void allowance_begin(struct allowance *a, unsigned percent, int64_t most, int64_t now);
/* Whether something may be begun now. */
bool allowance_permits(struct allowance *a, bool matters, int64_t now);
void allowance_spend(struct allowance *a, int64_t usec);

#endif
