/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Rules: what their text may be and where a mistake is said to be; that thousands of patterns find
 * what a look at each would find; and that every shipped rule matches a frame as it comes from real
 * programs. */
#include "workerd/grouping/ruleset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "workerd/grouping/normalise.h"
#include "tests/lib/unit.h"

/* --- Patterns --- */

static const struct {
    const char *pattern, *text;
    bool matches;
} patterns[] = {
    {"abort", "abort", true},
    {"abort", "aborts", false},
    {"abort", "abor", false},
    {"*", "", true},
    {"*", "x", true},
    {"std::*", "std::f", true},
    {"std::*", "std::", true},
    {"std::*", "st::f", false},
    {"*_fail", "a_fail_fail", true},
    {"*_fail", "_fai", false},
    {"a*b*c", "aXbXbXc", true},
    {"a*b*c", "abc", true},
    {"a*b*c", "aXcXb", false},
    {"ab*ba", "aba", false},
    {"*ab*ab*", "xabx", false},
    {"*ab*ab*", "xabab", true},
    {"**", "x", true},
    {"operator\\*", "operator*", true},
    {"operator\\*", "operatorx", false},
    {"a\\\\b", "a\\b", true},
    {"\\\"", "\"", true},
};

START_TEST(pattern)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct pattern p = {.number = 0};
    struct pattern_index index;
    struct str text = str_from(patterns[_i].text);

    ck_assert_int_eq(pattern_parse(str_from(patterns[_i].pattern), &a, &p), PATTERN_GOOD);
    ck_assert_msg(pattern_matches(&p, text) == patterns[_i].matches, "%s on %s",
                  patterns[_i].pattern, patterns[_i].text);
    pattern_index_make(&p, 1, &a, &index);
    ck_assert_msg((pattern_index_find(&index, text) == 0) == patterns[_i].matches,
                  "index: %s on %s", patterns[_i].pattern, patterns[_i].text);
}
END_TEST

START_TEST(bad_patterns)
{
    static const struct {
        const char *text;
        enum pattern_mistake mistake;
    } rows[] = {{"", PATTERN_EMPTY},
                {"*********", PATTERN_STARS},
                {"a\\", PATTERN_ESCAPE},
                {"a\\n", PATTERN_ESCAPE}};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct pattern p;
    char *text = arena_alloc(&a, PATTERN_MAX + 2);

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        ck_assert_int_eq(pattern_parse(str_from(rows[i].text), &a, &p), rows[i].mistake);
    memset(text, 'x', PATTERN_MAX + 1);
    ck_assert_int_eq(pattern_parse((struct str){text, PATTERN_MAX + 1}, &a, &p), PATTERN_LONG);
    ck_assert_int_eq(pattern_parse((struct str){text, PATTERN_MAX}, &a, &p), PATTERN_GOOD);
}
END_TEST

/* A text of few letters and stars, so that much of it matches. */
static struct str random_text(struct arena *a, const char *letters, unsigned max)
{
    size_t n = (size_t)rand() % (max + 1);
    char *text = arena_alloc(a, n + 1);

    for (size_t i = 0; i < n; i++)
        text[i] = letters[(size_t)rand() % strlen(letters)];
    return (struct str){text, n};
}

START_TEST(the_index_finds_what_a_look_at_each_finds)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct pattern *all = arena_array(&a, struct pattern, 300);
    struct pattern_index index;
    size_t n = 0;

    srand(7);
    while (n < 300) {
        all[n].number = (uint32_t)n;
        if (pattern_parse(random_text(&a, "ab:*", 7), &a, &all[n]) == PATTERN_GOOD)
            n++;
    }
    pattern_index_make(all + 250, 50, &a, &index);
    for (int i = 0; i < 20000; i++) {
        struct str text = random_text(&a, "ab:", 9);
        uint32_t expected = PATTERN_NONE;

        for (size_t k = 250; k < n && expected == PATTERN_NONE; k++) {
            if (pattern_matches(&all[k], text))
                expected = all[k].number;
        }
        ck_assert_uint_eq(pattern_index_find(&index, text), expected);
    }
}
END_TEST

/* --- The text --- */

static int make(const char *text, struct arena *a, struct rules *ret, struct rules_error *e)
{
    const struct rules_text texts[] = {{"site.rules", str_from(text)},
                                       {"shipped.rules", str_from("base skip - function base\n")}};

    return rules_make(texts, 2, a, ret, e);
}

