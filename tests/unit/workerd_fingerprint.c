/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/sources workerd/supply workerd/wire */
/* Stacks as they come from glibc, libstdc++, the sanitizers, Go and Rust: which frames are left,
 * what kind of crash it is, what it is called, and which pairs are the same bug. A stack is written
 * as its functions, innermost first, parted by '|'; "@lib+1f" is a frame without a function, "#" a
 * signal trampoline. */
#include "workerd/grouping/fingerprint.h"

#include <signal.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/title.h"
#include "tests/lib/unit.h"

#define DEAD "pthread_kill_implementation|__GI_raise|__GI_abort|"

/* Parses one frame of the notation. */
static void read_frame(struct str text, struct arena *a, struct frame *f)
{
    struct str module;

    if (str_eq(text, STR("#"))) {
        f->signal = true;
    } else if (str_starts(text, STR("@"))) {
        text = (struct str){text.p + 1, text.n - 1};
        str_split(&text, '+', &module);
        f->module = arena_strndup(a, module.p, module.n);
        f->build_id = "abcdef";
        ck_assert_int_eq(str_hex_to_u64(text, UINT64_MAX, &f->offset), 0);
    } else {
        f->function = arena_strndup(a, text.p, text.n);
        f->module = "/usr/bin/app";
        f->file = "/src/app.c";
        f->line = 142;
    }
}

static struct crash_stack make_stack(const char *functions, int64_t signal, const char *message,
                                     struct arena *a)
{
    struct str rest = {*functions ? functions : NULL, strlen(functions)}, text;
    struct frame *frames = arena_array(a, struct frame, 1000);
    size_t n = 0;

    while (str_split(&rest, '|', &text))
        read_frame(text, a, &frames[n++]);
    return (struct crash_stack){.signal = signal,
                                .message = message,
                                .executable = "/usr/bin/app",
                                .frames = frames,
                                .n_frames = n};
}

/* The names or keys of the kept frames, joined as they came. */
static const char *kept(const struct crash_stack *s, const struct grouping *g, struct arena *a)
{
    const char *text = "";

    for (size_t i = 0; i < s->n_frames; i++) {
        if (g->verdicts[i].kind == VERDICT_KEPT)
            text = arena_printf(a, "%s%s%s", text, *text ? "|" : "", g->verdicts[i].key);
    }
    return text;
}

