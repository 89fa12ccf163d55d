/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/fetcher */
/* Orders and answers over a real socket pair; and what is none. */
#include "workerd/fetcher/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static void connect_pair(int ret[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret), 0);
}

static int new_file(void)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    return fd;
}

START_TEST(order_and_answer)
{
    const struct fetch_order order = {.version = TALK_VERSION,
                                      .allow_private = 1,
                                      .timeout_usec = 1234567,
                                      .max_bytes = 1ull << 40,
                                      .url = "https://example.net/buildid/aa/debuginfo"};
    const struct fetch_answer answer = {
        .version = TALK_VERSION, .outcome = FETCH_REFUSED, .bytes = 7, .reason = "too large"};
    _cleanup_fd_ int file = new_file(), theirs = -1;
    struct fetch_order got;
    struct fetch_answer said;
    char byte = 0;
    int pair[2];

    connect_pair(pair);
    ck_assert_int_eq(talk_send_order(pair[0], &order, file), 0);
    ck_assert_int_eq(talk_receive_order(pair[1], &got, &theirs), 0);
    ck_assert_int_eq(memcmp(&got, &order, sizeof(got)), 0);
    ck_assert_int_eq(write(theirs, "x", 1), 1);
    ck_assert_int_eq(pread(file, &byte, 1, 0), 1);
    ck_assert_int_eq(byte, 'x');
    ck_assert_int_eq(talk_send_answer(pair[1], &answer), 0);
    ck_assert_int_eq(talk_receive_answer(pair[0], 1000000, &said), 0);
    ck_assert_int_eq(memcmp(&said, &answer, sizeof(said)), 0);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

START_TEST(the_other_end_is_gone)
{
    struct fetch_order order = {.version = TALK_VERSION};
    struct fetch_answer answer;
    int pair[2], fd = -1;

    connect_pair(pair);
    ck_assert_int_eq(talk_receive_answer(pair[0], 1000, &answer), -ETIMEDOUT);
    close(pair[1]);
    ck_assert_int_eq(talk_receive_answer(pair[0], 1000000, &answer), -EPIPE);
    ck_assert_int_eq(talk_receive_order(pair[0], &order, &fd), -EPIPE);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(talk_send_answer(pair[0], &answer), -EPIPE);
    close(pair[0]);
}
END_TEST

/* Too short, of another version, without a file, with texts that do not end. */
START_TEST(what_is_no_order)
{
    struct fetch_order order = {.version = TALK_VERSION + 1}, got;
    _cleanup_fd_ int file = new_file();
    int pair[2], fd = -1;

    connect_pair(pair);
    ck_assert_int_eq(talk_send_order(pair[0], &order, file), 0);
    ck_assert_int_eq(talk_receive_order(pair[1], &got, &fd), -EPROTO);
    order.version = TALK_VERSION;
    ck_assert_int_eq(send(pair[0], &order, sizeof(order), 0), sizeof(order));
    ck_assert_int_eq(talk_receive_order(pair[1], &got, &fd), -EPROTO);
    ck_assert_int_eq(send(pair[0], &order, 10, 0), 10);
    ck_assert_int_eq(talk_receive_order(pair[1], &got, &fd), -EPROTO);
    memset(order.url, 'x', sizeof(order.url));
    ck_assert_int_eq(talk_send_order(pair[0], &order, file), 0);
    ck_assert_int_eq(talk_receive_order(pair[1], &got, &fd), -EPROTO);
    ck_assert_int_eq(fd, -1);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

START_TEST(what_is_no_answer)
{
    struct fetch_answer bad[] = {
        {.version = TALK_VERSION + 1},
        {.version = TALK_VERSION, .outcome = FETCH_FAILED + 1},
        {.version = TALK_VERSION},
    };
    struct fetch_answer answer;
    int pair[2];

    memset(bad[2].reason, 'x', sizeof(bad[2].reason));
    connect_pair(pair);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_int_eq(talk_send_answer(pair[1], &bad[i]), 0);
        ck_assert_int_eq(talk_receive_answer(pair[0], 1000000, &answer), -EPROTO);
    }
    close(pair[0]);
    close(pair[1]);
}
END_TEST

UNIT_MAIN("workerd/fetcher/talk", order_and_answer, the_other_end_is_gone, what_is_no_order,
          what_is_no_answer)
