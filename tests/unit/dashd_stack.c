/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
#include "dashd/stack.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "dashd/event.h"
#include "tests/lib/unit.h"

START_TEST(paths)
{
    static const struct {
        const char *path, *base, *tail;
    } cases[] = {{NULL, "", ""},
                 {"", "", ""},
                 {"app.c", "app.c", "app.c"},
                 {"/app.c", "app.c", "app.c"},
                 {"src/app.c", "app.c", "src/app.c"},
                 {"/build/x/src/app.c", "app.c", "src/app.c"},
                 {"/a/", "", "a/"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ck_assert_str_eq(path_base(cases[i].path), cases[i].base);
        ck_assert_str_eq(path_tail(cases[i].path), cases[i].tail);
    }
}
END_TEST

START_TEST(a_stored_stack_has_its_verdicts)
{
    static const char json[] =
        "[{\"function\":\"abort\",\"offset\":\"0x1f\",\"module\":\"libc.so.6\",\"trust\":"
        "\"context\","
        "\"verdict\":\"cut\",\"rule\":\"glibc-abort\"},"
        "{\"function\":\"f\",\"file\":\"a.c\",\"line\":7,\"trust\":\"cfi\",\"verdict\":\"kept\","
        "\"name\":\"ns::f\"}]";
    _cleanup_arena_ struct arena a;
    struct stack_view s;

    arena_init(&a, 0);
    ck_assert_int_eq(stack_parse(str_from(json), &a, &s), 0);
    ck_assert_uint_eq(s.n, 2);
    ck_assert_str_eq(s.frames[0].frame->function, "abort");
    ck_assert_uint_eq(s.frames[0].frame->offset, 0x1f);
    ck_assert_str_eq(s.frames[0].rule, "glibc-abort");
    ck_assert_str_eq(s.frames[1].verdict, "kept");
    ck_assert_ptr_null(s.frames[1].rule);
    ck_assert_uint_eq(s.frames[1].frame->line, 7);
    ck_assert_ptr_null(s.frames[0].name);
    ck_assert_str_eq(s.frames[1].name, "ns::f");
}
END_TEST

START_TEST(frames_are_labelled_by_what_is_the_same_in_any_build)
{
    static const struct frame full = {.function = "f(int)"}, bare = {.module = "/usr/lib/libx.so"},
                              nothing = {.pc = 7};
    struct frame_view frames[] = {{.frame = &full, .name = "f", .verdict = "kept"},
                                  {.frame = &full, .verdict = "skipped"},
                                  {.frame = &bare, .verdict = "limit"},
                                  {.frame = &nothing}};
    const struct stack_view s = {.frames = frames, .n = ARRAY_SIZE(frames)};
    _cleanup_arena_ struct arena a;
    const char **labels;
    size_t n;

    arena_init(&a, 0);
    labels = stack_labels(&s, false, &a, &n);
    ck_assert_uint_eq(n, 4);
    ck_assert_str_eq(labels[0], "f");
    ck_assert_str_eq(labels[1], "f(int)");
    ck_assert_str_eq(labels[2], "libx.so");
    ck_assert_ptr_null(labels[3]);
    labels = stack_labels(&s, true, &a, &n);
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(labels[1], "libx.so");
}
END_TEST

START_TEST(a_broken_stack_is_refused)
{
    static const char *const cases[] = {
        "", "{}", "null", "7", "[", "[7]", "[{\"line\":\"x\"}]", "[]}],\"x\":[{\"y\":[]"};
    _cleanup_arena_ struct arena a;
    struct stack_view s = {.n = 77};

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ck_assert_msg(stack_parse(str_from(cases[i]), &a, &s) < 0, "case %zu is accepted", i);
        ck_assert_uint_eq(s.n, 77);
    }
}
END_TEST

static struct frame waiting[2] = {{.pc = 0x10, .function = "futex_wait"},
                                  {.pc = 0x20, .function = "loop"}};
static struct frame other[2] = {{.pc = 0x10, .function = "futex_wait"},
                                {.pc = 0x21, .function = "loop"}};
static struct frame nameless[1] = {{.pc = 0x1005}};
static struct register_value registers[] = {{"rsp", 0x7000}, {"rip", 0x1005}};
static struct module modules[] = {
    {.path = "/lib/x.so", .start = 0x1000, .end = 0x2000, .status = MODULE_MISSING}};
