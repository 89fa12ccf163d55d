/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd */
#include "dashd/access/rate.h"

#include "tests/lib/unit.h"

START_TEST(a_window)
{
    struct rate *t = rate_new();
    struct rate_state s = rate_take(t, 7, 2, 1000);

    ck_assert(!s.over && s.left == 1 && s.seconds == 60);
    s = rate_take(t, 7, 2, 1000 + 30 * USEC_PER_SEC);
    ck_assert(!s.over && s.left == 0 && s.seconds == 30);
    s = rate_take(t, 7, 2, 1000 + RATE_WINDOW_USEC - 1);
    ck_assert(s.over && s.left == 0 && s.seconds == 1);
    ck_assert(!rate_take(t, 8, 2, 1000 + RATE_WINDOW_USEC - 1).over);
    s = rate_take(t, 7, 2, 1000 + RATE_WINDOW_USEC);
    ck_assert(!s.over && s.left == 1 && s.seconds == 60);
    rate_free(t);
}
END_TEST

/* The table is full: memory stays what it is. */
START_TEST(many_tokens)
{
    struct rate *t = rate_new();

    for (int64_t i = 1; i <= RATE_TOKENS_MAX; i++)
        ck_assert(!rate_take(t, i, 1, i).over);
    for (int64_t i = 1; i <= RATE_TOKENS_MAX; i++)
        ck_assert(rate_take(t, i, 1, RATE_TOKENS_MAX).over);
    /* One more: the one that began first makes room, the others stay. */
    ck_assert(!rate_take(t, RATE_TOKENS_MAX + 1, 1, RATE_TOKENS_MAX + 1).over);
    ck_assert(rate_take(t, 2, 1, RATE_TOKENS_MAX + 1).over);
    ck_assert(!rate_take(t, 1, 1, RATE_TOKENS_MAX + 2).over);
    rate_free(t);
}
END_TEST

UNIT_MAIN("dashd/access/rate", a_window, many_tokens)
