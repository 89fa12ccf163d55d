/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
#include "ingestd/appetite.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "tests/lib/unit.h"

#define HOUR (3600 * USEC_PER_SEC)

static struct appetite *automatic(void)
{
    return appetite_new(APPETITE_AUTO, 1000);
}

START_TEST(words)
{
    enum appetite_policy p = APPETITE_NONE;

    ck_assert_int_eq(appetite_policy_parse("auto", &p), 0);
    ck_assert_int_eq(p, APPETITE_AUTO);
    ck_assert_int_eq(appetite_policy_parse("slim", &p), 0);
    ck_assert_int_eq(p, APPETITE_SLIM);
    ck_assert_int_eq(appetite_policy_parse("", &p), -EINVAL);
    ck_assert_int_eq(appetite_policy_parse("Full", &p), -EINVAL);
    ck_assert_int_eq(p, APPETITE_SLIM);
}
END_TEST

START_TEST(first_full_then_slim)
{
    struct appetite *a = automatic();

    ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_SLIM, 1), "full");
    ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_SLIM, 2), "full");
    appetite_full(a, "k", 3);
    ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_SLIM, 4), "slim");
    ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_SLIM, 100 * HOUR), "slim");
    ck_assert_str_eq(appetite_crash(a, "other", 1, FIDELITY_SLIM, 4), "full");
    ck_assert_str_eq(appetite_crash(a, NULL, 1, FIDELITY_UNSAID, 5), "full");
    appetite_full(a, NULL, 6);
    appetite_free(a);
}
END_TEST

/* While one is on its way nobody else is asked for it; when it does not come, somebody is. */
START_TEST(a_promise_counts_for_an_hour)
{
    struct appetite *a = automatic();

    ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_FULL, 10), "slim");
    ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_SLIM, HOUR), "slim");
    ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_SLIM, HOUR + 10), "full");
    appetite_free(a);
}
END_TEST

START_TEST(none_of_thousands)
{
    struct appetite *a = automatic();

    for (int i = 0; i < 1000; i++)
        ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_SLIM, 1), "full");
    ck_assert_str_eq(appetite_crash(a, "k", 0, FIDELITY_SLIM, 1), "full");
    ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_SLIM, 1), "none");
    ck_assert_str_eq(appetite_crash(a, "k", 0, FIDELITY_SLIM, 1), "none");
    ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_SLIM, HOUR), "none");
    ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_SLIM, HOUR + 1), "full");
    ck_assert_str_eq(appetite_crash(a, "k", INT32_MAX, FIDELITY_COUNT, HOUR + 1), "none");
    appetite_free(a);
    a = appetite_new(APPETITE_AUTO, 0);
    ck_assert_str_eq(appetite_crash(a, "k", INT32_MAX, FIDELITY_COUNT, 1), "full");
    appetite_free(a);
}
END_TEST

START_TEST(policy_goes_before)
{
    struct appetite *a = appetite_new(APPETITE_NONE, 1);

    ck_assert_str_eq(appetite_crash(a, "k", 1, FIDELITY_SLIM, 1), "none");
    ck_assert_str_eq(appetite_crash(a, NULL, 1, FIDELITY_SLIM, 1), "none");
    appetite_free(a);
    a = appetite_new(APPETITE_FULL, 1);
    appetite_full(a, "k", 1);
    ck_assert_str_eq(appetite_crash(a, "k", 5, FIDELITY_SLIM, 1), "full");
    appetite_free(a);
}
END_TEST

/* Whatever names are made up, it stays as large, and forgets those that crashed longest ago. */
START_TEST(bounded)
{
    struct appetite *a = automatic();
    char kind[32];

    appetite_full(a, "first", 1);
    appetite_full(a, "second", 1);
    for (int i = 0; i < APPETITE_KINDS - 2; i++) {
        snprintf(kind, sizeof(kind), "%x", i);
        appetite_full(a, kind, 2);
    }
    ck_assert_str_eq(appetite_crash(a, "first", 1, FIDELITY_SLIM, 3), "slim");
    ck_assert_str_eq(appetite_crash(a, "new", 1, FIDELITY_SLIM, 3), "full");
    ck_assert_str_eq(appetite_crash(a, "first", 1, FIDELITY_SLIM, 3), "slim");
    ck_assert_str_eq(appetite_crash(a, "second", 1, FIDELITY_SLIM, 3), "full");
    for (int i = 0; i < 3 * APPETITE_KINDS; i++) {
        snprintf(kind, sizeof(kind), "again %x", i);
        appetite_full(a, kind, 4);
        if (i % 1000 == 0)
            ck_assert_str_eq(appetite_crash(a, "first", 1, FIDELITY_SLIM, 4), "slim");
    }
    ck_assert_str_eq(appetite_crash(a, "0", 1, FIDELITY_SLIM, 5), "full");
    appetite_free(a);
}
END_TEST

UNIT_MAIN("ingestd/appetite", words, first_full_then_slim, a_promise_counts_for_an_hour,
          none_of_thousands, policy_goes_before, bounded)
