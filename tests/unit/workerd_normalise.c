/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* The same function built differently has one name; different functions have different ones; any
 * bytes have a name that stays, in linear time. Names and their spellings are in
 * workerd_normalise.def. */
#include "workerd/grouping/normalise.h"

#include <string.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/report/limits.h"
#include "tests/lib/unit.h"

#define SPELLINGS_MAX 48

static const struct {
    const char *spellings[SPELLINGS_MAX]; /* the first is the normalised name */
} names[] = {
#define NAME(...) {{__VA_ARGS__}},
#include "tests/unit/workerd_normalise.def"
#undef NAME
};

/* What must hold for any text. */
static void check_properties(const char *text)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *once = normalise_function(text, &a);
    size_t n = strlen(once);

    ck_assert_msg(strcmp(once, normalise_function(once, &a)) == 0, "%s: %s", text, once);
    ck_assert_msg((n == 0) == (*text == '\0'), "%s", text);
    ck_assert_msg(n <= FUNCTION_NAME_MAX, "%zu bytes", n);
    ck_assert_msg(utf8_valid_prefix(once, n) == n, "%s", once);
}

/* --- Names --- */

START_TEST(all_spellings_are_one_name)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *const *spellings = names[i].spellings;

        for (size_t k = 0; k < SPELLINGS_MAX && spellings[k]; k++) {
            _cleanup_arena_ struct arena a = ARENA_INIT(0);
            const char *name = normalise_function(spellings[k], &a);

            ck_assert_msg(strcmp(name, spellings[0]) == 0, "%s gives %s instead of %s",
                          spellings[k], name, spellings[0]);
            check_properties(spellings[k]);
        }
    }
}
END_TEST

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

START_TEST(different_functions_have_different_names)
{
    const char *firsts[ARRAY_SIZE(names)];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        firsts[i] = names[i].spellings[0];
    qsort(firsts, ARRAY_SIZE(firsts), sizeof(firsts[0]), compare);
    for (size_t i = 1; i < ARRAY_SIZE(firsts); i++)
        ck_assert_str_ne(firsts[i - 1], firsts[i]);
}
END_TEST

START_TEST(nonsense_stays_as_it_is)
{
    static const char *const texts[] = {"(((", ">>>",   "<",  "()",    "{}",       "::", "[",
                                        "]",   "$",     "@",  "*",     "operator", "_Z", "_ZN3foo",
                                        "_R",  "_RNvC", "_D", "_D99x", ".",        ".."};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_str_eq(normalise_function(texts[i], &a), texts[i]);
    ck_assert_str_eq(normalise_function("", &a), "");
    ck_assert_str_eq(normalise_function(" ", &a), " ");
}
END_TEST

START_TEST(bytes_that_are_no_text_are_replaced)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(normalise_function("ns::\xff\xfe::go()", &a), "ns::??::go");
    ck_assert_str_eq(normalise_function("ns::gr\xc3\xbc\xc3\x9f(int)", &a),
                     "ns::gr\xc3\xbc\xc3\x9f");
}
END_TEST

/* --- Any text --- */

/* Texts made of what the walk looks at, from a fixed seed. */
START_TEST(random_texts_settle)
{
    static const char *const parts[] = {
        "<",         ">",      "(",        ")",       "{",        "}",         "[",
        "]",         "::",     " ",        "a",       "operator", "->",        " as ",
        "lambda",    "&",      "*",        "@",       ".cold",    ".0",        " const",
        "#1",        "__GI_",  "$_0",      "'",       "._anon_3", "impl ",     " for ",
        "func1",     ".",      "/v2.",     "%2e",     "_FUN",     "closure",   "std::",
        "__1",       "string", "_ZN",      "3foo",    "E",        "$LT$",      "$GT$",
        "..",        "_$",     "+0x1",     "-fm",     " at ",     "[abi:x]",   "\"\"",
        "unsigned ", "!",      "~",        "\xc3",    "\xbc",     "call_once", "__memcpy_avx",
        "_RNv",      "C",      "decltype", "unnamed", "_D",       "vendor/",   "glob",
        "mut "};
    unsigned seed = 1;

    for (unsigned n = 0; n < 40000; n++) {
        char text[512] = "";

        for (unsigned i = 0; i < n % 24; i++)
            strcat(text, parts[(unsigned)rand_r(&seed) % ARRAY_SIZE(parts)]);
        check_properties(text);
    }
}
END_TEST

/* The beginning of one real name and the end of another. */
START_TEST(mixtures_of_names_settle)
{
    unsigned seed = 2;

    for (unsigned n = 0; n < 20000; n++) {
        const char *head = names[(unsigned)rand_r(&seed) % ARRAY_SIZE(names)].spellings[n % 3];
        const char *tail = names[(unsigned)rand_r(&seed) % ARRAY_SIZE(names)].spellings[n % 2];
        char text[2048] = "";

        if (!head || !tail)
            continue;
        strncat(text, head, (unsigned)rand_r(&seed) % (strlen(head) + 1));
        strcat(text, tail + (unsigned)rand_r(&seed) % (strlen(tail) + 1));
        check_properties(text);
    }
}
END_TEST

static void check_cut_anywhere(const char *name)
{
    char head[1024];

    ck_assert_uint_lt(strlen(name), sizeof(head));
    for (size_t i = 0; name[i]; i++) {
        check_properties(name + i);
        strcpy(head, name);
        head[i] = '\0';
        check_properties(head);
    }
}

