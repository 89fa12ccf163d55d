/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/spool */
/* Which parts of the spool go first. A world is drawn as rows of a table; what is chosen is
 * compared as words: f1 is the full core of item 1, then m(odule), s(lim), d (the metadata). */
#include "client/spool/quota.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define N_MAX 64

static const struct quota_limits none = {UINT64_MAX, UINT64_MAX, 0};

static const char *choose(struct quota_item *items, size_t n, struct quota_limits limits)
{
    static char words[8 * N_MAX * QUOTA_PARTS];
    struct quota_victim chosen[N_MAX * QUOTA_PARTS];
    size_t count = quota_choose(items, n, &limits, chosen);

    words[0] = '\0';
    for (size_t i = 0; i < count; i++)
        sprintf(words + strlen(words), "%s%c%zu", i ? " " : "", "fmsd"[chosen[i].part],
                chosen[i].item);
    return words;
}

#define CRASH(at, kind, full, slim)                                                                \
    {                                                                                              \
        at, kind, 1, .bytes = { [QUOTA_FULL] = full, [QUOTA_SLIM] = slim, [QUOTA_META] = 1 }       \
    }

START_TEST(nothing_goes_while_there_is_room)
{
    struct quota_item items[] = {CRASH(1, 7, 100, 10), CRASH(2, 7, 0, 10)};
    struct quota_limits limits = {.total = 122, .share = 122, .lacking = 0};

    ck_assert_uint_eq(quota_total(items, 2), 122);
    ck_assert_str_eq(choose(items, 2, limits), "");
    ck_assert_str_eq(choose(items, 0, limits), "");
    ck_assert_str_eq(choose(items, 2, none), "");
}
END_TEST

START_TEST(full_cores_before_slim_ones_before_metadata)
{
    struct quota_item items[] = {CRASH(3, 7, 100, 10), CRASH(1, 8, 100, 10), CRASH(2, 7, 0, 10)};
    struct quota_limits limits = {.total = 0, .share = UINT64_MAX, .lacking = 0};

    ck_assert_str_eq(choose(items, 3, limits), "f1 f0 s2 s1 s0 d1 d2 d0");
    limits.total = 133; /* of 233 */
    ck_assert_str_eq(choose(items, 3, limits), "f1");
    limits.total = 132;
    ck_assert_str_eq(choose(items, 3, limits), "f1 f0");
}
END_TEST

START_TEST(the_newest_of_each_kind_stays_longest)
{
    struct quota_item items[] = {CRASH(9, 7, 5, 10), CRASH(1, 8, 5, 10), CRASH(8, 7, 5, 10),
                                 CRASH(2, 7, 5, 10)};
    struct quota_limits limits = {.total = 4, .share = UINT64_MAX, .lacking = 0};

    ck_assert_str_eq(choose(items, 4, limits), "f3 f2 f1 f0 s3 s2 s1 s0");
    limits.total = 24;
    ck_assert_str_eq(choose(items, 4, limits), "f3 f2 f1 f0 s3 s2");
}
END_TEST

START_TEST(unknown_kinds_are_kinds_of_their_own)
{
    struct quota_item items[] = {CRASH(1, 0, 0, 10), CRASH(3, 5, 0, 10), CRASH(2, 5, 0, 10)};
    struct quota_limits limits = {.total = 23, .share = UINT64_MAX, .lacking = 0};

    ck_assert_str_eq(choose(items, 3, limits), "s2");
}
END_TEST

START_TEST(copies_of_modules_go_between_full_and_slim)
{
    struct quota_item items[] = {CRASH(1, 7, 5, 10),
                                 {.at = 9, .bytes = {[QUOTA_MODULE] = 50}},
                                 {.at = 8, .bytes = {[QUOTA_MODULE] = 50}}};
    struct quota_limits limits = {.total = 61, .share = UINT64_MAX, .lacking = 0};

    ck_assert_str_eq(choose(items, 3, limits), "f0 m2");
    limits.total = 10;
    ck_assert_str_eq(choose(items, 3, limits), "f0 m2 m1 s0");
}
END_TEST

