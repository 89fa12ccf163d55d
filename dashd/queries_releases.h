/* SPDX-License-Identifier: Apache-2.0 */
/* SQL about programs and their versions; queries.h has the conventions. */
#ifndef CORRAL_DASHD_QUERIES_RELEASES_H
#define CORRAL_DASHD_QUERIES_RELEASES_H

#include "dashd/queries.h"
#include "dashd/view/filter.h"

/* A program in all its versions. */
struct program_row {
    int64_t id; /* of its first version */
    const char *executable;
    const char *newest; /* version: the one that crashed last for the first time */
    uint64_t versions, events, groups;
    int64_t last_seen;
};
struct program_list {
    struct program_row *rows;
    size_t n;
    bool more;
};
/* Those that crashed last first; the text is part of the path. */
int query_programs(struct db *d, struct arena *a, const struct filter *f, unsigned limit,
                   struct program_list *ret);

#define VERSIONS_SHOWN 30
#define VERSION_DAYS   30

struct version_row {
    int64_t id;
    const char *version;
    int64_t first_seen, last_seen;
    uint64_t events, groups;
    uint64_t introduced;         /* groups that crashed in this version first */
    uint64_t regressed;          /* groups that are regressed, and crashed in this version last */
    uint64_t hosts;              /* that it crashed on in the last VERSION_DAYS days */
    uint32_t days[VERSION_DAYS]; /* events, today last */
};
struct version_list {
    struct version_row *rows;
    size_t n;
};
/* The one whose first crash was last, first. */
int query_versions(struct db *d, struct arena *a, const char *executable, int64_t now,
                   struct version_list *ret);

/* A group in two versions; before stands for all earlier ones when none was chosen. */
struct version_group {
    int64_t id;
    const char *title, *status;
    uint64_t before, after; /* events */
    int64_t last_seen;
};
struct version_groups {
    struct version_group *rows;
    size_t n;
};
/* Groups that crash in version `after` of the executable or in version `before` (0: in any earlier
 * one): those that are only in the later one first, then the ones only in the earlier. */
int query_version_groups(struct db *d, struct arena *a, int64_t before, int64_t after,
                         unsigned limit, struct version_groups *ret);

#endif
