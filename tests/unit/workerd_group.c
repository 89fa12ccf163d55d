/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* From record and analysis to the event's columns: what fills what, what is cut where, and what
 * makes two stacks the same row. */
#include "workerd/group.h"

#include <limits.h>
#include <signal.h>
#include <string.h>

#include <jansson.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/ruleset.h"
#include "tests/lib/unit.h"

#define RECEIVED 1700000000000000

static struct frame frames[] = {
    {.pc = 0x7f01,
     .function = "process_data",
     .file = "/src/app.c",
     .line = 142,
     .module = "/usr/bin/app",
     .build_id = "aa01",
     .offset = 1,
     .trust = TRUST_CONTEXT},
    {.pc = 0x7f02,
     .function = "main",
     .file = "/src/app.c",
     .line = 9,
     .module = "/usr/bin/app",
     .build_id = "aa01",
     .offset = 2,
     .trust = TRUST_CFI},
    {.pc = 0x7f03,
     .module = "/lib/libfoo.so.1",
     .build_id = "bb02",
     .offset = 3,
     .trust = TRUST_CFI},
};
static struct module modules[] = {
    {.path = "/usr/bin/app", .build_id = "aa01", .status = MODULE_DEBUG},
    {.path = "/lib/libfoo.so.1", .build_id = "bb02", .status = MODULE_MISSING},
    {.path = "/lib/libunused.so", .build_id = "cc03", .status = MODULE_MISSING},
};

static struct crash_record make_record(void)
{
    struct crash_record r = {.receipt.received_at = RECEIVED};

    meta_init(&r.meta);
    r.meta.crash_id = "01a1fd55-8832-7caa-bcf2-4dfe701461d1";
    return r;
}

static struct analysis make_analysis(struct thread *t)
{
    *t = (struct thread){
        .tid = 7, .crashed = true, .frames = frames, .n_frames = ARRAY_SIZE(frames)};
    return (struct analysis){.signal = SIGSEGV,
                             .pid = 42,
                             .executable = "/usr/bin/app",
                             .threads = t,
                             .n_threads = 1,
                             .modules = modules,
                             .n_modules = ARRAY_SIZE(modules)};
}

START_TEST(columns)
{
    _cleanup_arena_ struct arena a;
    struct crash_record r = make_record();
    struct thread t;
    struct analysis an = make_analysis(&t);
    struct event e;

    arena_init(&a, 0);
    r.meta.hostname = "web1";
    r.meta.version = "1.2";
    r.meta.crashed_at = RECEIVED - 5;
    r.meta.restricted = true;
    group_make(&r, &an, ruleset_shipped(), &a, &e);
    ck_assert_str_eq(e.title, "SIGSEGV in process_data() app.c:142");
    ck_assert_str_eq(e.hostname, "web1");
    ck_assert_str_eq(e.executable, "/usr/bin/app");
    ck_assert_str_eq(e.version, "1.2");
    ck_assert(e.received_at == RECEIVED && e.crashed_at == RECEIVED - 5);
    ck_assert(e.pid == 42 && e.signal == SIGSEGV && e.flags == EVENT_RESTRICTED);
    ck_assert_ptr_null(e.problem);
    ck_assert_uint_eq(e.stack->functions.n, 2);
    ck_assert_uint_eq(e.stack->files.n, 1);
    ck_assert_uint_eq(e.stack->modules.n, 2);
    ck_assert_uint_eq(e.stack->build_ids.n, 2);
    ck_assert_uint_eq(e.lacking.build_ids.n, 1);
    ck_assert_str_eq(e.lacking.build_ids.texts[0], "bb02");
    ck_assert_str_eq(e.lacking.paths.texts[0], "/lib/libfoo.so.1");
    ck_assert_str_eq(e.lacking.statuses.texts[0], "0");
}
END_TEST

START_TEST(nothing_known_is_an_event_all_the_same)
{
    _cleanup_arena_ struct arena a;
    struct crash_record r = make_record();
    struct analysis an = {.problem = "the crash came without a core"};
    struct event e;

    arena_init(&a, 0);
    group_complete(&an, &r.meta, &a);
    group_make(&r, &an, ruleset_shipped(), &a, &e);
    ck_assert_str_eq(e.hostname, "unknown");
    ck_assert_str_eq(e.executable, "");
    ck_assert_str_eq(e.title, "crash");
    ck_assert_ptr_null(e.stack);
    ck_assert_int_eq(e.crashed_at, RECEIVED);
    ck_assert_uint_eq(e.flags, EVENT_NO_STACK);
    ck_assert_str_eq(e.problem, "the crash came without a core");
}
END_TEST

