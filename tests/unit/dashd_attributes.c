/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd */
#include "dashd/attributes.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

/* The expected answers are of Fisher's exact test, counted in whole numbers by a script, where
 * attributes.c asks an approximation; and of the least counts. */
static const struct {
    uint64_t here, here_all, others, others_all;
    bool stands_out;
} cases[] = {
    {97, 100, 155, 500, true}, /* p < 0.00001 */
    {45, 50, 200, 500, true},  /* p < 0.00001 */
    {30, 50, 100, 500, true},  /* p < 0.00001 */
    {15, 20, 8, 40, true},     /* p = 0.00006 */
    {10, 10, 6, 20, true},     /* p = 0.0003 */
    {10, 10, 9, 20, false},    /* p = 0.004 */
    {30, 50, 200, 500, false}, /* p = 0.01 */
    {12, 20, 38, 100, false},  /* p = 0.08 */
    {70, 100, 51, 100, false}, /* 19 points */
    {9, 9, 2, 20, false},      /* too few here */
    {5, 12, 53, 500, false},   /* too few here: z alone would say so, p = 0.007 does not */
    {10, 10, 5, 19, false},    /* too few elsewhere */
    {200, 200, 20, 20, false}, {0, 50, 0, 50, false}, {0, 0, 0, 0, false},
};

START_TEST(as_the_naive_script)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct attribute f = {
            .here = cases[i].here,
            .here_all = cases[i].here_all,
            .others = cases[i].others,
            .others_all = cases[i].others_all,
        };

        ck_assert_msg(attribute_stands_out(&f) == cases[i].stands_out, "case %zu", i);
    }
}
END_TEST

START_TEST(shares)
{
    ck_assert_uint_eq(attribute_share(0, 0), 0);
    ck_assert_uint_eq(attribute_share(2, 3), 66);
    ck_assert_uint_eq(attribute_share(7, 7), 100);
}
END_TEST

START_TEST(what_stands_out_comes_first)
{
    static const struct attribute rows[] = {
        {ATTRIBUTE_UNIT, "a.service", 100, 100, 500, 500, false},
        {ATTRIBUTE_KERNEL, "6.1", 3, 100, 300, 500, false},
        {ATTRIBUTE_KERNEL, "6.8", 97, 100, 155, 500, false},
        {ATTRIBUTE_HOST, "web-1", 40, 100, 200, 500, false},
        {ATTRIBUTE_VERSION, "2.5", 60, 100, 300, 500, false},
    };
    struct attributes f;

    attributes_choose(rows, ARRAY_SIZE(rows), &f);
    ck_assert_uint_eq(f.n, 2);
    ck_assert_str_eq(f.of[0].value, "6.8");
    ck_assert(f.of[0].stands_out);
    ck_assert_str_eq(f.of[1].value, "a.service");
    ck_assert(!f.of[1].stands_out);
    ck_assert(!f.one_host);
}
END_TEST

START_TEST(one_host_explains_the_rest)
{
    static const struct attribute rows[] = {
        {ATTRIBUTE_KERNEL, "6.8", 97, 100, 155, 500, false},
        {ATTRIBUTE_HOST, "build-7", 97, 100, 50, 500, false},
    };
    struct attributes f;

    attributes_choose(rows, ARRAY_SIZE(rows), &f);
    ck_assert_uint_eq(f.n, 2);
    ck_assert(f.one_host);
    ck_assert_str_eq(f.of[0].value, "build-7");
    ck_assert(!f.of[1].stands_out);
    attributes_choose(rows, 0, &f);
    ck_assert_uint_eq(f.n, 0);
    ck_assert(!f.one_host);
}
END_TEST

START_TEST(versions)
{
    static const struct attribute_version fixed[] = {
        {"1", 10, 90}, {"2", 10, 90}, {"3", 0, 0}, {"4", 0, 20}, {"5", 0, 9}};
    static const struct attribute_version began[] = {{"1", 0, 29}, {"2", 10, 90}};
    static const struct attribute_version alone[] = {{"1", 0, 0}, {"2", 5, 0}, {"3", 0, 1}};
    static const struct attribute_version never[] = {{"1", 0, 50}, {"2", 0, 50}};

    ck_assert_str_eq(attributes_fixed_in(fixed, 5), "4");
    ck_assert_ptr_null(attributes_fixed_in(fixed, 4)); /* 0.9^20 = 0.12 */
    ck_assert_ptr_null(attributes_began_in(fixed, 5));
    ck_assert_str_eq(attributes_began_in(began, 2), "2"); /* 0.9^29 = 0.047 */
    ck_assert_ptr_null(attributes_fixed_in(began, 2));
    ck_assert_ptr_null(attributes_began_in(alone, 3));
    ck_assert_str_eq(attributes_fixed_in(alone, 3), "3");
    ck_assert_ptr_null(attributes_fixed_in(never, 2));
    ck_assert_ptr_null(attributes_began_in(never, 2));
    ck_assert_ptr_null(attributes_began_in(never, 0));
}
END_TEST

UNIT_MAIN("dashd/attributes", as_the_naive_script, shares, what_stands_out_comes_first,
          one_host_explains_the_rest, versions)
