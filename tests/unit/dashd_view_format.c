/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
#include "dashd/view/format.h"

#include <stdbool.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "tests/lib/unit.h"

static char text[FORMAT_SIZE];

START_TEST(counts)
{
    static const struct {
        uint64_t n;
        const char *text;
    } cases[] = {{0, "0"},
                 {999, "999"},
                 {1000, "1,000"},
                 {123456, "123,456"},
                 {1000000, "1,000,000"},
                 {UINT64_MAX, "18,446,744,073,709,551,615"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        format_count(cases[i].n, text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(sizes)
{
    static const struct {
        uint64_t n;
        const char *text;
    } cases[] = {{0, "0 bytes"},       {1023, "1023 bytes"},    {1024, "1.0 KiB"},
                 {1048575, "1.0 MiB"}, {5ull << 30, "5.0 GiB"}, {UINT64_MAX, "16.0 EiB"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        format_bytes(cases[i].n, text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(distances)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {{0, "just now"},
                 {1, "just now"},
                 {2, "2 s ago"},
                 {59, "59 s ago"},
                 {60, "1 min ago"},
                 {3599, "59 min ago"},
                 {3600, "1 h ago"},
                 {2 * 86400 - 1, "47 h ago"},
                 {2 * 86400, "2 days ago"},
                 {400 * 86400, "400 days ago"},
                 {-300, "in 5 min"}};
    int64_t now = 1800000000 * USEC_PER_SEC;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        format_ago(now - cases[i].seconds * USEC_PER_SEC, now, text);
        ck_assert_str_eq(text, cases[i].text);
    }
    format_ago(INT64_MIN, INT64_MAX, text);
    ck_assert_str_eq(text, "106751991 days ago");
    format_ago(INT64_MAX, INT64_MIN, text);
    format_time(INT64_MIN, text);
    ck_assert_str_eq(text, "0001-01-01 00:00:00 UTC");
}
END_TEST

START_TEST(changes)
{
    static const struct {
        uint64_t now, before;
        const char *text;
    } cases[] = {
        {0, 0, "as many as"},      {7, 7, "as many as"},      {7, 0, "none"},
        {15, 10, "+50 % against"}, {0, 10, "−100 % against"}, {1000, 1, "more than ten times"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        format_change(cases[i].now, cases[i].before, text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(durations)
{
    static const struct {
        int64_t usec;
        const char *text;
    } cases[] = {{0, "0 ms"},
                 {250000, "250 ms"},
                 {12000000, "12 s"},
                 {240000000, "4 min"},
                 {12000000000, "3 h 20 min"},
                 {1036800000000, "12 days"},
                 {-1, "less than nothing (a clock is wrong)"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        format_duration(cases[i].usec, text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

UNIT_MAIN("dashd/view/format", counts, sizes, distances, changes, durations)
