/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Stacks as they come from glibc, libstdc++, the sanitizers, Go and Rust: which frames are left,
 * what kind of crash it is, what it is called, and which pairs are the same bug. A stack is written
 * as its functions, innermost first, parted by '|'; "@lib+1f" is a frame without a function, "#" a
 * signal trampoline, "-" an address in no module, "f!" a function of a system's library. */
#include "workerd/grouping/fingerprint.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/ruleset.h"
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
    } else if (!str_eq(text, STR("-"))) {
        bool system = str_ends(text, STR("!"));

        f->function = arena_strndup(a, text.p, text.n - system);
        f->module = system ? "/usr/lib/libsystem.so.1" : "/usr/bin/app";
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
     SIGABRT, NULL, "user", "uncaught-exception", "uncaught std::out_of_range in user() app.c:142"},
    {"raise|abort|__assert_fail_base|__assert_fail|std::vector<int>::at(unsigned "
     "long)|ns::Foo<int>::run()|main",
     SIGABRT, "app: a.cc:3: at: Assertion `i < n' failed.", "ns::Foo::run|main@app", "assertion",
     "assertion \"i < n\" failed in ns::Foo::run() app.c:142"},
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
     SIGABRT, NULL, "app::run|app::main@app", "panic", "panic in app::run::{closure}() app.c:142"},
    {"app::run::h0123456789abcdef|main", SIGSEGV, NULL, "app::run|main@app", NULL,
     "SIGSEGV in app::run() app.c:142"},
    {"foo.part.0|bar.constprop.0.isra.0|main", SIGSEGV, NULL, "foo|bar", NULL,
     "SIGSEGV in foo() app.c:142"},
    {"foo(int) [clone .cold]|foo()::{lambda(int)#1}::operator()(int) const|main", SIGSEGV, NULL,
     "foo|main@app", NULL, "SIGSEGV in foo() app.c:142"},
    {"__memmove_avx_unaligned_erms|copy_row|main", SIGSEGV, NULL, "copy_row|main@app", NULL,
     "SIGSEGV in copy_row() app.c:142"},
    /* glibc without its symbols: the message tells what the frames can't */
    {"@/lib/libc.so.6+8aeec|raise|abort|@/lib/libc.so.6+7fe|@/lib/"
     "libc.so.6+90|free|cache_evict|main|@/lib/libc.so.6+2724|"
     "__libc_start_main|_start",
     SIGABRT, "free(): invalid pointer", "cache_evict|main@app", "heap-corruption",
     "heap corruption in cache_evict() app.c:142"},
    {DEAD "fill|main", SIGABRT, NULL, "fill|main@app", NULL, "abort in fill() app.c:142"},
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
     "uncaught-exception", "uncaught std::runtime_error in load() app.c:142"},
    /* a crash reporter in the program: the crash is below the trampoline */
    {"raise|my_crash_handler|#|process_data|main", SIGSEGV, NULL, "process_data|main@app", NULL,
     "SIGSEGV in process_data() app.c:142"},
    {DEAD "report_crash|#|process_data|main", SIGABRT, NULL, "process_data|main@app", NULL,
     "crash in process_data() app.c:142"},
    /* which fault it was, as far as the handler's name or the message tells */
    {DEAD "on_sigfpe(int)|#|mean|main", SIGABRT, NULL, "mean|main@app", NULL,
     "SIGFPE in mean() app.c:142"},
    {DEAD "crash|#|read_it|main", SIGABRT, "caught SIGBUS, bye", "read_it|main@app", NULL,
     "SIGBUS in read_it() app.c:142"},
    {DEAD "crash|#|-|call_plugin|main", SIGABRT, NULL, "call_plugin|main@app", NULL,
     "SIGSEGV in call_plugin() app.c:142"},
    /* an assertion in a handler is the handler's, whatever it interrupted */
    {DEAD "__assert_fail_base|__assert_fail|flush_cache|on_term|#|epoll_wait|main", SIGABRT, NULL,
     "flush_cache", "assertion", "assertion failed in flush_cache() app.c:142"},
    /* a handler that crashes by itself is the crash */
    {"on_timer|#|__poll|main", SIGSEGV, NULL, "on_timer|main@app", NULL,
     "SIGSEGV in on_timer() app.c:142"},
    {"my_log_writer|g_log_structured_array|g_logv|g_log|caller|main", SIGSEGV, NULL,
     "my_log_writer|caller", NULL, "SIGSEGV in my_log_writer() app.c:142"},
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
    {"raise|abort", SIGABRT, NULL, "", NULL, "abort in app"},
    {"", SIGBUS, NULL, "", NULL, "SIGBUS in app"},
    {"", 40, NULL, "", NULL, "signal 40 in app"},
    {"", 0, NULL, "", NULL, "crash in app"},
    /* a handler that a timer started while the thread waited */
    {DEAD "on_watchdog|#|__poll|serve|main", SIGABRT, NULL, "on_watchdog|serve", NULL,
     "abort in on_watchdog() app.c:142"},
    /* a wild program counter: its caller did it */
    {"-|call_plugin|main", SIGSEGV, NULL, "call_plugin|main@app", NULL,
     "SIGSEGV in call_plugin() app.c:142"},
    /* frames without a name: above one of the program's own by their module, below it not at all */
    {"@/opt/libfoo.so.1+10|app_fn|@/opt/libbar.so+1|outer|main", SIGSEGV, NULL, "libfoo.so|app_fn",
     NULL, "SIGSEGV in libfoo.so.1+0x10"},
    {"app_fn|@/opt/libbar.so+1|outer|main", SIGSEGV, NULL, "app_fn|outer", NULL,
     "SIGSEGV in app_fn() app.c:142"},
    /* code that is not the program's own counts as the innermost, or where there is nothing else */
    {"png_read_row!|png_read_image!|load_icon|draw|main", SIGSEGV, NULL, "png_read_row|load_icon",
     NULL, "SIGSEGV in png_read_row() app.c:142"},
    {"png_read_row!|png_read_image!|main", SIGSEGV, NULL, "png_read_row|png_read_image", NULL,
     "SIGSEGV in png_read_row() app.c:142"},
    {"on_click|gtk_button_clicked!|g_main_loop_run!|main", SIGSEGV, NULL, "on_click|main@app", NULL,
     "SIGSEGV in on_click() app.c:142"},
    /* what a function's name and an allocation's failure tell */
    {DEAD "std::terminate()|__cxa_throw|operator new(unsigned long)|grow|main", SIGABRT, NULL,
     "grow|main@app", "uncaught-exception", "uncaught std::bad_alloc in grow() app.c:142"},
    {DEAD "std::terminate()|__cxa_throw|void boost::throw_exception<boost::bad_any_cast>(boost::"
          "bad_any_cast const&)|get|main",
     SIGABRT, NULL, "get|main@app", "uncaught-exception",
     "uncaught boost::bad_any_cast in get() app.c:142"},
    {DEAD "std::terminate()|std::thread::~thread()|stop|main", SIGABRT, NULL, "stop|main@app",
     "terminate", "std::terminate() in stop() app.c:142"},
    {"__ubsan_handle_divrem_overflow|mean|main", SIGABRT, NULL, "mean|main@app", "division-by-zero",
     "division by zero in mean() app.c:142"},
    {"__ubsan_handle_add_overflow|sum|main", SIGABRT,
     "a.c:3:5: runtime error: signed integer overflow: 2147483647 + 1 cannot be represented",
     "sum|main@app", "undefined-behaviour", "signed integer overflow in sum() app.c:142"},
    {"__asan::ReportGenericError|f|main", SIGABRT,
     "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0", "f|main@app", "sanitizer",
     "SIGSEGV in f() app.c:142"},
    {DEAD "google::LogMessage::Fail()|google::LogMessageFatal::~LogMessageFatal()|check|main",
     SIGABRT, "F1121 10:00 1 a.cc:3] Check failed: n > 0 (0 vs. 1) ", "check|main@app", "assertion",
     "assertion \"n > 0\" failed in check() app.c:142"},
    /* toolkits: what stands between the bug and its neighbours in them */
    {"logging::LogMessage::~LogMessage()|logging::CheckError::~CheckError()|web::Frame::commit()|"
     "base::internal::Invoker<int>::RunOnce(int)|base::TaskAnnotator::RunTaskImpl()|web::start|"
     "main",
     SIGTRAP, "[1:1:FATAL:frame.cc(12)] Check failed: !pending_. ", "web::Frame::commit",
     "assertion", "assertion \"!pending_\" failed in web::Frame::commit() app.c:142"},
    {"TSharedPtr<Handle, 1>::operator->|Streamer::Tick|FTickableGameObject::TickObjects|Game::Tick",
     SIGSEGV, NULL, "Streamer::Tick|Game::Tick", NULL, "SIGSEGV in Streamer::Tick() app.c:142"},
    {"WTF::RefCounted<Sheet>::ref()|WTF::RefPtr<Sheet>::RefPtr(Sheet*)|web::Sheet::create()|web::"
     "load",
     SIGSEGV, NULL, "web::Sheet::create|web::load", NULL,
     "SIGSEGV in web::Sheet::create() app.c:142"},
    {"raise|abort|node::OnFatalError(char const*)|v8::Utils::ReportApiFailure(char const*)|"
     "v8::HandleScope::CreateHandle(int)|Nan::New<v8::Object>|Worker::done|node::Start(int)|main",
     SIGABRT, NULL, "Worker::done|main@app", "fatal-error",
     "fatal error in Worker::done() app.c:142"},
    {"raise|abort|os::abort(bool)|jni_FatalError|JNIEnv_::FatalError|Java_org_app_DB_put|main",
     SIGABRT, NULL, "Java_org_app_DB_put|main@app", "fatal-error",
     "fatal error in Java_org_app_DB_put() app.c:142"},
    {"Row::operator[](int)|Sheet::sum|main", SIGSEGV, NULL, "Sheet::sum|main@app", NULL,
     "SIGSEGV in Sheet::sum() app.c:142"},
    {DEAD "@/usr/lib/libasan.so.8+1|memcpy|copy_header|main", SIGABRT, NULL, "copy_header|main@app",
     "sanitizer", "sanitizer error in copy_header() app.c:142"},
    {DEAD "__ubsan_handle_nonnull_arg|copy_header|main", SIGABRT,
     "a.c:3:5: runtime error: null pointer passed as argument 1, which is declared to never be "
     "null",
     "copy_header|main@app", "sanitizer",
     "null pointer passed as argument in copy_header() app.c:142"},
    /* more than count */
    {"a|b|c|d|e|f|g", SIGSEGV, NULL, "a|b", NULL, "SIGSEGV in a() app.c:142"},
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
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    tag = crash_kind_tag(g.kind);
    ck_assert_str_eq(kept(&s, &g, &a), stacks[_i].kept);
    ck_assert_pstr_eq(tag, stacks[_i].tag);
    ck_assert_str_eq(title_make(&s, &g, &a), stacks[_i].title);
}
END_TEST