START_TEST(one_executable_has_its_share_and_no_more)
{
    struct quota_item items[] = {CRASH(1, 7, 0, 10), CRASH(2, 8, 0, 10), CRASH(3, 9, 0, 10),
                                 CRASH(4, 7, 0, 10)};
    struct quota_limits limits = {.total = UINT64_MAX, .share = 25, .lacking = 0};

    items[0].executable = items[3].executable = 2;
    items[1].executable = items[2].executable = 3;
    ck_assert_str_eq(choose(items, 4, limits), "");
    items[1].executable = 2;
    ck_assert_str_eq(choose(items, 4, limits), "s0");
    items[1].executable = items[2].executable = 0; /* not known: no share to exceed */
    limits.share = 12;
    ck_assert_str_eq(choose(items, 4, limits), "s0");
    limits.share = 1;
    ck_assert_str_eq(choose(items, 4, limits), "s0 s3 d0");
}
END_TEST

START_TEST(a_disk_that_others_fill_costs_cores_but_no_metadata)
{
    struct quota_item items[] = {CRASH(1, 7, 5, 10), CRASH(2, 7, 0, 10)};
    struct quota_limits limits = {.total = UINT64_MAX, .share = UINT64_MAX, .lacking = 6};

    ck_assert_str_eq(choose(items, 2, limits), "f0 s0");
    limits.lacking = UINT64_MAX;
    ck_assert_str_eq(choose(items, 2, limits), "f0 s0 s1");
}
END_TEST

START_TEST(what_grows_is_left_alone)
{
    struct quota_item items[] = {CRASH(1, 7, 50, 10), CRASH(2, 7, 50, 10)};
    struct quota_limits limits = {.total = 0, .share = UINT64_MAX, .lacking = 0};

    items[0].growing = true;
    ck_assert_str_eq(choose(items, 2, limits), "f1 s0 s1 d1");
}
END_TEST

/* Whatever the world: the limits hold afterwards, metadata went only with the rest of its crash,
 * and no slim core went while an older full one stayed that may go. */
START_TEST(a_thousand_worlds)
{
    uint64_t random = 88172645463325252u;

    for (int round = 0; round < 1000; round++) {
        struct quota_item items[N_MAX] = {0};
        struct quota_victim chosen[N_MAX * QUOTA_PARTS];
        bool gone[N_MAX][QUOTA_PARTS] = {0};
        uint64_t left = 0;
        struct quota_limits limits = {.share = UINT64_MAX};
        size_t n = 1 + (size_t)round % N_MAX, count;

        for (size_t i = 0; i < n; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            items[i] = (struct quota_item){.at = (int64_t)(random & 63),
                                           .kind = random >> 6 & 3,
                                           .executable = random >> 8 & 3,
                                           .bytes = {random >> 10 & 255, 0, random >> 18 & 31, 1}};
        }
        limits.total = random % 3000;
        count = quota_choose(items, n, &limits, chosen);
        for (size_t i = 0; i < count; i++) {
            ck_assert(!gone[chosen[i].item][chosen[i].part]);
            gone[chosen[i].item][chosen[i].part] = true;
        }
        for (size_t i = 0; i < n; i++)
            for (int part = 0; part < QUOTA_PARTS; part++) {
                bool there = !gone[i][part] && items[i].bytes[part] > 0;

                left += there ? items[i].bytes[part] : 0;
                ck_assert(!there || part == QUOTA_META || !gone[i][QUOTA_META]);
            }
        ck_assert_uint_le(left, limits.total);
    }
}
END_TEST

UNIT_MAIN("client/quota", nothing_goes_while_there_is_room,
          full_cores_before_slim_ones_before_metadata, the_newest_of_each_kind_stays_longest,
          unknown_kinds_are_kinds_of_their_own, copies_of_modules_go_between_full_and_slim,
          one_executable_has_its_share_and_no_more,
          a_disk_that_others_fill_costs_cores_but_no_metadata, what_grows_is_left_alone,
          a_thousand_worlds)
