/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/prefixes.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(what_is_no_pair_is_refused)
{
    static const char *const wrong[] = {"/a", "a=/b", "/a=b", "=", "/a=/b:c"};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct prefixes p;

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_msg(prefixes_parse(wrong[i], &a, &p) < 0, "%s", wrong[i]);
    ck_assert_int_eq(prefixes_parse("/a=/b:", &a, &p), 0);
    ck_assert_uint_eq(p.n, 1);
    ck_assert_int_eq(prefixes_parse("", &a, &p), 0);
    ck_assert_uint_eq(p.n, 0);
}
END_TEST

START_TEST(the_longest_folder_wins)
{
    static const struct {
        const char *file, *source;
    } cases[] = {
        {"/build/app/src/x.c", "/src/app/src/x.c"},
        {"/build/app/gen/y.c", "/gen/y.c"},
        {"/build/apple/x.c", NULL}, /* a folder, not a run of characters */
        {"/build/app", NULL},
        {"x.c", NULL},
    };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct prefixes p;

    ck_assert_int_eq(prefixes_parse("/build/app/=/src/app:/build/app/gen=/gen/", &a, &p), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct frame f = {.file = cases[i].file};
        struct thread t = {.frames = &f, .n_frames = 1};
        struct analysis an = {.threads = &t, .n_threads = 1};

        prefixes_apply(&p, &an, &a);
        ck_assert_pstr_eq(f.source, cases[i].source);
        ck_assert_str_eq(f.file, cases[i].file);
    }
}
END_TEST

UNIT_MAIN("report/prefixes", what_is_no_pair_is_refused, the_longest_folder_wins)
