/* SPDX-License-Identifier: Apache-2.0 */
/* What time does to the states of groups: mutes end, what is new grows old, what crashes much more
 * than it used to escalates until it is calm again. (What a crash does to them is done where the
 * crash is stored: group_status_after in sql/.) The one worker that leads calls it. Each change
 * leaves a row in group_activity. */
#ifndef CORRAL_WORKERD_WORKFLOW_WORKFLOW_H
#define CORRAL_WORKERD_WORKFLOW_WORKFLOW_H

#include "common/store/db.h"

#include "common/base/clock.h"

#define WORKFLOW_USEC (60 * USEC_PER_SEC) /* between two looks */

/* A group that nobody touched is new for so long. */
#define WORKFLOW_NEW_DAYS "7"
/* It escalates when it crashed so many times in 24 hours, and so many times as often as on an
 * average day of the week before; it is calm below the second factor. */
#define WORKFLOW_ESCALATES_FROM   "20"
#define WORKFLOW_ESCALATES_FACTOR "5"
#define WORKFLOW_CALM_FACTOR      "2"

/* An outcome of db.h. */
int workflow_look(struct db *d);

#endif
