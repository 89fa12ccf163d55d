/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong for hours is said when it begins, once an hour, and when it ends: a server that
 * is away for a weekend is a line an hour. Pure. */
#ifndef CORRAL_CLIENT_SENDER_COMPLAINT_H
#define CORRAL_CLIENT_SENDER_COMPLAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"

#define COMPLAINT_INTERVAL (3600 * USEC_PER_SEC)

struct complaint {
    uint64_t times;      /* in a row; 0: all is well */
    int64_t since, said; /* monotonic */
};

/* It went wrong: true when that is to be said. */
bool complaint_fail(struct complaint *c, int64_t now);
/* It works: true when it had gone wrong before, and *ret_was tells how often and since when. */
bool complaint_end(struct complaint *c, struct complaint *ret_was);

#endif