/* --- Class --- */

static const struct {
    const char *functions;
    int64_t signal, handled;
    const char *message;
    const char *class, *tag;
} classes[] = {
    {"f|main", SIGSEGV, 0, NULL, "memory", NULL},
    {"f|main", SIGTRAP, 0, NULL, "trap", NULL},
    {"f|main", SIGTERM, 0, NULL, "signal 15", NULL},
    /* without a signal the frames tell */
    {"f|main", 0, 0, NULL, "memory", NULL},
    {DEAD "f|main", 0, 0, NULL, "abort", NULL},
    /* a message knows better than a sanitizer's frames, and no frame than another message */
    {"__asan::ReportGenericError|free|f|main", SIGABRT, 0, "free(): invalid pointer", "memory",
     "heap-corruption"},
    {"__asan::ReportGenericError|f|main", SIGABRT, 0,
     "==1==ERROR: AddressSanitizer: ILL on unknown address 0x1", "trap", "sanitizer"},
    {"__asan::ReportGenericError|f|main", SIGABRT, 0,
     "==1==ERROR: AddressSanitizer: TRAP on unknown address 0x1", "trap", "sanitizer"},
    {"__asan::ReportGenericError|f|main", SIGABRT, 0,
     "==1==ERROR: AddressSanitizer: ABRT on unknown address 0x1", "abort", "sanitizer"},
    /* operator new throws, and is what an exception came through */
    {DEAD "std::terminate()|__cxa_throw|operator new(unsigned long)|f|main", SIGABRT, 0, NULL,
     "out-of-memory", "uncaught-exception"},
    {DEAD "std::terminate()|__cxa_rethrow|operator new(unsigned long)|f|main", SIGABRT, 0, NULL,
     "exception", "uncaught-exception"},
    {DEAD "std::terminate()|f|main", SIGABRT, 0,
     "terminate called after throwing an instance of 'std::bad_alloc'", "out-of-memory",
     "uncaught-exception"},
    /* what a program handled itself */
    {"raise|abort|handler|#|f|main", SIGABRT, SIGFPE, NULL, "arithmetic", NULL},
    {"raise|abort|handler|#|f|main", SIGABRT, 0, NULL, "memory", NULL},
    {"raise|abort|on_sigill|#|f|main", SIGABRT, 0, NULL, "trap", NULL},
    {"raise|abort|handler|#|f|main", SIGABRT, 0, "caught a bus error", "memory", NULL},
    {"raise|abort|handler|#|f|main", SIGABRT, 0, "Illegal instruction, good bye", "trap", NULL},
};

