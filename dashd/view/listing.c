/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/view/listing.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "dashd/view/html.h"

const struct listing_status listing_statuses[] = {
    {"open", "Open", "{new,ongoing,escalating,regressed}"},
    {"new", "New", "{new}"},
    {"ongoing", "Ongoing", "{ongoing}"},
    {"escalating", "Escalating", "{escalating}"},
    {"regressed", "Regressed", "{regressed}"},
    {"resolved", "Resolved", "{resolved}"},
    {"muted", "Muted", "{muted}"},
    {"all", "All", "{new,ongoing,escalating,regressed,resolved,muted}"},
};
const size_t listing_statuses_n = ARRAY_SIZE(listing_statuses);

static const char *const sort_names[SORT_COUNT] = {
    [SORT_LAST_SEEN] = "last_seen",
    [SORT_FIRST_SEEN] = "first_seen",
    [SORT_EVENTS] = "events",
    [SORT_HOSTS] = "hosts",
};

const char *listing_sort_name(enum listing_sort s)
{
    return sort_names[s];
}

/* --- Reading --- */

static const char *parse_status(const char *word, struct listing *l)
{
    for (size_t i = 0; word && i < listing_statuses_n; i++)
        if (strcmp(listing_statuses[i].name, word) == 0) {
            l->status = &listing_statuses[i];
            return NULL;
        }
    return word ? "status must be open, new, ongoing, escalating, regressed, resolved, muted or all"
                : NULL;
}

static const char *parse_sort(const char *word, struct listing *l)
{
    bool descending = word && *word == '-';

    for (int s = 0; word && s < SORT_COUNT; s++)
        if (strcmp(sort_names[s], word + descending) == 0) {
            l->sort = (enum listing_sort)s;
            l->ascending = !descending;
            return NULL;
        }
    return word ? "sort must be last_seen, first_seen, events or hosts, with a minus in front for "
                  "the largest first"
                : NULL;
}

const char *listing_read_limit(const char *text, unsigned *ret)
{
    uint64_t n = LISTING_PAGE;

    if (text && (str_to_u64(str_from(text), LISTING_LIMIT_MAX, &n) < 0 || n == 0))
        return "limit must be a number from 1 to 200";
    *ret = (unsigned)n;
    return NULL;
}

/* "KEY.ID" of the last row seen. */
static const char *parse_cursor(const char *text, struct listing *l)
{
    struct str rest = str_from(text), key;

    if (!text)
        return NULL;
    l->has_after = true;
    if (!str_split(&rest, '.', &key) || str_to_i64(key, &l->after_key) < 0 ||
        str_to_i64(rest, &l->after_id) < 0 || l->after_id < 0 || l->after_id > INT32_MAX)
        return "cursor is not one that a page of this list gave: begin at the first page";
    return NULL;
}

/* Browsers send what people type: bytes that are no text are made some. */
static const char *query_text(const char *text, struct arena *a)
{
    struct str s = str_trim(str_from(text));
    char *copy = arena_strndup(a, s.p, s.n);

    utf8_repair(copy, s.n);
    return copy;
}

/* Whatever such a term names should be found, whichever state it is in. */
static bool tells_state(const struct search_query *q)
{
    for (size_t i = 0; i < q->n_terms; i++) {
        enum search_field_id field = q->terms[i].field;

        if (field == SEARCH_IS || field == SEARCH_ID || field == SEARCH_FP)
            return true;
    }
    return false;
}

const char *listing_read_query(const char *text, struct arena *a, const char **ret_text,
                               struct search_query *ret)
{
    struct search_mistake m;

    *ret_text = query_text(text, a);
    if (search_parse(str_from(*ret_text), a, ret, &m) != 0)
        return arena_printf(a, "q, from byte %zu on: %s%s%s%s", m.at + 1, m.message,
                            m.nearest ? "; did you mean " : "", m.nearest ? m.nearest : "",
                            m.nearest ? "?" : "");
    return NULL;
}

const char *listing_parse(const struct listing_query *q, struct arena *a, struct listing *ret)
{
    struct listing l = {.status = &listing_statuses[0]};
    const char *wrong = parse_status(cstr_empty(q->status) ? NULL : q->status, &l);

    if (!wrong)
        wrong = parse_sort(cstr_empty(q->sort) ? NULL : q->sort, &l);
    if (!wrong)
        wrong = listing_read_limit(q->limit, &l.limit);
    if (!wrong)
        wrong = parse_cursor(cstr_empty(q->cursor) ? NULL : q->cursor, &l);
    if (!wrong)
        wrong = period_parse(q->from, q->to, q->now, &l.period);
    if (!wrong)
        wrong = listing_read_query(q->text, a, &l.text, &l.query);
    if (wrong)
        return wrong;
    search_name_me(&l.query, q->me, a);
    if (cstr_empty(q->status) && tells_state(&l.query))
        parse_status("all", &l);
    *ret = l;
    return NULL;
}

