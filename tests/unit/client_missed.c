/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* A log that the test writes, a record a message: what is new in it is counted, and only once. */
#include "client/handler/missed.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/io.h"
#include "tests/lib/unit.h"

struct fixture {
    char folder[32];
    struct spool spool;
    struct settings settings;
    struct ledger *ledger;
    struct missed missed;
    int writer;
};

static void fixture_init(struct fixture *f)
{
    int pair[2];

    *f = (struct fixture){.folder = "/tmp/corral-unit.XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(f->folder));
    ck_assert_int_eq(spool_open(f->folder, &f->spool), 0);
    ck_assert_int_eq(settings_load("/dev/null", &f->settings, &(struct conf_error){0}), 0);
    ck_assert_int_eq(ledger_open(f->spool.dir, &f->settings, &f->ledger), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
    f->missed.log = pair[0];
    f->writer = pair[1];
}

static void fixture_fini(struct fixture *f)
{
    missed_close(&f->missed);
    close(f->writer);
    ledger_close(f->ledger);
    spool_close(&f->spool);
    settings_fini(&f->settings);
    io_remove_tree(AT_FDCWD, f->folder);
}

#define _fixture_ _cleanup_(fixture_fini)

static void say(const struct fixture *f, uint64_t sequence, const char *text)
{
    char record[256];
    int n = snprintf(record, sizeof(record), "4,%lu,%ld,-;%s\n", (unsigned long)sequence,
                     (long)clock_mono(), text);

    ck_assert_int_eq(write(f->writer, record, (size_t)n), n);
}

static uint64_t look(const struct fixture *f)
{
    uint64_t n = 4711;

    ck_assert_int_eq(missed_look(&f->missed, &f->spool, f->ledger, true, &n), 0);
    return n;
}

START_TEST(each_is_counted_once)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    for (int again = 0; again < 2; again++) {
        say(&f, 10, "Pid 3(cat) over core_pipe_limit");
        say(&f, 11, "Skipping core dump");
        say(&f, 12, "Pid 4(cat) over core_pipe_limit");
        say(&f, 13, "coredump: 5(dog): over core_pipe_limit, skipping core dump");
        ck_assert_uint_eq(look(&f), again ? 0 : 3);
    }
    say(&f, 14, "Pid 6(cat) over core_pipe_limit");
    ck_assert_uint_eq(look(&f), 1);
    ck_assert_int_eq(ledger_pending(f.ledger), 4);
}
END_TEST

START_TEST(a_death_of_ours_with_two_lines_is_one)
{
    _fixture_ struct fixture f;
    char name[16] = {0}, line[128];

    fixture_init(&f);
    ck_assert_int_eq(prctl(PR_GET_NAME, name), 0);
    snprintf(line, sizeof(line), "%s[77]: segfault at 0 ip 0", name);
    say(&f, 1, line);
    say(&f, 2, "audit: type=1326 audit(1:2): pid=77 exe=\"/usr/sbin/corral-handler\" sig=31");
    say(&f, 3, "audit: type=1326 audit(1:2): pid=78 exe=\"/usr/sbin/corral-handler\" sig=31");
    ck_assert_uint_eq(look(&f), 2);
}
END_TEST

START_TEST(not_twice_within_a_moment)
{
    _fixture_ struct fixture f;
    uint64_t n;

    fixture_init(&f);
    ck_assert_int_eq(missed_look(&f.missed, &f.spool, f.ledger, false, &n), 0);
    ck_assert_int_eq(missed_look(&f.missed, &f.spool, f.ledger, false, &n), MISSED_TOO_SOON);
    ck_assert_int_eq(missed_look(&f.missed, &f.spool, f.ledger, true, &n), 0);
}
END_TEST

START_TEST(what_was_before_us_is_not_ours)
{
    static const char old[] = "4,5,0,-;Pid 3(cat) over core_pipe_limit\n";
    _fixture_ struct fixture f;

    fixture_init(&f);
    if (clock_mono() < 60 * USEC_PER_SEC) /* a machine that has just started */
        return;
    ck_assert_int_eq(write(f.writer, old, strlen(old)), (ssize_t)strlen(old));
    ck_assert_uint_eq(look(&f), 0);
}
END_TEST

/* Sequence numbers begin again with each boot; the log of a new one is read from its start. */
START_TEST(another_boot)
{
    static const char state[] = "another-boot 00000000000000001000 00000000000000000001\n";
    _fixture_ struct fixture f;

    fixture_init(&f);
    ck_assert_int_eq(io_replace(f.spool.dir, MISSED_FILE, state, strlen(state), 0600), 0);
    say(&f, 3, "Pid 3(cat) over core_pipe_limit");
    ck_assert_uint_eq(look(&f), 1);
}
END_TEST

START_TEST(a_file_that_was_tampered_with)
{
    static const char *const states[] = {"", "x", "a b c\n", " 1 2\n", "a 1"};
    _fixture_ struct fixture f;

    fixture_init(&f);
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        ck_assert_int_eq(io_replace(f.spool.dir, MISSED_FILE, states[i], strlen(states[i]), 0600),
                         0);
        say(&f, 3, "Pid 3(cat) over core_pipe_limit");
        ck_assert_uint_eq(look(&f), 1);
    }
}
END_TEST

/* Names are any program's to choose, and the reasons are what counts. */
START_TEST(many_names)
{
    _fixture_ struct fixture f;
    char line[64];

    fixture_init(&f);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(line, sizeof(line), "Pid 3(name %u) over core_pipe_limit", i);
        say(&f, i + 1, line);
    }
    say(&f, 201, "coredump_pipe: 40 callbacks suppressed");
    ck_assert_uint_eq(look(&f), 240);
}
END_TEST

START_TEST(no_log)
{
    _fixture_ struct fixture f;
    struct missed none = MISSED_CLOSED;
    uint64_t n;

    fixture_init(&f);
    ck_assert_int_lt(missed_look(&none, &f.spool, f.ledger, true, &n), 0);
}
END_TEST

UNIT_MAIN("client/missed", each_is_counted_once, a_death_of_ours_with_two_lines_is_one,
          not_twice_within_a_moment, what_was_before_us_is_not_ours, another_boot,
          a_file_that_was_tampered_with, many_names, no_log)