static const struct {
    const char *functions;
    int64_t signal;
    const char *message;
    const char *kept, *tag, *title;
} stacks[] = {
    /* one for each row of the probe: what other groupers get wrong */
    {"@/usr/bin/app+1234", SIGSEGV, NULL, "app!abcdef+0x1234", NULL, "SIGSEGV in app+0x1234"},
    {"@/lib/libc.so.6+1|@/lib/libQt5Core.so.5+2|@/usr/bin/app+3", SIGSEGV, NULL, "app!abcdef+0x3",
     NULL, "SIGSEGV in app+0x3"},
    {"__pthread_kill_implementation|__GI_raise|__GI_abort|__libc_message_impl|malloc_printerr|_int_"
     "free|__GI___libc_free|"
     "cache_evict|main|__libc_start_call_main|__libc_start_main_impl|_start",
     SIGABRT, "double free or corruption (out)", "cache_evict|main@app", "heap-corruption",
     "heap corruption in cache_evict() app.c:142"},
    {"raise|abort|__gnu_cxx::__verbose_terminate_handler()|__cxxabiv1::__terminate(void "
     "(*)())|std::terminate()|__cxa_throw|"
     "std::__throw_out_of_range_fmt(char const*, ...)|std::vector<int, std::allocator<int> "
     ">::_M_range_check(unsigned long) const|"
     "user(int)",
     SIGABRT, NULL, "user", "uncaught-exception", "uncaught exception in user() app.c:142"},
    {"raise|abort|__assert_fail_base|__assert_fail|std::vector<int>::at(unsigned "
     "long)|ns::Foo<int>::run()|main",
     SIGABRT, "app: a.cc:3: at: Assertion `i < n' failed.", "ns::Foo::run|main@app", "assertion",
     "assertion failed in ns::Foo::run() app.c:142"},
    {"__asan::ReportGenericError(unsigned long, unsigned long, unsigned "
     "long)|__interceptor_memcpy|user2|main",
     SIGABRT, "==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x602",
     "user2|main@app", "sanitizer", "heap-use-after-free in user2() app.c:142"},
    {"runtime.raise.abi0|runtime.dieFromSignal|runtime.sigfwdgo|runtime.gopanic|main.crash|main."
     "main|runtime.main|runtime.goexit.abi0",
     SIGABRT, NULL, "main.crash|main.main@app", "panic", "panic in main.crash() app.c:142"},
    {"raise|abort|std::sys::unix::abort_internal|std::panicking::rust_panic_with_hook|rust_begin_"
     "unwind|"
     "core::panicking::panic_fmt|core::option::expect_failed|core::option::Option<T>::expect|app::"
     "run::{closure#0}|app::main|"
     "core::ops::function::FnOnce::call_once|std::sys_common::backtrace::__rust_begin_short_"
     "backtrace|"
     "std::rt::lang_start::{{closure}}|main|__libc_start_main",
     SIGABRT, NULL, "app::run::{closure#0}|app::main@app", "panic",
     "panic in app::run::{closure#0}() app.c:142"},
    {"app::run::h0123456789abcdef|main", SIGSEGV, NULL, "app::run|main@app", NULL,
     "SIGSEGV in app::run() app.c:142"},
    {"foo.part.0|bar.constprop.0.isra.0|main", SIGSEGV, NULL, "foo|bar|main@app", NULL,
     "SIGSEGV in foo() app.c:142"},
    {"foo(int) [clone .cold]|foo()::{lambda(int)#1}::operator()(int) const|main", SIGSEGV, NULL,
     "foo|foo::{lambda#1}::operator()|main@app", NULL, "SIGSEGV in foo() app.c:142"},
    {"__memmove_avx_unaligned_erms|copy_row|main", SIGSEGV, NULL, "copy_row|main@app", NULL,
     "SIGSEGV in copy_row() app.c:142"},
    /* glibc without its symbols: the message tells what the frames can't */
    {"@/lib/libc.so.6+8aeec|raise|abort|@/lib/libc.so.6+7fe|@/lib/"
     "libc.so.6+90|free|cache_evict|main|@/lib/libc.so.6+2724|"
     "__libc_start_main|_start",
     SIGABRT, "free(): invalid pointer", "cache_evict|main@app", "heap-corruption",
     "heap corruption in cache_evict() app.c:142"},
    {DEAD "fill|main", SIGABRT, NULL, "fill|main@app", NULL, "SIGABRT in fill() app.c:142"},
    {DEAD "__libc_message|__fortify_fail|__stack_chk_fail|parse|main", SIGABRT,
     "*** stack smashing detected ***: terminated", "parse|main@app", "stack-smashing",
     "stack smashing in parse() app.c:142"},
    {DEAD "__libc_message|__fortify_fail|__chk_fail|__strcpy_chk|parse|main", SIGABRT, NULL,
     "parse|main@app", "buffer-overflow", "buffer overflow in parse() app.c:142"},
    {DEAD
     "__gnu_cxx::__verbose_terminate_handler()|std::terminate()|__cxa_pure_virtual|Base::go()|main",
     SIGABRT, NULL, "Base::go|main@app", "pure-virtual-call",
     "pure virtual call in Base::go() app.c:142"},
    {DEAD "std::terminate()|__cxa_throw|load()", SIGABRT,
     "terminate called after throwing an instance of 'std::runtime_error'\n  what():  x", "load",
     "uncaught-exception", "uncaught exception std::runtime_error in load() app.c:142"},
    /* a crash reporter in the program: the crash is below the trampoline */
    {"raise|my_crash_handler|#|process_data|main", SIGSEGV, NULL, "process_data|main@app", NULL,
     "SIGSEGV in process_data() app.c:142"},
    {DEAD "report_crash|#|process_data|main", SIGABRT, NULL, "process_data|main@app", NULL,
     "SIGABRT in process_data() app.c:142"},
    /* an assertion in a handler is the handler's, whatever it interrupted */
    {DEAD "__assert_fail_base|__assert_fail|flush_cache|on_term|#|epoll_wait|main", SIGABRT, NULL,
     "flush_cache|on_term|epoll_wait|main@app", "assertion",
     "assertion failed in flush_cache() app.c:142"},
    /* a handler that crashes by itself is the crash */
    {"on_timer|#|__poll|main", SIGSEGV, NULL, "on_timer|__poll|main@app", NULL,
     "SIGSEGV in on_timer() app.c:142"},
    {"my_log_writer|g_log_structured_array|g_logv|g_log|caller|main", SIGSEGV, NULL,
     "my_log_writer|caller|main@app", NULL, "SIGSEGV in my_log_writer() app.c:142"},
    /* threads */
    {"work|start_thread|clone3", SIGFPE, NULL, "work", NULL, "SIGFPE in work() app.c:142"},
    {"work|std::thread::_Invoker<int>::operator()()|execute_native_thread_routine|start_thread",
     SIGILL, NULL, "work", NULL, "SIGILL in work() app.c:142"},
    /* nothing but wrappers: better than nothing */
    {"strlen|vfprintf|__libc_start_main", SIGSEGV, NULL, "strlen|vfprintf", NULL,
     "SIGSEGV in strlen() app.c:142"},
    {"@/lib/libc.so.6+10|@/lib/libc.so.6+20", SIGSEGV, NULL,
     "libc.so!abcdef+0x10|libc.so!abcdef+0x20", NULL, "SIGSEGV in libc.so.6+0x10"},
    /* nothing at all */
    {"raise|abort", SIGABRT, NULL, "", NULL, "SIGABRT in app"},
    {"", SIGBUS, NULL, "", NULL, "SIGBUS in app"},
    {"", 40, NULL, "", NULL, "signal 40 in app"},
    {"", 0, NULL, "", NULL, "crash in app"},
    /* more than count */
    {"a|b|c|d|e|f|g", SIGSEGV, NULL, "a|b|c|d|e", NULL, "SIGSEGV in a() app.c:142"},
    /* a watchdog's SIGTERM in the allocator is no heap corruption */
    {"malloc|load|main", SIGTERM, NULL, "load|main@app", NULL, "SIGTERM in load() app.c:142"},
};

