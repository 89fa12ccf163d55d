/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of healing: which events lacked a module, and what becomes of one that was analysed
 * again. Outcomes of db.h, and of enum heal_outcome where it says so. */
#ifndef CORRAL_WORKERD_HEALING_QUERIES_H
#define CORRAL_WORKERD_HEALING_QUERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/id.h"
#include "common/search/query.h"
#include "common/store/db.h"

#include "workerd/group.h"

enum heal_outcome {
    HEAL_GONE = 70, /* beside enum db_outcome: the event is no longer in the database */
};

/* --- One healer for all hosts --- */

/* Leads already or does from now on; *ret false: another one does. A connection that was lost has
 * lost it, so it is asked before each step. */
int query_heal_lead(struct db *d, bool *ret);
int query_heal_follow(struct db *d);

/* --- What is to be done --- */

/* Events of a group that show a stack. */
struct heal_stack {
    int64_t group_id;
    int64_t stack_id;          /* 0: any, or none */
    struct text_set build_ids; /* of those asked for, what it lacked */
};
struct heal_stacks {
    struct heal_stack *rows;
    size_t n;
};
/* All that lack one of the build-ids, the oldest group first. */
int query_heal_stacks(struct db *d, const struct text_set *build_ids, struct arena *a,
                      struct heal_stacks *ret);
/* All groups. */
int query_heal_groups(struct db *d, struct arena *a, struct heal_stacks *ret);

struct heal_event {
    char crash_id[UUID_TEXT_SIZE];
    int64_t received_at;
};
struct heal_events {
    struct heal_event *rows;
    size_t n;
};
/* The next ones after *after (zero: the first), by time, that may be analysed and were not since
 * that time. */
int query_heal_events(struct db *d, const struct heal_stack *s, int64_t since,
                      const struct heal_event *after, size_t limit, struct arena *a,
                      struct heal_events *ret);
/* The next portion of all events behind *after, by time, that were received before `since`: those
 * of them that a query names, and that may be analysed and were not since then. Its ages are
 * counted back from there. *ret_next is where the portion ends, *ret_more that there may be
 * another: what a query asks for may take long to find, and no portion does. */
int query_heal_matching(struct db *d, const struct search_query *q, int64_t since,
                        const struct heal_event *after, struct arena *a, struct heal_events *ret,
                        struct heal_event *ret_next, bool *ret_more);
/* None or one. */
int query_heal_one(struct db *d, const char *crash_id, struct arena *a, struct heal_events *ret);

/* --- What became of it --- */

/* An event that was analysed again. */
struct healed {
    const struct event *event;        /* crash_id and received_at name it */
    const struct text_set *build_ids; /* that have arrived; empty: asked for by hand */
    int64_t at;                       /* when the analysis began */
};

struct heal_result {
    int64_t group_id, merged; /* 0, or the group that is this one now */
    bool moved;               /* it was in another group before */
};

/* In one transaction: the event gets its new stack, problem and group, all counters follow, what
 * its stack lacks is told anew, and a stack that no event shows any more is deleted.
 *
 * A fingerprint that nobody has becomes one more key of the event's group. That of another group
 * says that the two are one bug: they are merged into the older one. But an event moves alone, to
 * the group of its fingerprint or a new one, when its group has others and is something else: a
 * group of crashes without a stack, or one that has a whole key of its own already. HEAL_GONE. */
int query_heal_store(struct db *d, const struct healed *h, struct arena *a,
                     struct heal_result *ret);
/* Only notes that it was tried; without_core: that it will never succeed. HEAL_GONE. */
int query_heal_leave(struct db *d, const struct heal_event *e, const struct text_set *build_ids,
                     int64_t at, const char *problem, bool without_core, struct arena *a);

/* Lets a portion of the events of a merged group follow it. */
int query_heal_move(struct db *d, bool *ret_more);

#endif
