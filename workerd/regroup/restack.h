/* SPDX-License-Identifier: Apache-2.0 */
/* One stack grouped anew from its row. Pure, but for stacks of the time when rows had no facts:
 * theirs are those of one of their events. */
#ifndef CORRAL_WORKERD_REGROUP_RESTACK_H
#define CORRAL_WORKERD_REGROUP_RESTACK_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/store/blob.h"
#include "common/store/db.h"

#include "workerd/group.h"
#include "workerd/splits.h"

/* How stacks are grouped. */
struct regroup_way {
    const struct rules *rules;
    const char *grouped; /* name of algorithm and rules, as in stacks.grouped */
    struct key_splits splits;
};

/* A row as it is. Texts may be NULL. */
struct old_stack {
    int64_t id;
    const char *frames, *facts, *title;
    const uint8_t *base, *key; /* NULL: none was ever made */
};

struct restacked {
    bool unreadable; /* its frames are none of ours: it stays as it is */
    struct grouping grouping;
    struct stack_keys keys;
    struct event_stack *row;
    uint8_t lineage[SHA256_SIZE]; /* its old key, or what stands for one */
    const char *title;
    enum title_rank title_rank;
    enum fingerprint_quality quality;
};

/* store may be NULL: nothing is known of an old stack but what the database knows. Outcomes of
 * db.h. */
int restack(struct db *d, struct blob_store *store, const struct regroup_way *way,
            const struct old_stack *old, struct arena *a, struct restacked *ret);

#endif
