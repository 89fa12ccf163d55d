/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the transaction that heals an event: its group is merged with another, or loses
 * the event to it. Everything that is counted (crashes, hours, hosts, programs, stacks) moves
 * with what it counts. All groups in question are locked by the caller. Outcomes of db.h. */
#ifndef CORRAL_WORKERD_HEALING_REGROUP_H
#define CORRAL_WORKERD_HEALING_REGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/store/db.h"

#include "workerd/group.h"

/* The group loses the keys that know no frame, for it is no group of such crashes any more. */
int regroup_drop_vague_keys(struct db *d, int64_t group);

/* Gives everything of a group to the survivor, to which its number leads from then on; actor as in
 * audit_log. */
int regroup_merge(struct db *d, int64_t survivor, int64_t other, const char *actor);

/* One event, which is one crash. */
struct regroup_move {
    const char *crash_id;
    int64_t received_at; /* usec */
    int64_t from, to;    /* groups */
    int64_t host, program;
    int64_t environment; /* 0: none is known */
};
/* Moves what it counts for; the event's row itself must name its new group already. */
int regroup_move(struct db *d, const struct regroup_move *m);

/* A title that names less than the event's gives way to it. */
int regroup_title(struct db *d, int64_t group, const struct event *e);

#endif
