/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/clock.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(formatting)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(0, text);
    ck_assert_str_eq(text, "1970-01-01T00:00:00.000000Z");
    clock_format(-1, text);
    ck_assert_str_eq(text, "1969-12-31T23:59:59.999999Z");
    clock_format(1795247340123456, text);
    ck_assert_str_eq(text, "2026-11-21T07:49:00.123456Z");
    clock_format(INT64_MAX, text);
    ck_assert_str_eq(text, "9999-12-31T23:59:59.775807Z");
    clock_format(INT64_MIN, text);
    ck_assert_str_eq(text, "0001-01-01T00:00:00.224192Z");
}
END_TEST

START_TEST(parsing)
{
    static const struct {
        const char *text;
        int64_t usec;
    } cases[] = {
        {"2026-11-21T07:49:00Z", 1795247340000000},
        {"2026-11-21t07:49:00z", 1795247340000000},
        {"2026-11-21 07:49:00.5Z", 1795247340500000},
        {"2026-11-21T07:49:00.123456789Z", 1795247340123456},
        {"2026-11-21T08:49:00+01:00", 1795247340000000},
        {"2026-11-21T02:19:00-05:30", 1795247340000000},
        {"2024-02-29T00:00:00Z", 1709164800000000},
        {"2016-12-31T23:59:60Z", 1483228800000000},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t usec = 0;

        ck_assert_msg(clock_parse(str_from(cases[i].text), &usec) == 0, "%s", cases[i].text);
        ck_assert_msg(usec == cases[i].usec, "%s: %lld", cases[i].text, (long long)usec);
    }
}
END_TEST

START_TEST(mistakes)
{
    static const char *const cases[] = {
        "",
        "2026",
        "2026-11-21",
        "2026-11-21T07:49:00",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T07:49:00.Z",
        "2026-11-21T07:49:00Zx",
        "2026-11-21T07:49:00+25:00",
        "0000-01-01T00:00:00Z",
        "-026-11-21T07:49:00Z",
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t usec = 4711;

        ck_assert_msg(clock_parse(str_from(cases[i]), &usec) == -EINVAL, "%s", cases[i]);
        ck_assert_int_eq(usec, 4711);
    }
}
END_TEST

START_TEST(round_trip_of_now)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t now = clock_now(), back;

    clock_format(now, text);
    ck_assert_int_eq(clock_parse(str_from(text), &back), 0);
    ck_assert(back == now);
}
END_TEST

UNIT_MAIN("base/clock", formatting, parsing, mistakes, round_trip_of_now)