/* In listing_parse's order. */
struct listing_fault listing_fault(const struct listing_query *q, struct arena *a)
{
    struct listing l = {.status = &listing_statuses[0]};
    struct search_mistake m;

    if (!cstr_empty(q->status) && parse_status(q->status, &l))
        return (struct listing_fault){"status", -1};
    if (!cstr_empty(q->sort) && parse_sort(q->sort, &l))
        return (struct listing_fault){"sort", -1};
    if (listing_read_limit(q->limit, &l.limit))
        return (struct listing_fault){"limit", -1};
    if (!cstr_empty(q->cursor) && parse_cursor(q->cursor, &l))
        return (struct listing_fault){"cursor", -1};
    if (period_parse(q->from, q->to, q->now, &l.period))
        return (struct listing_fault){cstr_empty(q->from) ? "to" : "from", -1};
    if (search_parse(str_from(query_text(q->text, a)), a, &l.query, &m) != 0)
        return (struct listing_fault){"q", (int64_t)m.at};
    return (struct listing_fault){NULL, -1};
}

const char *listing_mistake(const char *asked, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(4 * SEARCH_QUERY_MAX);
    const char *text = query_text(asked, a);
    struct search_mistake m;
    struct search_query query;

    if (strlen(text) > SEARCH_QUERY_MAX || search_parse(str_from(text), a, &query, &m) == 0)
        return NULL;
    search_point(str_from(text), &m, &b);
    return arena_strdup(a, buf_text(&b));
}

int64_t group_id_parse(const char *text)
{
    struct str s = str_from(text);
    uint64_t id;

    if (s.n > 2 && (s.p[0] == 'G' || s.p[0] == 'g') && s.p[1] == '-')
        s = (struct str){s.p + 2, s.n - 2};
    return str_to_u64(s, INT32_MAX, &id) == 0 ? (int64_t)id : 0;
}

/* --- Writing --- */

void listing_add(struct buf *b, const char *name, const char *value)
{
    if (cstr_empty(value))
        return;
    buf_addc(b, b->len ? '&' : '?');
    buf_adds(b, name);
    buf_addc(b, '=');
    html_percent(b, value);
}

static const char *address(const struct listing *l, struct arena *a, const char *cursor)
{
    _cleanup_buf_ struct buf b;
    char word[32];

    buf_init(&b, 8192);
    if (l->status != &listing_statuses[0])
        listing_add(&b, "status", l->status->name);
    listing_add(&b, "q", l->text);
    listing_add(&b, "from", l->period.from_text);
    listing_add(&b, "to", l->period.to_text);
    snprintf(word, sizeof(word), "%s%s", l->ascending ? "" : "-", sort_names[l->sort]);
    if (l->sort != SORT_LAST_SEEN || l->ascending)
        listing_add(&b, "sort", word);
    snprintf(word, sizeof(word), "%u", l->limit);
    if (l->limit != LISTING_PAGE)
        listing_add(&b, "limit", word);
    listing_add(&b, "cursor", cursor);
    return arena_strdup(a, buf_text(&b));
}

const char *listing_address(const struct listing *l, struct arena *a)
{
    return address(l, a, NULL);
}

const char *listing_with_status(const struct listing *l, struct arena *a, const char *status)
{
    struct listing other = *l;

    parse_status(status, &other);
    return address(&other, a, NULL);
}

/* Choosing the order that is in force turns it around. */
const char *listing_with_sort(const struct listing *l, struct arena *a, enum listing_sort s)
{
    struct listing other = *l;

    other.ascending = s == l->sort && !l->ascending;
    other.sort = s;
    return address(&other, a, NULL);
}

const char *listing_with_term(const struct listing *l, struct arena *a, enum search_field_id field,
                              const char *value)
{
    struct listing other = *l;

    other.text =
        arena_printf(a, "%s%s%s", l->text, *l->text ? " " : "", search_link(field, value, a));
    return address(&other, a, NULL);
}

const char *listing_cursor(struct arena *a, int64_t key, int64_t id)
{
    return arena_printf(a, "%" PRId64 ".%" PRId64, key, id);
}

const char *listing_after(const struct listing *l, struct arena *a, int64_t key, int64_t id)
{
    return address(l, a, listing_cursor(a, key, id));
}
