/* SPDX-License-Identifier: Apache-2.0 */
/* The list of all events. The conventions are those of queries.h. */
#ifndef CORRAL_DASHD_QUERIES_EVENTS_H
#define CORRAL_DASHD_QUERIES_EVENTS_H

#include "dashd/queries.h"
#include "dashd/view/eventlist.h"

struct event_page {
    struct event_row *rows; /* the newest first, with the titles of their groups */
    size_t n;
    bool more; /* there is at least one behind the last */
};
int query_events(struct db *d, struct arena *a, const struct eventlist *l, int64_t now,
                 struct event_page *ret);

#endif
