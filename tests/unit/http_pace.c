/* SPDX-License-Identifier: Apache-2.0 */
/* When a connection is late: the rule alone. What follows from it is shown by http_exchange. */
#include "common/http/pace.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "tests/lib/unit.h"

START_TEST(the_rule)
{
    static const struct pace_limits limits = {
        .peer = {.header_usec = 100, .window_usec = 1000, .window_bytes = 50, .linger_usec = 10},
        .idle_usec = 5000,
    };
    static const struct {
        enum pace_phase phase;
        int64_t elapsed;
        uint64_t moved;
        enum pace_verdict verdict;
    } cases[] = {
        {PACE_HEADERS, 100, 0, PACE_FINE},    {PACE_HEADERS, 101, 0, PACE_LATE},
        {PACE_HEADERS, 101, 1000, PACE_LATE}, {PACE_BODY, 999, 0, PACE_FINE},
        {PACE_BODY, 1000, 49, PACE_LATE},     {PACE_BODY, 1000, 50, PACE_NEW_WINDOW},
        {PACE_BODY, 999, 50, PACE_FINE},      {PACE_REPLY, 1000000, 0, PACE_FINE},
        {PACE_IDLE, 5100, 0, PACE_FINE},      {PACE_IDLE, 5101, 0, PACE_LATE},
        {PACE_LINGER, 10, 0, PACE_FINE},      {PACE_LINGER, 11, 1000000, PACE_LATE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct pace_state s = {cases[i].phase, 700, cases[i].moved};

        ck_assert_msg(pace_judge(&limits, &s, 700 + cases[i].elapsed) == cases[i].verdict,
                      "row %zu", i);
    }
}
END_TEST

START_TEST(silence_without_a_limit)
{
    static const struct pace_limits limits = {.peer = {.header_usec = 100}};
    struct pace_state s = {PACE_IDLE, 0, 0};

    ck_assert_int_eq(pace_judge(&limits, &s, INT64_MAX), PACE_FINE);
}
END_TEST

/* A connection in the middle of a body whose peer has closed, or has closed its half with data
 * still unread. */
static int peer_of(struct pace *p, struct pace_entry **ret_entry, int *ret_ours)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    *ret_entry = pace_add(p, ends[0]);
    pace_enter(*ret_entry, PACE_BODY);
    *ret_ours = ends[0];
    return ends[1];
}

/* True once our side was shut down: then a write fails. */
static bool is_shut(int fd)
{
    return send(fd, "", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE;
}

START_TEST(a_cut_body_is_noticed_and_a_half_closed_one_is_read)
{
    static const struct pace_limits limits = {
        .peer = {.header_usec = 40000, .window_usec = 60000000, .linger_usec = 60000000}};
    struct pace_entry *cut, *unread;
    int our_cut, our_unread, peer;
    struct pace *p;
    char byte;

    ck_assert_int_eq(pace_new(&limits, &p), 0);
    shutdown(peer_of(p, &cut, &our_cut), SHUT_WR);
    peer = peer_of(p, &unread, &our_unread);
    ck_assert_int_eq(write(peer, "x", 1), 1);
    shutdown(peer, SHUT_WR);
    while (!is_shut(our_cut))
        clock_sleep(10000);
    ck_assert(!is_shut(our_unread));
    ck_assert_int_eq(read(our_unread, &byte, 1), 1);
    while (!is_shut(our_unread))
        clock_sleep(10000);
    pace_remove(cut);
    pace_remove(unread);
    pace_free(p);
}
END_TEST

UNIT_MAIN("http/pace", the_rule, silence_without_a_limit,
          a_cut_body_is_noticed_and_a_half_closed_one_is_read)
