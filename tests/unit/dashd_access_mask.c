/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/view */
#include "dashd/access/mask.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define TOKEN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER "00112233445566778899aabbccddeeff00112233445566778899aabbccddee00"

START_TEST(a_masked_token_is_the_token)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *one = mask_token(&a, TOKEN), *two = mask_token(&a, TOKEN);

    ck_assert_uint_eq(strlen(one), 2 * strlen(TOKEN));
    ck_assert_str_ne(one, two);
    ck_assert_ptr_null(strstr(one, TOKEN));
    ck_assert(mask_matches(one, TOKEN));
    ck_assert(mask_matches(two, TOKEN));
}
END_TEST

START_TEST(nothing_else_is)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char *broken = arena_strdup(&a, mask_token(&a, TOKEN));

    ck_assert(!mask_matches(broken, OTHER));
    ck_assert(!mask_matches(TOKEN, TOKEN));
    ck_assert(!mask_matches("", TOKEN));
    ck_assert(!mask_matches("", ""));
    ck_assert(!mask_matches(arena_printf(&a, "%s00", broken), TOKEN));
    broken[strlen(broken) - 1] ^= 1;
    ck_assert(!mask_matches(broken, TOKEN));
    broken[0] = 'x';
    ck_assert(!mask_matches(broken, TOKEN));
}
END_TEST

/* What is no token is nobody's secret, and opens nothing. */
START_TEST(what_is_not_hexadecimal_stays)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(mask_token(&a, "not hexadecimal"), "not hexadecimal");
    ck_assert(!mask_matches("not hexadecimal", "not hexadecimal"));
}
END_TEST

UNIT_MAIN("dashd/access/mask", a_masked_token_is_the_token, nothing_else_is,
          what_is_not_hexadecimal_stays)
