/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/ctl client/ctl/output client/ctl/server client/ctl/debug client/ctl/demo
 * client/transport client/spool */
/* The past that corralctl demo tells. */
#include "client/ctl/demo/history.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "tests/lib/unit.h"

#define NOW (1800000000 * USEC_PER_SEC)
#define DAY (86400 * USEC_PER_SEC)

START_TEST(a_seed_is_a_past)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct history one, again, other;

    history_make(1, NOW, &a, &one);
    history_make(1, NOW, &a, &again);
    history_make(2, NOW, &a, &other);
    ck_assert_uint_eq(one.n, again.n);
    ck_assert_int_eq(memcmp(one.rows, again.rows, one.n * sizeof(*one.rows)), 0);
    ck_assert(one.n != other.n || memcmp(one.rows, other.rows, one.n * sizeof(*one.rows)) != 0);
}
END_TEST

/* Whatever the seed is: the past lies in the past, and each program's begins where it is told. */
START_TEST(times_are_in_order)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    bool seen[DEMO_PROGRAMS] = {false};
    struct history h;
    int64_t crashes = 0;

    history_make((uint64_t)_i, NOW, &a, &h);
    for (size_t i = 0; i < h.n; i++) {
        const struct demo_crashes *c = &h.rows[i];

        ck_assert_int_le(c->first_at, c->last_at);
        ck_assert_int_lt(c->last_at, NOW);
        ck_assert_int_gt(c->first_at, NOW - (HISTORY_DAYS + 1) * DAY);
        ck_assert_int_gt(c->count, 0);
        ck_assert(c->host >= 0 && c->host < DEMO_HOSTS);
        ck_assert(c->version >= 0 && c->version < DEMO_VERSIONS);
        seen[c->program] = true;
        crashes += c->count;
    }
    ck_assert_int_eq(crashes, h.crashes);
    for (int i = 0; i < DEMO_PROGRAMS; i++)
        ck_assert(seen[i] || i == DEMO_LOCK_ORDER); /* of which there may be the first alone */
}
END_TEST

/* What the pages show depends on it (workerd/workflow): twenty crashes in a day, the last one
 * within the hour, and five times as many as on a day before. */
START_TEST(one_escalates)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    int64_t today = 0, before = 0, last = 0;
    struct history h;

    history_make((uint64_t)_i, NOW, &a, &h);
    for (size_t i = 0; i < h.n; i++)
        if (h.rows[i].program == DEMO_JOB_QUEUE) {
            bool is_today = h.rows[i].last_at > NOW - DAY;

            today += is_today ? h.rows[i].count : 0;
            before += !is_today && h.rows[i].last_at > NOW - 8 * DAY ? h.rows[i].count : 0;
            last = h.rows[i].last_at > last ? h.rows[i].last_at : last;
        }
    ck_assert_int_ge(today, 20);
    ck_assert_int_ge(today * 7, 5 * before);
    ck_assert_int_gt(last, NOW - DAY / 24);
}
END_TEST

START_TEST(hosts_are_six)
{
    for (int i = 0; i < DEMO_HOSTS; i++) {
        ck_assert(history_has_host(demo_hosts[i]));
        ck_assert(strncmp(demo_hosts[i], "demo-", 5) == 0);
    }
    ck_assert(!history_has_host("demo-web-9"));
    ck_assert(!history_has_host(""));
    ck_assert(!history_has_host(NULL));
}
END_TEST

UNIT_TABLES_MAIN("ctl/demo", {a_seed_is_a_past, 1}, {times_are_in_order, 200}, {one_escalates, 200},
                 {hosts_are_six, 1})
