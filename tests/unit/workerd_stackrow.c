/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* A stack's row: what is read back of it gives the same keys, and what differs from crash to crash
 * is not in it. And the keys that decisions make of it. */
#include "workerd/stackrow.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/jsontree.h"
#include "workerd/grouping/ruleset.h"
#include "workerd/splits.h"
#include "tests/lib/unit.h"

static struct frame frames[] = {
    {.pc = 0x7f01,
     .function = "fill",
     .file = "/src/ring.c",
     .line = 30,
     .module = "/usr/bin/app",
     .build_id = "aa01",
     .offset = 0x1000,
     .trust = TRUST_CONTEXT},
    {.pc = 0x7f02, .function = "serve", .module = "/usr/bin/app", .build_id = "aa01", .offset = 2},
    {.pc = 0x7f03, .function = "handle", .module = "/usr/bin/app", .build_id = "aa01", .offset = 3},
    {.pc = 0x7f04, .module = "/usr/lib/libfoo.so.1", .build_id = "bb02", .offset = 4},
    {.pc = 0x7f05, .function = "main", .module = "/usr/bin/app", .build_id = "aa01", .offset = 5},
};

static struct crash_stack stack(const char *message)
{
    return (struct crash_stack){
        .signal = SIGABRT,
        .code = -6,
        .message = message,
        .executable = "/usr/bin/app",
        .frames = frames,
        .n_frames = ARRAY_SIZE(frames),
        .overflow = OVERFLOW_NO,
    };
}

static const struct event_stack *row_of(const struct crash_stack *s, struct grouping *g,
                                        struct arena *a)
{
    struct crash_stack reduced;

    fingerprint_make(ruleset_shipped(), s, a, g);
    reduced = stackrow_reduce(ruleset_shipped(), s, g, a);
    return stackrow_make(&reduced, g, a);
}

static const char *const messages[] = {
    NULL,
    "request 4711 from 10.0.0.1:80 failed",
    "app: ring.c:30: fill: Assertion `n > 10' failed.",
    "terminate called after throwing an instance of 'std::out_of_range'\n  what():  7 >= 3",
    "terminate called after throwing an instance of 'ns2::error_4'",
    "thread 'main' panicked at src/main.rs:9:5:\nindex out of bounds: the len is 3",
    "malloc(): corrupted top size",
    "==17==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010",
};

START_TEST(what_is_read_back_has_the_same_keys)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s = stack(messages[_i]), read;
    struct grouping g, again;
    const struct event_stack *row = row_of(&s, &g, &a);

    ck_assert_int_eq(stackrow_parse(str_from(row->frames), str_from(row->facts), &a, &read), 0);
    fingerprint_make(ruleset_shipped(), &read, &a, &again);
    ck_assert_uint_eq(again.n_keys, g.n_keys);
    for (size_t i = 0; i < g.n_keys; i++)
        ck_assert_mem_eq(again.keys[i].digest, g.keys[i].digest, SHA256_SIZE);
    ck_assert_mem_eq(stackrow_make(&read, &again, &a)->digest, row->digest, SHA256_SIZE);
}
END_TEST

START_TEST(messages_that_differ_by_their_parameters_are_one_row)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack one = stack("request 4711 from 10.0.0.1:80 failed");
    struct crash_stack two = stack("request 12 from 10.0.0.2:443 failed");
    struct crash_stack other = stack("answer 12 from 10.0.0.2:443 failed");
    struct grouping g;
    const struct event_stack *row = row_of(&one, &g, &a);

    ck_assert_mem_eq(row->digest, row_of(&two, &g, &a)->digest, SHA256_SIZE);
    ck_assert_mem_ne(row->digest, row_of(&other, &g, &a)->digest, SHA256_SIZE);
    ck_assert_ptr_nonnull(strstr(row->facts, "request # from # failed"));
}
END_TEST

START_TEST(what_tells_crashes_apart_stays_in_the_message)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s = stack("app: ring.c:30: fill: Assertion `n > 10' failed.");
    struct grouping g;

    ck_assert_ptr_nonnull(strstr(row_of(&s, &g, &a)->facts, "Assertion `n > 10' failed."));
}
END_TEST

START_TEST(panics_of_one_place_are_one_row)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack one = stack("thread 'main' panicked at src/a.rs:9:5:\nthe len is 3");
    struct crash_stack two = stack("thread 'io-7' panicked at src/a.rs:9:5:\nthe len is 12");
    struct grouping g;
    const struct event_stack *row = row_of(&one, &g, &a);

    ck_assert_mem_eq(row->digest, row_of(&two, &g, &a)->digest, SHA256_SIZE);
    ck_assert_ptr_nonnull(strstr(row->facts, "src/a.rs:9:5"));
}
END_TEST

START_TEST(the_signal_is_a_part_of_the_row)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack one = stack(NULL), two = stack(NULL);
    struct grouping g;

    two.signal = SIGSEGV;
    ck_assert_mem_ne(row_of(&one, &g, &a)->digest, row_of(&two, &g, &a)->digest, SHA256_SIZE);
}
END_TEST

