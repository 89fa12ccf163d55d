/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
#include "ingestd/quota.h"

#include <stdio.h>

#include "ingestd/tokens.h"
#include "tests/lib/unit.h"

#define MINUTE (60 * USEC_PER_SEC)

START_TEST(a_minute_at_once_then_steadily)
{
    struct quota *q = quota_new(60);
    int64_t now = 1000 * MINUTE, wait;

    for (int i = 0; i < 60; i++)
        ck_assert_int_eq(quota_take(q, "1", now), 0);
    wait = quota_take(q, "1", now);
    ck_assert_int_eq(wait, USEC_PER_SEC);
    ck_assert_int_eq(quota_take(q, "1", now + wait - 1), 1);
    ck_assert_int_eq(quota_take(q, "1", now + wait), 0);
    ck_assert_int_gt(quota_take(q, "1", now + wait), 0);
    for (int i = 0; i < 30; i++)
        ck_assert_int_eq(quota_take(q, "1", now + wait + MINUTE / 2), 0);
    ck_assert_int_gt(quota_take(q, "1", now + wait + MINUTE / 2), 0);
    quota_free(q);
}
END_TEST

START_TEST(each_token_has_its_own)
{
    struct quota *q = quota_new(1);

    ck_assert_int_eq(quota_take(q, "1", 5), 0);
    ck_assert_int_gt(quota_take(q, "1", 5), 0);
    ck_assert_int_eq(quota_take(q, "2", 5), 0);
    quota_free(q);
}
END_TEST

START_TEST(limits)
{
    struct quota *q = quota_new(0);

    for (int i = 0; i < 100000; i++)
        ck_assert_int_eq(quota_take(q, "1", 5), 0);
    quota_free(q);
    q = quota_new(QUOTA_MAX);
    for (int i = 0; i < 100000; i++)
        ck_assert_int_eq(quota_take(q, "1", 5), 0);
    quota_free(q);
}
END_TEST

/* More tokens than there can be: some begin anew, none is lost in a full table. */
START_TEST(bounded)
{
    struct quota *q = quota_new(1);
    char id[TOKEN_ID_SIZE];

    for (int i = 0; i < 5 * TOKENS_MAX; i++) {
        snprintf(id, sizeof(id), "%d", i);
        ck_assert_int_eq(quota_take(q, id, 5), 0);
        ck_assert_int_gt(quota_take(q, id, 5), 0);
    }
    quota_free(q);
}
END_TEST

UNIT_MAIN("ingestd/quota", a_minute_at_once_then_steadily, each_token_has_its_own, limits, bounded)
