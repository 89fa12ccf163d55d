/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the groups whose stacks have changed, and gives each its hint, another one, or none.
 * Done by the one process that leads, a few groups at once, when nothing else is to be done. */
#ifndef CORRAL_WORKERD_REGROUP_DETECTION_H
#define CORRAL_WORKERD_REGROUP_DETECTION_H

#include <stdbool.h>

#include "common/store/db.h"

/* Whether a group is to be looked at; asked often. */
bool detection_due(struct db *d);
/* The next few. Cut off at any point, it is begun anew. Outcomes of db.h. */
int detection_run(struct db *d);
/* After what stacks say has changed, though not which group shows them: all are. */
int detection_ask(struct db *d);

#endif
