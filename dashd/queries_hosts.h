/* SPDX-License-Identifier: Apache-2.0 */
/* SQL about machines that crashes came from; queries.h has the conventions. */
#ifndef CORRAL_DASHD_QUERIES_HOSTS_H
#define CORRAL_DASHD_QUERIES_HOSTS_H

#include "dashd/queries.h"
#include "dashd/view/filter.h"

struct host_row {
    int64_t id; /* 0: no such host */
    const char *hostname;
    int64_t first_seen, last_seen; /* its crashes */
    uint64_t recent;               /* events of the last 24 hours */
    uint64_t events, groups;       /* ever */
};
struct host_list {
    struct host_row *rows;
    size_t n;
    bool more;
};
/* Those that crashed last first; the text is part of the name. */
int query_hosts(struct db *d, struct arena *a, const struct filter *f, unsigned limit, int64_t now,
                struct host_list *ret);
int query_host(struct db *d, struct arena *a, const char *hostname, int64_t now,
               struct host_row *ret);

struct host_group {
    int64_t id;
    const char *title, *executable, *status;
    uint64_t events; /* on the host */
    int64_t first_seen, last_seen;
    uint64_t hosts; /* on which the group crashes at all */
};
struct host_groups {
    struct host_group *rows;
    size_t n;
};
/* The one that crashed there last first. */
int query_host_groups(struct db *d, struct arena *a, int64_t host, unsigned limit,
                      struct host_groups *ret);

/* The newest events of the day before its last crash. */
int query_host_events(struct db *d, struct arena *a, int64_t host, int64_t last_seen,
                      unsigned limit, struct event_list *ret);

#endif