START_TEST(class)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s =
        make_stack(classes[_i].functions, classes[_i].signal, classes[_i].message, &a);
    struct grouping g;

    s.handled = classes[_i].handled;
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    ck_assert_str_eq(g.class, classes[_i].class);
    ck_assert_pstr_eq(crash_kind_tag(g.kind), classes[_i].tag);
}
END_TEST

static const char *title_of(const char *functions, const char *message, uint32_t line,
                            struct arena *a)
{
    struct crash_stack s = make_stack(functions, SIGABRT, message, a);
    struct frame *frames = arena_memdup(a, s.frames, s.n_frames * sizeof(*frames));
    struct grouping g;

    for (size_t i = 0; i < s.n_frames; i++)
        frames[i].line = line;
    s.frames = frames;
    fingerprint_make(ruleset_shipped(), &s, a, &g);
    return title_make(&s, &g, a);
}

START_TEST(a_title_says_what_is_known)
{
    static const char handled[] = "raise|abort|handler|#|f|main";
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(title_of(handled, NULL, 7, &a), "crash in f() app.c:7");
    ck_assert_str_eq(title_of(handled, NULL, 0, &a), "crash in f() app.c");
    ck_assert_str_eq(title_of(handled, "Segmentation fault", 7, &a), "SIGSEGV in f() app.c:7");
    ck_assert_str_eq(title_of("raise|abort|on_sigbus|#|f|main", NULL, 7, &a),
                     "SIGBUS in f() app.c:7");
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
    {true, "a|b|c|d", "a|b|other|way", SIGSEGV, SIGSEGV, NULL, NULL},
    {true, "raise|abort|free|foo", "pthread_kill|raise|abort|malloc_printerr|_int_free|free|foo",
     SIGABRT, SIGABRT, "free(): invalid pointer", "double free or corruption (out)"},
    {true, "walk|walk|walk|main", "walk|walk|walk|walk|walk|main", SIGSEGV, SIGSEGV, NULL, NULL},
    {true, "a|b|a|b|main", "a|b|a|b|a|b|main", SIGSEGV, SIGSEGV, NULL, NULL},
    {true, "foo|main", "raise|abort|handler|#|foo|main", SIGSEGV, SIGABRT, NULL, NULL},
    {true, "foo|bar|main", "__asan::ReportGenericError|__interceptor_strlen|foo|bar|main", SIGSEGV,
     SIGABRT, NULL, "==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1"},
    {true, "foo|bar|main", "raise|abort|malloc_printerr|free|foo|bar|main", SIGSEGV, SIGABRT, NULL,
     "free(): invalid pointer"},
    {true, "f|g", "f|g", 0, SIGSEGV, NULL, NULL},
    {true, "rust_panic|app::run|app::main|main", "rust_panic|app::run|app::main", SIGABRT, SIGABRT,
     NULL, NULL},
    {true, "raise|abort|__assert_fail|f|way", "raise|abort|__assert_fail|f|other", SIGABRT, SIGABRT,
     "app: a.c:3: f: Assertion `n > 0' failed.", "Assertion failed: n > 0 (a.c: f: 3)"},
    {true, "raise|abort|std::terminate()|__cxa_throw|f|g", "raise|abort|std::terminate()|f|g",
     SIGABRT, SIGABRT, "terminate called after throwing an instance of 'X<int>'",
     "libc++abi: terminating with uncaught exception of type X<char>: what"},
    {false, "raise|abort|std::terminate()|f|g", "raise|abort|std::terminate()|f|g", SIGABRT,
     SIGABRT, "terminate called after throwing an instance of 'X'",
     "terminate called after throwing an instance of 'Y'"},
    {true, "rust_panic|f|g", "rust_panic|f|g", SIGABRT, SIGABRT,
     "thread 'main' panicked at src/a.rs:3:5:\nindex is 7", NULL},
    {true, "sort::{lambda(int)#1}::operator()(int) const|std::sort|sort|go",
     "operator()|std::sort|sort|go", SIGSEGV, SIGSEGV, NULL, NULL},
    {true, "main.load.func1|main.load|main.serve", "main.load|main.serve", SIGSEGV, SIGSEGV, NULL,
     NULL},
    {false, "f|g", "f|g", SIGILL, SIGSEGV, NULL, NULL},
    {false, "f|g", "f|g", SIGTERM, SIGSEGV, NULL, NULL},
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
    fingerprint_make(ruleset_shipped(), &first, &a, &g);
    fingerprint_make(ruleset_shipped(), &second, &a, &h);
    ck_assert_msg((memcmp(g.keys[0].digest, h.keys[0].digest, SHA256_SIZE) == 0) == pairs[_i].same,
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
    fingerprint_make(ruleset_shipped(), &first, &a, &g);
    fingerprint_make(ruleset_shipped(), &second, &a, &h);
    ck_assert_mem_eq(g.keys[0].digest, h.keys[0].digest, SHA256_SIZE);
}
END_TEST

/* --- Addresses --- */

static bool share_key(const struct grouping *g, const struct grouping *h)
{
    for (size_t i = 0; i < g->n_keys; i++) {
        for (size_t k = 0; k < h->n_keys; k++) {
            if (memcmp(g->keys[i].digest, h->keys[k].digest, SHA256_SIZE) == 0)
                return true;
        }
    }
    return false;
}

/* inner() was made inline in outer(), which called free() of libc, in program app. */
#define FRAMES(inner, outer, last, id, at)                                                         \
    {                                                                                              \
        {.function = "free", .module = "/lib/libc.so.6", .build_id = "cc", .offset = 0x77},        \
            {.function = inner,                                                                    \
             .module = "/usr/bin/app",                                                             \
             .build_id = id,                                                                       \
             .offset = at,                                                                         \
             .inlined = true},                                                                     \
            {.function = outer, .module = "/usr/bin/app", .build_id = id, .offset = at},           \
            {.function = last, .module = "/usr/bin/app", .build_id = id, .offset = 0x200},         \
    }

static struct grouping group_frames(const struct frame *frames, size_t n, struct arena *a)
{
    struct crash_stack s = {.signal = SIGSEGV, .frames = frames, .n_frames = n};
    struct grouping g;

    fingerprint_make(ruleset_shipped(), &s, a, &g);
    return g;
}

START_TEST(a_build_groups_with_and_without_its_names)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const struct frame named[] = FRAMES("inner", "outer", "main", "aa", 0x100);
    const struct frame other[] = FRAMES("inner", "outer", "main", "bb", 0x180);
    const struct frame bare[] = {{.module = "/lib/libc.so.6", .build_id = "cc", .offset = 0x77},
                                 {.module = "/opt/v2/app", .build_id = "aa", .offset = 0x100},
                                 {.module = "/opt/v2/app", .build_id = "aa", .offset = 0x200}};
    const struct frame elsewhere[] = {
        {.module = "/usr/bin/app", .build_id = "aa", .offset = 0x101},
        {.module = "/usr/bin/app", .build_id = "aa", .offset = 0x200}};
    struct grouping g = group_frames(named, 4, &a), h = group_frames(bare, 3, &a);

    ck_assert(g.n_keys == 2 && g.keys[0].kind == KEY_SYMBOLS && g.keys[1].kind == KEY_ADDRESSES);
    ck_assert(h.n_keys == 1 && h.keys[0].kind == KEY_ADDRESSES && h.unsymbolised);
    ck_assert_mem_eq(g.keys[1].digest, h.keys[0].digest, SHA256_SIZE);
    ck_assert(h.has_culprit && h.culprit == 1 && h.n_kept == 2);
    h = group_frames(elsewhere, 2, &a);
    ck_assert(!share_key(&g, &h));
    h = group_frames(other, 4, &a); /* another build has the same symbol key only */
    ck_assert_mem_eq(g.keys[0].digest, h.keys[0].digest, SHA256_SIZE);
    ck_assert_int_ne(memcmp(g.keys[1].digest, h.keys[1].digest, SHA256_SIZE), 0);
}
END_TEST