static struct thread threads[] = {
    {.tid = 1,
     .crashed = true,
     .frames = nameless,
     .n_frames = 1,
     .registers = registers,
     .n_registers = 2},
    {.tid = 2, .frames = waiting, .n_frames = 2},
    {.tid = 3, .frames = other, .n_frames = 2},
    {.tid = 4, .frames = waiting, .n_frames = 2},
    {.tid = 5, .frames = waiting, .n_frames = 1},
};
static const struct analysis analysis = {.signal = 11,
                                         .threads = threads,
                                         .n_threads = ARRAY_SIZE(threads),
                                         .modules = modules,
                                         .n_modules = 1};

START_TEST(equal_stacks_are_folded)
{
    _cleanup_arena_ struct arena a;
    struct thread_folds f;

    arena_init(&a, 0);
    stack_fold(&analysis, &a, &f);
    ck_assert_uint_eq(f.n, 3);
    ck_assert_uint_eq(f.folds[0].n, 2);
    ck_assert_int_eq(f.folds[0].threads[1]->tid, 4);
    ck_assert_int_eq(f.folds[1].first->tid, 3);
    ck_assert_int_eq(f.folds[2].first->tid, 5);
}
END_TEST

START_TEST(nameless_frames_say_why)
{
    _cleanup_arena_ struct arena a;
    struct stack_view s;

    arena_init(&a, 0);
    stack_of_thread(&analysis, &threads[0], NULL, &a, &s);
    ck_assert_str_eq(s.frames[0].missing, "outside of every module");
    nameless[0].module = "/lib/x.so";
    stack_of_thread(&analysis, &threads[0], NULL, &a, &s);
    ck_assert_str_eq(s.frames[0].missing, "the module's file is not on the server");
    stack_of_thread(&analysis, &threads[1], NULL, &a, &s);
    ck_assert_ptr_null(s.frames[0].missing);
}
END_TEST

START_TEST(registers_point_somewhere)
{
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    ck_assert_str_eq(event_points_at(&analysis, &threads[0], 0x1005, &a), "x.so+0x5");
    ck_assert_str_eq(event_points_at(&analysis, &threads[0], 0x7100, &a), "this thread's stack");
    ck_assert_str_eq(event_points_at(&analysis, &threads[1], 0x7100, &a), "stack of thread 1");
    ck_assert_ptr_null(event_points_at(&analysis, &threads[0], 0x6fff, &a));
    ck_assert_ptr_null(event_points_at(&analysis, &threads[0], 0x2000, &a));
    struct analysis at = analysis;

    at.has_address = true;
    at.address = 0x2000;
    ck_assert_str_eq(event_points_at(&at, &threads[0], 0x2000, &a), "the fault address");
    at.address = 0x18; /* any register may hold a small number */
    ck_assert_ptr_null(event_points_at(&at, &threads[0], 0x18, &a));
}
END_TEST

START_TEST(verdicts_in_words)
{
    _cleanup_arena_ struct arena a;
    struct frame f = {.function = "process_data", .file = "/src/app.c", .line = 142};
    struct frame_view v = {.frame = &f};
    struct analysis an = {.signal = 11, .code = 1, .has_address = true, .address = 0x18};
    struct event_view e = {.row = {.signal = 11}, .analysis = &an, .stack = {.frames = &v, .n = 1}};

    arena_init(&a, 0);
    ck_assert_str_eq(
        event_verdict(&e, &a),
        "SIGSEGV / SEGV_MAPERR at address 0x18 (NULL + 0x18) in process_data(), app.c:142");
    an.cause = (struct cause){.rule = "null-member",
                              .sentence = "Read of 8 bytes at NULL + 0x18: a member"};
    ck_assert_str_eq(event_verdict(&e, &a),
                     "SIGSEGV in process_data(), app.c:142: Read of 8 bytes at NULL + 0x18");
    f.function = "process_data(int)";
    ck_assert_str_eq(event_verdict(&e, &a),
                     "SIGSEGV in process_data(int), app.c:142: Read of 8 bytes at NULL + 0x18");
    e = (struct event_view){.row = {.signal = 0}};
    ck_assert_str_eq(event_verdict(&e, &a), "unknown signal");
    e.row.signal = 64;
    ck_assert_str_eq(event_verdict(&e, &a), "signal 64");
}
END_TEST

UNIT_MAIN("dashd/stack and event", paths, a_stored_stack_has_its_verdicts,
          frames_are_labelled_by_what_is_the_same_in_any_build, a_broken_stack_is_refused,
          equal_stacks_are_folded, nameless_frames_say_why, registers_point_somewhere,
          verdicts_in_words)
