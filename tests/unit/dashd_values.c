/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
#include "dashd/values.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/limits.h"
#include "dashd/details.h"
#include "dashd/stack.h"
#include "tests/lib/unit.h"

START_TEST(texts_are_cut_between_characters)
{
    static const struct {
        const char *text, *cut;
    } cases[] = {{"", ""},
                 {"12345678", "12345678"},
                 {"123456789", "12345…"},
                 {"1234\xc3\xa9"
                  "789",
                  "1234…"},
                 {"\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\xff\xff\xff\xff\xff…"}};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_str_eq(value_cut(cases[i].text, 8, &a), cases[i].cut);
    ck_assert_str_eq(value_cut("12345", 2, &a), "…");
}
END_TEST

START_TEST(arguments_as_gdb_writes_them)
{
    struct variable some[] = {{.name = "p", .value = "0x0", .argument = true},
                              {.name = "n", .problem = "optimized out", .argument = true},
                              {.name = "i", .value = "7"},
                              {.name = "what", .argument = true}};
    struct frame f = {.variables = some, .n_variables = ARRAY_SIZE(some)}, none = {0},
                 local = {.variables = some + 2, .n_variables = 1};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(values_arguments(&f, &a), "(p=0x0, n=<optimized out>, what=<unknown>)");
    ck_assert_str_eq(values_arguments(&local, &a), "()");
    ck_assert_ptr_null(values_arguments(&none, &a));
}
END_TEST

START_TEST(a_line_has_its_end)
{
    struct variable many[ANALYSIS_VARIABLES_MAX];
    char longer[5000];
    struct frame f = {.variables = many, .n_variables = ARRAY_SIZE(many)};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *text;

    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = (struct variable){.name = longer, .value = longer, .argument = true};
    text = values_arguments(&f, &a);
    ck_assert_uint_le(strlen(text), LINE_SHOWN + 2);
    ck_assert_uint_gt(strlen(text), LINE_SHOWN / 2);
    ck_assert(cstr_ends(text, ", …)"));
}
END_TEST

START_TEST(what_would_help)
{
    static struct module modules[] = {
        {.path = "/a", .build_id = "aa", .start = 0x1000, .end = 0x2000},
        {.path = "/b", .build_id = "bb", .start = 0x2000, .end = 0x3000, .status = MODULE_SYMBOLS},
        {.path = "/c", .start = 0x3000, .end = 0x4000, .status = MODULE_MISSING},
        {.path = "/d", .start = 0x4000, .end = 0x5000, .status = MODULE_DEBUG, .problem = "broken"},
    };
    static const struct {
        uint64_t pc;
        const char *module, *says;
    } cases[] = {
        {0x1001, "/a", "PUT /api/v1/modules/aa/executable"},
        {0x2001, "/b", "PUT /api/v1/modules/bb/debuginfo"},
        {0x3001, "/c", "no build-id"},
        {0x4001, "/d", "broken"},
        {0x9000, NULL, "No file is mapped here"},
    };
    const struct analysis an = {.modules = modules, .n_modules = ARRAY_SIZE(modules)};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct frame f = {.pc = cases[i].pc, .module = cases[i].module};

        ck_assert_ptr_nonnull(strstr(values_remedy(&an, &f, &a), cases[i].says));
        f.line = 7;
        ck_assert_ptr_null(values_remedy(&an, &f, &a));
    }
}
END_TEST

START_TEST(the_instruction_is_told_where_it_faulted)
{
    static struct evidence facts[] = {{"register", "rax = 0x0"}, {"instruction", "reads"}};
    struct frame frames[] = {{.function = "handler"}, {.signal = true}, {.function = "culprit"}};
    struct thread t = {.frames = frames, .n_frames = ARRAY_SIZE(frames)};
    const struct analysis an = {
        .threads = &t, .n_threads = 1, .cause = {.rule = "x", .evidence = facts, .n_evidence = 2}};
    const struct prefixes none = {.n = 0};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct stack_view s;

    stack_of_thread(&an, &t, NULL, &a, &s);
    ck_assert_uint_eq(details_add(&an, &none, &a, &s), 0);
    ck_assert_ptr_null(s.frames[0].details->instruction);
    ck_assert_str_eq(s.frames[2].details->instruction, "reads");
    ck_assert(s.frames[0].details->open && !s.frames[2].details->open);
    s.frames[2].verdict = "kept";
    details_add(&an, &none, &a, &s);
    ck_assert(!s.frames[0].details->open && s.frames[2].details->open);
}
END_TEST

START_TEST(frames_that_repeat_are_one_run)
{
    static const struct frame f = {.function = "deep"};
    struct frame_view frames[20];
    struct stack_view s = {
        .frames = frames, .n = ARRAY_SIZE(frames), .left_out = 100, .gap_after = 9};

    for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
        frames[i] =
            (struct frame_view){.frame = &f, .verdict = i < 2 || i > 17 ? "kept" : "repeated"};
    ck_assert_uint_eq(stack_run(&s, 0), 0);
    ck_assert_uint_eq(stack_run(&s, 2), 8);
    ck_assert_uint_eq(stack_run(&s, 3), 0);
    ck_assert_uint_eq(stack_run(&s, 10), 8);
    ck_assert_uint_eq(stack_run(&s, 18), 0);
    ck_assert_uint_eq(stack_number(&s, 9), 9);
    ck_assert_uint_eq(stack_number(&s, 10), 110);
    frames[5].verdict = NULL; /* three are too few */
    ck_assert_uint_eq(stack_run(&s, 2), 0);
    ck_assert_uint_eq(stack_run(&s, 6), 4);
}
END_TEST

UNIT_MAIN("dashd/values and details", texts_are_cut_between_characters,
          arguments_as_gdb_writes_them, a_line_has_its_end, what_would_help,
          the_instruction_is_told_where_it_faulted, frames_that_repeat_are_one_run)