/* In a static program the innermost frames are those of any abort. */
START_TEST(what_reports_inside_the_program_gives_no_address_key)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const struct frame frames[] = {
        {.function = "raise", .module = "/usr/bin/app", .build_id = "aa", .offset = 1},
        {.function = "abort", .module = "/usr/bin/app", .build_id = "aa", .offset = 2},
        {.function = "f", .module = "/usr/bin/app", .build_id = "aa", .offset = 3}};
    struct grouping g = group_frames(frames, 3, &a);

    ck_assert(g.n_keys == 1 && g.keys[0].kind == KEY_SYMBOLS);
}
END_TEST

/* gdb's text has no build-ids: addresses of two builds must not meet. */
START_TEST(no_address_key_without_build_ids)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const struct frame frames[] = {{.function = "f", .module = "/usr/bin/app", .offset = 3}};
    struct grouping g = group_frames(frames, 1, &a);

    ck_assert(g.n_keys == 1 && g.keys[0].kind == KEY_SYMBOLS);
}
END_TEST

/* --- Aborts of one build --- */

/* raise() and abort() of libc, then frames of the program at the offsets; a negative one is that of
 * a function f. */
static struct crash_stack abort_stack(const char *reporter, const int *offsets, size_t n,
                                      const char *message, struct arena *a)
{
    struct frame *frames = arena_array(a, struct frame, n + 2);

    frames[0] = (struct frame){
        .function = "abort", .module = "/lib/libc.so.6", .build_id = "cc", .offset = 0x77};
    frames[1] = (struct frame){
        .function = reporter, .module = "/lib/libc.so.6", .build_id = "cc", .offset = 0x78};
    for (size_t i = 0; i < n; i++)
        frames[i + 2] = (struct frame){.module = "/usr/bin/app",
                                       .build_id = "aa",
                                       .function = offsets[i] < 0 ? "f" : NULL,
                                       .offset = (uint64_t)abs(offsets[i])};
    return (struct crash_stack){
        .signal = SIGABRT, .message = message, .frames = frames, .n_frames = n + 2};
}

