/* SPDX-License-Identifier: Apache-2.0 */
/* All SQL about crashes (access/queries.h has the rest), behind typed functions. Each returns 0,
 * -errno or an outcome of db.h (DB_UNAVAILABLE, …), which page_database_failure turns into an
 * answer. A row that is not there is no failure: the result says so in a member. Rows and their
 * texts belong to the arena. Times are microseconds since the epoch. */
#ifndef CORRAL_DASHD_QUERIES_H
#define CORRAL_DASHD_QUERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/store/db.h"
#include "dashd/access/queries.h"
#include "dashd/view/listing.h"

#define GROUP_HOURS 24 /* of the sparkline */

int query_ping(struct db *d);

/* --- Groups --- */

struct group_row {
    int64_t id; /* 0: no such group */
    const char *title, *executable, *status;
    int64_t signal;
    int64_t first_seen, last_seen;
    uint64_t event_count, host_count;
    uint64_t recent;             /* events of the last 24 hours */
    uint32_t hours[GROUP_HOURS]; /* the same, the current hour last */
    int64_t resolved_at;         /* 0: never */
    const char *resolved_by;
    bool may_be_several;  /* it has a hint that it holds several bugs */
    const char *assignee; /* NULL: nobody */
    const char **labels;
    size_t n_labels;
};

struct group_list {
    struct group_row *rows;
    size_t n;
    bool more; /* there is at least one behind the last */
};

/* One page of the list as the listing asks for it; the hours are filled. */
int query_groups(struct db *d, struct arena *a, const struct listing *l, int64_t now,
                 struct group_list *ret);
/* The groups with most events in the last 24 hours. */
int query_top_groups(struct db *d, struct arena *a, unsigned limit, int64_t now,
                     struct group_list *ret);

/* Groups that were first seen since then, the one with most events first. */
int query_new_groups(struct db *d, struct arena *a, int64_t since, unsigned limit, int64_t now,
                     struct group_list *ret);

struct status_count {
    const char *status;
    uint64_t groups;
};
struct status_counts {
    struct status_count *rows;
    size_t n;
};
int query_status_counts(struct db *d, struct arena *a, struct status_counts *ret);

int query_group(struct db *d, struct arena *a, int64_t id, struct group_row *ret);
/* The group that this one was merged into, 0 when it was not. */
int query_group_merged_into(struct db *d, int64_t id, int64_t *ret);

/* A host or a version with its part of a group's events. */
struct share_row {
    const char *label, *detail; /* host; or version and executable */
    uint64_t events;
    int64_t first_seen, last_seen;
};
struct share_list {
    struct share_row *rows;
    size_t n;
};
int query_group_hosts(struct db *d, struct arena *a, int64_t id, struct share_list *ret);
int query_group_programs(struct db *d, struct arena *a, int64_t id, struct share_list *ret);

struct hour_row {
    int64_t hour;
    uint64_t events;
};
struct hour_list {
    struct hour_row *rows;
    size_t n;
};
/* group 0: of all groups. Hours without events have no row. */
int query_hours(struct db *d, struct arena *a, int64_t group, int64_t since, struct hour_list *ret);

struct fingerprint_row {
    const char *hex;
    int64_t algorithm;
};
struct fingerprint_list {
    struct fingerprint_row *rows;
    size_t n;
};
int query_fingerprints(struct db *d, struct arena *a, int64_t group, struct fingerprint_list *ret);

/* --- Events --- */

enum event_flag {
    EVENT_RESTRICTED = 1,
    EVENT_TRUNCATED = 2,
    EVENT_WITHOUT_STACK = 4,
    EVENT_COUNTED = 8,     /* stands for several crashes */
    EVENT_REANALYSED = 16, /* or tried to */
    EVENT_WITHOUT_CORE = 32,
};

struct event_row {
    const char *crash_id; /* NULL: not in the database */
    int64_t received_at, crashed_at;
    int64_t group_id;
    const char *group_title, *group_status;
    const char *host, *executable, *version;
    int64_t pid, signal, flags;
    const char *problem;
    uint64_t crashes;               /* that it stands for; 1 unless EVENT_COUNTED */
    int64_t first_at;               /* of the first of them; EVENT_COUNTED */
    const char *frames;             /* JSON; NULL in lists, and without a stack */
    const char *facts, *grouped;    /* of the stack, likewise */
    int64_t reanalysed_at;          /* 0: never, or in a list */
    const char *arrived;            /* build-ids that made us, with commas between; "": by hand */
    const char *reanalysis_problem; /* why it is as it was; NULL */
};
struct event_list {
    struct event_row *rows;
    size_t n;
};
/* The newest first. */
int query_group_events(struct db *d, struct arena *a, int64_t group, unsigned limit,
                       struct event_list *ret);
/* The event with a stack that shows most: of those of the last week before the newest, whose
 * modules lack least, then one whose core is kept, then the newest. */
int query_group_sample(struct db *d, struct arena *a, int64_t group, struct event_row *ret);
int query_event(struct db *d, struct arena *a, const char *crash_id, struct event_row *ret);

/* Crash ids of the events next to one in its group; NULL at the ends. */
struct event_neighbours {
    const char *older, *newer;
};
int query_event_neighbours(struct db *d, struct arena *a, const struct event_row *e,
                           struct event_neighbours *ret);

/* --- Overview --- */

struct totals {
    uint64_t crashes, crashes_before;       /* last 24 hours, the 24 before */
    uint64_t groups, groups_before;         /* that crashed */
    uint64_t new_groups, new_groups_before; /* first seen */
    uint64_t regressed, all_groups;         /* now */
    uint64_t hosts, all_hosts;              /* with a crash in the last 24 hours; ever */
    uint64_t problems;                      /* events of the last 24 hours without a full stack */
    uint64_t missing_modules;
    int64_t last_event; /* 0: never */
};
int query_totals(struct db *d, int64_t now, struct totals *ret);

#endif
