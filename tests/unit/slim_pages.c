/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/slim */
/* The set of pages, full and with addresses that want to collide. */
#include "client/slim/pages.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(each_page_once)
{
    _cleanup_(pages_fini) struct pages p;

    ck_assert_int_eq(pages_init(&p, 3), 0);
    ck_assert_int_eq(pages_add(&p, 0x7000), 0);
    ck_assert_int_eq(pages_add(&p, 0), 0);
    ck_assert_int_eq(pages_add(&p, 0x7000), PAGES_HAD);
    ck_assert(pages_have(&p, 0) && pages_have(&p, 0x7000) && !pages_have(&p, 0x8000));
    ck_assert_uint_eq(p.n, 2);
}
END_TEST

START_TEST(full)
{
    _cleanup_(pages_fini) struct pages p;

    ck_assert_int_eq(pages_init(&p, 1), 0);
    ck_assert_int_eq(pages_add(&p, 0x1000), 0);
    ck_assert_int_eq(pages_add(&p, 0x2000), PAGES_FULL);
    ck_assert_int_eq(pages_add(&p, 0x1000), PAGES_HAD);
    ck_assert(!pages_have(&p, 0x2000));
}
END_TEST

START_TEST(empty)
{
    _cleanup_(pages_fini) struct pages p;

    ck_assert_int_eq(pages_init(&p, 0), 0);
    ck_assert_int_eq(pages_add(&p, 0x1000), PAGES_FULL);
    ck_assert(!pages_have(&p, 0x1000));
    pages_sort(&p, 0);
}
END_TEST

/* A stride that leaves the lower bits of a number alone. */
START_TEST(many_with_a_stride)
{
    _cleanup_(pages_fini) struct pages p;

    ck_assert_int_eq(pages_init(&p, 20000), 0);
    for (uint64_t i = 0; i < 20000; i++)
        ck_assert_int_eq(pages_add(&p, (20000 - i) << 32), 0);
    for (uint64_t i = 0; i < 20000; i++)
        ck_assert(pages_have(&p, (20000 - i) << 32) && !pages_have(&p, ((20000 - i) << 32) + 4096));
    pages_sort(&p, 10000);
    ck_assert_uint_eq(p.list[0], 20000ull << 32);
    ck_assert_uint_eq(p.list[10000], 1ull << 32);
    ck_assert_uint_eq(p.list[19999], 10000ull << 32);
    ck_assert_int_eq(pages_add(&p, 5ull << 32), PAGES_HAD);
}
END_TEST

UNIT_MAIN("slim/pages", each_page_once, full, empty, many_with_a_stride)
