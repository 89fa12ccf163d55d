/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
#include "dashd/grouping/similarity.h"

#include <stdbool.h>
#include <stdio.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define N(...)                                                                                     \
    (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static bool near(double x, double y)
{
    return x - y < 1e-9 && y - x < 1e-9;
}

START_TEST(a_stack_is_like_itself)
{
    const char *many[SIMILARITY_FRAMES_MAX + 20];
    char names[ARRAY_SIZE(many)][16];

    for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
        snprintf(names[i], sizeof(names[i]), "f%zu", i);
        many[i] = names[i];
        ck_assert(near(similarity(many, i + 1, many, i + 1), 1));
    }
    ck_assert(near(similarity(N("walk", "walk", "walk"), N("walk", "walk", "walk")), 1));
}
END_TEST

START_TEST(nothing_in_common_is_zero)
{
    ck_assert(near(similarity(N("a", "b"), N("c", "d")), 0));
    ck_assert(near(similarity(N("a"), NULL, 0), 0));
    ck_assert(near(similarity(NULL, 0, NULL, 0), 0));
}
END_TEST

START_TEST(a_function_without_a_name_is_like_no_other)
{
    ck_assert(near(similarity(N(NULL), N(NULL)), 0));
    ck_assert(similarity(N("a", NULL), N("a", NULL)) < 1);
}
END_TEST

/* Numbers from a generator with a fixed seed: short stacks over few names, so that much is shared.
 */
static size_t draw(unsigned *seed, const char **names)
{
    static const char *const alphabet[] = {"a", "b", "c", "d", "e"};
    size_t n;

    *seed = *seed * 1103515245u + 12345u;
    n = 1 + (*seed >> 16) % 8;
    for (size_t i = 0; i < n; i++) {
        *seed = *seed * 1103515245u + 12345u;
        names[i] = alphabet[(*seed >> 16) % ARRAY_SIZE(alphabet)];
    }
    return n;
}

START_TEST(both_ways_are_the_same)
{
    unsigned seed = 7;

    for (int i = 0; i < 2000; i++) {
        const char *x[8], *y[8];
        size_t n_x = draw(&seed, x), n_y = draw(&seed, y);
        double there = similarity(x, n_x, y, n_y), back = similarity(y, n_y, x, n_x);

        ck_assert(near(there, back));
        ck_assert(there >= 0 && there <= 1 + 1e-9);
    }
}
END_TEST

START_TEST(one_more_in_common_is_more_alike)
{
    static const char *const whole[] = {"a", "b", "c", "d", "e", "f"};
    const char *other[] = {"1", "2", "3", "4", "5", "6"};
    double before = 0;

    for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
        double now;

        other[i] = whole[i];
        now = similarity(whole, ARRAY_SIZE(whole), other, ARRAY_SIZE(other));
        ck_assert(now > before);
        before = now;
    }
    ck_assert(near(before, 1));
}
END_TEST

START_TEST(a_difference_counts_for_less_the_further_out_it_is)
{
    static const char *const whole[] = {"a", "b", "c", "d", "e"};
    double before = 0;

    for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
        const char *other[] = {"a", "b", "c", "d", "e"};
        double now;

        other[i] = "x";
        now = similarity(whole, 5, other, 5);
        ck_assert(now > before && now < 1);
        before = now;
    }
}
END_TEST

START_TEST(a_function_counts_for_less_the_further_it_has_moved)
{
    double same = similarity(N("a", "1", "2", "3"), N("a", "4", "5", "6"));
    double one = similarity(N("a", "1", "2", "3"), N("4", "a", "5", "6"));
    double two = similarity(N("a", "1", "2", "3"), N("4", "5", "a", "6"));

    ck_assert(same > one && one > two && two > 0);
}
END_TEST

START_TEST(a_stack_that_ends_early_is_not_the_same)
{
    double half = similarity(N("a", "b"), N("a", "b", "c", "d"));

    ck_assert(half > 0.8 && half < 0.95);
}
END_TEST

UNIT_MAIN("dashd/grouping/similarity", a_stack_is_like_itself, nothing_in_common_is_zero,
          a_function_without_a_name_is_like_no_other, both_ways_are_the_same,
          one_more_in_common_is_more_alike, a_difference_counts_for_less_the_further_out_it_is,
          a_function_counts_for_less_the_further_it_has_moved,
          a_stack_that_ends_early_is_not_the_same)