START_TEST(stack)
{
    _cleanup_arena_ struct arena a;
    struct crash_stack s;
    struct grouping g;
    const char *tag;

    arena_init(&a, 0);
    s = make_stack(stacks[_i].functions, stacks[_i].signal, stacks[_i].message, &a);
    fingerprint_make(&s, &a, &g);
    tag = crash_kind_tag(g.kind);
    ck_assert_str_eq(kept(&s, &g, &a), stacks[_i].kept);
    ck_assert_pstr_eq(tag, stacks[_i].tag);
    ck_assert_str_eq(title_make(&s, &g, &a), stacks[_i].title);
}
END_TEST

/* --- The same or not --- */

static const struct {
    bool same;
    const char *a, *b;
    int64_t signal_a, signal_b;
    const char *message_a, *message_b;
} pairs[] = {
    {true, "foo|main", "foo.part.0|main", SIGSEGV, SIGSEGV, NULL, NULL},
    {true, "foo|main", "__memcpy_sse2|foo|main", SIGSEGV, SIGSEGV, NULL, NULL},
    {true, "foo|main", "foo|main", SIGSEGV, SIGBUS, NULL, NULL},
    {true, "foo|main", "foo|main|__libc_start_main|_start", SIGSEGV, SIGSEGV, NULL, NULL},
    {true, "a|b|c|d|e|f", "a|b|c|d|e|other|way", SIGSEGV, SIGSEGV, NULL, NULL},
    {true, "raise|abort|free|foo", "pthread_kill|raise|abort|malloc_printerr|_int_free|free|foo",
     SIGABRT, SIGABRT, "free(): invalid pointer", "double free or corruption (out)"},
    {true, "walk|walk|walk|main", "walk|walk|walk|walk|walk|main", SIGSEGV, SIGSEGV, NULL, NULL},
    {true, "a|b|a|b|main", "a|b|a|b|a|b|main", SIGSEGV, SIGSEGV, NULL, NULL},
    {false, "foo|main", "bar|main", SIGSEGV, SIGSEGV, NULL, NULL},
    {false, "foo|bar", "foo|baz", SIGSEGV, SIGSEGV, NULL, NULL},
    {false, "foo|main", "foo|main", SIGSEGV, SIGFPE, NULL, NULL},
    {false, "foo|main", "raise|abort|foo|main", SIGSEGV, SIGABRT, NULL, NULL},
    {false, "raise|abort|foo", "raise|abort|__assert_fail|foo", SIGABRT, SIGABRT, NULL, NULL},
    {false, "raise|abort|__assert_fail|foo", "raise|abort|__assert_fail|foo", SIGABRT, SIGABRT,
     "Assertion `a' failed", "Assertion `b' failed"},
    {false, "@/usr/bin/app+10", "@/usr/bin/app+20", SIGSEGV, SIGSEGV, NULL, NULL},
    {false, "@/usr/bin/app+10", "@/usr/bin/other+10", SIGSEGV, SIGSEGV, NULL, NULL},
    {false, "", "", SIGSEGV, SIGABRT, NULL, NULL},
};

