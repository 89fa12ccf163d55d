/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
#include "dashd/view/listing.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static struct arena a;

static struct listing parsed(const struct listing_query *q)
{
    struct listing l;
    const char *wrong = listing_parse(q, &a, &l);

    ck_assert_msg(!wrong, "%s", wrong);
    return l;
}

START_TEST(defaults_have_the_shortest_address)
{
    struct listing l = parsed(&(struct listing_query){0});

    ck_assert_str_eq(l.status->name, "open");
    ck_assert_str_eq(l.text, "");
    ck_assert_int_eq(l.sort, SORT_LAST_SEEN);
    ck_assert(!l.ascending);
    ck_assert_uint_eq(l.limit, 50);
    ck_assert(!l.has_after);
    ck_assert_str_eq(listing_address(&l, &a), "");
    l = parsed(&(struct listing_query){
        .status = "", .text = "  ", .sort = "", .cursor = "", .from = "", .to = ""});
    ck_assert_str_eq(listing_address(&l, &a), "");
}
END_TEST

/* What a link says is read back as it was. */
START_TEST(addresses_are_read_back)
{
    struct listing l = parsed(&(struct listing_query){
        .status = "all", .text = " a&b=\xff ", .sort = "-events", .limit = "7", .cursor = "12.34"});
    const char *address = listing_after(&l, &a, -5, 9);

    ck_assert_str_eq(l.text, "a&b=?");
    ck_assert_int_eq(l.after_key, 12);
    ck_assert_int_eq(l.after_id, 34);
    ck_assert_str_eq(address, "?status=all&q=a%26b%3D%3F&sort=-events&limit=7&cursor=-5.9");
    ck_assert_str_eq(listing_address(&l, &a), "?status=all&q=a%26b%3D%3F&sort=-events&limit=7");
    ck_assert_str_eq(listing_with_status(&l, &a, "open"), "?q=a%26b%3D%3F&sort=-events&limit=7");
    l = parsed(&(struct listing_query){.cursor = "-5.9"});
    ck_assert_int_eq(l.after_key, -5);
    ck_assert_int_eq(l.after_id, 9);
}
END_TEST

/* A time stays as it was written, so that "now" in a link is that of whoever follows it. */
START_TEST(a_period_is_part_of_the_address)
{
    struct listing l = parsed(&(struct listing_query){
        .from = "now-24h", .to = "1795000000000", .now = INT64_C(1795000000000000)});
    struct listing unread;

    ck_assert_int_eq(l.period.to - l.period.from, INT64_C(86400000000));
    ck_assert_str_eq(listing_address(&l, &a), "?from=now-24h&to=1795000000000");
    ck_assert_ptr_nonnull(listing_parse(&(struct listing_query){.from = "yesterday"}, &a, &unread));
    ck_assert_ptr_nonnull(listing_parse(
        &(struct listing_query){.from = "2026-11-21", .to = "2026-11-21"}, &a, &unread));
}
END_TEST

/* Whatever a crash calls itself, the link is read as one term more. */
START_TEST(a_value_narrows_the_list)
{
    static const char *const values[] = {"2.4.0-1", "a b\"c\\d*e", "]x,[y", "!:", "\xc3\xa4"};

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        struct listing l = parsed(&(struct listing_query){.text = "func:main"});
        const char *term = search_link(SEARCH_VERSION, values[i], &a);
        struct search_query q;
        struct search_mistake m;

        l.text = arena_printf(&a, "%s %s", l.text, term);
        ck_assert_int_eq(search_parse(str_from(l.text), &a, &q, &m), 0);
        ck_assert_uint_eq(q.n_terms, 2);
        ck_assert_str_eq(q.terms[1].values[0].text, search_literal(values[i], &a));
    }
    ck_assert_str_eq(
        listing_with_term(
            &(struct listing){.status = &listing_statuses[0], .text = "", .limit = LISTING_PAGE},
            &a, SEARCH_HOST, "a b"),
        "?q=host%3A%22a%20b%22");
}
END_TEST

START_TEST(me_is_whoever_asks)
{
    struct listing l = parsed(&(struct listing_query){.text = "owner:[ME,vera]", .me = "a*b"});

    ck_assert_str_eq(l.query.terms[0].values[0].text, "a\\*b");
    ck_assert_str_eq(l.query.terms[0].values[1].text, "vera");
    ck_assert_str_eq(l.text, "owner:[ME,vera]");
    l = parsed(&(struct listing_query){.text = "owner:me host:me"});
    ck_assert_str_eq(l.query.terms[0].values[0].text, "me");
}
END_TEST

START_TEST(choosing_an_order_again_turns_it_around)
{
    struct listing l = parsed(&(struct listing_query){.sort = "-hosts"});

    ck_assert_str_eq(listing_with_sort(&l, &a, SORT_HOSTS), "?sort=hosts");
    ck_assert_str_eq(listing_with_sort(&l, &a, SORT_EVENTS), "?sort=-events");
    l = parsed(&(struct listing_query){.sort = "hosts"});
    ck_assert_str_eq(listing_with_sort(&l, &a, SORT_HOSTS), "?sort=-hosts");
}
END_TEST

START_TEST(mistakes_are_told)
{
    char lengthy[LISTING_TEXT_MAX + 2];
    const struct listing_query cases[] = {
        {.status = "closed"},
        {.sort = "title"},
        {.sort = "--events"},
        {.limit = "0"},
        {.limit = "201"},
        {.limit = "9x"},
        {.cursor = "12"},
        {.cursor = "12."},
        {.cursor = ".12"},
        {.cursor = "1.-2"},
        {.cursor = "1.2.3"},
        {.cursor = "x.1"},
        {.cursor = "99999999999999999999.1"},
        {.cursor = "1.2147483648"},
        {.text = lengthy},
    };
    struct listing l = {.limit = 77};

    memset(lengthy, 'x', sizeof(lengthy) - 1);
    lengthy[sizeof(lengthy) - 1] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ck_assert_msg(listing_parse(&cases[i], &a, &l), "case %zu is accepted", i);
        ck_assert_uint_eq(l.limit, 77);
    }
}
END_TEST

START_TEST(group_ids)
{
    ck_assert_int_eq(group_id_parse("G-142"), 142);
    ck_assert_int_eq(group_id_parse("g-1"), 1);
    ck_assert_int_eq(group_id_parse("7"), 7);
    ck_assert_int_eq(group_id_parse("G-"), 0);
    ck_assert_int_eq(group_id_parse(""), 0);
    ck_assert_int_eq(group_id_parse("G-1x"), 0);
    ck_assert_int_eq(group_id_parse("-1"), 0);
    ck_assert_int_eq(group_id_parse("2147483648"), 0);
}
END_TEST

UNIT_MAIN("dashd/view/listing", defaults_have_the_shortest_address, addresses_are_read_back,
          choosing_an_order_again_turns_it_around, a_period_is_part_of_the_address,
          a_value_narrows_the_list, me_is_whoever_asks, mistakes_are_told, group_ids)