START_TEST(what_is_no_row_is_refused)
{
    static const char *const wrong[][2] = {
        {"{}", "{}"}, {"[1]", "{}"}, {"[", "{}"}, {"[]", "[]"}, {"[]", ""},
    };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s;

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_int_eq(stackrow_parse(str_from(wrong[i][0]), str_from(wrong[i][1]), &a, &s),
                         -EBADMSG);
}
END_TEST

static const char *text_in(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "none";
}

START_TEST(a_frame_says_its_name_and_how_it_is_judged)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct frame shown[] = {
        {.function = "raise", .module = "/usr/lib/libc.so.6", .build_id = "cc03", .offset = 1},
        {.function = "std::vector<int, std::allocator<int> >::push_back(int const&)",
         .module = "/usr/bin/app",
         .build_id = "aa01",
         .offset = 2},
        {.module = "/usr/lib/libfoo.so.1", .build_id = "bb02", .offset = 4},
    };
    struct crash_stack s = stack(NULL);
    struct grouping g;

    s.frames = shown;
    s.n_frames = ARRAY_SIZE(shown);

    const struct event_stack *row = row_of(&s, &g, &a);
    _cleanup_json_ json_t *list = json_loads(row->frames, 0, NULL);

    ck_assert_uint_eq(json_array_size(list), ARRAY_SIZE(shown));
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
        json_t *frame = json_array_get(list, i);

        ck_assert_str_eq(text_in(frame, "verdict"), verdict_name(g.verdicts[i].kind));
        ck_assert_str_eq(text_in(frame, "name"), g.verdicts[i].name ? g.verdicts[i].name : "none");
        ck_assert_str_eq(text_in(frame, "rule"), g.verdicts[i].rule ? g.verdicts[i].rule : "none");
    }
    ck_assert_str_eq(text_in(json_array_get(list, 0), "name"), "raise");
    ck_assert_str_ne(text_in(json_array_get(list, 1), "name"), shown[1].function);
    ck_assert_uint_eq(row->functions.n, 2);
    ck_assert_str_eq(row->functions.texts[1], text_in(json_array_get(list, 1), "name"));
}
END_TEST

static const struct {
    const char *message;
    const char *class, *tag, *detail;
} judgements[] = {
    {NULL, "abort", "none", "none"},
    {"app: ring.c:30: fill: Assertion `n > 10' failed.", "assertion", "assertion", "n > 10"},
    {"terminate called after throwing an instance of 'ns2::error_4'", "exception",
     "uncaught-exception", "ns2::error_4"},
};

START_TEST(the_row_says_what_kind_of_crash_it_is)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s = stack(judgements[_i].message);
    struct grouping g;
    _cleanup_json_ json_t *judged = json_loads(row_of(&s, &g, &a)->judged, 0, NULL);

    ck_assert_str_eq(text_in(judged, "class"), judgements[_i].class);
    ck_assert_str_eq(text_in(judged, "tag"), judgements[_i].tag);
    ck_assert_str_eq(text_in(judged, "detail"), judgements[_i].detail);
}
END_TEST

/* The same stack of another process, of which another analysis left out other variables. */
START_TEST(what_differs_between_analyses_makes_no_other_row)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack one = stack(NULL), two = stack(NULL), other = stack(NULL);
    struct frame moved[ARRAY_SIZE(frames)], elsewhere[ARRAY_SIZE(frames)];
    struct grouping g;
    const struct event_stack *row = row_of(&one, &g, &a), *again;

    memcpy(moved, frames, sizeof(frames));
    memcpy(elsewhere, frames, sizeof(frames));
    for (size_t i = 0; i < ARRAY_SIZE(moved); i++) {
        moved[i].pc += 0x10000;
        moved[i].variables_left_out = i + 7;
    }
    elsewhere[0].line++;
    two.frames = moved;
    other.frames = elsewhere;
    again = row_of(&two, &g, &a);
    ck_assert_mem_eq(again->digest, row->digest, SHA256_SIZE);
    ck_assert_str_eq(again->frames, row->frames);
    ck_assert_ptr_null(strstr(row->frames, "variables"));
    ck_assert_mem_ne(row_of(&other, &g, &a)->digest, row->digest, SHA256_SIZE);
}
END_TEST

/* New rules judge the same stack anew: it stays the same row. */
START_TEST(verdicts_are_not_in_the_digest)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s = stack(NULL);
    struct grouping g, other;
    const struct event_stack *row = row_of(&s, &g, &a), *again;
    struct verdict *verdicts = arena_array(&a, struct verdict, s.n_frames);

    other = g;
    memcpy(verdicts, g.verdicts, s.n_frames * sizeof(*verdicts));
    verdicts[0].name = "another";
    other.verdicts = verdicts;
    again = stackrow_make(&s, &other, &a);
    ck_assert_str_ne(again->frames, row->frames);
    ck_assert_mem_eq(again->digest, row->digest, SHA256_SIZE);
}
END_TEST

