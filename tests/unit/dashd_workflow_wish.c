/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/view dashd/workflow */
/* Every way to say what one wants to do with a group, and what is refused. */
#include "dashd/workflow/wish.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "tests/lib/unit.h"

#define NOW  (1795219200 * USEC_PER_SEC) /* 2026-11-21 00:00:00 UTC */
#define HOUR (3600 * USEC_PER_SEC)

static const struct {
    struct wish_fields fields;
    struct group_wish wish;
} good[] = {
    {{.action = "resolve"}, {.action = WISH_RESOLVE}},
    {{.action = "resolve", .in = "now"}, {.action = WISH_RESOLVE}},
    {{.action = "resolve", .in = " "}, {.action = WISH_RESOLVE}},
    {{.action = "resolve", .in = "next"}, {.action = WISH_RESOLVE, .versions = VERSION_NEXT}},
    {{.action = "resolve", .in = " 2.4.1-3 "},
     {.action = WISH_RESOLVE, .versions = VERSION_IN, .version = "2.4.1-3"}},
    {{.action = "reopen", .in = "ignored"}, {.action = WISH_REOPEN}},
    {{.action = "mute"}, {.action = WISH_MUTE}},
    {{.action = "mute", .until = "forever"}, {.action = WISH_MUTE}},
    {{.action = "mute", .until = "next"}, {.action = WISH_MUTE, .versions = VERSION_NEXT}},
    {{.action = "mute", .until = "next-version"}, {.action = WISH_MUTE, .versions = VERSION_NEXT}},
    {{.action = "mute", .until = "12h"}, {.action = WISH_MUTE, .until = NOW + 12 * HOUR}},
    {{.action = "mute", .until = "7d"}, {.action = WISH_MUTE, .until = NOW + 168 * HOUR}},
    {{.action = "mute", .until = "2w"}, {.action = WISH_MUTE, .until = NOW + 336 * HOUR}},
    {{.action = "mute", .until = "2026-11-22"}, {.action = WISH_MUTE, .until = NOW + 24 * HOUR}},
    {{.action = "mute", .until = "2026-11-21T01:00:00Z"},
     {.action = WISH_MUTE, .until = NOW + HOUR}},
    {{.action = "mute", .until = "100"}, {.action = WISH_MUTE, .events = 100}},
    {{.action = "mute", .until = "100/24h"}, {.action = WISH_MUTE, .events = 100, .hours = 24}},
    {{.action = "mute", .until = "5/1w"}, {.action = WISH_MUTE, .events = 5, .hours = 168}},
    {{.action = "assign", .to = "vera"}, {.action = WISH_ASSIGN, .text = "vera"}},
    {{.action = "assign", .to = "me"}, {.action = WISH_ASSIGN, .text = "anna"}},
    {{.action = "assign", .to = "nobody"}, {.action = WISH_ASSIGN, .text = ""}},
    {{.action = "label", .label = " needs repro "}, {.action = WISH_LABEL, .text = "needs repro"}},
    {{.action = "unlabel", .label = "x"}, {.action = WISH_UNLABEL, .text = "x"}},
    {{.action = "comment", .text = "two\nlines"}, {.action = WISH_COMMENT, .text = "two\nlines"}},
    {{.action = "link", .url = "https://a.example/1?b=c#d"},
     {.action = WISH_LINK, .text = "https://a.example/1?b=c#d"}},
    {{.action = "unlink", .url = "http://a.example/"},
     {.action = WISH_UNLINK, .text = "http://a.example/"}},
};

static void same_text(const char *a, const char *b)
{
    ck_assert_str_eq(a ? a : "(none)", b ? b : "(none)");
}

START_TEST(what_is_understood)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const struct group_wish *w = &good[_i].wish;
    struct group_wish got;

    same_text(wish_parse(&good[_i].fields, "anna", NOW, &a, &got), NULL);
    ck_assert_int_eq(got.action, w->action);
    ck_assert_int_eq(got.versions, w->versions);
    same_text(got.version, w->version);
    ck_assert_int_eq(got.until, w->until);
    ck_assert_int_eq(got.events, w->events);
    ck_assert_int_eq(got.hours, w->hours);
    same_text(got.text, w->text);
}
END_TEST

#define BYTES_49 "0123456789012345678901234567890123456789012345678"

static const struct {
    struct wish_fields fields;
    const char *says;
} bad[] = {
    {{.action = NULL}, "`action`"},
    {{.action = "Resolve"}, "`action`"},
    {{.action = "resolve", .in = "master"}, "`in`"},
    {{.action = "resolve", .in = "1b7c2f90aa"}, "`in`"},
    {{.action = "mute", .until = "soon"}, "`until` must"},
    {{.action = "mute", .until = "0"}, "`until` must"},
    {{.action = "mute", .until = "-5"}, "`until` must"},
    {{.action = "mute", .until = "0d"}, "`until` must"},
    {{.action = "mute", .until = "99999999d"}, "`until` must"},
    {{.action = "mute", .until = "5y"}, "`until` must"},
    {{.action = "mute", .until = "100/"}, "`until` must"},
    {{.action = "mute", .until = "100/24"}, "`until` must"},
    {{.action = "mute", .until = "100/24h/3"}, "`until` must"},
    {{.action = "mute", .until = "99999999999999999999"}, "`until` must"},
    {{.action = "mute", .until = "2026-11-21"}, "over already"},
    {{.action = "mute", .until = "1999-01-01T00:00:00Z"}, "over already"},
    {{.action = "mute", .until = "2026-13-01"}, "`until` must"},
    {{.action = "assign"}, "`to`"},
    {{.action = "label"}, "`label`"},
    {{.action = "label", .label = "  "}, "`label`"},
    {{.action = "label", .label = "a,b"}, "`label`"},
    {{.action = "label", .label = "a\nb"}, "`label`"},
    {{.action = "label", .label = BYTES_49}, "`label`"},
    {{.action = "comment", .text = " \n"}, "`text`"},
    {{.action = "link", .url = "javascript:alert(1)"}, "`url`"},
    {{.action = "link", .url = "https://a b"}, "`url`"},
    {{.action = "link", .url = "https://a\"b"}, "`url`"},
    {{.action = "link", .url = "ftp://a"}, "`url`"},
};

START_TEST(what_is_refused)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct group_wish got = {.events = 77};
    const char *wrong = wish_parse(&bad[_i].fields, "anna", NOW, &a, &got);

    ck_assert_ptr_nonnull(wrong);
    ck_assert_msg(strstr(wrong, bad[_i].says) != NULL, "%s", wrong);
    ck_assert_int_eq(got.events, 77);
}
END_TEST

START_TEST(a_program_is_nobody)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct wish_fields f = {.action = "assign", .to = "me"};
    struct group_wish got;

    ck_assert_ptr_nonnull(wish_parse(&f, NULL, NOW, &a, &got));
}
END_TEST

UNIT_TABLES_MAIN("dashd/workflow/wish", {what_is_understood, ARRAY_SIZE(good)},
                 {what_is_refused, ARRAY_SIZE(bad)}, {a_program_is_nobody, 1})
