/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/view */
#include "dashd/neighbour.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "tests/lib/unit.h"

START_TEST(addresses)
{
    static const char *const good[] = {"http://127.0.0.1:8600", "http://[::1]:8600",
                                       "http://workerd:1", "unix:/run/corral/x.sock"};
    static const char *const bad[] = {
        "",           "127.0.0.1:8600",      "https://127.0.0.1:8600", "http://127.0.0.1",
        "http://:80", "http://a:80/metrics", "http://a:99999",         "http://a:",
        "unix:x",     "http://u@a:80",       "http://a b:80",          "http://a:1234567",
    };

    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        ck_assert_msg(neighbour_valid(good[i]), "%s", good[i]);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(!neighbour_valid(bad[i]), "%s", bad[i]);
}
END_TEST

/* A server for one request, which answers as it was told. */
struct server {
    int fd;
    const char *answer;
    pthread_t thread;
    char url[64];
};

static void *serve(void *arg)
{
    struct server *s = arg;
    char request[512];
    int fd = accept(s->fd, NULL, NULL);

    ck_assert_int_gt(recv(fd, request, sizeof(request), 0), 0);
    ck_assert_int_eq(send(fd, s->answer, strlen(s->answer), MSG_NOSIGNAL),
                     (ssize_t)strlen(s->answer));
    close(fd);
    return NULL;
}

static void start(struct server *s, const char *answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);

    s->answer = answer;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(s->fd, (struct sockaddr *)&address, n), 0);
    ck_assert_int_eq(listen(s->fd, 1), 0);
    ck_assert_int_eq(getsockname(s->fd, (struct sockaddr *)&address, &n), 0);
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
}

static int ask(const char *answer, unsigned *status, struct buf *body)
{
    struct server s;
    int r;

    start(&s, answer);
    ck_assert_int_eq(pthread_create(&s.thread, NULL, serve, &s), 0);
    r = neighbour_get(s.url, "/readyz", clock_mono() + 20 * USEC_PER_SEC, status, body);
    pthread_join(s.thread, NULL);
    close(s.fd);
    return r;
}

START_TEST(answers)
{
    _cleanup_buf_ struct buf body = BUF_INIT(100), small = BUF_INIT(3);
    unsigned status = 0;

    ck_assert_int_eq(
        ask("HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nnot ready", &status, &body), 0);
    ck_assert_uint_eq(status, 503);
    ck_assert_str_eq(buf_text(&body), "not ready");
    ck_assert_int_eq(ask("HTTP/1.1 200 OK\r\n\r\n", &status, &body), 0);
    ck_assert_int_eq(ask("SSH-2.0-OpenSSH\r\n\r\n", &status, &body), -EBADMSG);
    ck_assert_int_eq(ask("HTTP/1.1 200 OK\r\n", &status, &body), -EBADMSG);
    ck_assert_int_eq(ask("HTTP/1.1 200 OK\r\n\r\nlong", &status, &small), -E2BIG);
}
END_TEST

/* Nobody accepts: the connection stands in the backlog, and no answer comes. */
START_TEST(silence_ends_at_the_deadline)
{
    _cleanup_buf_ struct buf body = BUF_INIT(100);
    struct server s;
    unsigned status;

    start(&s, "");
    ck_assert_int_eq(
        neighbour_get(s.url, "/readyz", clock_mono() + USEC_PER_SEC / 20, &status, &body),
        -ETIMEDOUT);
    close(s.fd);
    ck_assert_int_eq(
        neighbour_get(s.url, "/readyz", clock_mono() + 20 * USEC_PER_SEC, &status, &body),
        -ECONNREFUSED);
}
END_TEST

UNIT_MAIN("dashd/neighbour", addresses, answers, silence_ends_at_the_deadline)
