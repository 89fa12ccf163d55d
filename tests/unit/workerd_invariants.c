/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* What a fingerprint must not depend on, of every stack of a table: each variant of it has the same
 * one. And what it must depend on: the culprit. */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/base/id.h"
#include "common/report/signals.h"
#include "tests/lib/unit.h"
#include "workerd/grouping/gdbtext.h"
#include "workerd/grouping/ruleset.h"
#include "workerd/grouping/stackjson.h"

#define FRAMES_MAX 24

/* A frame is NAME or NAME@MODULE; the culprit is the first. */
static const struct {
    const char *signal, *frames;
} bases[] = {
    {"SIGSEGV", "fill_ring|read_input|serve|main"},
    {"SIGSEGV", "ns::Ring<int>::push(int)|ns::serve(std::vector<int>&)|main"},
    {"SIGSEGV",
     "draw_item@/usr/lib/libdraw.so.2|paint@/usr/lib/libdraw.so.2|app_paint@/usr/bin/app"},
    {"SIGFPE", "mean_of|report_all|main"},
    {"SIGBUS", "map_page|scan|scan_all"},
    {"SIGILL", "dispatch_op|run_vm|main"},
    {"SIGSEGV", "app::parse::next|app::parse::all|app::main"},
    {"SIGSEGV", "walk|walk|walk|visit|main"},
    {"SIGSEGV", "only_one"},
    {"SIGSEGV", "main.load|main.serve|main.main"},
};

struct variant {
    struct frame frames[FRAMES_MAX];
    size_t n;
    struct crash_stack stack;
};

static void add(struct variant *v, const char *function, const char *module)
{
    ck_assert_uint_lt(v->n, FRAMES_MAX);
    v->frames[v->n++] = (struct frame){.function = function, .module = module};
}

static void add_base(struct variant *v, const char *frames, struct arena *a)
{
    struct str rest = str_from(frames), part;

    while (str_split(&rest, '|', &part)) {
        char *name = arena_strndup(a, part.p, part.n);
        char *at = strchr(name, '@');

        if (at)
            *at = '\0';
        add(v, name, at ? at + 1 : NULL);
    }
}

static void fingerprint_of(struct variant *v, const char *signal, struct arena *a, char *ret)
{
    struct grouping g;

    v->stack = (struct crash_stack){.frames = v->frames, .n_frames = v->n};
    ck_assert_int_eq(signal_parse(signal, &v->stack.signal), 0);
    fingerprint_make(ruleset_shipped(), &v->stack, a, &g);
    hex_encode(g.keys[0].digest, SHA256_SIZE, ret);
}

static void base_of(int i, struct arena *a, char *ret)
{
    struct variant v = {.n = 0};

    add_base(&v, bases[i].frames, a);
    fingerprint_of(&v, bases[i].signal, a, ret);
}

static void check_same(int i, struct variant *v, const char *what, struct arena *a)
{
    char base[SHA256_TEXT_SIZE], other[SHA256_TEXT_SIZE];

    base_of(i, a, base);
    fingerprint_of(v, bases[i].signal, a, other);
    ck_assert_msg(strcmp(base, other) == 0, "%s: %s", bases[i].frames, what);
}

START_TEST(callers_of_the_program_do_not_count)
{
    static const char *const bottoms[][3] = {
        {"__libc_start_call_main", "__libc_start_main_impl", "_start"},
        {"__libc_start_main", "_start", NULL},
        {"start_thread", "clone3", NULL},
        {"execute_native_thread_routine", "start_thread", "__clone"},
        {"g_thread_proxy", "start_thread", "clone"},
    };

    for (size_t k = 0; k < ARRAY_SIZE(bottoms); k++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct variant v = {.n = 0};

        add_base(&v, bases[_i].frames, &a);
        for (size_t j = 0; j < 3 && bottoms[k][j]; j++)
            add(&v, bottoms[k][j], "/usr/lib/libc.so.6");
        check_same(_i, &v, bottoms[k][0], &a);
    }
}
END_TEST

/* What a program that handles its own faults has on top. */
START_TEST(reporters_do_not_count)
{
    static const char *const tops[][5] = {
        {"raise", "on_fault", NULL},
        {"__pthread_kill_implementation", "raise", "abort", "on_fault", NULL},
        {"tgkill", "app_crash_handler", NULL},
    };

    for (size_t k = 0; k < ARRAY_SIZE(tops); k++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct variant v = {.n = 0};

        for (size_t j = 0; tops[k][j]; j++)
            add(&v, tops[k][j], NULL);
        add(&v, "<signal handler called>", NULL);
        v.frames[v.n - 1].signal = true;
        add_base(&v, bases[_i].frames, &a);
        check_same(_i, &v, tops[k][0], &a);
    }
}
END_TEST

START_TEST(builds_do_not_count)
{
    static const char *const suffixes[] = {".cold",          ".isra.0", ".constprop.1", ".part.0",
                                           " [clone .cold]", "+0x1f",   "@plt"};

    for (size_t k = 0; k < ARRAY_SIZE(suffixes); k++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct variant v = {.n = 0};

        add_base(&v, bases[_i].frames, &a);
        for (size_t j = 0; j < v.n; j++) {
            struct frame *f = &v.frames[j];

            f->line = (unsigned)(100 * (k + 1) + j);
            f->file = arena_printf(&a, "/build/%zu/src/%zu.c", k, j);
            f->pc = 0x550000001000 + 16 * k + j;
            f->offset = 0x1000 * (k + 1) + j;
            f->build_id = f->module ? arena_printf(&a, "ab%02zu", k) : NULL;
            f->function = arena_printf(&a, "%s%s", f->function, suffixes[k]);
        }
        check_same(_i, &v, suffixes[k], &a);
    }
}
END_TEST