static struct grouping group_abort(const char *reporter, const int *offsets, size_t n,
                                   const char *message, struct arena *a)
{
    struct crash_stack s = abort_stack(reporter, offsets, n, message, a);
    struct grouping g;

    fingerprint_make(ruleset_shipped(), &s, a, &g);
    return g;
}

/* Fifteen frames of machinery are the same for all of them. */
START_TEST(aborts_without_any_name_are_not_all_one)
{
    static const int one[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 100, 200};
    static const int two[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 101, 200};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct grouping g = group_abort(NULL, one, 17, NULL, &a);
    struct grouping h = group_abort(NULL, two, 17, NULL, &a);

    ck_assert(g.unsymbolised && g.n_keys == 1 && g.keys[0].kind == KEY_ADDRESSES);
    ck_assert(!share_key(&g, &h));
}
END_TEST

START_TEST(who_called_the_reporter_is_a_key)
{
    static const int one[] = {1, 2, 3}, way[] = {1, 2, 9}, other[] = {1, 8, 3}, named[] = {-1, 2};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct grouping g = group_abort("__assert_fail", one, 3, NULL, &a), h;

    ck_assert(g.n_keys == 2 && g.keys[0].kind == KEY_CALL && g.n_kept == 2 && g.culprit == 2);
    h = group_abort("__assert_fail", way, 3, "a.c:3: f: Assertion `x' failed.", &a);
    ck_assert(share_key(&g, &h));
    h = group_abort("__assert_fail", other, 3, NULL, &a);
    ck_assert(!share_key(&g, &h));
    h = group_abort("__assert_fail", named, 2, "a.c:3: f: Assertion `x' failed.", &a);
    ck_assert(h.keys[0].kind == KEY_SYMBOLS && share_key(&g, &h));
    h = group_abort("raise", one, 3, NULL, &a); /* what called abort() may be machinery */
    ck_assert(h.n_keys == 1 && h.keys[0].kind == KEY_ADDRESSES);
}
END_TEST