START_TEST(the_host_fills_in_what_the_core_lacks)
{
    _cleanup_arena_ struct arena a;
    struct crash_record r = make_record();
    struct meta_thread names[] = {{7, "worker"}, {8, "other"}};
    struct thread t[] = {{.tid = 7}, {.tid = 9}};
    struct analysis an = {.threads = t, .n_threads = 2};

    arena_init(&a, 0);
    r.meta.signal = SIGBUS;
    r.meta.pid = 77;
    r.meta.executable = "/opt/app";
    r.meta.architecture = "x86_64";
    r.meta.core_problem = "the disk was full";
    r.meta.core_truncated = true;
    r.meta.threads = names;
    r.meta.n_threads = 2;
    group_complete(&an, &r.meta, &a);
    ck_assert(an.signal == SIGBUS && an.pid == 77 && an.core_truncated);
    ck_assert_str_eq(an.executable, "/opt/app");
    ck_assert_str_eq(an.architecture, "x86_64");
    ck_assert_str_eq(an.problem, "the disk was full");
    ck_assert_str_eq(t[0].name, "worker");
    ck_assert_ptr_null(t[1].name);
}
END_TEST

#define DAY (86400LL * 1000000)

static const struct {
    bool imported;
    int64_t crashed, filed;
} times[] = {
    {false, RECEIVED - DAY, RECEIVED},
    {true, RECEIVED - DAY, RECEIVED - DAY},
    {true, RECEIVED - 399 * DAY, RECEIVED - 399 * DAY},
    {true, RECEIVED - 401 * DAY, RECEIVED},
    {true, RECEIVED + 1, RECEIVED},
    {true, META_UNKNOWN, RECEIVED},
};

START_TEST(what_was_kept_elsewhere_is_filed_where_it_happened)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_record r = make_record();
    struct analysis an = {0};
    struct event e;

    r.meta.imported = times[_i].imported;
    r.meta.crashed_at = times[_i].crashed;
    group_make(&r, &an, ruleset_shipped(), &a, &e);
    ck_assert_int_eq(e.received_at, times[_i].filed);
}
END_TEST

START_TEST(hostile_values_fit_their_columns)
{
    _cleanup_arena_ struct arena a;
    struct crash_record r = make_record();
    struct thread t;
    struct analysis an = make_analysis(&t);
    struct frame f = frames[0];
    char long_text[5000];
    struct event e;

    arena_init(&a, 0);
    memset(long_text, 'x', sizeof(long_text));
    memcpy(long_text + 511, "\xe2\x82\xac", 3); /* a character across the limit of 512 */
    long_text[sizeof(long_text) - 1] = '\0';
    r.meta.hostname = r.meta.version = long_text;
    an.executable = an.problem = long_text;
    an.pid = INT64_MAX;
    an.signal = -5;
    f.file = f.module = f.function = long_text;
    t.frames = &f;
    t.n_frames = 1;
    group_make(&r, &an, ruleset_shipped(), &a, &e);
    ck_assert_uint_eq(strlen(e.hostname), 511);
    ck_assert_uint_eq(strlen(e.version), 511);
    ck_assert_uint_le(strlen(e.executable), 1024);
    ck_assert_uint_le(strlen(e.problem), 1024);
    ck_assert(e.pid == 0 && e.signal == 0);
    ck_assert_uint_le(strlen(e.stack->functions.texts[0]), 512);
    ck_assert_uint_eq(strlen(e.stack->files.texts[0]), 511);
    ck_assert_uint_eq(strlen(e.stack->modules.texts[0]), 511);
}
END_TEST

START_TEST(problems_that_differ_by_addresses_are_one)
{
    static const struct {
        const char *problem, *expected;
    } cases[] = {
        {"0x7f0012ab is in no mapped file", "0x… is in no mapped file"},
        {"the core lacks the stack's memory at 0x7ffd00000010",
         "the core lacks the stack's memory at 0x…"},
        {"0x", "0x…"},
        {"the disk was full", "the disk was full"},
    };
    _cleanup_arena_ struct arena a;
    struct crash_record r = make_record();
    char many[4096];

    arena_init(&a, 0);
    for (size_t i = 0; i < sizeof(many); i++)
        many[i] = i % 2 ? 'x' : '0';
    many[sizeof(many) - 1] = '\0';
    for (size_t i = 0; i <= ARRAY_SIZE(cases); i++) {
        struct analysis an = {.problem = i < ARRAY_SIZE(cases) ? cases[i].problem : many};
        struct event e;

        group_make(&r, &an, ruleset_shipped(), &a, &e);
        if (i < ARRAY_SIZE(cases))
            ck_assert_str_eq(e.problem, cases[i].expected);
        ck_assert_uint_le(strlen(e.problem), 1024);
        ck_assert_uint_eq(utf8_valid_prefix(e.problem, strlen(e.problem)), strlen(e.problem));
    }
}
END_TEST

