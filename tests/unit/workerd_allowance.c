/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Time that may be spent, saved and owed. */
#include "workerd/allowance.h"

#include "tests/lib/unit.h"

#define SECOND INT64_C(1000000)

START_TEST(a_share_of_the_time_can_be_spent)
{
    struct allowance a;

    allowance_begin(&a, 10, SECOND, 5 * SECOND);
    ck_assert(allowance_permits(&a, false, 5 * SECOND));
    allowance_spend(&a, SECOND);
    ck_assert(!allowance_permits(&a, false, 5 * SECOND));
    ck_assert(allowance_permits(&a, false, 6 * SECOND));
    allowance_spend(&a, SECOND / 10);
    ck_assert(!allowance_permits(&a, false, 6 * SECOND));
}
END_TEST

START_TEST(what_matters_goes_into_debt_that_is_paid_first)
{
    struct allowance a;

    allowance_begin(&a, 50, SECOND, 0);
    allowance_spend(&a, SECOND + SECOND / 2);
    ck_assert(allowance_permits(&a, true, 0));
    ck_assert(!allowance_permits(&a, false, 0));
    allowance_spend(&a, SECOND);
    ck_assert(!allowance_permits(&a, true, 0));
    ck_assert(allowance_permits(&a, true, 2 * SECOND));
    ck_assert(!allowance_permits(&a, false, 3 * SECOND));
    ck_assert(allowance_permits(&a, false, 4 * SECOND));
}
END_TEST

START_TEST(no_more_is_saved_than_the_limit)
{
    struct allowance a;

    allowance_begin(&a, 100, SECOND, 0);
    ck_assert(allowance_permits(&a, false, INT64_MAX));
    ck_assert_int_eq(a.saved, SECOND);
    ck_assert(allowance_permits(&a, false, 0)); /* a clock that goes back adds nothing */
    allowance_spend(&a, SECOND);
    ck_assert(!allowance_permits(&a, false, 0));
}
END_TEST

START_TEST(nothing_is_permitted_when_the_share_is_nothing)
{
    struct allowance a;

    allowance_begin(&a, 0, SECOND, 0);
    ck_assert(!allowance_permits(&a, false, SECOND));
    ck_assert(!allowance_permits(&a, true, SECOND));
}
END_TEST

UNIT_MAIN("workerd/allowance", a_share_of_the_time_can_be_spent,
          what_matters_goes_into_debt_that_is_paid_first, no_more_is_saved_than_the_limit,
          nothing_is_permitted_when_the_share_is_nothing)
