/* SPDX-License-Identifier: Apache-2.0 */
/* SQL about Corral itself; queries.h has the conventions. */
#ifndef CORRAL_DASHD_QUERIES_SYSTEM_H
#define CORRAL_DASHD_QUERIES_SYSTEM_H

#include "dashd/queries.h"

struct database_facts {
    const char *version;   /* of the server: "15.8" */
    const char *migration; /* the last one: "0004_grouping" */
    uint64_t bytes;
};
int query_database_facts(struct db *d, struct arena *a, struct database_facts *ret);

/* Why events have no stack, or not all of it. */
struct problem_row {
    const char *problem;
    uint64_t events;
    int64_t last_at;
    const char *crash_id; /* of the last one */
};
struct problem_list {
    struct problem_row *rows;
    size_t n;
};
/* Those of the events received since then, the most frequent first. */
int query_problems(struct db *d, struct arena *a, int64_t since, unsigned limit,
                   struct problem_list *ret);

struct crash_ids {
    const char **rows;
    size_t n;
};
/* The newest events. */
int query_newest_crashes(struct db *d, struct arena *a, unsigned limit, struct crash_ids *ret);

#endif