START_TEST(pair)
{
    _cleanup_arena_ struct arena a;
    struct crash_stack first, second;
    struct grouping g, h;

    arena_init(&a, 0);
    first = make_stack(pairs[_i].a, pairs[_i].signal_a, pairs[_i].message_a, &a);
    second = make_stack(pairs[_i].b, pairs[_i].signal_b, pairs[_i].message_b, &a);
    fingerprint_make(&first, &a, &g);
    fingerprint_make(&second, &a, &h);
    ck_assert_msg((memcmp(g.fingerprint, h.fingerprint, SHA256_SIZE) == 0) == pairs[_i].same,
                  "%s / %s", pairs[_i].a, pairs[_i].b);
}
END_TEST

START_TEST(lines_files_addresses_and_paths_take_no_part)
{
    _cleanup_arena_ struct arena a;
    struct frame one[] = {
        {.pc = 1, .function = "foo", .file = "/a/x.c", .line = 1, .module = "/opt/v1/app"},
        {.pc = 2, .function = "main", .module = "/opt/v1/app"}};
    struct frame two[] = {{.pc = 7,
                           .function = "foo",
                           .file = "/b/y.c",
                           .line = 9,
                           .module = "/opt/v2/app",
                           .inlined = true},
                          {.pc = 9, .function = "main", .module = "/opt/v2/app"}};
    struct crash_stack first = {
        .signal = 11, .executable = "/opt/v1/app", .frames = one, .n_frames = 2};
    struct crash_stack second = {
        .signal = 11, .executable = "/opt/v2/app", .frames = two, .n_frames = 2};
    struct grouping g, h;

    arena_init(&a, 0);
    fingerprint_make(&first, &a, &g);
    fingerprint_make(&second, &a, &h);
    ck_assert_mem_eq(g.fingerprint, h.fingerprint, SHA256_SIZE);
}
END_TEST