START_TEST(template_arguments_do_not_count)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct variant v = {.n = 0};
    char one[SHA256_TEXT_SIZE], other[SHA256_TEXT_SIZE];

    add(&v, "ns::Ring<int, std::less<int> >::push(int)", NULL);
    add(&v, "ns::Map<ns::Key<3>, (anonymous namespace)::Value>::serve(std::vector<int>&)", NULL);
    fingerprint_of(&v, "SIGSEGV", &a, one);
    v.n = 0;
    add(&v, "ns::Ring<std::pair<char, void (*)(int)> >::push(char&&)", NULL);
    add(&v, "void ns::Map<long, long>::serve<int>() const", NULL);
    fingerprint_of(&v, "SIGSEGV", &a, other);
    ck_assert_str_eq(one, other);
}
END_TEST

START_TEST(another_culprit_is_another_bug)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct variant v = {.n = 0};
    char base[SHA256_TEXT_SIZE], other[SHA256_TEXT_SIZE];

    add(&v, "quite_another", NULL);
    add_base(&v, bases[_i].frames, &a);
    base_of(_i, &a, base);
    fingerprint_of(&v, bases[_i].signal, &a, other);
    ck_assert_str_ne(base, other);
}
END_TEST

/* --- gdb's text and JSON --- */

static void json_of(const struct variant *v, const char *signal, struct buf *b)
{
    buf_printf(b, "{\"signal\":\"%s\",\"frames\":[", signal);
    for (size_t i = 0; i < v->n; i++)
        buf_printf(b, "%s{\"function\":\"%s\"%s%s%s}", i ? "," : "", v->frames[i].function,
                   v->frames[i].module ? ",\"module\":\"" : "",
                   v->frames[i].module ? v->frames[i].module : "", v->frames[i].module ? "\"" : "");
    buf_adds(b, "]}");
}

static void gdb_of(const struct variant *v, const char *signal, struct buf *b)
{
    buf_printf(b, "Program terminated with signal %s, x.\n", signal);
    for (size_t i = 0; i < v->n; i++)
        buf_printf(b, "#%zu  0x%zx in %s (n=%zu, s=0x1 \"at (\")%s%s\n", i, 0x5500 + i,
                   v->frames[i].function, i, v->frames[i].module ? " from " : " at a.c:3",
                   v->frames[i].module ? v->frames[i].module : "");
}

START_TEST(text_and_json_are_one)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf json = BUF_INIT(1u << 16), gdb = BUF_INIT(1u << 16);
    char one[SHA256_TEXT_SIZE], other[SHA256_TEXT_SIZE];
    struct variant v = {.n = 0};
    struct stackjson_error e;
    struct crash_stack s;
    struct grouping g;

    add_base(&v, bases[_i].frames, &a);
    json_of(&v, bases[_i].signal, &json);
    gdb_of(&v, bases[_i].signal, &gdb);
    ck_assert_int_eq(stackjson_parse(str_from(buf_text(&json)), &a, &s, &e), 0);
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    hex_encode(g.keys[0].digest, SHA256_SIZE, one);
    gdbtext_parse(str_from(buf_text(&gdb)), &a, &s);
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    hex_encode(g.keys[0].digest, SHA256_SIZE, other);
    ck_assert_str_eq(one, other);
}
END_TEST

/* With the debug information of a library its frames have a file in place of the library. */
START_TEST(debug_information_of_a_library_does_not_count)
{
    static const char *const texts[] = {
        "#0  0x1 in draw () from /usr/lib/libdraw.so.2\n#1  0x2 in paint () from "
        "/usr/lib/libdraw.so.2\n#2  0x3 in show ()\n",
        "#0  draw (i=0x0) at ../src/draw.c:3\n#1  0x2 in paint (n=3) at ../src/paint.c:9\n"
        "#2  0x3 in show ()\n",
    };
    char digests[2][SHA256_TEXT_SIZE];

    for (size_t i = 0; i < 2; i++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct crash_stack s;
        struct grouping g;

        gdbtext_parse(str_from(texts[i]), &a, &s);
        fingerprint_make(ruleset_shipped(), &s, &a, &g);
        hex_encode(g.keys[0].digest, SHA256_SIZE, digests[i]);
    }
    ck_assert_str_eq(digests[0], digests[1]);
}
END_TEST

UNIT_TABLES_MAIN("workerd/invariants", {callers_of_the_program_do_not_count, ARRAY_SIZE(bases)},
                 {reporters_do_not_count, ARRAY_SIZE(bases)},
                 {builds_do_not_count, ARRAY_SIZE(bases)}, {template_arguments_do_not_count, 1},
                 {another_culprit_is_another_bug, ARRAY_SIZE(bases)},
                 {text_and_json_are_one, ARRAY_SIZE(bases)},
                 {debug_information_of_a_library_does_not_count, 1})
