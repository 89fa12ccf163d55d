/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
#include "ingestd/resume.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/meta.h"
#include "tests/lib/unit.h"

START_TEST(reads)
{
    struct resume r;
    struct resume_headers h = {.offset = "0"};

    ck_assert_ptr_null(resume_parse(&h, &r));
    ck_assert(r.offset == 0 && !r.complete && r.core_bytes == META_UNKNOWN);
    ck_assert(r.core_expected == META_UNKNOWN && !r.core_problem);
    h = (struct resume_headers){"123456789012345", "?1", "17", "18", "cut"};
    ck_assert_ptr_null(resume_parse(&h, &r));
    ck_assert(r.offset == 123456789012345 && r.complete && r.core_bytes == 17);
    ck_assert_int_eq(r.core_expected, 18);
    ck_assert_str_eq(r.core_problem, "cut");
    h = (struct resume_headers){"1", "?0", NULL, NULL, ""};
    ck_assert_ptr_null(resume_parse(&h, &r));
    ck_assert(!r.complete && !r.core_problem);
}
END_TEST

static const struct resume_headers wrong[] = {
    {.offset = NULL},
    {.offset = ""},
    {.offset = "-1"},
    {.offset = "+1"},
    {.offset = " 1"},
    {.offset = "0x10"},
    {.offset = "1000000000000000"},
    {.offset = "18446744073709551616"},
    {.offset = "1", .complete = "1"},
    {.offset = "1", .complete = "?2"},
    {.offset = "1", .complete = "?10"},
    {.offset = "1", .complete = ""},
    {.offset = "1", .core_bytes = "many"},
    {.offset = "1", .core_expected = "-5"},
};

START_TEST(refuses)
{
    struct resume r = {.offset = 77};

    ck_assert_ptr_nonnull(resume_parse(&wrong[_i], &r));
    ck_assert_uint_eq(r.offset, 77);
}
END_TEST

START_TEST(long_words)
{
    static char text[RESUME_PROBLEM_MAX + 2];
    struct resume_headers h = {.offset = "1", .core_problem = text};
    struct resume r;

    memset(text, 'x', RESUME_PROBLEM_MAX);
    ck_assert_ptr_null(resume_parse(&h, &r));
    text[RESUME_PROBLEM_MAX] = 'x';
    ck_assert_ptr_nonnull(resume_parse(&h, &r));
}
END_TEST

UNIT_TABLES_MAIN("ingestd/resume", {reads, 1}, {refuses, ARRAY_SIZE(wrong)}, {long_words, 1})
