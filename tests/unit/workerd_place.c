/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* File and line in messages as libraries and languages word them, and what only looks like that. */
#include "workerd/grouping/place.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static const struct {
    const char *message, *file, *whole; /* NULL: there is none */
} rows[] = {
    {"thread 'main' panicked at src/a.rs:9:5:\nindex", "src/a.rs", "src/a.rs:9:5"},
    {"thread 'main' panicked at 'no', src/a.rs:9:5", "src/a.rs", "src/a.rs:9:5"},
    {"app: lib/x.c:12: f: Assertion `a.b' failed.", "lib/x.c", "lib/x.c:12"},
    {"Assertion failed: n > 0 (x.c: fill: 12)", "x.c", "x.c: fill: 12"},
    {"ASSERT: \"n\" in file x.cpp, line 12", "x.cpp", "x.cpp, line 12"},
    {"[1:2:0312/10:FATAL:frame_host.cc(51)] Check failed: a.", "frame_host.cc", "frame_host.cc(51"},
    {"F0101 10:00:00.1 99 x.cc:7] Check failed: a", "x.cc", "x.cc:7"},
    {"ERROR:../src/x.c:7:fill: assertion failed: (a)", "../src/x.c", "../src/x.c:7"},
    {"panicked at a.b.rs:1", "a.b.rs", "a.b.rs:1"},
    {"", NULL, NULL},
    {"a.c", NULL, NULL},
    {"a.c:", NULL, NULL},
    {"a.c:x", NULL, NULL},
    {"a.c: f: x", NULL, NULL},
    {"a.c: f", NULL, NULL},
    {"a.txt:9", NULL, NULL},
    {"a.cppp:9", NULL, NULL},
    {".c:9", NULL, NULL},
    {"example.org:80", NULL, NULL},
    {"10.0.0.1:80", NULL, NULL},
};

START_TEST(place)
{
    struct message_place p;

    if (!rows[_i].file) {
        ck_assert(!message_place(rows[_i].message, &p));
        return;
    }
    ck_assert(message_place(rows[_i].message, &p));
    ck_assert(str_eq(p.file, str_from(rows[_i].file)));
    ck_assert_msg(str_eq(p.whole, str_from(rows[_i].whole)), "%.*s", (int)p.whole.n, p.whole.p);
}
END_TEST

UNIT_TABLES_MAIN("workerd/place", {place, ARRAY_SIZE(rows)})
