/* SPDX-License-Identifier: Apache-2.0 */
/* All SQL of corral-workerd. */
#ifndef CORRAL_WORKERD_QUERIES_H
#define CORRAL_WORKERD_QUERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/store/db.h"
#include "workerd/group.h"

/* --- Storing a crash --- */

/* Beside enum db_outcome. */
enum store_outcome {
    STORE_LIKE_UNKNOWN = 50, /* the event that it is like is not in the database (yet) */
};

/* What became of an event. */
struct stored {
    bool repeated;  /* this crash was in the database already: nothing was counted */
    bool new_group; /* it is the first of its kind */
    bool new_stack; /* it is the first with this very stack */
    bool regressed; /* its group was resolved before the crash was received */
    int64_t group_id;
};

/* Event, group and counters in one transaction. The rows that it only refers to (host, program,
 * stack, problem) are made before, each by itself: they count nothing, so that one left over by a
 * failure means nothing. Runs the transaction again by itself after a deadlock, for a missing
 * partition, and when another worker was faster. Two workers that store crashes of one group wait
 * for each other at the group's row, which is locked first, and at nothing else. DB_UNAVAILABLE,
 * DB_REFUSED, STORE_LIKE_UNKNOWN. */
int query_store_event(struct db *d, const struct event *e, struct arena *a, struct stored *ret);

/* --- The schema --- */

/* The version of the last migration. */
int query_schema_version(struct db *d, int64_t *ret);
int query_ping(struct db *d);

extern const char script_migration_lock[]; /* waits for other migrations */
extern const char script_migration_table[];
extern const struct db_query query_migrations;    /* version, sha256; ascending */
extern const struct db_query query_migration_add; /* version, name, sha256 */

#endif