START_TEST(a_name_that_is_cut_anywhere_settles)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        check_cut_anywhere(names[i].spellings[names[i].spellings[1] ? 1 : 0]);
}
END_TEST

/* --- Long names --- */

static char *repeated(const char *part, size_t n)
{
    char *text = malloc(n + 1);

    for (size_t i = 0; i < n; i++)
        text[i] = part[i % strlen(part)];
    text[n] = '\0';
    return text;
}

static const char *const long_parts[] = {
    "<",        "(",          "{",    "a",          " ",      ":",
    ">",        "a<",         "a(",   "<a as b>::", "{{",     "((<",
    "(<}",      " &",         "@x",   ".cold",      ".0",     "$_0::",
    "operator", "'a",         " <a>", "a::(b",      "_$",     "..$LT$",
    ".func1#",  "!a",         "a b",  "std::__1::", "::<",    " const",
    "*",        "func1.",     "/v2",  "vendor/",    "%2e",    "operator int",
    "[a]",      "\xc3\xbc",   "\xff", "N3foo",      "I3fooE", "+1",
    "-range1",  "decltype (", "((a)",
};

/* The least of several runs, which is the one that was not disturbed. */
static double seconds(const char *text)
{
    double least = 1e9;

    for (unsigned i = 0; i < 3; i++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct timespec from, to;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
        normalise_function(text, &a);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
        double took =
            (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);

        least = took < least ? took : least;
    }
    return least;
}

/* Eight times the bytes are eight times the work, and not sixty-four times. */
START_TEST(work_is_linear)
{
    _cleanup_free_ char *little = repeated(long_parts[_i], 8 * 1024);
    _cleanup_free_ char *much = repeated(long_parts[_i], 64 * 1024);

    ck_assert_double_lt(seconds(much), 32 * seconds(little) + 1e-4);
}
END_TEST

START_TEST(long_texts_settle)
{
    static const size_t sizes[] = {
        1000,   FUNCTION_NAME_MAX - 1, FUNCTION_NAME_MAX, FUNCTION_NAME_MAX + 1, 20000, 100000,
        1000000};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        _cleanup_free_ char *text = repeated(long_parts[_i], sizes[i]);

        check_properties(text);
        _cleanup_free_ char *mangled = repeated(long_parts[_i], sizes[i] + 3);

        memcpy(mangled, "_ZN", 3);
        check_properties(mangled);
    }
}
END_TEST

START_TEST(deeply_nested_names_settle)
{
    static const struct {
        const char *open, *name, *close;
    } nests[] = {
        {"(*", "f", "(int))(char)"}, {"<", "a::b as c::d", ">::f"}, {"a::(", "b", ")"},
        {"{", "lambda()#1", "}"},    {"main.(*", "T", ").f"},       {"operator (", "int", ")"},
        {"a::<impl ", "b::c", ">"},  {"[", "abi:x", "]"},           {"f(<operator<", "a", ">)::"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(nests); i++) {
        for (size_t depth = 1; depth <= 400; depth += depth < 40 ? 1 : 40) {
            _cleanup_free_ char *open = repeated(nests[i].open, depth * strlen(nests[i].open));
            _cleanup_free_ char *close = repeated(nests[i].close, depth * strlen(nests[i].close));
            _cleanup_arena_ struct arena a = ARENA_INIT(0);

            check_properties(arena_printf(&a, "%s%s%s", open, nests[i].name, close));
        }
    }
}
END_TEST

START_TEST(of_a_long_name_the_end_is_kept)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_free_ char *fill = repeated("a", 100000);
    const char *name = normalise_function(arena_printf(&a, "%s::last(int)", fill), &a);

    ck_assert_uint_eq(strlen(name), FUNCTION_NAME_MAX);
    ck_assert(cstr_ends(name, "a::last"));
    /* What is dropped does not count, as long as it is read. */
    fill[30000] = '\0';
    ck_assert_str_eq(normalise_function(arena_printf(&a, "ns::f<%s>(%s)", fill, fill), &a),
                     "ns::f");
}
END_TEST

/* --- Modules --- */

static const struct {
    const char *path, *wanted;
} modules[] = {
    {"/usr/bin/app", "app"},
    {"/lib/x86_64-linux-gnu/libc.so.6", "libc.so"},
    {"/usr/lib/libQt5Core.so.5.15.8", "libQt5Core.so"},
    {"plugin.so", "plugin.so"},
    {"/opt/app/app (deleted)", "app"},
    {"/opt/app/libapp.so.3 (deleted)", "libapp.so"},
    {"[vdso]", "[vdso]"},
    {"/opt/app/", ""},
    {NULL, ""},
};

START_TEST(module_names)
{
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    ck_assert_str_eq(normalise_module(modules[_i].path, &a), modules[_i].wanted);
}
END_TEST

UNIT_TABLES_MAIN("workerd/normalise", {all_spellings_are_one_name, 1},
                 {different_functions_have_different_names, 1}, {nonsense_stays_as_it_is, 1},
                 {bytes_that_are_no_text_are_replaced, 1}, {random_texts_settle, 1},
                 {mixtures_of_names_settle, 1}, {a_name_that_is_cut_anywhere_settles, 1},
                 {work_is_linear, ARRAY_SIZE(long_parts)},
                 {long_texts_settle, ARRAY_SIZE(long_parts)}, {deeply_nested_names_settle, 1},
                 {of_a_long_name_the_end_is_kept, 1}, {module_names, ARRAY_SIZE(modules)})