START_TEST(a_smashed_stack_has_one_frame_for_certain)
{
    static const int one[] = {1, 2}, lost[] = {1};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct grouping g = group_abort("__stack_chk_fail", one, 2, NULL, &a);
    struct grouping h = group_abort("__stack_chk_fail", lost, 1, NULL, &a);

    ck_assert(share_key(&g, &h));
}
END_TEST

#define PANICKED(place, text) "thread 'main' panicked at " place ":\n" text

START_TEST(where_the_message_says_that_it_was_is_a_key)
{
    static const int one[] = {1, 2, 3}, way[] = {1, 2, 9};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct grouping g = group_abort(NULL, one, 3, PANICKED("src/a.rs:3:5", "index is 7"), &a), h;

    h = group_abort(NULL, way, 3, PANICKED("src/a.rs:3:5", "index is 9"), &a);
    ck_assert(g.n_keys == 2 && g.keys[1].kind == KEY_PLACE && share_key(&g, &h));
    h = group_abort(NULL, way, 3, PANICKED("src/a.rs:4:5", "index is 7"), &a);
    ck_assert(!share_key(&g, &h));
    h = group_abort(NULL, way, 3, PANICKED("src/a.rs:3:5", "no such thing"), &a);
    ck_assert(!share_key(&g, &h)); /* a function that panics for others */
    h = group_abort(NULL, way, 3, PANICKED("/rustc/1/library/core/src/a.rs:3:5", "index is 7"), &a);
    ck_assert_uint_eq(h.n_keys, 1); /* everybody's place */
}
END_TEST