static const char *decision(const struct rules *r, const char *function, const char *module)
{
    struct frame f = {.module = module};
    const struct rule *rule = rules_decide(r, &f, function);

    return rule ? rule->name : NULL;
}

START_TEST(a_text)
{
    static const char text[] = "# comment\n"
                               "\n"
                               "one cut assertion function first \"second one\"   # comment\n"
                               "    third*   fo\\*rth\n"
                               "\t\"quoted \\\" mark\"\n"
                               "\n"
                               "   # comment\n"
                               "    fifth\n"
                               "two skip - nameless libx.so* /opt/app/*\r\n"
                               "one keep - function third*\n"
                               "ours app - module */ours.so\n"
                               "theirs system - file */vendor/*\n"
                               "said tag panic message \"*it said: *\"";
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct frame ours = {.module = "/x/ours.so"}, theirs = {.file = "/src/vendor/a.c"};
    struct rules_error e;
    struct rules r;

    ck_assert_int_eq(make(text, &a, &r, &e), 0);
    ck_assert_uint_eq(r.n, 7);
    ck_assert_str_eq(decision(&r, "first", NULL), "one");
    ck_assert_str_eq(decision(&r, "second one", NULL), "one");
    ck_assert_str_eq(decision(&r, "fo*rth", NULL), "one");
    ck_assert_ptr_null(decision(&r, "fourth", NULL));
    ck_assert_str_eq(decision(&r, "quoted \" mark", NULL), "one");
    ck_assert_str_eq(decision(&r, "fifth", NULL), "one");
    ck_assert_str_eq(decision(&r, "base", NULL), "base");
    ck_assert_str_eq(decision(&r, NULL, "/usr/lib/libx.so.1"), "two");
    ck_assert_str_eq(decision(&r, NULL, "/opt/app/main"), "two");
    ck_assert_ptr_null(decision(&r, "named", "/opt/app/main"));
    ck_assert_int_eq(rules_decide(&r, &(struct frame){0}, "thirdly")->action, RULE_CUT);
    ck_assert_int_eq(rules_own(&r, &ours, "f")->action, RULE_APP);
    ck_assert_int_eq(rules_own(&r, &theirs, "f")->action, RULE_SYSTEM);
    ck_assert_int_eq(rules_message(&r, "now it said: x")->kind, CRASH_PANIC);
    ck_assert_ptr_null(rules_message(&r, "nothing"));
}
END_TEST

START_TEST(off_is_for_what_comes_after)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct rules_error e;
    struct rules r;

    ck_assert_int_eq(make("base keep - function base\noff base\n", &a, &r, &e), 0);
    ck_assert_int_eq(rules_decide(&r, &(struct frame){0}, "base")->action, RULE_KEEP);
    ck_assert_int_eq(make("off base\n", &a, &r, &e), 0);
    ck_assert_ptr_null(decision(&r, "base", NULL));
}
END_TEST

START_TEST(other_texts_have_another_id)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct rules_error e;
    struct rules one, two;

    ck_assert_int_eq(make("x cut - function p\n", &a, &one, &e), 0);
    ck_assert_uint_eq(strlen(one.id), RULES_ID_SIZE - 1);
    ck_assert_int_eq(make("x cut - function p\n", &a, &two, &e), 0);
    ck_assert_str_eq(one.id, two.id);
    ck_assert_int_eq(make("x cut - function q\n", &a, &two, &e), 0);
    ck_assert_str_ne(one.id, two.id);
}
END_TEST

static const struct {
    const char *text;
    unsigned line, column;
    const char *part; /* of the message */
} mistakes[] = {
    {"x", 1, 2, "the action is missing"},
    {"x cut", 1, 6, "the tag"},
    {"x cut -", 1, 8, "the selector"},
    {"x cut - function", 1, 17, "the pattern is missing"},
    {"x cut - function # p", 1, 18, "the pattern is missing"},
    {"\n\nX cut - function p", 3, 1, "no name of a rule"},
    {"\"\" cut - function p", 1, 1, "empty"},
    {"x cutt - function p", 1, 3, "\"cutt\" is no action"},
    {"x cut heap function p", 1, 7, "\"heap\" is no tag"},
    {"x cut - func p", 1, 9, "\"func\" is no selector"},
    {"x tag - message p", 1, 7, "needs a tag"},
    {"x app panic module p", 1, 7, "must be -"},
    {"x cut - message p", 1, 9, "a message"},
    {"x tag panic function p", 1, 13, "a message"},
    {"   p", 1, 4, "no rule above"},
    {"x cut - function p\noff base\n q", 3, 2, "no rule above"},
    {"x cut - function \"p", 1, 18, "no end"},
    {"x cut - function \"p\"q", 1, 21, "a blank"},
    {"x cut - function p\\q", 1, 18, "a backslash"},
    {"x cut - function \"\"", 1, 18, "empty"},
    {"x cut - function p\n  a*********b", 2, 3, "8 stars"},
    {"off", 1, 4, "needs the name"},
    {"\noff  base nobody", 2, 11, "no rule is called \"nobody\""},
};

