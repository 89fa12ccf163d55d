/* SPDX-License-Identifier: Apache-2.0 */
/* Events follow their keys. Wherever a group shows a stack whose key leads to another group, those
 * events move there, with everything that counts them. A group that loses all its stacks is merged
 * into the group that gets most of them, to which its number leads from then on. Each portion is a
 * transaction; cut off at any point, what is left is found again. Nothing is counted twice, and
 * counters of days whose events are gone stay where they are. Outcomes of db.h. */
#ifndef CORRAL_WORKERD_REGROUP_SETTLE_H
#define CORRAL_WORKERD_REGROUP_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/store/db.h"

struct settle {
    struct db *db;
    int64_t keep;            /* a group that is never merged; 0 */
    const char *actor;       /* as in audit_log */
    bool (*turn)(void *arg); /* before each portion; false: stop here */
    void *arg;
    int64_t moved, merged; /* events, groups */
};

enum settle_outcome {
    SETTLE_STOPPED = 90, /* beside enum db_outcome */
};

/* Until nothing is left. */
int settle_all(struct settle *s);

#endif