START_TEST(main_of_two_programs_is_two_bugs)
{
    _cleanup_arena_ struct arena a;
    struct frame one = {.function = "main", .module = "/usr/bin/one"};
    struct frame two = {.function = "main", .module = "/usr/bin/two"};
    struct crash_stack first = {.signal = 11, .frames = &one, .n_frames = 1};
    struct crash_stack second = {.signal = 11, .frames = &two, .n_frames = 1};
    struct grouping g, h;

    arena_init(&a, 0);
    fingerprint_make(&first, &a, &g);
    fingerprint_make(&second, &a, &h);
    ck_assert(memcmp(g.fingerprint, h.fingerprint, SHA256_SIZE) != 0);
}
END_TEST

/* --- Stack overflow --- */

static const char *repeat(const char *before, const char *cycle, unsigned n, const char *after,
                          struct arena *a)
{
    char *text = arena_alloc(a, strlen(before) + strlen(cycle) * n + strlen(after) + 1);

    strcpy(text, before);
    for (unsigned i = 0; i < n; i++)
        strcat(text, cycle);
    return strcat(text, after);
}

static struct grouping group_of(const char *functions, enum overflow_evidence overflow,
                                struct crash_stack *s, struct arena *a)
{
    struct grouping g;

    *s = make_stack(functions, SIGSEGV, NULL, a);
    s->overflow = overflow;
    fingerprint_make(s, a, &g);
    return g;
}

START_TEST(overflow_groups_by_its_cycle)
{
    _cleanup_arena_ struct arena a;
    struct crash_stack s;
    struct grouping g, h;

    arena_init(&a, 0);
    g = group_of(repeat("leaf|", "walk|visit|", 60, "main", &a), OVERFLOW_UNKNOWN, &s, &a);
    ck_assert_str_eq(crash_kind_tag(g.kind), "stack-overflow");
    ck_assert_str_eq(title_make(&s, &g, &a), "stack overflow in walk() app.c:142");
    ck_assert_str_eq(kept(&s, &g, &a), "walk|visit");
    ck_assert_str_eq(g.verdicts[0].rule, "outside-recursion");
    ck_assert_int_eq(g.verdicts[5].kind, VERDICT_REPEATED);
    h = group_of(repeat("visit|", "walk|visit|", 80, "other_main", &a), OVERFLOW_UNKNOWN, &s, &a);
    ck_assert_mem_eq(g.fingerprint, h.fingerprint, SHA256_SIZE);
    h = group_of(repeat("", "walk|visit|", 3, "main", &a), OVERFLOW_YES, &s, &a);
    ck_assert_mem_eq(g.fingerprint, h.fingerprint, SHA256_SIZE);
    h = group_of(repeat("", "walk|", 80, "main", &a), OVERFLOW_UNKNOWN, &s, &a);
    ck_assert(memcmp(g.fingerprint, h.fingerprint, SHA256_SIZE) != 0);
}
END_TEST

START_TEST(deep_recursion_alone_is_no_overflow)
{
    _cleanup_arena_ struct arena a;
    struct crash_stack s;
    struct grouping g;

    arena_init(&a, 0);
    g = group_of(repeat("leaf|", "walk|", 60, "main", &a), OVERFLOW_NO, &s, &a);
    ck_assert_ptr_null(crash_kind_tag(g.kind));
    ck_assert_str_eq(kept(&s, &g, &a), "leaf|walk|main@app");
    g = group_of(repeat("leaf|", "walk|", 10, "main", &a), OVERFLOW_UNKNOWN, &s, &a);
    ck_assert_ptr_null(crash_kind_tag(g.kind));
}
END_TEST

START_TEST(a_large_array_overflows_without_recursion)
{
    _cleanup_arena_ struct arena a;
    struct crash_stack s;
    struct grouping g;

    arena_init(&a, 0);
    g = group_of("big|caller|main", OVERFLOW_YES, &s, &a);
    ck_assert_str_eq(crash_kind_tag(g.kind), "stack-overflow");
    ck_assert_str_eq(kept(&s, &g, &a), "big|caller|main@app");
}
END_TEST

/* --- Rules and verdicts --- */