START_TEST(the_same_stack_elsewhere_in_memory_is_the_same_row)
{
    _cleanup_arena_ struct arena a;
    struct crash_record r = make_record();
    struct thread t;
    struct analysis an = make_analysis(&t);
    struct frame moved[ARRAY_SIZE(frames)];
    struct event one, two;

    arena_init(&a, 0);
    group_make(&r, &an, ruleset_shipped(), &a, &one);
    memcpy(moved, frames, sizeof(frames));
    for (size_t i = 0; i < ARRAY_SIZE(moved); i++)
        moved[i].pc += 0x10000;
    t.frames = moved;
    group_make(&r, &an, ruleset_shipped(), &a, &two);
    ck_assert_mem_eq(one.stack->digest, two.stack->digest, SHA256_SIZE);
    ck_assert_str_eq(one.stack->frames, two.stack->frames);
    moved[1].line++;
    group_make(&r, &an, ruleset_shipped(), &a, &two);
    ck_assert(memcmp(one.stack->digest, two.stack->digest, SHA256_SIZE) != 0);
    ck_assert_mem_eq(one.fingerprint, two.fingerprint, SHA256_SIZE);
}
END_TEST

START_TEST(stored_frames_have_verdicts_and_no_address)
{
    _cleanup_arena_ struct arena a;
    struct crash_record r = make_record();
    struct thread t;
    struct analysis an = make_analysis(&t);
    struct event e;
    json_t *v;

    arena_init(&a, 0);
    group_make(&r, &an, ruleset_shipped(), &a, &e);
    v = json_loads(e.stack->frames, 0, NULL);
    ck_assert_uint_eq(json_array_size(v), 3);
    ck_assert_ptr_null(json_object_get(json_array_get(v, 0), "pc"));
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(v, 0), "verdict")), "kept");
    json_decref(v);
}
END_TEST

/* The kind of the event whose fault is at address, with the stack pointer at sp. */
static const char *title_for(uint64_t address, uint64_t sp, struct arena *a)
{
    struct crash_record r = make_record();
    struct register_value rsp = {"rsp", sp};
    struct thread t;
    struct analysis an = make_analysis(&t);
    struct event e;

    t.registers = &rsp;
    t.n_registers = 1;
    an.has_address = true;
    an.address = address;
    group_make(&r, &an, ruleset_shipped(), a, &e);
    return e.title;
}

START_TEST(a_fault_at_the_stack_pointer_is_an_overflow)
{
    const uint64_t sp = 0x7ffc00001000;
    const char *overflow = "stack overflow in process_data() app.c:142";
    const char *fault = "SIGSEGV in process_data() app.c:142";
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    ck_assert_str_eq(title_for(sp - 8, sp, &a), overflow);
    ck_assert_str_eq(title_for(sp + 16, sp, &a), overflow);
    ck_assert_str_eq(title_for(sp - 60000, sp, &a), overflow);
    ck_assert_str_eq(title_for(sp - 70000, sp, &a), fault);
    ck_assert_str_eq(title_for(sp + 5000, sp, &a), fault);
    ck_assert_str_eq(title_for(0, sp, &a), fault);
    ck_assert_str_eq(title_for(16, 0, &a), fault);
}
END_TEST

/* A crash of which no memory was kept is told by where its program counter was. */
START_TEST(a_program_counter_is_a_frame)
{
    _cleanup_arena_ struct arena a;
    struct crash_record r = make_record();
    struct analysis an = {.problem = "over the limit"};
    struct event e, other;

    arena_init(&a, 0);
    r.meta.signal = SIGSEGV;
    r.meta.pc_module = "/usr/bin/app";
    r.meta.pc_build_id = "aa01";
    r.meta.pc_offset = 0x1234;
    group_complete(&an, &r.meta, &a);
    group_make(&r, &an, ruleset_shipped(), &a, &e);
    ck_assert_str_eq(e.title, "SIGSEGV in app+0x1234");
    ck_assert_uint_eq(e.flags, 0);
    ck_assert_uint_eq(e.stack->modules.n, 1);
    ck_assert(e.crashes == 1 && !e.like);
    an = (struct analysis){0};
    r.meta.pc_offset = 0x1235;
    r.meta.pc_build_id = "not hexadecimal";
    group_complete(&an, &r.meta, &a);
    group_make(&r, &an, ruleset_shipped(), &a, &other);
    ck_assert_ptr_null(an.threads[0].frames[0].build_id);
    ck_assert_int_ne(memcmp(e.fingerprint, other.fingerprint, SHA256_SIZE), 0);
}
END_TEST

