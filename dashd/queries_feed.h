/* SPDX-License-Identifier: Apache-2.0 */
/* SQL about what is news; queries.h has the conventions. */
#ifndef CORRAL_DASHD_QUERIES_FEED_H
#define CORRAL_DASHD_QUERIES_FEED_H

#include "dashd/queries.h"

/* A group that was seen for the first time, or that came back. */
struct news_row {
    int64_t group;
    const char *title, *executable;
    int64_t signal;
    int64_t at;
    int64_t activity;    /* of its coming back; 0: it was new */
    const char *version; /* in which it came back; NULL: that is not known */
};
struct news_list {
    struct news_row *rows;
    size_t n;
};
/* The latest first, of groups that the listing's query and states let through. */
int query_news(struct db *d, struct arena *a, const struct listing *l, int64_t now, unsigned limit,
               struct news_list *ret);

#endif
