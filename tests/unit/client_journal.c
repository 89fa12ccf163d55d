/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/sender client/sidecar client/transport client/spool */
/* A journal file, made by systemd-journal-remote from its export format, and what of it goes with a
 * crash: never the lines of another unit, process or boot. */
#include "client/sender/journal.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/report/limits.h"
#include "tests/lib/unit.h"

#define REMOTE "/lib/systemd/systemd-journal-remote"
#define BOOT   "0123456789abcdef0123456789abcdef"
#define OTHER  "fedcba9876543210fedcba9876543210"
#define CRASH  (1795247340 * USEC_PER_SEC)

static char folder[] = "/tmp/corral-unit.XXXXXX";
static char file[64];

static void add(FILE *f, int64_t usec, const char *boot, const char *unit, int pid,
                const char *message)
{
    fprintf(f,
            "__REALTIME_TIMESTAMP=%lld\n__MONOTONIC_TIMESTAMP=%lld\n_BOOT_ID=%s\n"
            "_SYSTEMD_UNIT=%s\n_PID=%d\n_COMM=app\nMESSAGE=%s\n\n",
            (long long)usec, (long long)(usec - CRASH + 100 * USEC_PER_SEC), boot, unit, pid,
            message);
}

static void make_journal(void)
{
    char command[256];
    FILE *f;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/test.journal", folder);
    snprintf(command, sizeof(command), REMOTE " -o %s - >/dev/null 2>&1", file);
    f = popen(command, "w");
    ck_assert_ptr_nonnull(f);
    add(f, CRASH - 9000000, OTHER, "app.service", 42, "of another boot");
    add(f, CRASH - 8000000, BOOT, "app.service", 42, "first");
    add(f, CRASH - 7000000, BOOT, "other.service", 43, "of another unit");
    add(f, CRASH - 6000000, BOOT, "app.service", 44, "password=hunter2 for bob");
    add(f, CRASH - 5000000, BOOT, "app.service", 42, "bell \a and \x1b[31mred");
    add(f, CRASH, BOOT, "app.service", 42, "last");
    add(f, CRASH + 5000000, BOOT, "app.service", 42, "started again");
    ck_assert_int_eq(pclose(f), 0);
}

static void remove_journal(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static struct crash_meta crash_of(const char *unit)
{
    struct crash_meta m;

    meta_init(&m);
    m.pid = 42;
    m.unit = unit;
    m.crashed_at = CRASH;
    m.boot_id = "01234567-89ab-cdef-0123-456789abcdef";
    return m;
}

static const char *message(const struct meta_texts *lines, size_t i)
{
    return strchr(lines->items[i], ' ') + 1;
}

START_TEST(the_lines_of_a_crash)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_meta service = crash_of("app.service"), scope = crash_of("session-1.scope"),
                      none = crash_of("app.service");
    struct settings s = {.log_lines = 20};
    struct meta_texts lines;

    make_journal();
    lines = journal_lines(file, &service, &s, &a);
    ck_assert_uint_eq(lines.n, 4);
    ck_assert_str_eq(lines.items[0], "2026-11-21T07:48:52.000000Z first");
    ck_assert_str_eq(message(&lines, 1), "password=******* for bob");
    ck_assert_str_eq(message(&lines, 2), "bell ? and ?[31mred");
    ck_assert_str_eq(message(&lines, 3), "last");
    lines = journal_lines(file, &scope, &s, &a);
    ck_assert_uint_eq(lines.n, 3); /* its own, whatever the unit */
    s.log_lines = 2;
    lines = journal_lines(file, &service, &s, &a);
    ck_assert_uint_eq(lines.n, 2);
    ck_assert_str_eq(message(&lines, 1), "last");
    s.log_lines = 0;
    ck_assert_uint_eq(journal_lines(file, &service, &s, &a).n, 0);
    s.log_lines = 20;
    none.boot_id = NULL;
    ck_assert_uint_eq(journal_lines(file, &none, &s, &a).n, 0);
    ck_assert_uint_eq(journal_lines("/nowhere", &service, &s, &a).n, 0);
    remove_journal();
}
END_TEST

START_TEST(lines_are_cleaned)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char text[3000],
        key[] = "a\n-----BEGIN PRIVATE KEY-----\nMIIE\nvQIB\n-----END PRIVATE KEY-----\n";
    struct meta_texts lines;

    memset(text, 'x', sizeof(text));
    lines = journal_clean(text, sizeof(text), NULL, &a);
    ck_assert_uint_eq(lines.n, 1);
    ck_assert_uint_eq(strlen(lines.items[0]), META_LOG_LINE_MAX);
    lines = journal_clean(key, strlen(key), NULL, &a);
    ck_assert_uint_eq(lines.n, 5);
    ck_assert_str_eq(lines.items[2], "****");
    ck_assert_str_eq(lines.items[3], "****");
}
END_TEST

UNIT_MAIN("client/journal", the_lines_of_a_crash, lines_are_cleaned)
