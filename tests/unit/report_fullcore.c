/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/fullcore.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/meta.h"
#include "tests/lib/unit.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

START_TEST(there_and_back)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(FULLCORE_JSON_MAX);
    struct fullcore f = {.core_bytes = 5,
                         .core_expected = META_UNKNOWN,
                         .core_truncated = true,
                         .core_problem = "the \"disk\" was full\n",
                         .received = 7,
                         .stored = 9,
                         .sha256 = DIGEST};
    struct fullcore g;

    fullcore_format(&f, &b);
    ck_assert_int_eq(buf_error(&b), 0);
    ck_assert_int_eq(fullcore_parse((struct str){b.data, b.len}, &a, &g), 0);
    ck_assert(g.core_bytes == 5 && g.core_expected == META_UNKNOWN && g.core_truncated);
    ck_assert(g.received == 7 && g.stored == 9);
    ck_assert_str_eq(g.core_problem, f.core_problem);
    ck_assert_str_eq(g.sha256, DIGEST);
}
END_TEST

static const char *const wrong[] = {
    "",
    "[]",
    "{}",
    "{\"stored\":1,\"received\":1}",
    "{\"stored\":1,\"received\":1,\"sha256\":\"aa\"}",
    "{\"stored\":-1,\"received\":1,\"sha256\":\"" DIGEST "\"}",
    "{\"stored\":\"1\",\"received\":1,\"sha256\":\"" DIGEST "\"}",
};

START_TEST(refuses)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct fullcore f;

    ck_assert_int_eq(fullcore_parse(str_from(wrong[_i]), &a, &f), -EBADMSG);
}
END_TEST

UNIT_TABLES_MAIN("report/fullcore", {there_and_back, 1}, {refuses, ARRAY_SIZE(wrong)})
