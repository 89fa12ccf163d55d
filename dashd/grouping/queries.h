/* SPDX-License-Identifier: Apache-2.0 */
/* All SQL about how groups came to be: main stacks, groups like one, what a merge or a split would
 * do, what people decided and what is being done about it. The conventions are those of
 * dashd/queries.h. dashd changes no group: it leaves a row in grouping_requests, and a worker does
 * it. */
#ifndef CORRAL_DASHD_GROUPING_QUERIES_H
#define CORRAL_DASHD_GROUPING_QUERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/store/db.h"
#include "dashd/access/queries.h"
#include "dashd/grouping/explanation.h"
#include "dashd/grouping/hint.h"

/* --- Stacks --- */

/* That of most events of a group. */
struct main_stack_row {
    int64_t id; /* 0: the group has no stack */
    uint64_t events;
    const char *frames; /* JSON */
    struct stack_columns columns;
};
int query_main_stack(struct db *d, struct arena *a, int64_t group, struct main_stack_row *ret);

/* The bounds of a look for similar groups. */
#define SIMILAR_CANDIDATES 200  /* groups whose main stacks are compared */
#define SIMILAR_STACKS     2000 /* of each function; of one that more have, any of them */

struct candidate_row {
    int64_t id;
    const char *title, *status;
    uint64_t event_count;
    const char *names; /* JSON: {"names": […]}, labels of the main stack's usable frames */
};
struct candidate_list {
    struct candidate_row *rows;
    size_t n;
};
/* Groups with a stack that has one of the functions, a JSON array of texts; those that share most
 * of them first. */
int query_candidates(struct db *d, struct arena *a, int64_t group, const char *functions,
                     struct candidate_list *ret);

/* --- What a decision would do --- */

struct merge_counts {
    uint64_t stacks[2], stacks_together; /* of the one that is merged, of the one that stays */
    uint64_t hosts_together;
    int64_t title_rank[2];
};
int query_merge_counts(struct db *d, int64_t group, int64_t into, struct merge_counts *ret);

#define SPLIT_STACKS_MAX 5000 /* of a group that are looked at, those with most events */
#define SPLIT_CAMPS_MAX  20   /* of a selector that are listed */
#define SPLIT_GROUPS_MAX 100  /* workers make no more of one */

struct camp_row {
    const char *by; /* as in a form */
    struct camp camp;
    uint64_t camps; /* of this selector in all */
};
struct camp_list {
    struct camp_row *rows;
    size_t n;
};
/* Of every selector that makes two camps or more, frames up to `frames` behind the kept ones. */
int query_camps(struct db *d, struct arena *a, int64_t group, unsigned frames,
                struct camp_list *ret);
/* How many events of the group have a stack. */
int query_stack_events(struct db *d, int64_t group, uint64_t *ret);

/* What the detector says, and whether somebody has merged the group from others. */
struct group_state {
    const char *split_hint; /* JSON; NULL */
    bool held;
    int64_t dismissed_at; /* a person said that it is one bug all the same; 0 */
    const char *dismissed_by;
};
int query_group_state(struct db *d, struct arena *a, int64_t group, struct group_state *ret);

/* The group's hint goes, and none is given again until its camps are others. *ret_changed false:
 * there is no hint. */
int query_dismiss_hint(struct db *d, int64_t group, const struct audit_entry *e, bool *ret_changed);

/* --- Decisions --- */

struct decision_row {
    int64_t id; /* 0: no such decision */
    int64_t at;
    const char *actor, *kind; /* "merge", "split" */
    int64_t group_id, other_id;
    int64_t group_now;       /* that has the group's crashes since */
    bool parted;             /* of a split: the group asked for came out of it */
    const char *other_title; /* NULL */
    const char *selector;    /* JSON, of a split; NULL */
    int64_t undone_at;       /* 0: in force */
    const char *undone_by;
    bool being_undone;
};
struct decision_list {
    struct decision_row *rows;
    size_t n;
};
#define DECISIONS_SHOWN 20
/* About the group, or out of which it came; the newest first. */
int query_decisions(struct db *d, struct arena *a, int64_t group, struct decision_list *ret);
/* group: as parted has it. */
int query_decision(struct db *d, struct arena *a, int64_t id, int64_t group,
                   struct decision_row *ret);

/* --- Requests --- */

struct request_row {
    int64_t id; /* 0: no such request */
    int64_t at, began_at, ended_at;
    const char *actor, *kind, *state;
    uint64_t total, done;
    const char *problem;
    int64_t group, into, decision; /* 0: it has none */
    const char *selector;          /* JSON; NULL */
    const char *build_id, *query;  /* NULL */
    const char *undone_kind;       /* of the decision; NULL */
};
struct request_list {
    struct request_row *rows;
    size_t n;
};
#define REQUESTS_SHOWN 10
/* About the group: those that wait or run, and what ended in the last week; the newest first. */
int query_requests(struct db *d, struct arena *a, int64_t group, struct request_list *ret);
int query_request(struct db *d, struct arena *a, int64_t id, struct request_row *ret);

#define REQUESTS_WAITING_MAX 100 /* further ones are refused */
/* About any group: those that wait or run, and what failed in the last day; the oldest first. */
int query_open_requests(struct db *d, struct arena *a, struct request_list *ret);

struct request_new {
    const char *kind, *detail; /* detail: JSON */
    const struct audit_entry *audit;
};
/* *ret_id is that of the same request, if it waits already; 0: too many wait. */
int query_request_add(struct db *d, const struct request_new *n, int64_t *ret_id);

#endif
