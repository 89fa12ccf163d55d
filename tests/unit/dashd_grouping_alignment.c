/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
#include "dashd/grouping/alignment.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

/* One letter is one function, ? one that nobody knows. */
static size_t letters(const char *text, struct arena *a, const char ***ret)
{
    size_t n = strlen(text);

    *ret = arena_array(a, const char *, n);
    for (size_t i = 0; i < n; i++)
        (*ret)[i] = text[i] == '?' ? NULL : arena_strndup(a, text + i, 1);
    return n;
}

/* "=a <b >c": both, left, right. */
static const struct {
    const char *left, *right, *expected;
} cases[] = {
    {"abc", "abc", "=a=b=c"},
    {"abc", "axc", "=a<b>x=c"},
    {"ab", "", "<a<b"},
    {"", "xy", ">x>y"},
    {"", "", ""},
    {"abcd", "bd", "<a=b<c=d"},
    {"ab", "ba", "<a=b>a"},
    {"?a", "?a", "<?>?=a"},
    {"aab", "ab", "=a<a=b"},
};

START_TEST(aligns)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char **left, **right;
    size_t n_left = letters(cases[_i].left, &a, &left);
    size_t n_right = letters(cases[_i].right, &a, &right);
    struct alignment al;
    char text[64] = "";

    alignment_make(left, n_left, right, n_right, &a, &al);
    for (size_t i = 0; i < al.n; i++) {
        const struct aligned *r = &al.rows[i];
        const char *name = r->side == ALIGNED_RIGHT ? right[r->right] : left[r->left];

        strncat(text, &"=\0<\0>"[2 * r->side], 1);
        strcat(text, name ? name : "?");
    }
    ck_assert_str_eq(text, cases[_i].expected);
}
END_TEST

START_TEST(every_frame_stands_once_and_in_order)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char **left, **right;
    size_t n_left = letters("abcabbacbcabcaabbccab", &a, &left), l = 0, r = 0, both = 0;
    size_t n_right = letters("cbabacabcbbacabacbbca", &a, &right);
    struct alignment al;

    alignment_make(left, n_left, right, n_right, &a, &al);
    for (size_t i = 0; i < al.n; i++) {
        if (al.rows[i].side != ALIGNED_RIGHT)
            ck_assert_uint_eq(al.rows[i].left, l++);
        if (al.rows[i].side != ALIGNED_LEFT)
            ck_assert_uint_eq(al.rows[i].right, r++);
        both += al.rows[i].side == ALIGNED_BOTH;
    }
    ck_assert_uint_eq(l, n_left);
    ck_assert_uint_eq(r, n_right);
    ck_assert_uint_eq(both, al.n_both);
}
END_TEST

START_TEST(what_is_too_long_is_cut)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *many[ALIGNMENT_FRAMES_MAX + 100];
    struct alignment al;

    for (size_t i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = "f";
    alignment_make(many, ARRAY_SIZE(many), many, ARRAY_SIZE(many), &a, &al);
    ck_assert_uint_eq(al.n, ALIGNMENT_FRAMES_MAX);
}
END_TEST

UNIT_TABLES_MAIN("dashd/grouping/alignment", {aligns, ARRAY_SIZE(cases)},
                 {every_frame_stands_once_and_in_order, 1}, {what_is_too_long_is_cut, 1})
