/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: what becomes a parameter and how; that no value gets into the text. What they find is
 * tests/integration/54-search.sh's. */
#include "common/search/where.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/search/moment.h"
#include "tests/lib/unit.h"

static int64_t at(const char *text)
{
    int64_t usec = 0;

    ck_assert_int_eq(clock_parse(str_from(text), &usec), 0);
    return usec;
}

static struct search_where where(struct arena *a, const char *text, enum search_subject subject)
{
    struct search_mistake m = {0};
    struct search_where w;
    struct search_query q;

    ck_assert_msg(search_parse(str_from(text), a, &q, &m) == 0, "%s: %s", text, m.message);
    search_where(&q, subject, 1, at("2026-11-21T12:00:00Z"), a, &w);
    return w;
}

/* --- Values --- */

static const struct {
    const char *text, *first, *second;
} values[] = {
    {"host:web1", "web1", NULL},
    {"host:we*b_1%", "we%b\\_1\\%", NULL},
    {"host:\"a\\*b\\\\c\"", "a*b\\\\c", NULL},
    {"problem:cut", "%cut%", NULL},
    {"signal:segv", "11", NULL},
    {"count:>100", "100", NULL},
    {"fp:90b1c2d3e4f5", "\\x90b1c2d3e4f50000000000000000000000000000000000000000000000000000",
     "\\x90b1c2d3e4f5ffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {"id:G-142", "142", NULL},
    {"last:<24h", "2026-11-20T12:00:00.000000Z", NULL},
    {"last:2026-11-20", "2026-11-20T00:00:00.000000Z", "2026-11-21T00:00:00.000000Z"},
    {"last:>2026-11-20", "2026-11-21T00:00:00.000000Z", NULL},
    {"last:<2026-11-20", "2026-11-20T00:00:00.000000Z", NULL},
    {"last:<=2026-11-20", "2026-11-21T00:00:00.000000Z", NULL},
    {"is:open", NULL, NULL},
    {"is:new", "new", NULL},
};

START_TEST(values_become_parameters)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    size_t expected = !values[_i].first ? 0 : !values[_i].second ? 1 : 2;
    struct search_where w = where(&a, values[_i].text, SEARCH_GROUPS);

    ck_assert_uint_eq(w.n_params, expected);
    if (expected > 0)
        ck_assert_str_eq(w.params[0], values[_i].first);
    if (expected > 1)
        ck_assert_str_eq(w.params[1], values[_i].second);
}
END_TEST

START_TEST(no_value_is_in_the_text)
{
    static const char query[] = "q'x1 func:q'x1 exe:q'x1 host:[q'x1,q'x1] problem:q'x1 cause:q'x1 "
                                "unit:q'x1 pkg:q'x1=q'x1";
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    for (int subject = SEARCH_GROUPS; subject <= SEARCH_EVENTS; subject++) {
        struct search_where w = where(&a, query, (enum search_subject)subject);

        ck_assert_ptr_null(strstr(w.text, "q'x1"));
        ck_assert_uint_ge(w.n_params, 9);
    }
}
END_TEST

/* --- The whole --- */

START_TEST(terms_are_joined_and_negated)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(where(&a, "", SEARCH_EVENTS).text, "TRUE");
    ck_assert_str_eq(where(&a, "", SEARCH_GROUPS).text, "g.merged_into IS NULL");
    ck_assert_str_eq(where(&a, "signal:[6,11] !is:[new,muted]", SEARCH_GROUPS).text,
                     "g.merged_into IS NULL AND (g.signal IN ($1::smallint, $2::smallint)) IS "
                     "TRUE AND "
                     "(g.status = $3 OR g.status = $4) IS NOT TRUE");
}
END_TEST

/* A group shows one signal, whatever its other crashes had. */
START_TEST(what_groups_tell_of_their_events)
{
    static const char text[] = "host:a signal:8 !host:b has:core symbols:full problem:x is:new";
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(SEARCH_QUERY_MAX);
    struct search_mistake m;
    struct search_query q, of_groups;

    ck_assert_int_eq(search_parse(str_from(text), &a, &q, &m), 0);
    search_of_groups(&q, &of_groups);
    search_format(&of_groups, &b);
    ck_assert_str_eq(buf_text(&b), "host:a is:new");
}
END_TEST

/* As many values as there may be, of every field. */
START_TEST(the_largest_query_fits)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    for (int field = SEARCH_TEXT; field < SEARCH_FIELDS; field++) {
        _cleanup_buf_ struct buf b = BUF_INIT(SEARCH_QUERY_MAX);

        for (size_t i = 0; i < SEARCH_TERMS_MAX; i++)
            buf_printf(&b, "!%s ", search_fields[field].example);
        for (int subject = SEARCH_GROUPS; subject <= SEARCH_EVENTS; subject++)
            ck_assert_uint_lt(strlen(where(&a, buf_text(&b), (enum search_subject)subject).text),
                              SEARCH_WHERE_MAX);
    }
}
END_TEST

/* --- Times --- */

START_TEST(ranges_of_addresses)
{
    static const struct {
        const char *text;
        const char *time; /* NULL: none */
    } rows[] = {
        {"now", "2026-11-21T12:00:00Z"},
        {"now-24h", "2026-11-20T12:00:00Z"},
        {"now-1w", "2026-11-14T12:00:00Z"},
        {"1795000000000", "2026-11-18T11:06:40Z"},
        {"2026-11-20", "2026-11-20T00:00:00Z"},
        {"2026-11-20T01:00:00+01:00", "2026-11-20T00:00:00Z"},
        {"now-", NULL},
        {"now+1h", NULL},
        {"-24h", NULL},
        {"2026-02-30", NULL},
        {"", NULL},
    };
    int64_t now = at("2026-11-21T12:00:00Z"), usec;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int r = search_range_parse(str_from(rows[i].text), now, &usec);

        ck_assert_msg((r == 0) == (rows[i].time != NULL), "%s", rows[i].text);
        if (r == 0)
            ck_assert_msg(usec == at(rows[i].time), "%s", rows[i].text);
    }
}
END_TEST

UNIT_TABLES_MAIN("search/where", {values_become_parameters, ARRAY_SIZE(values)},
                 {no_value_is_in_the_text, 1}, {terms_are_joined_and_negated, 1},
                 {what_groups_tell_of_their_events, 1}, {the_largest_query_fits, 1},
                 {ranges_of_addresses, 1})