START_TEST(mistakes_have_a_place)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct rules_error e;
    struct rules r = {.n = 77};

    ck_assert_int_eq(make(mistakes[_i].text, &a, &r, &e), -EINVAL);
    ck_assert_uint_eq(r.n, 77);
    ck_assert_str_eq(e.file, "site.rules");
    ck_assert_msg(e.line == mistakes[_i].line && e.column == mistakes[_i].column, "%s: %u:%u %s",
                  mistakes[_i].text, e.line, e.column, e.message);
    ck_assert_msg(strstr(e.message, mistakes[_i].part), "%s: %s", mistakes[_i].text, e.message);
}
END_TEST

START_TEST(limits)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(2 * RULES_TEXT_MAX);
    struct rules_error e;
    struct rules r;

    buf_adds(&b, "x cut - function");
    for (int i = 0; i <= RULES_PATTERNS_MAX; i++)
        buf_printf(&b, " p%d", i);
    ck_assert_int_eq(make(buf_text(&b), &a, &r, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.message, "more than 20000 patterns"));
    buf_clear(&b);
    while (b.len <= RULES_TEXT_MAX)
        buf_adds(&b, "# 0123456789\n");
    ck_assert_int_eq(make(buf_text(&b), &a, &r, &e), -EINVAL);
    ck_assert_uint_eq(e.line, 0);
}
END_TEST

static void put(const char *folder, const char *name, const char *text)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ck_assert_int_eq(io_publish(AT_FDCWD, path, text, strlen(text), 0644), 0);
}

START_TEST(a_folder_is_read_in_the_order_of_names)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char folder[] = "/tmp/corral-rules-XXXXXX";
    const char *path = folder, *missing = "/nonexistent/rules.d";
    struct rules_error e;
    struct rules r;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    put(folder, "20.rules", "second skip - function ours\n");
    put(folder, "10.rules", "first cut - function ours\noff glibc-abort\n");
    put(folder, "30.rules~", "nonsense\n");
    ck_assert_int_eq(ruleset_read(&path, 1, &a, &r, &e), 0);
    ck_assert_str_eq(decision(&r, "ours", NULL), "first");
    ck_assert_ptr_null(decision(&r, "abort", NULL));
    ck_assert_str_eq(decision(&r, "malloc", NULL), "glibc-heap");
    put(folder, "15.rules", "x cut - function\n");
    ck_assert_int_eq(ruleset_read(&path, 1, &a, &r, &e), -EINVAL);
    ck_assert(cstr_ends(e.file, "/15.rules") && e.line == 1 && e.column == 17);
    io_remove_tree(AT_FDCWD, folder);
    ck_assert_int_eq(ruleset_read(&missing, 1, &a, &r, &e), 0);
    ck_assert_uint_eq(r.n, ruleset_shipped()->n);
}
END_TEST

/* --- The shipped rules --- */

#include "tests/unit/shipped_rules.inc"

START_TEST(shipped_rule)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const struct rules *r = ruleset_shipped();
    const struct rule *rule = NULL;
    const char *text = shipped[_i].text;
    struct frame f = {.pc = 1};

    switch (shipped[_i].selector) {
    case ON_FUNCTION:
        rule = rules_decide(r, &f, normalise_function(text, &a));
        if (!rule || strcmp(rule->name, shipped[_i].rule) != 0)
            rule = rules_own(r, &f, normalise_function(text, &a));
        break;
    case ON_FILE:
        f.file = text;
        rule =
            shipped[_i].action == RULE_SYSTEM ? rules_own(r, &f, NULL) : rules_decide(r, &f, "f");
        break;
    case ON_MESSAGE:
        rule = rules_message(r, text);
        break;
    default:
        f.module = text;
        rule =
            shipped[_i].selector == ON_MODULE ? rules_own(r, &f, "f") : rules_decide(r, &f, NULL);
    }
    ck_assert_msg(rule && strcmp(rule->name, shipped[_i].rule) == 0 &&
                      rule->action == shipped[_i].action,
                  "%s is %s (%s), not %s", text, rule ? rule->name : "nobody's",
                  rule ? rule_action_name(rule->action) : "-", shipped[_i].rule);
}
END_TEST

