/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
#include "dashd/access/attempts.h"

#include <stdio.h>

#include <sodium.h>

#include "tests/lib/unit.h"

static struct attempts *fresh(void)
{
    ck_assert_int_ge(sodium_init(), 0);
    return attempts_new();
}

START_TEST(a_key_has_so_many_in_a_window)
{
    struct attempts *t = fresh();

    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(attempts_take(t, "1.2.3.4 ann", 5, 1000, 100 + i), 0);
    ck_assert_int_eq(attempts_take(t, "1.2.3.4 ann", 5, 1000, 200), 900);
    ck_assert_int_eq(attempts_take(t, "1.2.3.4 bob", 5, 1000, 200), 0);
    ck_assert_int_eq(attempts_take(t, "1.2.3.4 ann", 5, 1000, 1099), 1);
    ck_assert_int_eq(attempts_take(t, "1.2.3.4 ann", 5, 1000, 1100), 0);
    attempts_free(t);
}
END_TEST

START_TEST(the_right_guess_is_forgiven)
{
    struct attempts *t = fresh();

    ck_assert_int_eq(attempts_take(t, "k", 1, 1000, 0), 0);
    ck_assert_int_gt(attempts_take(t, "k", 1, 1000, 1), 0);
    attempts_forgive(t, "k");
    attempts_forgive(t, "never seen");
    ck_assert_int_eq(attempts_take(t, "k", 1, 1000, 2), 0);
    attempts_free(t);
}
END_TEST

/* A flood of keys with one failure each does not wash away one with many. */
START_TEST(a_flood_does_not_help)
{
    struct attempts *t = fresh();
    char key[32];

    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(attempts_take(t, "victim", 5, 1000000, 0), 0);
    for (int i = 0; i < 100000; i++) {
        snprintf(key, sizeof(key), "flood %d", i);
        attempts_take(t, key, 5, 1000000, 1);
    }
    ck_assert_int_gt(attempts_take(t, "victim", 5, 1000000, 2), 0);
    attempts_free(t);
}
END_TEST

UNIT_MAIN("dashd/access/attempts", a_key_has_so_many_in_a_window, the_right_guess_is_forgiven,
          a_flood_does_not_help)