START_TEST(each_frame_has_its_verdict)
{
    static const struct {
        enum verdict_kind kind;
        const char *rule;
    } wanted[] = {
        {VERDICT_CUT, "glibc-abort"},      {VERDICT_CUT, "glibc-abort"},
        {VERDICT_SKIPPED, "glibc-heap"},   {VERDICT_KEPT, NULL},
        {VERDICT_SKIPPED, "no-name"},      {VERDICT_KEPT, NULL},
        {VERDICT_REPEATED, NULL},          {VERDICT_BOTTOM, "process-start"},
        {VERDICT_BOTTOM, "process-start"},
    };
    _cleanup_arena_ struct arena a;
    struct crash_stack s;
    struct grouping g;
    struct frame *frames;

    arena_init(&a, 0);
    s = make_stack("raise|abort|free|cache_evict|nameless|walk|walk|__libc_start_main|_start",
                   SIGABRT, NULL, &a);
    frames = arena_memdup(&a, s.frames, s.n_frames * sizeof(*frames));
    frames[4] = (struct frame){.pc = 0x1234};
    s.frames = frames;
    fingerprint_make(&s, &a, &g);
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        ck_assert_msg(g.verdicts[i].kind == wanted[i].kind, "frame %zu is %s", i,
                      verdict_name(g.verdicts[i].kind));
        ck_assert_pstr_eq(g.verdicts[i].rule, wanted[i].rule);
    }
}
END_TEST

static const struct {
    const char *pattern, *text;
    bool matches;
} patterns[] = {
    {"abort", "abort", true},
    {"abort", "aborts", false},
    {"abort", "abor", false},
    {"*", "", true},
    {"std::*", "std::f", true},
    {"std::*", "st::f", false},
    {"*_fail", "a_fail_fail", true},
    {"a*b*c", "aXbXbXc", true},
    {"a*b*c", "aXcXb", false},
    {"**", "x", true},
    {"", "", true},
    {"", "x", false},
};

START_TEST(pattern)
{
    ck_assert_msg(rule_matches(patterns[_i].pattern, patterns[_i].text) == patterns[_i].matches,
                  "%s on %s", patterns[_i].pattern, patterns[_i].text);
}
END_TEST

START_TEST(titles_are_one_line_of_bounded_utf8)
{
    _cleanup_arena_ struct arena a;
    struct frame f = {.function = NULL, .file = "/x\n/evil\nname.c", .line = 1};
    char name[600];
    struct crash_stack s = {.signal = SIGSEGV, .frames = &f, .n_frames = 1};
    struct grouping g;
    const char *title;

    arena_init(&a, 0);
    memset(name, 0xe2, sizeof(name));
    for (size_t i = 0; i + 3 < sizeof(name); i += 3)
        memcpy(name + i, "\xe2\x82\xac", 3);
    name[sizeof(name) - 1] = '\0';
    f.function = name;
    fingerprint_make(&s, &a, &g);
    title = title_make(&s, &g, &a);
    ck_assert_uint_le(strlen(title), TITLE_MAX);
    ck_assert_uint_ge(strlen(title), TITLE_MAX - 3);
    ck_assert_uint_eq(utf8_valid_prefix(title, strlen(title)), strlen(title));
    f.function = "f";
    fingerprint_make(&s, &a, &g);
    ck_assert_str_eq(title_make(&s, &g, &a), "SIGSEGV in f() evil name.c:1");
}
END_TEST

UNIT_TABLES_MAIN("workerd/fingerprint", {stack, ARRAY_SIZE(stacks)}, {pair, ARRAY_SIZE(pairs)},
                 {lines_files_addresses_and_paths_take_no_part, 1},
                 {main_of_two_programs_is_two_bugs, 1}, {overflow_groups_by_its_cycle, 1},
                 {deep_recursion_alone_is_no_overflow, 1},
                 {a_large_array_overflows_without_recursion, 1}, {each_frame_has_its_verdict, 1},
                 {pattern, ARRAY_SIZE(patterns)}, {titles_are_one_line_of_bounded_utf8, 1})