START_TEST(every_shipped_rule_is_in_the_table)
{
    const struct rules *r = ruleset_shipped();

    for (size_t i = 0; i < r->n; i++) {
        bool found = false;

        for (size_t k = 0; k < ARRAY_SIZE(shipped) && !found; k++)
            found = strcmp(shipped[k].rule, r->rules[i].name) == 0 &&
                    shipped[k].action == r->rules[i].action &&
                    shipped[k].selector == r->rules[i].selector;
        ck_assert_msg(found, "no frame is known for %s %s %s", r->rules[i].name,
                      rule_action_name(r->rules[i].action),
                      rule_selector_name(r->rules[i].selector));
    }
}
END_TEST

/* Names of programs that look like a library's. */
START_TEST(application_code_is_left_alone)
{
    static const char *const names[] = {
        "core::Engine::run",
        "alloc::Pool::take",
        "memset_secure",
        "strlen_utf8",
        "free_list_push",
        "abort_transaction",
        "killall",
        "raise_alarm",
        "MyApp::terminate",
        "app::panic_handler",
        "runtime_init",
        "cloned",
        "my_malloc",
        "poll_devices",
        "readline_hook",
        "boost_ratio",
        "google_login",
        "logging_setup",
        "testing_ground",
        "fuzzer_main",
        "arena_new",
        "tc_handler",
        "mi_switch",
        "extent_insert",
        "Foo::operator()",
        "std_printf",
        "exit_room",
        "Qt3DScene::draw",
        "uncaught_total",
        "check_failed_total",
        "assert_ok",
        "selector",
        "application::abort",
        "operators::run",
        "je",
        "folly_run",
        "myapp::std::Thing::run",
        "gtkwave_main",
        "g",
        "KCrashy::run",
        "Vector::normalise",
        "Array::sum",
        "PtrTable::find",
        "Matrix::operator*",
        "Node::refresh",
        "WTFPL::accept",
        "TArrayView::draw",
        "nodes::link",
        "SdrPage::insert",
    };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct frame f = {.module = "/usr/bin/app"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct rule *rule =
            rules_decide(ruleset_shipped(), &f, normalise_function(names[i], &a));

        ck_assert_msg(!rule, "%s is %s", names[i], rule ? rule->name : "");
    }
}
END_TEST

/* 5000 patterns. The limit is far above what it takes, for machines that do other things as well.
 */
START_TEST(thousands_of_patterns_cost_little)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(RULES_TEXT_MAX);
    struct frame f = {.module = "/usr/lib/libfoo.so.1", .file = "/src/project/engine/render.cpp"};
    const char *name = "project::engine::Renderer::draw_all_the_things_of_a_scene";
    struct rules_text texts[2] = {{.name = "many"}, {"shipped", str_from(grouping_rules_text)}};
    struct timespec from, to;
    struct rules_error e;
    struct rules r;
    double each;

    buf_adds(&b, "many skip - function");
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, " exact::name%d pre%d::* *::suffix%d *middle%d* project::*::x%d", i, i, i, i,
                   i);
    texts[0].text = (struct str){buf_text(&b), b.len};
    ck_assert_int_eq(rules_make(texts, 2, &a, &r, &e), 0);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (int i = 0; i < 2000; i++)
        ck_assert_ptr_null(rules_decide(&r, &f, name));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    each = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / 2000;
    if (getenv("CORRAL_SHOW"))
        fprintf(stderr, "# %.0f ns a frame\n", each);
    ck_assert_msg(each < 100000, "%.0f ns a frame", each);
}
END_TEST

UNIT_TABLES_MAIN("workerd/rules", {pattern, ARRAY_SIZE(patterns)}, {bad_patterns, 1},
                 {the_index_finds_what_a_look_at_each_finds, 1}, {a_text, 1},
                 {off_is_for_what_comes_after, 1}, {other_texts_have_another_id, 1},
                 {mistakes_have_a_place, ARRAY_SIZE(mistakes)}, {limits, 1},
                 {a_folder_is_read_in_the_order_of_names, 1}, {shipped_rule, ARRAY_SIZE(shipped)},
                 {every_shipped_rule_is_in_the_table, 1}, {application_code_is_left_alone, 1},
                 {thousands_of_patterns_cost_little, 1})
