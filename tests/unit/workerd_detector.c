/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/regroup workerd workerd/fetcher workerd/front workerd/grouping workerd/healing
 * workerd/index workerd/sources workerd/supply workerd/wire */
/* Which groups are found to hold several bugs: every case is a few stacks, each in a few words. */
#include "workerd/regroup/detector.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define STACKS_MAX 8

/* "from_request handle_get": frames behind the kept ones. NULL: the last. */
struct few {
    const char *behind, *kind, *message, *module, *build_id, *line;
    int events;
};

#define AT(behind, line)                                                                           \
    {                                                                                              \
        behind, NULL, NULL, NULL, "aa", line, 1                                                    \
    }
#define SAID(behind, message)                                                                      \
    {                                                                                              \
        behind, "panic", message, NULL, NULL, NULL, 1                                              \
    }

static const struct example {
    const char *name;
    struct few stacks[STACKS_MAX];
    unsigned frame; /* of the hint; 0: none */
    unsigned camps;
} examples[] = {
    {"two ways to one place",
     {AT("a x", "1"), AT("a y", "1"), AT("b v", "1"), AT("b w", "1")},
     0,
     0},
    {"two ways to two places",
     {AT("a x", "1"), AT("a y", "1"), AT("b v", "2"), AT("b w", "2")},
     1,
     2},
    {"places that do not go with the ways",
     {AT("a x", "1"), AT("a y", "2"), AT("b v", "2"), AT("b w", "1")},
     0,
     0},
    {"places of two builds are not compared",
     {{"a x", NULL, NULL, NULL, "aa", "1", 1},
      {"a y", NULL, NULL, NULL, "aa", "1", 1},
      {"b v", NULL, NULL, NULL, "bb", "2", 1},
      {"b w", NULL, NULL, NULL, "bb", "2", 1}},
     0,
     0},
    {"ways that meet again further out are one",
     {AT("a x main_loop", "1"), AT("a y main_loop", "1"), AT("b x main_loop", "2"),
      AT("b y main_loop", "2")},
     0,
     0},
    {"a message that tells the ways apart",
     {SAID("a x", "no key"), SAID("a y", "no key"), SAID("b v", "bad size"),
      SAID("b w", "bad size")},
     1,
     2},
    {"a message that differs in every crash says nothing",
     {SAID("a x", "p"), SAID("a y", "q"), SAID("b v", "r"), SAID("b w", "s")},
     0,
     0},
    {"a kind of crash",
     {{"a x", "heap-corruption", NULL, NULL, NULL, NULL, 1},
      {"a y", "heap-corruption", NULL, NULL, NULL, NULL, 1},
      {"b v", "pure-virtual-call", NULL, NULL, NULL, NULL, 1},
      {"b w", "pure-virtual-call", NULL, NULL, NULL, NULL, 1}},
     1,
     2},
    {"an unknown kind differs from none",
     {{"a x", "heap-corruption", NULL, NULL, NULL, NULL, 1},
      {"a y", "heap-corruption", NULL, NULL, NULL, NULL, 1},
      {"b v", NULL, NULL, NULL, NULL, NULL, 1},
      {"b w", NULL, NULL, NULL, NULL, NULL, 1}},
     0,
     0},
    {"functions of one name in two modules",
     {{"a x", NULL, NULL, "one", NULL, NULL, 1},
      {"a y", NULL, NULL, "one", NULL, NULL, 1},
      {"b v", NULL, NULL, "two", NULL, NULL, 1},
      {"b w", NULL, NULL, "two", NULL, NULL, 1}},
     1,
     2},
    {"one stack each is too little", {AT("a x", "1"), AT("b v", "2")}, 0, 0},
    {"unless it was seen again and again",
     {{"a x", NULL, NULL, NULL, "aa", "1", 40}, {"b v", NULL, NULL, NULL, "aa", "2", 30}},
     1,
     2},
    {"what differs only further out",
     {AT("s a x", "1"), AT("s a y", "1"), AT("s b v", "2"), AT("s b w", "2")},
     2,
     2},
    {"singletons are no camps",
     {AT("a x", "1"), AT("b y", "2"), AT("c v", "3"), AT("d w", "4"), AT("e z", "5"),
      AT("e u", "5")},
     0,
     0},
};

static struct profile profile_of(const struct few *f, struct arena *a)
{
    struct profile p = {
        .events = f->events,
        .executable = "app",
        .signal = 11,
        .kind = f->kind,
        .message = f->message,
        .module = f->module,
        .build_id = f->build_id,
        .line = f->line,
    };
    struct str rest = str_from(f->behind), word;

    while (str_split(&rest, ' ', &word))
        p.behind[p.n_behind++] = arena_strndup(a, word.p, word.n);
    return p;
}

static size_t profiles_of(const struct example *e, struct arena *a, struct profile *ret)
{
    size_t n = 0;

    for (; n < STACKS_MAX && e->stacks[n].behind; n++)
        ret[n] = profile_of(&e->stacks[n], a);
    return n;
}

START_TEST(tells_several_bugs_from_one)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const struct example *e = &examples[_i];
    struct profile profiles[STACKS_MAX];
    size_t n = profiles_of(e, &a, profiles);
    struct split_hint h;

    detector_look(profiles, n, NULL, &a, &h);
    ck_assert_msg(h.any == (e->frame > 0), "%s", e->name);
    ck_assert_msg(!h.any || (h.selector.kind == SELECT_FRAME && h.selector.frame == e->frame),
                  "%s: frame %u", e->name, h.selector.frame);
    ck_assert_msg(!h.any || h.n == e->camps, "%s: %zu camps", e->name, h.n);
}
END_TEST

/* --- What people have said --- */

