/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
#include "dashd/grouping/preview.h"

#include "common/base/cleanup.h"
#include "dashd/grouping/decide.h"
#include "tests/lib/unit.h"

static struct merge_side side(const char *status)
{
    return (struct merge_side){
        .group = {.id = 1, .title = status, .status = status, .event_count = 10, .host_count = 2},
        .stacks = 3,
    };
}

START_TEST(counts_are_of_both_together)
{
    struct merge_side from = side("ongoing"), into = side("ongoing"), result;
    const struct merge_counts counts = {{3, 3}, 5, 3, {0, 0}};

    from.group.first_seen = 5;
    from.group.last_seen = 9;
    into.group.first_seen = 6;
    into.group.last_seen = 8;
    into.group.id = 2;
    preview_merged(&from, &into, &counts, &result);
    ck_assert_int_eq(result.group.id, 2);
    ck_assert_uint_eq(result.group.event_count, 20);
    ck_assert_uint_eq(result.group.host_count, 3);
    ck_assert_uint_eq(result.stacks, 5);
    ck_assert_int_eq(result.group.first_seen, 5);
    ck_assert_int_eq(result.group.last_seen, 9);
}
END_TEST

/* resolved_at is 100 where the status is resolved. */
static const struct {
    const char *from, *into;
    int64_t from_last, into_last;
    const char *result;
} statuses[] = {
    {"ongoing", "new", 50, 50, "ongoing"},
    {"new", "ongoing", 50, 50, "ongoing"},
    {"new", "new", 50, 50, "new"},
    {"muted", "new", 50, 50, "muted"},
    {"new", "muted", 50, 50, "muted"},
    {"resolved", "new", 50, 60, "resolved"},
    {"resolved", "new", 50, 150, "regressed"},
    {"new", "resolved", 50, 60, "resolved"},
    {"new", "resolved", 150, 60, "regressed"},
    {"regressed", "ongoing", 5, 6, "ongoing"},
};

START_TEST(a_state_that_a_person_set_stays)
{
    struct merge_side from = side(statuses[_i].from), into = side(statuses[_i].into);
    struct merge_counts counts = {.stacks_together = 1};
    struct merge_side result;

    from.group.last_seen = statuses[_i].from_last;
    into.group.last_seen = statuses[_i].into_last;
    from.group.resolved_at = into.group.resolved_at = 100;
    preview_merged(&from, &into, &counts, &result);
    ck_assert_str_eq(result.group.status, statuses[_i].result);
}
END_TEST

START_TEST(the_better_title_stays)
{
    struct merge_side from = side("from"), into = side("into"), result;

    preview_merged(&from, &into, &(struct merge_counts){.title_rank = {3, 2}}, &result);
    ck_assert_str_eq(result.group.title, "from");
    preview_merged(&from, &into, &(struct merge_counts){.title_rank = {2, 2}}, &result);
    ck_assert_str_eq(result.group.title, "into");
}
END_TEST

static const struct {
    struct request_row row;
    const char *words;
} requests[] = {
    {{.kind = "merge", .group = 9, .into = 1}, "Merge G-9 into G-1"},
    {{.kind = "split", .group = 3, .selector = "{\"signal\":true}"}, "Split G-3 by the signal"},
    {{.kind = "split", .group = 3}, "Split G-3 by something that this version does not know"},
    {{.kind = "undo", .undone_kind = "merge", .group = 1, .into = 9, .decision = 4},
     "Take G-9 out of G-1 again"},
    {{.kind = "undo", .undone_kind = "split", .group = 3, .selector = "{\"frame\":1}"},
     "Undo the split of G-3 by the first frame behind those that count"},
    {{.kind = "undo", .decision = 4}, "Undo decision 4"},
    {{.kind = "reprocess", .group = 3}, "Analyse the events of G-3 again"},
    {{.kind = "reprocess", .build_id = "abcd"}, "Analyse events with build-id abcd again"},
    {{.kind = "regroup"}, "Group all crashes anew"},
};

START_TEST(a_request_is_told_in_words)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(request_words(&requests[_i].row, &a), requests[_i].words);
}
END_TEST

START_TEST(people_and_programs_have_names)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(actor_words("user:anna", &a), "anna");
    ck_assert_str_eq(actor_words("token:3", &a), "program 3");
    ck_assert_str_eq(actor_words("system", &a), "system");
}
END_TEST

START_TEST(a_choice_is_found_by_its_selector)
{
    struct split_choice choices[] = {{.selector = {SELECT_FRAME, 2}},
                                     {.selector = {SELECT_SIGNAL, 0}}};
    const struct split_preview p = {.choices = choices, .n = 2};

    ck_assert_ptr_eq(preview_choice(&p, &(struct selector){SELECT_FRAME, 2}), &choices[0]);
    ck_assert_ptr_eq(preview_choice(&p, &(struct selector){SELECT_SIGNAL, 0}), &choices[1]);
    ck_assert_ptr_null(preview_choice(&p, &(struct selector){SELECT_FRAME, 1}));
    ck_assert_ptr_null(preview_choice(&p, &(struct selector){SELECT_NOTHING, 0}));
}
END_TEST

UNIT_TABLES_MAIN("dashd/grouping/preview", {counts_are_of_both_together, 1},
                 {a_state_that_a_person_set_stays, ARRAY_SIZE(statuses)},
                 {the_better_title_stays, 1}, {a_request_is_told_in_words, ARRAY_SIZE(requests)},
                 {people_and_programs_have_names, 1}, {a_choice_is_found_by_its_selector, 1})
