/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/view/eventlist.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/base/str.h"
#include "dashd/view/listing.h"

/* "USEC.ID" of the last row seen. */
static const char *parse_cursor(const char *text, struct arena *a, struct eventlist *l)
{
    struct str rest = str_from(text), at;

    if (cstr_empty(text))
        return NULL;
    l->has_after = true;
    str_split(&rest, '.', &at);
    if (str_to_i64(at, &l->after_at) < 0 || l->after_at <= 0 || !uuid_valid(rest))
        return "cursor is not one that a page of this list gave: begin at the first page";
    l->after_id = arena_strndup(a, rest.p, rest.n);
    return NULL;
}

const char *eventlist_parse(const struct eventlist_query *q, struct arena *a, struct eventlist *ret)
{
    struct eventlist l = {0};
    const char *wrong = listing_read_limit(q->limit, &l.limit);

    if (!wrong)
        wrong = parse_cursor(q->cursor, a, &l);
    if (!wrong)
        wrong = period_parse(q->from, q->to, q->now, &l.period);
    if (!wrong)
        wrong = listing_read_query(q->text, a, &l.text, &l.query);
    if (wrong)
        return wrong;
    search_name_me(&l.query, q->me, a);
    *ret = l;
    return NULL;
}

static const char *address(const struct eventlist *l, struct arena *a, const char *cursor)
{
    _cleanup_buf_ struct buf b = BUF_INIT(4 * SEARCH_QUERY_MAX);
    char number[16];

    listing_add(&b, "q", l->text);
    listing_add(&b, "from", l->period.from_text);
    listing_add(&b, "to", l->period.to_text);
    snprintf(number, sizeof(number), "%u", l->limit);
    if (l->limit != LISTING_PAGE)
        listing_add(&b, "limit", number);
    listing_add(&b, "cursor", cursor);
    return arena_strdup(a, buf_text(&b));
}

const char *eventlist_address(const struct eventlist *l, struct arena *a)
{
    return address(l, a, NULL);
}

const char *eventlist_cursor(struct arena *a, int64_t at, const char *id)
{
    return arena_printf(a, "%" PRId64 ".%s", at, id);
}

const char *eventlist_after(const struct eventlist *l, struct arena *a, int64_t at, const char *id)
{
    return address(l, a, eventlist_cursor(a, at, id));
}
