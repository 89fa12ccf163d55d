/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
#include "dashd/view/filter.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(a_state_is_its_address)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct filter f;

    ck_assert_ptr_null(filter_parse(NULL, NULL, &a, &f));
    ck_assert_str_eq(f.text, "");
    ck_assert(!f.has_after);
    ck_assert_str_eq(filter_address(&f, &a), "");
    ck_assert_str_eq(filter_after(&f, &a, 12, 3), "?cursor=12.3");
    ck_assert_ptr_null(filter_parse("  a&b=\"<c> ", "-7.12", &a, &f));
    ck_assert_str_eq(f.text, "a&b=\"<c>");
    ck_assert(f.has_after && f.after_key == -7 && f.after_id == 12);
    ck_assert_str_eq(filter_address(&f, &a), "?q=a%26b%3D%22%3Cc%3E");
    ck_assert_str_eq(filter_after(&f, &a, 1, 2), "?q=a%26b%3D%22%3Cc%3E&cursor=1.2");
}
END_TEST

START_TEST(what_is_not_understood_is_said)
{
    static const char *const cursors[] = {"1",     ".",   "1.",  ".1",          "1.-1",
                                          "1.2.3", "x.1", "1.x", "1.4294967296"};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char text[FILTER_TEXT_MAX + 2];
    struct filter f;

    for (size_t i = 0; i < ARRAY_SIZE(cursors); i++)
        ck_assert_ptr_nonnull(filter_parse("", cursors[i], &a, &f));
    memset(text, 'x', sizeof(text));
    text[FILTER_TEXT_MAX + 1] = '\0';
    ck_assert_ptr_nonnull(filter_parse(text, NULL, &a, &f));
    text[FILTER_TEXT_MAX] = '\0';
    ck_assert_ptr_null(filter_parse(text, NULL, &a, &f));
}
END_TEST

UNIT_MAIN("dashd/view/filter", a_state_is_its_address, what_is_not_understood_is_said)
