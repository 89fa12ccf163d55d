/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/regroup workerd workerd/fetcher workerd/front workerd/grouping workerd/healing
 * workerd/index workerd/sources workerd/supply workerd/wire */
/* To which group keys lead: every case is a few rows, and the groups that each key gets. */
#include "workerd/regroup/assign.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define KEYS 6

/* A row in few words: group, key, lineage, events; held groups are those from 100. Stacks are
 * numbered as the rows are. */
struct few {
    int group, key, lineage, events;
};

struct example {
    const char *name;
    struct few rows[8];
    int owners[KEYS];            /* before */
    struct assign_link links[4]; /* ends at events 0 */
    int expected[KEYS], n_new;
};

static const struct example examples[] = {
    {"nothing changes", {{1, 0, 0, 5}, {2, 1, 1, 5}}, {1, 2}, {{0}}, {1, 2}, 0},
    {"a new key of an old one keeps the group", {{1, 0, 9, 5}}, {0}, {{0}}, {1}, 0},
    {"two groups with one new key: the one with more events has it",
     {{1, 0, 8, 5}, {2, 0, 9, 6}},
     {0},
     {{0}},
     {2},
     0},
    {"two of equal size: the older one", {{2, 0, 9, 5}, {1, 0, 8, 5}}, {0}, {{0}}, {1}, 0},
    {"a group with two new keys stays with the larger one",
     {{1, 0, 9, 5}, {1, 1, 9, 6}},
     {0},
     {{0}},
     {-1, 1},
     1},
    {"... of equals with the first by digest",
     {{1, 1, 9, 5}, {1, 0, 9, 5}},
     {0},
     {{0}},
     {1, -1},
     1},
    {"what had two keys before keeps both", {{1, 0, 8, 5}, {1, 1, 9, 600}}, {0}, {{0}}, {1, 1}, 0},
    {"a group of one event that stays goes before a large one that does not",
     {{1, 0, 9, 600}, {1, 1, 9, 400}, {2, 1, 8, 1}},
     {0},
     {{0}},
     {1, 2},
     0},
    {"a group that was founded meanwhile gives way to the old one",
     {{1, 0, 9, 1000}, {7, 0, 0, 3}},
     {7},
     {{0}},
     {1},
     0},
    {"a held group is not torn", {{100, 0, 9, 5}, {100, 1, 9, 6}}, {0}, {{0}}, {100, 100}, 0},
    {"a held group goes before a larger one",
     {{1, 0, 8, 500}, {100, 0, 9, 5}, {100, 1, 9, 6}},
     {0},
     {{0}},
     {100, 100},
     0},
    {"two held groups with a key in common are one",
     {{100, 0, 8, 5}, {100, 1, 8, 5}, {101, 1, 9, 3}, {101, 2, 9, 9}},
     {0},
     {{0}},
     {101, 101, 101},
     0},
    {"groups whose keys go round in a circle all stay",
     {{1, 0, 9, 5}, {1, 1, 9, 4}, {2, 1, 9, 5}, {2, 2, 9, 4}, {3, 2, 9, 5}, {3, 0, 9, 4}},
     {0},
     {{0}},
     {1, 2, 3},
     0},
    {"what nobody stays with leads where it led to",
     {{1, 0, 9, 5}, {1, 1, 9, 2}},
     {0, 4},
     {{0}},
     {1, 4},
     0},
    {"... and else to who shares another key of its stacks",
     {{1, 0, 9, 5}, {1, 1, 9, 2}},
     {0},
     {{0, 2, 5}, {1, 2, 2}},
     {1, 1, 1},
     0},
    {"... of several to whom more events say so",
     {{1, 0, 9, 5}, {2, 1, 9, 5}, {1, 2, 9, 2}},
     {0},
     {{0, 3, 5}, {1, 4, 5}, {2, 3, 1}, {2, 4, 2}},
     {1, 2, 2, 1, 2},
     0},
    {"... but not for a key that no other stack has, wherever it led to",
     {{1, 0, 9, 5}, {1, 1, 9, 2}},
     {1, 0, 1},
     {{1, 2, 2}},
     {1, -1, -1},
     1},
    {"a key beside others stays where it is while one of its stacks does",
     {{1, 0, 8, 5}, {2, 1, 9, 50}},
     {1, 2, 1},
     {{0, 2, 5}, {1, 2, 50}},
     {1, 2, 1},
     0},
    {"a link does not merge two groups",
     {{1, 0, 8, 5}, {2, 1, 9, 5}},
     {1, 2},
     {{0, 1, 5}},
     {1, 2},
     0},
    {"two that nobody stays with and share a key are one new group",
     {{1, 0, 9, 5}, {1, 1, 9, 2}, {1, 2, 9, 2}},
     {0},
     {{1, 3, 2}, {2, 3, 2}},
     {1, -1, -1, -1},
     1},
    {"new groups are numbered by their first stacks",
     {{1, 0, 9, 5}, {1, 2, 9, 2}, {1, 1, 9, 2}},
     {0},
     {{0}},
     {1, -2, -1},
     2},
    {"a key without events leads where it did", {{1, 0, 0, 5}}, {1, 3}, {{0}}, {1, 3}, 0},
};

/* The same while groups from FIRST_NEW on are new. */
#define FIRST_NEW 7
static const struct example new_ones[] = {
    {"a group that was founded meanwhile gives way to a smaller old one",
     {{1, 0, 9, 3}, {7, 0, 0, 1000}},
     {7},
     {{0}},
     {1},
     0},
    {"... and to one that it shares another key with",
     {{1, 0, 9, 3}, {7, 1, 0, 1000}},
     {0, 7, 7},
     {{0, 2, 3}, {1, 2, 1000}},
     {1, 1, 1},
     0},
    {"... and stays when it shares none",
     {{1, 0, 9, 3}, {7, 1, 0, 10}},
     {0, 7},
     {{0, 2, 3}},
     {1, 7, 1},
     0},
};