/* --- Inline frames --- */

/* "f" or "f=", which was made inline in the next. */
static struct grouping group_inline(const char *functions, const char *message, struct arena *a)
{
    struct crash_stack s = make_stack(functions, message ? SIGABRT : SIGSEGV, message, a);
    struct frame *frames = arena_memdup(a, s.frames, s.n_frames * sizeof(*frames));
    struct grouping g;

    for (size_t i = 0; i < s.n_frames; i++) {
        size_t n = strlen(frames[i].function);

        frames[i].inlined = frames[i].function[n - 1] == '=';
        frames[i].function = arena_strndup(a, frames[i].function, n - frames[i].inlined);
    }
    s.frames = frames;
    fingerprint_make(ruleset_shipped(), &s, a, &g);
    return g;
}

static bool joined(const char *one, const char *two, const char *message, struct arena *a)
{
    struct grouping g = group_inline(one, message, a), h = group_inline(two, message, a);

    return share_key(&g, &h);
}

START_TEST(callers_may_be_inline_in_one_build_alone)
{
    static const char assertion[] = "a.c:3: f: Assertion `x' failed.";
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert(joined("f|g=|h|main", "f|h|main", NULL, &a));
    ck_assert(!joined("f|g=|h|main", "f|i|main", NULL, &a));
    /* what was made inline in one function are several bugs */
    ck_assert(!joined("f=|h|i|main", "g=|h|i|main", NULL, &a));
    ck_assert(!joined("f=|h|i|main", "h|i|main", NULL, &a));
    ck_assert(
        joined("raise|abort|__assert_fail|f=|h|i", "raise|abort|__assert_fail|h|i", assertion, &a));
}
END_TEST

START_TEST(si_code_tells_a_division)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s = make_stack("mean|main", SIGFPE, NULL, &a);
    struct grouping g;

    s.code = 1;
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    ck_assert_str_eq(title_make(&s, &g, &a), "division by zero in mean() app.c:142");
    ck_assert_str_eq(g.class, "arithmetic");
}
END_TEST

