/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the transaction that heals an event: its group adopts a key, is merged with another, or
 * loses the event to it. Everything that is counted (crashes, hours, hosts, programs, stacks) moves
 * with what it counts. All groups in question are locked by the caller. Outcomes of db.h. */
#ifndef CORRAL_WORKERD_HEALING_REGROUP_H
#define CORRAL_WORKERD_HEALING_REGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/store/db.h"

#include "workerd/group.h"

enum regroup_outcome {
    REGROUP_TAKEN = 80, /* beside enum db_outcome: the key has got another group meanwhile */
};

/* The group gets the event's fingerprint as one more key; without_frames: those that know no frame
 * are taken from it, for it is no group of such crashes any more. */
int regroup_adopt(struct db *d, int64_t group, const struct event *e);
int regroup_drop_vague_keys(struct db *d, int64_t group);

/* Gives everything of a group to the survivor, to which its number leads from then on. */
int regroup_merge(struct db *d, int64_t survivor, int64_t other);

/* One event, which is one crash. */
struct regroup_move {
    const char *crash_id;
    int64_t received_at; /* usec */
    int64_t from, to;    /* groups */
    int64_t host, program;
};
/* Moves what it counts for; the event's row itself must name its new group already. */
int regroup_move(struct db *d, const struct regroup_move *m);

/* A title that names less than the event's gives way to it. */
int regroup_title(struct db *d, int64_t group, const struct event *e);

#endif
