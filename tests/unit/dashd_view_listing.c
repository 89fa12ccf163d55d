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
    l = parsed(&(struct listing_query){"", "  ", "", NULL, ""});
    ck_assert_str_eq(listing_address(&l, &a), "");
}
END_TEST

/* What a link says is read back as it was. */
START_TEST(addresses_are_read_back)
{
    struct listing l =
        parsed(&(struct listing_query){"all", " a&b=\xff ", "-events", "7", "12.34"});
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
          choosing_an_order_again_turns_it_around, mistakes_are_told, group_ids)