/* What a site says of its own code. */
START_TEST(a_site_has_the_first_word)
{
    static const char text[] = "ours app - module */libsystem.so.1\n"
                               "our-die cut assertion function crash_now\n"
                               "off waiting\n";
    const struct rules_text texts[] = {{"site.rules", str_from(text)},
                                       {"shipped", str_from(grouping_rules_text)}};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s = make_stack("crash_now|poll|png_read!|load_icon|main", SIGABRT, NULL, &a);
    struct rules_error error;
    struct grouping g;
    struct rules rules;

    ck_assert_int_eq(rules_make(texts, 2, &a, &rules, &error), 0);
    fingerprint_make(&rules, &s, &a, &g);
    ck_assert_str_eq(kept(&s, &g, &a), "poll");
    ck_assert_str_eq(g.verdicts[0].rule, "our-die");
    ck_assert_str_eq(crash_kind_tag(g.kind), "assertion");
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    ck_assert_str_eq(kept(&s, &g, &a), "crash_now|load_icon");
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
    fingerprint_make(ruleset_shipped(), &first, &a, &g);
    fingerprint_make(ruleset_shipped(), &second, &a, &h);
    ck_assert(memcmp(g.keys[0].digest, h.keys[0].digest, SHA256_SIZE) != 0);
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
    fingerprint_make(ruleset_shipped(), s, a, &g);
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
    ck_assert_mem_eq(g.keys[0].digest, h.keys[0].digest, SHA256_SIZE);
    h = group_of(repeat("", "walk|visit|", 3, "main", &a), OVERFLOW_YES, &s, &a);
    ck_assert_mem_eq(g.keys[0].digest, h.keys[0].digest, SHA256_SIZE);
    h = group_of(repeat("", "walk|", 80, "main", &a), OVERFLOW_UNKNOWN, &s, &a);
    ck_assert(memcmp(g.keys[0].digest, h.keys[0].digest, SHA256_SIZE) != 0);
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
    ck_assert_str_eq(kept(&s, &g, &a), "leaf|walk");
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
    ck_assert_str_eq(kept(&s, &g, &a), "big|caller");
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
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        ck_assert_msg(g.verdicts[i].kind == wanted[i].kind, "frame %zu is %s", i,
                      verdict_name(g.verdicts[i].kind));
        ck_assert_pstr_eq(g.verdicts[i].rule, wanted[i].rule);
    }
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
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    title = title_make(&s, &g, &a);
    ck_assert_uint_le(strlen(title), TITLE_MAX);
    ck_assert_uint_ge(strlen(title), TITLE_MAX - 3);
    ck_assert_uint_eq(utf8_valid_prefix(title, strlen(title)), strlen(title));
    f.function = "f";
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    ck_assert_str_eq(title_make(&s, &g, &a), "SIGSEGV in f() evil name.c:1");
}
END_TEST

UNIT_TABLES_MAIN("workerd/fingerprint", {stack, ARRAY_SIZE(stacks)}, {class, ARRAY_SIZE(classes)},
                 {a_title_says_what_is_known, 1}, {pair, ARRAY_SIZE(pairs)},
                 {lines_files_addresses_and_paths_take_no_part, 1},
                 {a_build_groups_with_and_without_its_names, 1},
                 {what_reports_inside_the_program_gives_no_address_key, 1},
                 {no_address_key_without_build_ids, 1},
                 {aborts_without_any_name_are_not_all_one, 1},
                 {who_called_the_reporter_is_a_key, 1},
                 {a_smashed_stack_has_one_frame_for_certain, 1},
                 {where_the_message_says_that_it_was_is_a_key, 1},
                 {callers_may_be_inline_in_one_build_alone, 1}, {si_code_tells_a_division, 1},
                 {a_site_has_the_first_word, 1}, {main_of_two_programs_is_two_bugs, 1},
                 {overflow_groups_by_its_cycle, 1}, {deep_recursion_alone_is_no_overflow, 1},
                 {a_large_array_overflows_without_recursion, 1}, {each_frame_has_its_verdict, 1},
                 {titles_are_one_line_of_bounded_utf8, 1})
