/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
#include "dashd/grouping/selector.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "dashd/grouping/hint.h"
#include "tests/lib/unit.h"

static const struct {
    const char *form, *json, *words;
} good[] = {
    {"signal", "{\"signal\":true}", "the signal"},
    {"executable", "{\"executable\":true}", "the program"},
    {"frame-1", "{\"frame\":1}", "the first frame behind those that count"},
    {"frame-2", "{\"frame\":2}", "the 2nd frame behind those that count"},
    {"frame-3", "{\"frame\":3}", "the 3rd frame behind those that count"},
    {"frame-11", "{\"frame\":11}", "the 11th frame behind those that count"},
    {"frame-22", "{\"frame\":22}", "the 22nd frame behind those that count"},
    {"frame-32", "{\"frame\":32}", "the 32nd frame behind those that count"},
};

START_TEST(reads_what_it_writes)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct selector s = selector_from_form(good[_i].form);
    struct selector again = selector_of_text(good[_i].json);

    ck_assert_int_ne(s.kind, SELECT_NOTHING);
    ck_assert_str_eq(selector_form(&s, &a), good[_i].form);
    ck_assert_str_eq(selector_json(&s, &a), good[_i].json);
    ck_assert_str_eq(selector_words(&s, &a), good[_i].words);
    ck_assert_int_eq(again.kind, s.kind);
    ck_assert_uint_eq(again.frame, s.frame);
}
END_TEST

static const char *const bad_forms[] = {NULL,
                                        "",
                                        "frame",
                                        "frame-",
                                        "frame-0",
                                        "frame-33",
                                        "frame--1",
                                        "frame-1 ",
                                        "frame-1x",
                                        "Signal",
                                        "signal2",
                                        "module",
                                        "frame-99999999999999999999"};

START_TEST(refuses_any_other_form)
{
    ck_assert_int_eq(selector_from_form(bad_forms[_i]).kind, SELECT_NOTHING);
}
END_TEST

static const char *const bad_json[] = {
    NULL,
    "",
    "{}",
    "7",
    "[1]",
    "{\"frame\":0}",
    "{\"frame\":33}",
    "{\"frame\":\"1\"}",
    "{\"signal\":false}",
    "{\"signal\":1}",
    "{\"module\":true}",
    "{\"frame\":1,\"signal\":true}",
};

START_TEST(refuses_any_other_json)
{
    ck_assert_int_eq(selector_of_text(bad_json[_i]).kind, SELECT_NOTHING);
}
END_TEST

START_TEST(a_hint_has_camps)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct split_hint h;

    hint_parse("{\"selector\":{\"signal\":true},\"camps\":[{\"value\":\"11\",\"events\":30},"
               "{\"value\":6,\"events\":10,\"stacks\":2}]}",
               &a, &h);
    ck_assert_int_eq(h.selector.kind, SELECT_SIGNAL);
    ck_assert_uint_eq(h.n, 2);
    ck_assert_str_eq(camp_words(&h.selector, h.camps[0].value, &a), "SIGSEGV");
    ck_assert_uint_eq(h.camps[0].events, 30);
    ck_assert_str_eq(camp_words(&h.selector, h.camps[1].value, &a), "SIGABRT");
    ck_assert_uint_eq(h.camps[1].stacks, 2);
}
END_TEST

static const char *const no_hints[] = {
    NULL,
    "null",
    "{}",
    "{\"selector\":{\"signal\":true}}",
    "{\"selector\":{\"signal\":true},\"camps\":[{\"value\":\"11\",\"events\":30}]}",
    "{\"selector\":{\"x\":1},\"camps\":[{},{}]}",
};

START_TEST(what_is_no_hint_is_none)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct split_hint h = {.n = 77};

    hint_parse(no_hints[_i], &a, &h);
    ck_assert_int_eq(h.selector.kind, SELECT_NOTHING);
    ck_assert_uint_eq(h.n, 0);
}
END_TEST

START_TEST(witnesses_are_told_in_words)
{
    static const struct {
        const char *witnesses, *words;
    } rows[] = {
        {"", ""},
        {",\"witnesses\":[\"message\"]", "the message"},
        {",\"witnesses\":[\"place\",\"<b>\",7,\"kind\",\"kind\",\"message\"]",
         "the kind of crash, the message and where in that function it crashed"},
    };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct split_hint h;

        hint_parse(
            arena_printf(&a, "{\"selector\":{\"frame\":1},\"camps\":[{},{}]%s}", rows[i].witnesses),
            &a, &h);
        ck_assert_str_eq(witness_words(&h, &a), rows[i].words);
        for (size_t k = 0; k < h.n_witnesses; k++)
            ck_assert_ptr_nonnull(strstr(rows[i].witnesses, witness_name(h.witnesses[k])));
    }
}
END_TEST

START_TEST(camps_are_told_in_words)
{
    static const struct selector frame = {SELECT_FRAME, 1}, signal = {SELECT_SIGNAL, 0};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(camp_words(&frame, "parse", &a), "parse");
    ck_assert_str_eq(camp_words(&frame, "11", &a), "11");
    ck_assert_str_eq(camp_words(&frame, "", &a), "the stack ends before it");
    ck_assert_str_eq(camp_words(&signal, "64", &a), "signal 64");
    ck_assert_str_eq(camp_words(&signal, "<b>", &a), "<b>");
}
END_TEST

UNIT_TABLES_MAIN("dashd/grouping/selector", {reads_what_it_writes, ARRAY_SIZE(good)},
                 {refuses_any_other_form, ARRAY_SIZE(bad_forms)},
                 {refuses_any_other_json, ARRAY_SIZE(bad_json)}, {a_hint_has_camps, 1},
                 {what_is_no_hint_is_none, ARRAY_SIZE(no_hints)}, {camps_are_told_in_words, 1},
                 {witnesses_are_told_in_words, 1})
