/* SPDX-License-Identifier: Apache-2.0 */
/* What a list of groups shows: filter, order, page. Read from a request's query, written back into
 * links, so that every state of the list has an address, and the same words serve the page and the
 * API. Pages are told by the last row that was seen (keyset), so that a page costs the same
 * wherever it is and does not shift while crashes arrive. Pure. */
#ifndef CORRAL_DASHD_VIEW_LISTING_H
#define CORRAL_DASHD_VIEW_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/search/query.h"
#include "dashd/view/period.h"

#define LISTING_PAGE      50
#define LISTING_LIMIT_MAX 200
#define LISTING_TEXT_MAX  SEARCH_QUERY_MAX

enum listing_sort { SORT_LAST_SEEN, SORT_FIRST_SEEN, SORT_EVENTS, SORT_HOSTS, SORT_COUNT };

/* What `status` may be: a group of states, or one. */
struct listing_status {
    const char *name;     /* as in addresses */
    const char *label;    /* as on the page */
    const char *postgres; /* the states, as a text array */
};
extern const struct listing_status listing_statuses[];
extern const size_t listing_statuses_n;

struct listing {
    const struct listing_status *status;
    const char *text; /* the query as it was written, "" for none; valid UTF-8 */
    struct search_query query;
    struct period period; /* that a group must have crashed in */
    enum listing_sort sort;
    bool ascending;
    unsigned limit;
    bool has_after;
    int64_t after_key, after_id; /* of the last row of the page before */
};

/* The query's values as they came, NULL when not given. Ages are counted back from now. */
struct listing_query {
    const char *status, *text, *sort, *limit, *cursor, *from, *to;
    const char *me; /* whom owner:me means; NULL: a program asks */
    int64_t now;
};

/* NULL and *ret filled, or what is wrong in words with a hint. A query that says in which state or
 * by which id is asked in all states, unless a status is given. */
const char *listing_parse(const struct listing_query *q, struct arena *a, struct listing *ret);

/* The parts that lists of other things share: what is wrong, or NULL and the result filled. */
const char *listing_read_query(const char *text, struct arena *a, const char **ret_text,
                               struct search_query *ret);
const char *listing_read_limit(const char *text, unsigned *ret);
/* Which of the values listing_parse finds wrong, by its name in addresses, and where in it. */
struct listing_fault {
    const char *parameter; /* NULL: none */
    int64_t position;      /* of a query: the byte at which the mistake begins; -1 */
};
struct listing_fault listing_fault(const struct listing_query *q, struct arena *a);

/* The query on one line and carets under its mistake; NULL when there is none. */
const char *listing_mistake(const char *text, struct arena *a);

/* Adds "?name=value" or "&name=value"; nothing for NULL and "". */
void listing_add(struct buf *b, const char *name, const char *value);

/* "last_seen", "-last_seen" (a minus: descending, the default of every order). */
const char *listing_sort_name(enum listing_sort s);

/* "?status=open&q=…": only what differs from the default, without the cursor; "" when nothing does.
 */
const char *listing_address(const struct listing *l, struct arena *a);
/* The same with another status, with another order, from the next page on. */
const char *listing_with_status(const struct listing *l, struct arena *a, const char *status);
const char *listing_with_sort(const struct listing *l, struct arena *a, enum listing_sort s);
const char *listing_after(const struct listing *l, struct arena *a, int64_t key, int64_t id);
/* The same of the groups alone that have this value of the field as well. */
const char *listing_with_term(const struct listing *l, struct arena *a, enum search_field_id field,
                              const char *value);
/* The page's cursor alone, for the API. */
const char *listing_cursor(struct arena *a, int64_t key, int64_t id);

/* "G-142", "g-142", "142" → 142; 0 for anything else. */
int64_t group_id_parse(const char *text);

#endif