static const struct example two = {
    "two", {AT("a x", "1"), AT("a y", "1"), AT("b v", "2"), AT("b w", "2")}, 1, 2};

START_TEST(what_was_decided_is_not_proposed_again)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const struct selector frames[] = {{SELECT_FRAME, 1}, {SELECT_FRAME, 2}};
    struct hint_past past = {.decided = frames, .n_decided = 1};
    struct profile profiles[STACKS_MAX];
    size_t n = profiles_of(&two, &a, profiles);
    struct split_hint h;

    detector_look(profiles, n, &past, &a, &h);
    ck_assert(!h.any);
}
END_TEST

START_TEST(a_dismissed_hint_comes_back_with_other_camps)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct split_hint dismissed, h;
    struct hint_past past = {.dismissed = &dismissed};
    struct profile profiles[STACKS_MAX + 2];
    size_t n = profiles_of(&two, &a, profiles);

    detector_look(profiles, n, NULL, &a, &dismissed);
    ck_assert(dismissed.any);
    profiles[0].events = 1000;
    detector_look(profiles, n, &past, &a, &h);
    ck_assert_msg(!h.any, "more of the same");
    profiles[n++] = profile_of(&(struct few)AT("c p", "3"), &a);
    profiles[n++] = profile_of(&(struct few)AT("c q", "3"), &a);
    detector_look(profiles, n, &past, &a, &h);
    ck_assert_msg(!h.any, "little of another");
    profiles[0].events = 1;
    detector_look(profiles, n, &past, &a, &h);
    ck_assert_msg(h.any && h.n == 3, "much of another");
}
END_TEST

/* --- As it is stored --- */

START_TEST(a_hint_is_read_as_it_was_written)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(HINT_JSON_MAX);
    struct profile profiles[STACKS_MAX];
    size_t n = profiles_of(&two, &a, profiles);
    struct split_hint h, again;

    profiles[3].events = 5;
    detector_look(profiles, n, NULL, &a, &h);
    hint_format(&h, &b);
    ck_assert_str_eq(buf_text(&b), "{\"selector\":{\"frame\":1},\"camps\":["
                                   "{\"value\":\"b\",\"events\":6,\"stacks\":2},"
                                   "{\"value\":\"a\",\"events\":2,\"stacks\":2}],"
                                   "\"witnesses\":[\"place\"]}");
    hint_parse(buf_text(&b), &a, &again);
    ck_assert(again.any && again.n == 2 && again.selector.frame == 1);
    ck_assert_str_eq(again.camps[1].value, "a");
    ck_assert_int_eq(again.camps[0].events, 6);
}
END_TEST

START_TEST(what_is_no_hint_is_none)
{
    static const char *const texts[] = {"", "{}", "[]", "{\"selector\":{\"frame\":1}}",
                                        "{\"selector\":{\"frame\":0},\"camps\":[{}]}"};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct split_hint h;

    hint_parse(texts[_i], &a, &h);
    ck_assert(!h.any);
    hint_parse(NULL, &a, &h);
    ck_assert(!h.any);
}
END_TEST

START_TEST(a_stack_is_read_from_its_row)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct profile p = {.events = 3};
    int r = profile_read(
        STR("[{\"function\":\"abort\",\"verdict\":\"cut\",\"module\":\"/lib/libc.so.6\"},"
            "{\"name\":\"evict\",\"verdict\":\"kept\",\"module\":\"/usr/lib/libcache.so.3\","
            "\"build_id\":\"aa\",\"file\":\"/src/lru.c\",\"line\":88,\"offset\":\"0x10\"},"
            "{\"name\":\"put\",\"verdict\":\"kept\"},"
            "{\"name\":\"request\",\"verdict\":\"limit\"},"
            "{\"module\":\"/usr/bin/app\",\"verdict\":\"limit\"}]"),
        STR("{\"signal\":6,\"message\":\"slot 17 of 3\",\"executable\":\"/usr/bin/app\"}"),
        STR("{\"class\":\"abort\",\"tag\":\"assertion\"}"), &a, &p);

    ck_assert_int_eq(r, 0);
    ck_assert_int_eq(p.events, 3);
    ck_assert_str_eq(p.module, "libcache.so");
    ck_assert_str_eq(p.line, "/src/lru.c:88");
    ck_assert_ptr_null(p.offset);
    ck_assert_str_eq(p.message, "slot # of #");
    ck_assert_str_eq(p.kind, "assertion");
    ck_assert_uint_eq(p.n_behind, 2);
    ck_assert_str_eq(profile_value(&p, &(struct selector){SELECT_FRAME, 1}, &a), "request");
    ck_assert_str_eq(profile_value(&p, &(struct selector){SELECT_FRAME, 2}, &a), "app");
    ck_assert_str_eq(profile_value(&p, &(struct selector){SELECT_FRAME, 3}, &a), "");
    ck_assert_str_eq(profile_value(&p, &(struct selector){.kind = SELECT_SIGNAL}, &a), "6");
    ck_assert_int_lt(profile_read(STR("{}"), STR("{}"), STR("{}"), &a, &p), 0);
    ck_assert_int_lt(profile_read(STR("[]"), STR("[]"), STR("{}"), &a, &p), 0);
    ck_assert_int_eq(profile_read(STR("[7,{}]"), STR("{}"), STR("{}"), &a, &p), 0);
}
END_TEST

UNIT_TABLES_MAIN("workerd/regroup/detector", {tells_several_bugs_from_one, ARRAY_SIZE(examples)},
                 {what_was_decided_is_not_proposed_again, 1},
                 {a_dismissed_hint_comes_back_with_other_camps, 1},
                 {a_hint_is_read_as_it_was_written, 1}, {what_is_no_hint_is_none, 5},
                 {a_stack_is_read_from_its_row, 1})
