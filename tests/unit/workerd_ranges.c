/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/reference workerd/oneshot workerd/analysis workerd/image workerd/index
 * workerd/indexer workerd/sources */
#include "workerd/reference/ranges.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define _ranges_ _cleanup_(ranges_fini)

static uint64_t owner(const struct ranges *r, uint64_t address)
{
    const struct range *found = ranges_find(r, address);

    return found ? found->owner : 0;
}

START_TEST(first_and_last_address)
{
    _ranges_ struct ranges r = {0};

    ck_assert_uint_eq(owner(&r, 0), 0);
    ranges_add(&r, 30, 40, 2);
    ranges_add(&r, 10, 20, 1);
    ranges_add(&r, 20, 20, 9); /* empty */
    ranges_add(&r, 50, 45, 9);
    ranges_sort(&r);
    ck_assert_uint_eq(owner(&r, 9), 0);
    ck_assert_uint_eq(owner(&r, 10), 1);
    ck_assert_uint_eq(owner(&r, 19), 1);
    ck_assert_uint_eq(owner(&r, 20), 0);
    ck_assert_uint_eq(owner(&r, 39), 2);
    ck_assert_uint_eq(owner(&r, 40), 0);
    ck_assert_uint_eq(owner(&r, UINT64_MAX), 0);
}
END_TEST

START_TEST(the_nearer_and_the_smaller_wins)
{
    _ranges_ struct ranges r = {0};

    ranges_add(&r, 10, 100, 1);
    ranges_add(&r, 50, 60, 2);
    ranges_add(&r, 50, 90, 3);
    ranges_sort(&r);
    ck_assert_uint_eq(owner(&r, 49), 1);
    ck_assert_uint_eq(owner(&r, 50), 2);
    ck_assert_uint_eq(owner(&r, 60), 3);
    ck_assert_uint_eq(owner(&r, 95), 1);
}
END_TEST

START_TEST(many)
{
    _ranges_ struct ranges r = {0};

    for (uint64_t i = 100000; i > 0; i--)
        ranges_add(&r, i * 10, i * 10 + 5, i);
    ranges_sort(&r);
    for (uint64_t i = 1; i <= 100000; i++) {
        ck_assert_uint_eq(owner(&r, i * 10 + 4), i);
        ck_assert_uint_eq(owner(&r, i * 10 + 5), 0);
    }
}
END_TEST

UNIT_MAIN("workerd/ranges", first_and_last_address, the_nearer_and_the_smaller_wins, many)