static void run(const struct example *x, const size_t *order, int64_t first_new, struct arena *a,
                struct assign_result *ret)
{
    struct assign_row rows[8];
    struct assign_key keys[KEYS];
    size_t n_rows = 0, n_links = 0;

    while (n_rows < ARRAY_SIZE(x->rows) && x->rows[n_rows].group)
        n_rows++;
    while (n_links < ARRAY_SIZE(x->links) && x->links[n_links].events)
        n_links++;
    for (size_t i = 0; i < n_rows; i++) {
        const struct few *f = &x->rows[order[i] % n_rows];

        rows[i] = (struct assign_row){f->group,         f->group >= 100,
                                      (uint32_t)f->key, (uint32_t)f->lineage,
                                      f->events,        (int64_t)(order[i] % n_rows) + 1};
    }
    for (size_t i = 0; i < KEYS; i++) {
        keys[i] = (struct assign_key){.owner = x->owners[i]};
        keys[i].digest[0] = (uint8_t)i;
    }
    assign_keys(&(struct assign_input){rows, n_rows, keys, KEYS, x->links, n_links, first_new}, a,
                ret);
}

static const size_t forwards[] = {0, 1, 2, 3, 4, 5, 6, 7};

START_TEST(each_key_gets_its_group)
{
    const struct example *x = &examples[_i];
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct assign_result result;

    run(x, forwards, 0, &a, &result);
    for (size_t i = 0; i < KEYS; i++)
        ck_assert_msg(result.owners[i] == x->expected[i], "%s: key %zu leads to %d, not to %d",
                      x->name, i, (int)result.owners[i], x->expected[i]);
    ck_assert_int_eq((int)result.n_new, x->n_new);
}
END_TEST

START_TEST(what_was_founded_meanwhile_comes_last)
{
    const struct example *x = &new_ones[_i];
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct assign_result result;

    run(x, forwards, FIRST_NEW, &a, &result);
    for (size_t i = 0; i < KEYS; i++)
        ck_assert_msg(result.owners[i] == x->expected[i], "%s: key %zu leads to %d, not to %d",
                      x->name, i, (int)result.owners[i], x->expected[i]);
    ck_assert_int_eq((int)result.n_new, 0);
}
END_TEST

START_TEST(the_order_of_rows_does_not_matter)
{
    const struct example *x = &examples[_i];
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    size_t n = 0;

    while (n < ARRAY_SIZE(x->rows) && x->rows[n].group)
        n++;
    for (size_t shift = 0; shift < n; shift++) {
        struct assign_result result;
        size_t order[8] = {0};

        for (size_t i = 0; i < n; i++)
            order[i] = (n - 1 - i + shift) % n;
        run(x, order, 0, &a, &result);
        for (size_t i = 0; i < KEYS; i++)
            ck_assert_msg(result.owners[i] == x->expected[i], "%s", x->name);
    }
}
END_TEST

/* Rows as they are once events have followed: each group has the keys that lead to it. */
START_TEST(nothing_moves_a_second_time)
{
    enum { ROWS = 60, GROUPS = 9, MANY = 24 };
    struct assign_row rows[ROWS];
    struct assign_key keys[MANY];
    struct assign_link links[12];

    for (unsigned seed = 1; seed <= 300; seed++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct assign_input in = {rows, ROWS, keys, MANY, links, ARRAY_SIZE(links), 0};
        struct assign_result first, second;
        bool held[GROUPS + 1];

        srand(seed);
        for (size_t i = 0; i <= GROUPS; i++)
            held[i] = rand() % 4 == 0;
        for (size_t i = 0; i < MANY; i++) {
            keys[i] = (struct assign_key){.owner = rand() % 3 ? 0 : 1 + rand() % GROUPS};
            keys[i].digest[3] = (uint8_t)i;
        }
        for (size_t i = 0; i < ROWS; i++) {
            int64_t group = 1 + rand() % GROUPS;

            rows[i] = (struct assign_row){
                group,           held[group],   (uint32_t)(rand() % MANY), (uint32_t)(rand() % 3),
                1 + rand() % 50, (int64_t)i + 1};
        }
        for (size_t i = 0; i < ARRAY_SIZE(links); i++)
            links[i] = (struct assign_link){(uint32_t)(rand() % MANY), (uint32_t)(rand() % MANY),
                                            1 + rand() % 9};
        assign_keys(&in, &a, &first);
        for (size_t i = 0; i < ROWS; i++) {
            int64_t group = first.owners[rows[i].key];

            ck_assert(group != 0);
            rows[i].group = group < 0 ? GROUPS - group : group;
            rows[i].held = group > 0 && held[group];
            rows[i].lineage = rows[i].key;
        }
        for (size_t i = 0; i < MANY; i++)
            keys[i].owner = first.owners[i] < 0 ? GROUPS - first.owners[i] : first.owners[i];
        assign_keys(&in, &a, &second);
        for (size_t i = 0; i < MANY; i++)
            ck_assert_int_eq(second.owners[i], keys[i].owner);
        ck_assert_int_eq((int)second.n_new, 0);
    }
}
END_TEST

UNIT_TABLES_MAIN("workerd/regroup/assign", {each_key_gets_its_group, ARRAY_SIZE(examples)},
                 {the_order_of_rows_does_not_matter, ARRAY_SIZE(examples)},
                 {what_was_founded_meanwhile_comes_last, ARRAY_SIZE(new_ones)},
                 {nothing_moves_a_second_time, 1})
