/* SPDX-License-Identifier: Apache-2.0 */
/* All SQL about what people do with groups. The conventions are those of dashd/queries.h. */
#ifndef CORRAL_DASHD_WORKFLOW_QUERIES_H
#define CORRAL_DASHD_WORKFLOW_QUERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/report/versionorder.h"
#include "common/store/db.h"
#include "dashd/workflow/wish.h"

/* --- What a group has --- */

struct rest_row {
    const char *version; /* NULL: versions say nothing */
    bool beyond;         /* only a later one */
    int64_t until;       /* 0: no time */
    int64_t events, hours;
    int64_t left; /* of the events; 0 when hours is not */
};
struct label_list {
    const char **rows;
    size_t n;
};
struct activity_row {
    int64_t id, at;
    const char *actor, *kind;
    /* Of its detail; NULL where it has none. */
    const char *text, *version, *until, *events, *event;
};
struct activity_list {
    struct activity_row *rows;
    size_t n;
};
struct workflow_state {
    int64_t revision;
    const char *assignee; /* NULL: nobody */
    bool rests;
    struct rest_row rest;
    const char *newest; /* version of the group's program; NULL: none can be compared */
    struct label_list labels, links, users;
    struct activity_list activity; /* the latest first */
};

#define ACTIVITY_SHOWN 50
#define USERS_SHOWN    200

int query_workflow(struct db *d, struct arena *a, int64_t group, struct workflow_state *ret);

/* --- Changes; in a transaction --- */

struct workflow_lock {
    int64_t id; /* 0: no such group, or it was merged */
    int64_t revision, event_count;
    const char *status, *executable;
};
int query_workflow_lock(struct db *d, struct arena *a, int64_t group, struct workflow_lock *ret);
/* user 0: a program. */
int query_workflow_resolve(struct db *d, int64_t group, int64_t user);
int query_workflow_open(struct db *d, int64_t group);
int query_workflow_mute(struct db *d, int64_t group);
int query_workflow_wake(struct db *d, int64_t group); /* forgets what would have */
struct rest_new {
    const char *executable, *version; /* version NULL: versions say nothing */
    struct version_order order;
    bool beyond;
    int64_t until, events, events_at, hours; /* 0: none */
};
int query_workflow_rest(struct db *d, int64_t group, const struct rest_new *n);
/* That of the group's program, NULL when none can be compared. */
int query_workflow_newest(struct db *d, struct arena *a, int64_t group, const char **ret);
/* *ret_changed false: it was so; *ret_known false: nobody has that name. */
int query_workflow_assign(struct db *d, int64_t group, const char *name, bool *ret_known,
                          bool *ret_changed);
enum workflow_list { LIST_LABELS, LIST_LINKS };
int query_workflow_add(struct db *d, enum workflow_list l, int64_t group, const char *value,
                       bool *ret_full, bool *ret_changed);
int query_workflow_remove(struct db *d, enum workflow_list l, int64_t group, const char *value,
                          bool *ret_changed);
/* detail is JSON. Also counts the group's revision up. */
int query_workflow_tell(struct db *d, int64_t group, const char *actor, const char *kind,
                        const char *detail);

#endif
