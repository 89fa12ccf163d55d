/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/sender client/sidecar client/transport client/spool */
#include "client/sender/backoff.h"

#include "tests/lib/unit.h"

#define SECOND USEC_PER_SEC

START_TEST(doubles_up_to_the_maximum)
{
    static const int64_t longest[] = {2, 4, 8, 16, 32, 60, 60, 60};
    struct backoff b = {.min = SECOND, .max = 60 * SECOND};

    for (size_t i = 0; i < sizeof(longest) / sizeof(longest[0]); i++) {
        struct backoff shortest = b;
        uint64_t span = (uint64_t)((longest[i] - 1) * SECOND);

        ck_assert_int_eq(backoff_fail(&shortest, 0, 0), SECOND);
        ck_assert_int_eq(backoff_fail(&b, 0, span), longest[i] * SECOND);
    }
}
END_TEST

START_TEST(never_leaves_its_bounds)
{
    struct backoff b = {.min = SECOND, .max = 60 * SECOND};
    uint64_t random = 88172645463325252u;

    for (int i = 0; i < 100000; i++) {
        int64_t wait = backoff_fail(&b, 0, random);

        ck_assert(wait >= SECOND && wait <= 60 * SECOND);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
    }
}
END_TEST

START_TEST(success_starts_anew)
{
    struct backoff b = {.min = SECOND, .max = 60 * SECOND};

    for (int i = 0; i < 10; i++)
        (void)backoff_fail(&b, 0, UINT64_MAX);
    backoff_succeed(&b);
    ck_assert_int_le(backoff_fail(&b, 0, UINT64_MAX), 2 * SECOND);
}
END_TEST

START_TEST(the_server_may_name_a_time_within_reason)
{
    struct backoff b = {.min = SECOND, .max = 60 * SECOND};

    ck_assert_int_eq(backoff_fail(&b, 100 * SECOND, 0), 100 * SECOND);
    ck_assert_int_eq(backoff_fail(&b, SECOND / 2, 0), SECOND);
    ck_assert_int_eq(backoff_fail(&b, INT64_MAX, 0), BACKOFF_RETRY_AFTER_MAX);
}
END_TEST

START_TEST(extreme_settings)
{
    struct backoff same = {.min = SECOND, .max = SECOND};
    struct backoff wide = {.min = 1, .max = INT64_MAX / 2};

    ck_assert_int_eq(backoff_fail(&same, 0, UINT64_MAX), SECOND);
    for (int i = 0; i < 100; i++)
        ck_assert_int_gt(backoff_fail(&wide, 0, UINT64_MAX), 0);
}
END_TEST

UNIT_MAIN("client/backoff", doubles_up_to_the_maximum, never_leaves_its_bounds, success_starts_anew,
          the_server_may_name_a_time_within_reason, extreme_settings)
