/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/analysis workerd/image */
#include "workerd/analysis/recursion.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define HEAD 24

/* Frames before the gap, innermost first: the round again and again. */
static const char *name_of(const char *const *round, size_t period, uint64_t left_out,
                           struct arena *a)
{
    static struct frame frames[HEAD + 1];
    struct thread t = {
        .frames = frames, .n_frames = HEAD + 1, .frames_left_out = left_out, .gap_after = HEAD - 1};

    for (size_t i = 0; i < HEAD; i++)
        frames[i] = (struct frame){.function = round[i % period], .pc = 0x1000 + i % period};
    frames[HEAD] = (struct frame){.function = "main"};
    return recursion_name(&t, a);
}

START_TEST(rounds_are_told)
{
    static const char *const one[] = {"walk(tree*)"}, *const three[] = {"c", "b<int>(int)", "a"};
    static const char *const none[] = {NULL};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(name_of(one, 1, 9, &a), "walk()");
    ck_assert_str_eq(name_of(three, 3, 9, &a), "a() → b() → c()");
    ck_assert_str_eq(name_of(none, 1, 9, &a), "0x1000");
    ck_assert_ptr_null(name_of(one, 1, 0, &a)); /* nothing is missing */
}
END_TEST

START_TEST(what_does_not_repeat_is_none)
{
    static const char *names[HEAD] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l",
                                      "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x"};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_ptr_null(name_of(names, HEAD, 9, &a));
    names[HEAD - 1] = names[HEAD - 2]; /* twice is no recursion */
    ck_assert_ptr_null(name_of(names, HEAD, 9, &a));
}
END_TEST

UNIT_MAIN("workerd/recursion", rounds_are_told, what_does_not_repeat_is_none)
