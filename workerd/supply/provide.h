/* SPDX-License-Identifier: Apache-2.0 */
/* One file from wherever it is had, into the module store. */
#ifndef CORRAL_WORKERD_SUPPLY_PROVIDE_H
#define CORRAL_WORKERD_SUPPLY_PROVIDE_H

#include <stdint.h>

#include "common/base/arena.h"

#include "workerd/job.h"
#include "workerd/supply/errand.h"
#include "workerd/supply/queries.h"

enum provide_outcome {
    PROVIDE_STORED = 1, /* now: it has been announced */
    PROVIDE_PRESENT,    /* it was in the store already */
    PROVIDE_NOT_FOUND,
    PROVIDE_REFUSED, /* something was had that may not be kept, or from where it may not come */
    PROVIDE_FAILED,  /* it may go another time */
};

struct provider {
    struct worker *worker;
    struct errand errand;
    const char *urls; /* with spaces between them; "": none */
};

/* *ret_reason: what came of it, in words, from the arena. -errno: this host has no room, or it is
 * to stop. */
int provide(struct provider *p, const struct want *w, struct arena *a, const char **ret_reason);

#endif
