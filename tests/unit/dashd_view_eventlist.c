/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
#include "dashd/view/eventlist.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define ID "01a200c4-6253-7f86-82a5-042712d6c4b4"

START_TEST(addresses_are_read_back)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct eventlist l;

    ck_assert_ptr_null(eventlist_parse(&(struct eventlist_query){0}, &a, &l));
    ck_assert_str_eq(eventlist_address(&l, &a), "");
    ck_assert_ptr_null(eventlist_parse(
        &(struct eventlist_query){
            .text = " host:a&b ", .limit = "7", .from = "2026-11-21", .cursor = "12." ID},
        &a, &l));
    ck_assert_int_eq(l.after_at, 12);
    ck_assert_str_eq(l.after_id, ID);
    ck_assert_str_eq(eventlist_address(&l, &a), "?q=host%3Aa%26b&from=2026-11-21&limit=7");
    ck_assert_str_eq(eventlist_after(&l, &a, 34, ID),
                     "?q=host%3Aa%26b&from=2026-11-21&limit=7&cursor=34." ID);
}
END_TEST

static const struct eventlist_query wrong[] = {
    {.limit = "0"},       {.limit = "201"},    {.cursor = ID},
    {.cursor = "x." ID},  {.cursor = "12.34"}, {.cursor = "-1." ID},
    {.from = "tomorrow"}, {.text = "fnc:x"},   {.cursor = "99999999999999999999." ID},
};

START_TEST(what_is_no_address_is_refused)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct eventlist l;

    ck_assert_ptr_nonnull(eventlist_parse(&wrong[_i], &a, &l));
}
END_TEST

UNIT_TABLES_MAIN("dashd/view/eventlist", {addresses_are_read_back, 1},
                 {what_is_no_address_is_refused, ARRAY_SIZE(wrong)})