START_TEST(a_core_goes_before_the_program_counter)
{
    _cleanup_arena_ struct arena a;
    struct crash_record r = make_record();
    struct thread t;
    struct analysis an = make_analysis(&t);

    arena_init(&a, 0);
    r.meta.pc_module = "/usr/bin/other";
    group_complete(&an, &r.meta, &a);
    ck_assert(an.threads == &t && an.n_threads == 1);
}
END_TEST

static struct event tally(struct crash_record *r, const char *why, struct arena *a)
{
    struct analysis an = {.problem = why};
    struct event e;

    group_complete(&an, &r->meta, a);
    group_make(r, &an, ruleset_shipped(), a, &e);
    return e;
}

START_TEST(a_tally)
{
    _cleanup_arena_ struct arena a;
    struct crash_record r = make_record();
    struct event e, other;

    arena_init(&a, 0);
    r.meta.occurrences = 41;
    r.meta.crashed_at = RECEIVED - 10;
    r.meta.first_at = RECEIVED - 1000;
    r.meta.like = "01a1fd55-8832-7caa-bcf2-4dfe701461d2";
    r.meta.pc_module = "/usr/bin/app";
    e = tally(&r, "over the limit", &a);
    ck_assert(e.crashes == 41 && e.first_at == RECEIVED - 1000);
    ck_assert_uint_eq(e.flags, EVENT_COUNTED);
    ck_assert_str_eq(e.like, r.meta.like);
    ck_assert_ptr_null(e.stack); /* others of its group have better ones */
    r.meta.like = "../../etc/passwd";
    r.meta.first_at = RECEIVED + 7;
    e = tally(&r, "over the limit", &a);
    ck_assert_ptr_null(e.like);
    ck_assert_int_eq(e.first_at, e.crashed_at);
    r.meta.pc_module = NULL;
    e = tally(&r, "over the limit", &a);
    other = tally(&r, "the kernel missed it", &a);
    ck_assert_uint_eq(e.flags, EVENT_COUNTED | EVENT_NO_STACK);
    ck_assert_int_ne(memcmp(e.fingerprint, other.fingerprint, SHA256_SIZE), 0);
    r.receipt.core_stored = 100; /* with a core it is one crash */
    e = tally(&r, "over the limit", &a);
    ck_assert(e.crashes == 1 && !(e.flags & EVENT_COUNTED));
}
END_TEST

static struct event grouped(struct frame *stack, size_t n, struct arena *a)
{
    struct thread t = {.tid = 7, .crashed = true, .frames = stack, .n_frames = n};
    struct analysis an = {.signal = SIGSEGV,
                          .executable = "/usr/bin/app",
                          .threads = &t,
                          .n_threads = 1,
                          .modules = modules,
                          .n_modules = ARRAY_SIZE(modules)};
    struct crash_record r = make_record();
    struct event e;

    group_make(&r, &an, ruleset_shipped(), a, &e);
    return e;
}

/* How much a fingerprint and a title know, which decides what a later analysis may change. */
START_TEST(how_much_is_known)
{
    static const struct frame line = {.function = "fill",
                                      .file = "/src/a.c",
                                      .line = 3,
                                      .module = "/usr/bin/app",
                                      .build_id = "aa01"};
    static const struct frame name = {
        .function = "fill", .module = "/usr/bin/app", .build_id = "aa01"};
    static const struct frame offset = {
        .module = "/usr/bin/app", .build_id = "aa01", .offset = 0x40};
    static const struct frame nothing = {.pc = 1};
    const struct {
        struct frame stack[2];
        enum fingerprint_quality quality;
        enum title_rank rank;
    } rows[] = {
        {{line, line}, QUALITY_WHOLE, TITLE_LINE},
        {{line, name}, QUALITY_WHOLE, TITLE_LINE}, /* the second is the first once more */
        {{line, offset}, QUALITY_MAKESHIFT, TITLE_LINE},
        {{name, offset}, QUALITY_MAKESHIFT, TITLE_FUNCTION},
        {{offset, line}, QUALITY_MAKESHIFT, TITLE_OFFSET},
        {{nothing, nothing}, QUALITY_NO_FRAME, TITLE_PROGRAM},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_arena_ struct arena a;
        struct frame stack[2] = {rows[i].stack[0], rows[i].stack[1]};
        struct event e;

        arena_init(&a, 0);
        e = grouped(stack, 2, &a);
        ck_assert_msg(e.quality == rows[i].quality && e.title_rank == rows[i].rank,
                      "row %zu: quality %d, rank %d, %s", i, e.quality, e.title_rank, e.title);
    }
}
END_TEST

