/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of a connection, by hand: tests of the server send exactly the bytes that they mean
 * and read answers one by one. */
#ifndef CORRAL_TESTS_UNIT_HTTP_PEER_H
#define CORRAL_TESTS_UNIT_HTTP_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/str.h"
#include "tests/lib/unit.h"

#define PEER_ANSWER_MAX       (4u * 1024 * 1024)
#define PEER_PATIENCE_SECONDS 20

struct peer {
    int fd;
    char *text; /* what has been received and not yet taken, with a NUL */
    size_t n;
};

struct answer {
    unsigned status; /* 0: the connection was closed instead */
    char head[4096];
    char *body; /* heap, with a NUL */
    size_t n;
};

static inline struct peer peer_open(unsigned port)
{
    const struct timeval patience = {.tv_sec = PEER_PATIENCE_SECONDS};
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct peer p = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    ck_assert_int_ge(p.fd, 0);
    ck_assert_int_eq(setsockopt(p.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    ck_assert_msg(connect(p.fd, (struct sockaddr *)&address, sizeof(address)) == 0, "%s",
                  strerror(errno));
    p.text = calloc(1, PEER_ANSWER_MAX + 1);
    ck_assert_ptr_nonnull(p.text);
    return p;
}

static inline void peer_close(struct peer *p)
{
    close(p->fd);
    free(p->text);
}

/* False when the server does not take it any more. */
static inline bool peer_send(struct peer *p, const void *data, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t sent = send(p->fd, (const char *)data + done, n - done, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        done += (size_t)sent;
    }
    return true;
}

static inline void peer_says(struct peer *p, const char *text)
{
    ck_assert(peer_send(p, text, strlen(text)));
}

/* Receives more; false at the end of the stream. A server that says nothing at all fails the test.
 */
static inline bool peer_receive(struct peer *p)
{
    ssize_t got = recv(p->fd, p->text + p->n, PEER_ANSWER_MAX - p->n, 0);

    ck_assert_msg(got >= 0 || errno == ECONNRESET || errno == EPIPE, "no answer: %s",
                  strerror(errno));
    if (got <= 0)
        return false;
    p->n += (size_t)got;
    p->text[p->n] = '\0';
    return true;
}

static inline void peer_take(struct peer *p, size_t n)
{
    p->n -= n;
    memmove(p->text, p->text + n, p->n + 1);
}

/* The value of a header, up to its end of line; p is NULL when there is none. */
static inline struct str answer_header(const struct answer *a, const char *name)
{
    char line[128];
    const char *at;

    snprintf(line, sizeof(line), "\r\n%s: ", name);
    at = strcasestr(a->head, line);
    if (!at)
        return (struct str){NULL, 0};
    at += strlen(line);
    return (struct str){at, strcspn(at, "\r")};
}

/* One whole answer; with_body is false for that to a HEAD. */
static inline struct answer peer_hears_part(struct peer *p, bool with_body)
{
    struct answer a = {0};
    uint64_t length = 0;
    size_t head;

    while (!strstr(p->text, "\r\n\r\n"))
        if (!peer_receive(p))
            return a;
    head = (size_t)(strstr(p->text, "\r\n\r\n") - p->text) + 4;
    ck_assert(head < sizeof(a.head));
    memcpy(a.head, p->text, head);
    ck_assert_msg(sscanf(a.head, "HTTP/1.1 %u ", &a.status) == 1, "%s", a.head);
    peer_take(p, head);
    if (with_body && answer_header(&a, "Content-Length").p)
        ck_assert_int_eq(str_to_u64(answer_header(&a, "Content-Length"), PEER_ANSWER_MAX, &length),
                         0);
    while (p->n < length)
        ck_assert_msg(peer_receive(p), "the body was cut");
    a.n = (size_t)length;
    a.body = calloc(1, a.n + 1);
    ck_assert_ptr_nonnull(a.body);
    memcpy(a.body, p->text, a.n);
    peer_take(p, a.n);
    return a;
}

static inline struct answer peer_hears(struct peer *p)
{
    return peer_hears_part(p, true);
}

static inline bool peer_is_closed(struct peer *p)
{
    return p->n == 0 && !peer_receive(p);
}

/* One request on a connection of its own; the status of the answer, 0 when there was none. */
static inline unsigned peer_once(unsigned port, const void *request, size_t n)
{
    struct peer p = peer_open(port);
    struct answer a;

    peer_send(&p, request, n);
    a = peer_hears(&p);
    free(a.body);
    peer_close(&p);
    return a.status;
}

#endif
