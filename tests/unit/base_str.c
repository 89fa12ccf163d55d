/* SPDX-License-Identifier: Apache-2.0 */
/* Slices, strict numbers and UTF-8: the cases that loose parsers get wrong. */
#include "common/base/str.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(numbers_are_strict)
{
    static const struct {
        const char *text;
        uint64_t max;
        int result;
        uint64_t value;
    } cases[] = {
        {"0", 10, 0, 0},
        {"10", 10, 0, 10},
        {"11", 10, -ERANGE, 0},
        {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, -ERANGE, 0},
        {"99999999999999999999999", UINT64_MAX, -ERANGE, 0},
        {"", 10, -EINVAL, 0},
        {" 1", 10, -EINVAL, 0},
        {"1 ", 10, -EINVAL, 0},
        {"+1", 10, -EINVAL, 0},
        {"-1", 10, -EINVAL, 0},
        {"0x1", 10, -EINVAL, 0},
        {"1a", 10, -EINVAL, 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t value = 4711;

        ck_assert_msg(str_to_u64(str_from(cases[i].text), cases[i].max, &value) == cases[i].result,
                      "\"%s\"", cases[i].text);
        ck_assert_uint_eq(value, cases[i].result ? 4711 : cases[i].value);
    }
}
END_TEST

START_TEST(signed_and_hexadecimal_numbers)
{
    int64_t i;
    uint64_t u;

    ck_assert_int_eq(str_to_i64(STR("-9223372036854775808"), &i), 0);
    ck_assert(i == INT64_MIN);
    ck_assert_int_eq(str_to_i64(STR("9223372036854775808"), &i), -ERANGE);
    ck_assert_int_eq(str_to_i64(STR("--1"), &i), -EINVAL);
    ck_assert_int_eq(str_to_i64(STR("-"), &i), -EINVAL);
    ck_assert_int_eq(str_hex_to_u64(STR("DeadBeef"), UINT64_MAX, &u), 0);
    ck_assert_uint_eq(u, 0xdeadbeef);
    ck_assert_int_eq(str_hex_to_u64(STR("0x10"), UINT64_MAX, &u), -EINVAL);
}
END_TEST

START_TEST(splitting)
{
    struct str rest = STR("a,,b"), part;
    const char *expected[] = {"a", "", "b"};

    for (size_t i = 0; i < 3; i++) {
        ck_assert(str_split(&rest, ',', &part));
        ck_assert(str_eq(part, str_from(expected[i])));
    }
    ck_assert(!str_split(&rest, ',', &part));
    rest = STR("");
    ck_assert(str_split(&rest, ',', &part));
    ck_assert_uint_eq(part.n, 0);
    ck_assert(!str_split(&rest, ',', &part));
}
END_TEST

START_TEST(comparing_and_finding)
{
    ck_assert(str_eq_nocase(STR("Content-Type"), STR("content-TYPE")));
    ck_assert(!str_eq_nocase(STR("a"), STR("ab")));
    ck_assert(str_starts(STR("abc"), STR("ab")) && !str_starts(STR("a"), STR("ab")));
    ck_assert(str_ends(STR("abc"), STR("bc")) && !str_ends(STR("c"), STR("bc")));
    ck_assert(str_eq(str_trim(STR(" \t x y\r\n")), STR("x y")));
    ck_assert_uint_eq(str_trim(STR(" \n ")).n, 0);
    ck_assert_int_eq(str_find(STR("haystack"), STR("st")), 3);
    ck_assert_int_eq(str_find(STR(""), STR("x")), -1);
    ck_assert(cstr_starts("corral_x", "corral_") && cstr_ends("a.tmp", ".tmp"));
    ck_assert(cstr_empty(NULL) && cstr_empty("") && !cstr_empty("x"));
}
END_TEST

START_TEST(utf8)
{
    static const struct {
        const char *text;
        size_t valid;
    } cases[] = {
        {"plain", 5},
        {"\xc3\xa4", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x90\x82", 4},
        {"a\xc3", 1},            /* cut short */
        {"\xc0\x80", 0},         /* overlong NUL */
        {"\xe0\x80\x80", 0},     /* overlong */
        {"\xed\xa0\x80", 0},     /* a surrogate */
        {"\xf4\x90\x80\x80", 0}, /* beyond U+10FFFF */
        {"\xff", 0},
        {"x\x80y", 1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_msg(utf8_valid_prefix(cases[i].text, strlen(cases[i].text)) == cases[i].valid,
                      "case %zu", i);
}
END_TEST

START_TEST(repaired_text_is_valid)
{
    char bytes[256 * 3];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 167 + i / 256);
    utf8_repair(bytes, sizeof(bytes));
    ck_assert_uint_eq(utf8_valid_prefix(bytes, sizeof(bytes)), sizeof(bytes));
}
END_TEST

UNIT_MAIN("base/str", numbers_are_strict, signed_and_hexadecimal_numbers, splitting,
          comparing_and_finding, utf8, repaired_text_is_valid)
