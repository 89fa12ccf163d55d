/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* What the engine knows of why a program died is in its title, in its keys, and in what is stored
 * of its stack. */
#include "workerd/group.h"

#include <signal.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/ruleset.h"
#include "workerd/grouping/title.h"
#include "tests/lib/unit.h"

static struct crash_record make_record(void)
{
    struct crash_record r = {.receipt.received_at = 1700000000000000};

    meta_init(&r.meta);
    r.meta.crash_id = "01a1fd55-8832-7caa-bcf2-4dfe701461d1";
    return r;
}

static struct frame thrower[] = {
    {.function = "abort", .module = "/lib/libc.so.6", .build_id = "cc01", .offset = 1},
    {.function = "std::terminate()", .module = "/lib/libstdc++.so.6", .offset = 2},
    {.function = "__cxa_throw", .module = "/lib/libstdc++.so.6", .offset = 3},
    {.function = "Parser::next()", .file = "/src/parser.cpp", .line = 51, .module = "/usr/bin/app"},
    {.function = "main", .file = "/src/app.c", .line = 9, .module = "/usr/bin/app"},
};
static struct frame handler[] = {
    {.function = "abort", .module = "/lib/libc.so.6", .build_id = "cc01", .offset = 1},
    {.function = "on_signal", .module = "/usr/bin/app", .build_id = "aa01", .offset = 3},
    {.signal = true, .module = "/lib/libc.so.6", .build_id = "cc01", .offset = 2},
    {.function = "walk", .file = "/src/tree.c", .line = 12, .module = "/usr/bin/app"},
    {.function = "main", .file = "/src/app.c", .line = 9, .module = "/usr/bin/app"},
};

static const struct known {
    struct frame *frames;
    int64_t signal, code;
    struct cause cause;
    const char *title;
    char group; /* those that are one bug have the same */
} known[] = {
    {thrower, SIGABRT, 0, {NULL}, "uncaught exception in Parser::next() parser.cpp:51", 'A'},
    {thrower,
     SIGABRT,
     0,
     {.rule = "uncaught-exception", .exception = "std::out_of_range"},
     "uncaught std::out_of_range in Parser::next() parser.cpp:51",
     'B'},
    {thrower,
     SIGABRT,
     0,
     {.rule = "uncaught-exception", .exception = "shop::Error<int>"},
     "uncaught shop::Error<int> in Parser::next() parser.cpp:51",
     'C'},
    {thrower,
     SIGABRT,
     0,
     {.rule = "out-of-memory", .exception = "std::bad_alloc"},
     "uncaught std::bad_alloc in Parser::next() parser.cpp:51",
     'D'},
    {handler, SIGABRT, 0, {NULL}, "crash in walk() tree.c:12", 'E'},
    {handler,
     SIGABRT,
     0,
     {.rule = "division-by-zero", .certainty = CAUSE_CERTAIN, .handled = SIGFPE},
     "SIGFPE in walk() tree.c:12",
     'F'},
    {handler,
     SIGABRT,
     0,
     {.rule = "stack-overflow", .certainty = CAUSE_CERTAIN, .handled = SIGSEGV},
     "stack overflow in walk() tree.c:12",
     'G'},
    {handler + 3, SIGFPE, FPE_INTDIV, {NULL}, "division by zero in walk() tree.c:12", 'F'},
    {handler + 3,
     SIGFPE,
     FPE_INTDIV,
     {.rule = "division-overflow"},
     "SIGFPE in walk() tree.c:12",
     'F'},
};

static struct analysis make_known(const struct known *k, struct thread *t)
{
    *t = (struct thread){
        .crashed = true, .frames = k->frames, .n_frames = k->frames == handler + 3 ? 2 : 5};
    return (struct analysis){.signal = k->signal,
                             .code = k->code,
                             .cause = k->cause,
                             .executable = "/usr/bin/app",
                             .threads = t,
                             .n_threads = 1};
}

/* What is stored of the stack gives the same keys and the same title. */
START_TEST(the_cause_is_in_title_and_facts)
{
    const struct known *k = &known[_i];
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_record r = make_record();
    struct thread t;
    struct analysis an = make_known(k, &t);
    struct crash_stack stored;
    struct grouping g;
    struct event e;

    group_make(&r, &an, ruleset_shipped(), &a, &e);
    ck_assert_str_eq(e.title, k->title);
    ck_assert_int_eq(
        stackrow_parse(str_from(e.stack->frames), str_from(e.stack->facts), &a, &stored), 0);
    fingerprint_make(ruleset_shipped(), &stored, &a, &g);
    ck_assert_mem_eq(g.keys[0].digest, e.fingerprint, SHA256_SIZE);
    ck_assert_str_eq(title_make(&stored, &g, &a), k->title);
}
END_TEST

/* Types are told apart, and so are classes; a fault is the same with and without a handler. */
START_TEST(causes_tell_crashes_of_one_place_apart)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_record r = make_record();
    struct event e[ARRAY_SIZE(known)];
    struct thread t;

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        struct analysis an = make_known(&known[i], &t);

        group_make(&r, &an, ruleset_shipped(), &a, &e[i]);
        for (size_t k = 0; k < i; k++) {
            bool same = memcmp(e[i].fingerprint, e[k].fingerprint, SHA256_SIZE) == 0;

            ck_assert_int_eq(same, known[i].group == known[k].group);
        }
    }
}
END_TEST

/* A fault beside the stack pointer that has another cause for certain. */
START_TEST(a_cause_goes_before_a_guess)
{
    struct register_value sp = {"rsp", 0x123456789000};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct thread t;
    struct analysis an = make_known(&known[0], &t);

    t.registers = &sp;
    t.n_registers = 1;
    an.has_address = true;
    an.address = sp.value - 8;
    ck_assert_int_eq(group_stack(&an).overflow, OVERFLOW_YES);
    an.cause = (struct cause){.rule = "unmapped", .certainty = CAUSE_LIKELY};
    ck_assert_int_eq(group_stack(&an).overflow, OVERFLOW_YES);
    an.cause.certainty = CAUSE_CERTAIN;
    ck_assert_int_eq(group_stack(&an).overflow, OVERFLOW_NO);
    an.address = 16;
    an.cause = (struct cause){.rule = "stack-frame-too-large", .certainty = CAUSE_LIKELY};
    ck_assert_int_eq(group_stack(&an).overflow, OVERFLOW_YES);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        {the_cause_is_in_title_and_facts, ARRAY_SIZE(known)},
        {causes_tell_crashes_of_one_place_apart, 1},
        {a_cause_goes_before_a_guess, 1},
    };

    return unit_run("workerd/group_cause", tests, ARRAY_SIZE(tests));
}