/* --- Decisions --- */

static const struct {
    const char *json, *value; /* NULL: refused */
} selectors[] = {
    {"{\"frame\": 1}", "handle"},
    {"{\"frame\": 9}", ""},
    {"{\"signal\": true}", "6"},
    {"{\"executable\": true}", "app"},
    {"{\"frame\": 0}", NULL},
    {"{\"frame\": 33}", NULL},
    {"{\"frame\": \"1\"}", NULL},
    {"{\"signal\": false}", NULL},
    {"{\"signal\": true, \"frame\": 1}", NULL},
    {"{}", NULL},
    {"[]", NULL},
};

START_TEST(a_selector_says_what_tells_apart)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s = stack(NULL);
    struct selector selector;
    struct grouping g;
    int r = selector_parse(str_from(selectors[_i].json), &selector);

    ck_assert_int_eq(r, selectors[_i].value ? 0 : -EBADMSG);
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    if (r == 0)
        ck_assert_str_eq(selector_value(&selector, &s, g.verdicts, &a), selectors[_i].value);
}
END_TEST

static struct stack_keys keys_of(const struct crash_stack *s, const struct key_split *splits,
                                 size_t n, struct arena *a)
{
    const struct key_splits all = {splits, n};
    struct stack_keys keys;
    struct grouping g;

    fingerprint_make(ruleset_shipped(), s, a, &g);
    stack_keys_make(&all, s, g.verdicts, g.keys, g.n_keys, a, &keys);
    return keys;
}

START_TEST(a_split_key_is_made_of_decision_and_value)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s = stack(NULL);
    struct stack_keys plain = keys_of(&s, NULL, 0, &a), apart;
    struct key_split split = {.selector = {.kind = SELECT_SIGNAL}, .decision = 7};
    uint8_t expected[SHA256_SIZE];

    memcpy(split.base, plain.base, SHA256_SIZE);
    apart = keys_of(&s, &split, 1, &a);
    split_key(7, "6", expected);
    ck_assert_mem_eq(plain.base, plain.key, SHA256_SIZE);
    ck_assert_mem_eq(apart.base, plain.base, SHA256_SIZE);
    ck_assert_mem_eq(apart.key, expected, SHA256_SIZE);
}
END_TEST

START_TEST(splits_of_splits_end)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s = stack(NULL);
    struct key_split splits[2] = {{.selector = {.kind = SELECT_SIGNAL}, .decision = 1},
                                  {.selector = {.kind = SELECT_SIGNAL}, .decision = 1}};
    struct stack_keys plain = keys_of(&s, NULL, 0, &a), apart;

    memcpy(splits[0].base, plain.base, SHA256_SIZE);
    split_key(1, "6", splits[1].base); /* leads to itself */
    apart = keys_of(&s, splits, 2, &a);
    ck_assert_mem_eq(apart.key, splits[1].base, SHA256_SIZE);
}
END_TEST

START_TEST(a_selector_that_says_nothing_unites_nothing)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack one = stack(NULL), two = stack(messages[2]);
    struct stack_keys first = keys_of(&one, NULL, 0, &a), second = keys_of(&two, NULL, 0, &a);
    struct key_split splits[2] = {
        {.selector = {.kind = SELECT_FRAME, .frame = 9}, .decision = 1},
        {.selector = {.kind = SELECT_FRAME, .frame = 9}, .decision = 1},
    };

    memcpy(splits[0].base, first.base, SHA256_SIZE);
    memcpy(splits[1].base, second.base, SHA256_SIZE);
    ck_assert_mem_ne(first.base, second.base, SHA256_SIZE);
    ck_assert_mem_ne(keys_of(&one, splits, 2, &a).key, keys_of(&two, splits, 2, &a).key,
                     SHA256_SIZE);
}
END_TEST

UNIT_TABLES_MAIN("workerd/stackrow", {what_is_read_back_has_the_same_keys, ARRAY_SIZE(messages)},
                 {messages_that_differ_by_their_parameters_are_one_row, 1},
                 {what_tells_crashes_apart_stays_in_the_message, 1},
                 {panics_of_one_place_are_one_row, 1}, {the_signal_is_a_part_of_the_row, 1},
                 {what_is_no_row_is_refused, 1}, {a_frame_says_its_name_and_how_it_is_judged, 1},
                 {the_row_says_what_kind_of_crash_it_is, ARRAY_SIZE(judgements)},
                 {what_differs_between_analyses_makes_no_other_row, 1},
                 {verdicts_are_not_in_the_digest, 1},
                 {a_selector_says_what_tells_apart, ARRAY_SIZE(selectors)},
                 {a_split_key_is_made_of_decision_and_value, 1}, {splits_of_splits_end, 1},
                 {a_selector_that_says_nothing_unites_nothing, 1})
