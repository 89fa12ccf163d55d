/* SPDX-License-Identifier: Apache-2.0 */
/* SQL about modules whose symbols are missing; queries.h has the conventions. */
#ifndef CORRAL_DASHD_QUERIES_SYMBOLS_H
#define CORRAL_DASHD_QUERIES_SYMBOLS_H

#include "dashd/queries.h"
#include "dashd/view/filter.h"

/* A build-id that stacks lack. */
struct missing_module {
    int64_t id; /* 0: no such module */
    const char *build_id, *path;
    const char *status;      /* "missing", "stripped", "symbols" */
    uint64_t events, groups; /* that its symbols would heal */
    int64_t first_seen;
    int64_t asked_at;                /* of debuginfod servers and folders; 0: never */
    const char *answer;              /* theirs: "not_found" */
    uint64_t of_modules, of_missing; /* in a list: rows on all its pages; those without any file */
};
struct missing_modules {
    struct missing_module *rows;
    size_t n;
    bool more;
};

/* Those with most events first; the text is part of the path or begins the build-id. */
int query_missing_modules(struct db *d, struct arena *a, const struct filter *f, unsigned limit,
                          struct missing_modules *ret);

/* status NULL: no stack lacks it. */
int query_module(struct db *d, struct arena *a, const char *build_id, struct missing_module *ret);

struct module_fetch {
    const char *kind, *outcome;
    int64_t tried_at, again_at;
};
struct module_fetches {
    struct module_fetch *rows;
    size_t n;
};
int query_module_fetches(struct db *d, struct arena *a, int64_t module, struct module_fetches *ret);

/* A group that lacks a module, with the events that it would heal there. */
struct module_group {
    int64_t id;
    const char *title, *status;
    uint64_t events;
    int64_t last_seen;
};
struct module_groups {
    struct module_group *rows;
    size_t n;
};
int query_module_groups(struct db *d, struct arena *a, int64_t module, unsigned limit,
                        struct module_groups *ret);

/* Paths of those of n build-ids that are known, in their order; NULL for the others. */
int query_module_paths(struct db *d, struct arena *a, const char *const *build_ids, size_t n,
                       const char **ret);

#endif
