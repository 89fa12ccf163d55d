/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
#include "dashd/grouping/explanation.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "dashd/grouping/rulenotes.h"
#include "tests/lib/unit.h"

static const struct frame named = {.function = "f"}, nameless = {.module = "/usr/lib/libx.so.1"};

START_TEST(the_facts_are_told)
{
    const struct stack_columns columns = {
        "{\"signal\":6,\"tag\":\"assertion\",\"detail\":\"n > 0\",\"class\":\"assertion\","
        "\"message\":\"a.c:3: f: n > 0\","
        "\"keys\":[\"symbols\",\"addresses\",\"<b>\",\"call\",7,\"place\"]}",
        "2/0123456789abcdef"};
    struct frame_view frames[] = {{.frame = &named, .verdict = "kept"}};
    const struct stack_view s = {.frames = frames, .n = 1};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct explanation e;

    explanation_make(&columns, &s, &a, &e);
    ck_assert_str_eq(e.kind, "assertion");
    ck_assert_str_eq(e.detail, "n > 0");
    ck_assert_str_eq(e.class, "assertion");
    ck_assert_str_eq(e.algorithm, "2");
    ck_assert_str_eq(e.rules, "0123456789abcdef");
    ck_assert_str_eq(e.key, "symbols");
    ck_assert_uint_eq(e.n_more, 3);
    ck_assert_str_eq(explanation_more_words(&e, &a),
                     "their build-ids and offsets, where in its build it reported the crash and "
                     "the place that its message names");
}
END_TEST

START_TEST(what_is_not_there_is_not_told)
{
    static const struct stack_columns all[] = {
        {NULL, NULL}, {"", ""}, {"[1]", "/"}, {"{\"tag\":7,\"keys\":{}}", "/x"}};
    const struct stack_view none = {.n = 0};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct explanation e;

        explanation_make(&all[i], &none, &a, &e);
        ck_assert_ptr_null(e.kind);
        ck_assert_ptr_null(e.class);
        ck_assert_ptr_null(e.algorithm);
        ck_assert_str_eq(e.key, "program");
        ck_assert_uint_eq(e.n_more, 0);
    }
}
END_TEST

START_TEST(the_key_is_by_addresses_where_no_kept_frame_has_a_function)
{
    const struct stack_columns columns = {.facts = "{\"keys\":[\"addresses\"]}"};
    struct frame_view frames[] = {{.frame = &named, .verdict = "skipped"},
                                  {.frame = &nameless, .verdict = "kept"}};
    const struct stack_view s = {.frames = frames, .n = 2};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct explanation e;

    explanation_make(&columns, &s, &a, &e);
    ck_assert_str_eq(e.key, "addresses");
    ck_assert_uint_eq(e.n_more, 0);
}
END_TEST

static const struct {
    struct frame_view frame;
    const char *words;
} frames[] = {
    {{.verdict = "kept", .rule = "x"}, "kept"},
    {{.verdict = "skipped", .rule = "no-name"}, "skipped by no-name"},
    {{.verdict = "skipped"}, "skipped"},
    {{.verdict = "cut", .rule = "glibc-abort"}, "cut by glibc-abort"},
    {{.verdict = "bottom", .rule = "entry"}, "below the start, entry"},
    {{.verdict = "repeated"}, "repeated"},
    {{.verdict = "limit"}, "beyond the depth"},
    {{.verdict = "<b>"}, "<b>"},
    {{.verdict = NULL}, NULL},
};

START_TEST(a_frame_says_what_was_decided_on_it)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_pstr_eq(verdict_words(&frames[_i].frame, &a), frames[_i].words);
}
END_TEST

START_TEST(a_rule_says_what_it_is_about)
{
    const struct frame_view cut = {.verdict = "cut", .rule = "glibc-abort"};
    const struct frame_view kept = {.verdict = "kept", .name = "f"};
    const struct frame_view unknown = {.verdict = "<b>", .rule = "<i>"};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_ptr_nonnull(strstr(verdict_meaning(&cut, &a), "The C library: death by choice"));
    ck_assert_ptr_nonnull(strstr(verdict_meaning(&kept, &a), "known as f."));
    ck_assert_ptr_null(verdict_meaning(&unknown, &a));
    ck_assert_ptr_nonnull(strstr(rule_note("ours", "cut", &a), "this site's own"));
}
END_TEST

START_TEST(a_rule_is_found_by_its_name_and_action)
{
    static const struct str text = STR("# --- One ---\n"
                                       "a  cut   -  function f\n"
                                       "   b skip - function\n"
                                       "# a skip - function g\n"
                                       "# --- Two ---\n"
                                       "a\tx skip\n"
                                       "a skip  - function g\n");
    static const char *const skip[] = {"skip", NULL}, *const cut[] = {"cut", NULL};
    struct str one = rule_heading(text, "a", cut), two = rule_heading(text, "a", skip);

    ck_assert(str_eq(one, STR("One")));
    ck_assert(str_eq(two, STR("Two")));
    ck_assert_uint_eq(rule_heading(STR("# --- ---\nrule cut\n"), "rule", NULL).n, 0);
    ck_assert_ptr_null(rule_heading(text, "b", NULL).p);
    ck_assert_ptr_null(rule_heading(text, "function", NULL).p);
    ck_assert_ptr_null(rule_heading(STR(""), "a", NULL).p);
}
END_TEST

UNIT_TABLES_MAIN("dashd/grouping/explanation", {the_facts_are_told, 1},
                 {what_is_not_there_is_not_told, 1},
                 {the_key_is_by_addresses_where_no_kept_frame_has_a_function, 1},
                 {a_frame_says_what_was_decided_on_it, ARRAY_SIZE(frames)},
                 {a_rule_says_what_it_is_about, 1}, {a_rule_is_found_by_its_name_and_action, 1})
