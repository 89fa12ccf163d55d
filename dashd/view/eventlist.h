/* SPDX-License-Identifier: Apache-2.0 */
/* What a list of events shows: a query and a time, the newest first. Like listing.h, which has the
 * groups: every state has an address, pages are told by the last row that was seen. Pure. */
#ifndef CORRAL_DASHD_VIEW_EVENTLIST_H
#define CORRAL_DASHD_VIEW_EVENTLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/search/query.h"
#include "dashd/view/period.h"

struct eventlist {
    const char *text; /* the query as it was written, "" for none; valid UTF-8 */
    struct search_query query;
    struct period period; /* of receipt */
    unsigned limit;
    bool has_after;
    int64_t after_at; /* when the last row of the page before was received */
    const char *after_id;
};

/* The query's values as they came, NULL when not given. */
struct eventlist_query {
    const char *text, *limit, *cursor, *from, *to;
    const char *me; /* whom owner:me means; NULL: a program asks */
    int64_t now;
};

/* NULL and *ret filled, or what is wrong in words with a hint. */
const char *eventlist_parse(const struct eventlist_query *q, struct arena *a,
                            struct eventlist *ret);

/* "?q=…", "" when nothing differs from the default; the same from the next page on. */
const char *eventlist_address(const struct eventlist *l, struct arena *a);
const char *eventlist_after(const struct eventlist *l, struct arena *a, int64_t at, const char *id);
/* The page's cursor alone, for the API. */
const char *eventlist_cursor(struct arena *a, int64_t at, const char *id);

#endif
