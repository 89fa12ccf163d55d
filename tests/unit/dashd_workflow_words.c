/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/view dashd/workflow */
#include "dashd/workflow/words.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "tests/lib/unit.h"

#define NOW (1795219200 * USEC_PER_SEC)

static const struct {
    const char *status;
    struct workflow_state state;
    const char *words;
} rests[] = {
    {"resolved",
     {.rests = false},
     "Resolved by anna, 2026-11-21 00:00:00 UTC. Should it crash again, it comes back as "
     "regressed."},
    {"resolved",
     {.rests = true, .rest = {.version = "2.4"}},
     "Resolved by anna, 2026-11-21 00:00:00 UTC. A crash of a version from 2.4 on brings it back "
     "as regressed."},
    {"resolved",
     {.rests = true, .rest = {.version = "2.4", .beyond = true}},
     "Resolved by anna, 2026-11-21 00:00:00 UTC. A crash of a version later than 2.4 brings it "
     "back as regressed."},
    {"muted", {.rests = true}, "Muted. Until somebody reopens it."},
    {"muted", {.rests = true, .rest = {.until = NOW}}, "Muted. Until 2026-11-21 00:00:00 UTC."},
    {"muted",
     {.rests = true, .rest = {.events = 100, .left = 7}},
     "Muted. Until it has crashed 7 times more."},
    {"muted",
     {.rests = true, .rest = {.events = 100, .hours = 24}},
     "Muted. Until it crashes 100 times within 24 hours."},
    {"muted",
     {.rests = true, .rest = {.version = "2.4", .beyond = true}},
     "Muted. Until a version later than 2.4 crashes."},
};

START_TEST(what_wakes_a_group)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct group_row g = {.status = rests[_i].status, .resolved_by = "anna", .resolved_at = NOW};

    ck_assert_str_eq(rest_words(&g, &rests[_i].state, &a), rests[_i].words);
}
END_TEST

static const struct {
    struct activity_row row;
    const char *words;
} activities[] = {
    {{.kind = "resolved"}, "resolved it"},
    {{.kind = "resolved", .version = "2.4"}, "resolved it in version 2.4"},
    {{.kind = "muted"}, "muted it"},
    {{.kind = "muted", .events = "5 in 24 h"}, "muted it until it crashes so often: 5 in 24 h"},
    {{.kind = "assigned", .text = "anna"}, "assigned it to anna"},
    {{.kind = "assigned", .text = ""}, "took it from whom it was assigned to"},
    {{.kind = "regressed", .version = "2.5"}, "saw it come back in version 2.5"},
    {{.kind = "ongoing"}, "opened it again"},
    {{.kind = "labelled", .text = "x"}, "added the label x"},
    {{.kind = "commented", .text = "x"}, "wrote:"},
    {{.kind = "what a later version knows"}, "what a later version knows"},
};

START_TEST(what_happened)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(activity_words(&activities[_i].row, &a), activities[_i].words);
}
END_TEST

START_TEST(addresses)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct url u = tracker_url("https://t/new?title={title}&body={body}&from={url}&{other}",
                               "a & b", "x\ny", "http://c/?d", &a);

    ck_assert_str_eq(u.text, "https://t/new?title=a%20%26%20b&body=x%0Ay&from=http%3A%2F%2Fc%2F%3Fd"
                             "&{other}");
    ck_assert_ptr_null(tracker_url("", "a", "b", "c", &a).text);
    ck_assert_str_eq(link_url("https://a/").text, "https://a/");
    ck_assert_str_eq(link_url("javascript:alert(1)").text, "#");
}
END_TEST

UNIT_TABLES_MAIN("dashd/workflow/words", {what_wakes_a_group, ARRAY_SIZE(rests)},
                 {what_happened, ARRAY_SIZE(activities)}, {addresses, 1})
