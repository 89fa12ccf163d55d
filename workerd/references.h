/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that an event only refers to. Each is made by itself, outside of any transaction: it
 * counts nothing, so that one left over by a failure means nothing, and making it again is fine.
 * Outcomes of db.h. */
#ifndef CORRAL_WORKERD_REFERENCES_H
#define CORRAL_WORKERD_REFERENCES_H

#include "common/store/db.h"

#include "workerd/group.h"
#include "workerd/keys.h"

int reference_make_host(struct db *d, const struct event *e);
int reference_make_program(struct db *d, const struct event *e);
int reference_make_environment(struct db *d, const struct event *e);
int reference_make_problem(struct db *d, const char *problem);
/* With its keys, and what its modules lacked. The event must have a stack. */
int reference_make_stack(struct db *d, const struct event *e, struct arena *a);
/* Makes sure of the rows of all modules that the event's stack lacks. */
int reference_make_modules(struct db *d, const struct event *e, struct arena *a);

enum reference_outcome {
    REFERENCE_TAKEN = 60, /* beside enum db_outcome: somebody made a group of this key meanwhile */
};

/* A group of no events, to which the keys lead. Unlike the others a part of the transaction that
 * counts its first event. */
int reference_make_group(struct db *d, const struct event *e, const struct key_params *keys,
                         int64_t *ret);

#endif