START_TEST(what_is_lacking)
{
    _cleanup_arena_ struct arena a;
    struct frame stack[] = {
        {.function = "f", .module = "/usr/bin/app", .build_id = "aa01"},
        {.module = "/lib/libfoo.so.1", .build_id = "bb02", .offset = 1},
        {.module = "/lib/libfoo.so.1", .build_id = "bb02", .offset = 2},
        {.function = "h", .module = "/lib/libunused.so", .build_id = "cc03"},
        {.module = "/lib/stranger.so", .build_id = "dd04", .offset = 3},
    };
    struct event e;

    modules[0].status = MODULE_STRIPPED;
    modules[2].status = MODULE_SYMBOLS;
    arena_init(&a, 0);
    e = grouped(stack, ARRAY_SIZE(stack), &a);
    ck_assert_uint_eq(e.lacking.build_ids.n, 3);
    ck_assert_str_eq(e.lacking.build_ids.texts[0], "aa01");
    ck_assert_str_eq(e.lacking.statuses.texts[0], "1");
    ck_assert_str_eq(e.lacking.build_ids.texts[1], "bb02");
    ck_assert_str_eq(e.lacking.statuses.texts[1], "0");
    ck_assert_str_eq(e.lacking.build_ids.texts[2], "cc03");
    ck_assert_str_eq(e.lacking.statuses.texts[2], "2");
    ck_assert_uint_eq(e.lacking.paths.n, 3);
}
END_TEST

/* As the first version stored it: SHA-256 of "corral fingerprint 1", "memory", "no usable frame",
 * "app", "11" and "", each with its NUL. */
START_TEST(a_crash_without_a_stack_is_found_by_its_first_key)
{
    static const uint8_t first[] = {0x0c, 0x0c, 0x56, 0x21, 0xef, 0x1c, 0xe4, 0x0e,
                                    0xa7, 0xb0, 0xf9, 0x5c, 0x63, 0x8b, 0xb6, 0x63,
                                    0xcc, 0xfc, 0x49, 0x7c, 0xb8, 0x51, 0xe7, 0xe7,
                                    0x9e, 0xa1, 0xc7, 0xa3, 0xd0, 0xc7, 0x45, 0x86};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_record r = make_record();
    struct analysis an = {.signal = SIGSEGV, .executable = "/usr/bin/app"};
    struct event e;

    group_make(&r, &an, ruleset_shipped(), &a, &e);
    ck_assert_uint_eq(e.n_keys, 1);
    ck_assert(e.has_first_key);
    ck_assert_mem_eq(e.first_key, first, sizeof(first));
    an.message = "panicked at 'it is over', src/main.rs:9:5";
    group_make(&r, &an, ruleset_shipped(), &a, &e);
    ck_assert_uint_eq(e.n_keys, 1);
    ck_assert(!e.has_first_key);
}
END_TEST

UNIT_TABLES_MAIN("workerd/group", {columns, 1}, {nothing_known_is_an_event_all_the_same, 1},
                 {the_host_fills_in_what_the_core_lacks, 1}, {hostile_values_fit_their_columns, 1},
                 {problems_that_differ_by_addresses_are_one, 1},
                 {the_same_stack_elsewhere_in_memory_is_the_same_row, 1},
                 {stored_frames_have_verdicts_and_no_address, 1},
                 {a_fault_at_the_stack_pointer_is_an_overflow, 1},
                 {a_crash_without_a_stack_is_found_by_its_first_key, 1},
                 {a_program_counter_is_a_frame, 1}, {a_core_goes_before_the_program_counter, 1},
                 {a_tally, 1}, {how_much_is_known, 1}, {what_is_lacking, 1},
                 {what_was_kept_elsewhere_is_filed_where_it_happened, ARRAY_SIZE(times)})
