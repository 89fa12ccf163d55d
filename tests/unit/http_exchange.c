/* SPDX-License-Identifier: Apache-2.0 */
/* Streamed bodies, refusals in the middle of them, peers that are slow, gone or malicious: over
 * real sockets, with the bytes that such a peer sends. */
#include "common/http/server.h"

#include <poll.h>
#include <pthread.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/http/exchange.h"
#include "tests/unit/http_peer.h"

#define SOME      (64u * 1024)
#define LARGE     (8u * 1024 * 1024)
#define REPLY     (64u * 1024 * 1024) /* more than the sockets' buffers hold */
#define HUGE_TEXT "1000000000000"

/* What the sink and the server's hook have seen; each test is a process of its own. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned begun, ended, released, done;
    unsigned last_status;
    uint64_t bytes, sum;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int sink_begin(struct request *q, struct response *r)
{
    if (request_query(q, "refuse")) {
        response_problem(r, q, 403, "not for you");
        return 1;
    }
    request_set_data(q, request_query(q, "limit") ? &seen : NULL);
    pthread_mutex_lock(&seen.lock);
    seen.begun++;
    seen.bytes = seen.sum = 0;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
    return 0;
}

/* With ?limit, refuses what goes beyond SOME. */
static int sink_data(struct request *q, const void *p, size_t n, struct response *r)
{
    bool over;

    pthread_mutex_lock(&seen.lock);
    seen.bytes += n;
    for (size_t i = 0; i < n; i++)
        seen.sum += ((const unsigned char *)p)[i];
    over = request_data(q) && seen.bytes > SOME;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
    if (over)
        response_problem(r, q, 422, "too much");
    return over;
}

static void sink_end(struct request *q, struct response *r)
{
    (void)q;
    pthread_mutex_lock(&seen.lock);
    seen.ended++;
    pthread_mutex_unlock(&seen.lock);
    response_status(r, 202);
}

static void sink_release(struct request *q)
{
    (void)q;
    pthread_mutex_lock(&seen.lock);
    ck_assert_uint_lt(seen.released, seen.begun);
    seen.released++;
    pthread_mutex_unlock(&seen.lock);
}

static void count_done(void *app, const char *pattern, unsigned status, int64_t usec)
{
    (void)app, (void)pattern, (void)usec;
    pthread_mutex_lock(&seen.lock);
    seen.done++;
    seen.last_status = status;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void wait_done(unsigned n)
{
    pthread_mutex_lock(&seen.lock);
    while (seen.done < n)
        pthread_cond_wait(&seen.changed, &seen.lock);
    pthread_mutex_unlock(&seen.lock);
}

static void wait_bytes(uint64_t n)
{
    pthread_mutex_lock(&seen.lock);
    while (seen.bytes < n)
        pthread_cond_wait(&seen.changed, &seen.lock);
    pthread_mutex_unlock(&seen.lock);
}

static void serve_hello(struct request *q, struct response *r)
{
    (void)q;
    buf_adds(response_body(r), "hello");
}

static void serve_megabytes(struct request *q, struct response *r)
{
    static const char megabytes[REPLY];

    (void)q;
    response_static(r, megabytes, sizeof(megabytes));
}

static const struct body_sink sink = {sink_begin, sink_data, sink_end, sink_release};
static const struct route routes[] = {
    {.method = "GET", .pattern = "/hello", .handle = serve_hello},
    {.method = "GET", .pattern = "/megabytes", .handle = serve_megabytes},
    {.method = "POST", .pattern = "/small", .handle = serve_hello, .body_max = 5},
    {.method = "POST", .pattern = "/upload", .sink = &sink},
};

static const struct http_options options = {
    .name = "test",
    .listen = "127.0.0.1:0",
    .base_path = "",
    .threads = 2,
    .idle_seconds = 20,
    .routes = routes,
    .n_routes = ARRAY_SIZE(routes),
    .done = count_done,
};

static struct http_server *start(const struct http_pace *pace)
{
    struct http_options o = options;
    struct http_server *s;

    o.pace = pace;
    ck_assert_int_eq(http_start(&o, &s), 0);
    return s;
}

static void stop(struct http_server *s)
{
    http_stop(s, USEC_PER_SEC);
    ck_assert_uint_eq(seen.released, seen.begun);
}

static void expect_status(struct peer *p, unsigned status)
{
    struct answer a = peer_hears(p);

    ck_assert_msg(a.status == status, "%u instead of %u\n%s%s", a.status, status, a.head,
                  a.body ? a.body : "");
    free(a.body);
}

/* That the connection is still in step. */
static void expect_hello(struct peer *p)
{
    struct answer a;

    peer_says(p, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    a = peer_hears(p);
    ck_assert_str_eq(a.body, "hello");
    free(a.body);
}

/* n bytes of body; false when the server stopped taking them. */
static bool send_body(struct peer *p, size_t n, bool chunked)
{
    static char piece[16384];

    memset(piece, 1, sizeof(piece));
    while (n > 0) {
        size_t now = n < sizeof(piece) ? n : sizeof(piece);
        char size[32];
        int digits = snprintf(size, sizeof(size), "%zx\r\n", now);

        if (chunked && !peer_send(p, size, (size_t)digits))
            return false;
        if (!peer_send(p, piece, now) || (chunked && !peer_send(p, "\r\n", 2)))
            return false;
        n -= now;
    }
    return !chunked || peer_send(p, "0\r\n\r\n", 5);
}

START_TEST(streamed_bodies)
{
    struct http_server *s = start(NULL);
    struct peer p = peer_open(http_port(s));

    peer_says(&p, "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n");
    ck_assert(send_body(&p, LARGE, false));
    expect_status(&p, 202);
    ck_assert_uint_eq(seen.bytes, LARGE);
    ck_assert_uint_eq(seen.sum, LARGE);
    peer_says(&p, "POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    ck_assert(send_body(&p, LARGE, true));
    expect_status(&p, 202);
    ck_assert_uint_eq(seen.sum, LARGE);
    peer_says(&p, "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    expect_status(&p, 202);
    ck_assert_uint_eq(seen.bytes, 0);
    expect_hello(&p);
    peer_close(&p);
    stop(s);
    ck_assert_uint_eq(seen.begun, 3);
    ck_assert_uint_eq(seen.ended, 3);
}
END_TEST

START_TEST(hundred_continue)
{
    struct http_server *s = start(NULL);
    struct peer p = peer_open(http_port(s));

    peer_says(
        &p,
        "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    expect_status(&p, 100);
    peer_says(&p, "01234");
    expect_status(&p, 202);
    peer_says(&p, "POST /upload?refuse HTTP/1.1\r\nHost: x\r\nContent-Length: " HUGE_TEXT
                  "\r\nExpect: 100-continue\r\n\r\n");
    expect_status(&p, 403); /* in place of the 100: the body is never sent */
    ck_assert(peer_is_closed(&p));
    peer_close(&p);
    p = peer_open(http_port(s));
    peer_says(
        &p, "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nExpect: 100-Continue\r\n\r\n");
    expect_status(&p, 413);
    peer_close(&p);
    stop(s);
    ck_assert_uint_eq(seen.begun, 1);
}
END_TEST

START_TEST(refused_before_the_body)
{
    struct http_server *s = start(NULL);
    struct peer p = peer_open(http_port(s));
    struct answer a;

    /* A small body is read and dropped, the connection goes on. */
    peer_says(&p, "POST /upload?refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n");
    ck_assert(send_body(&p, SOME, false));
    expect_status(&p, 403);
    expect_hello(&p);
    /* A large one is answered at once. */
    peer_says(&p,
              "POST /upload?refuse HTTP/1.1\r\nHost: x\r\nContent-Length: " HUGE_TEXT "\r\n\r\n");
    a = peer_hears(&p);
    ck_assert_uint_eq(a.status, 403);
    ck_assert(str_eq(answer_header(&a, "Connection"), STR("close")));
    ck_assert(str_eq(answer_header(&a, "X-Content-Type-Options"), STR("nosniff")));
    ck_assert_ptr_nonnull(strstr(a.body, "not for you"));
    free(a.body);
    ck_assert(peer_is_closed(&p));
    peer_close(&p);
    stop(s);
    ck_assert_uint_eq(seen.begun, 0);
}
END_TEST

START_TEST(refused_within_the_body)
{
    struct http_server *s = start(NULL);
    struct peer p = peer_open(http_port(s));

    peer_says(&p, "POST /upload?limit HTTP/1.1\r\nHost: x\r\nContent-Length: 524288\r\n\r\n");
    ck_assert(send_body(&p, 512 * 1024, false));
    expect_status(&p, 422);
    expect_hello(&p);
    peer_says(&p, "POST /upload?limit HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    ck_assert(send_body(&p, 512 * 1024, true));
    expect_status(&p, 422);
    expect_hello(&p);
    /* Much is left: the answer comes while the body is still on its way. */
    peer_says(&p,
              "POST /upload?limit HTTP/1.1\r\nHost: x\r\nContent-Length: " HUGE_TEXT "\r\n\r\n");
    ck_assert(send_body(&p, 2 * SOME, false));
    expect_status(&p, 422);
    ck_assert(peer_is_closed(&p));
    peer_close(&p);
    wait_done(5);
    ck_assert_uint_eq(seen.released, 3);
    ck_assert_uint_eq(seen.ended, 0);
    stop(s);
}
END_TEST

/* A peer that never stops sending and only then listens. */
START_TEST(what_is_dropped_is_bounded)
{
    struct http_server *s = start(NULL);
    struct peer p = peer_open(http_port(s));
    size_t sent = 0;

    peer_says(&p, "POST /upload?limit HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (peer_send(&p, "10000\r\n", 7) && send_body(&p, 65536, false) && peer_send(&p, "\r\n", 2))
        ck_assert_uint_lt(sent += 65536, 4 * HTTP_LINGER_MAX);
    ck_assert_uint_ge(sent, HTTP_DROP_MAX);
    wait_done(1);
    ck_assert_uint_eq(seen.last_status, 422);
    peer_close(&p);
    stop(s);
}
END_TEST

/* … and one that sends no more, but does not go either. */
START_TEST(lingering_is_bounded)
{
    static const struct http_pace pace = {
        .header_usec = 20 * USEC_PER_SEC,
        .window_usec = 20 * USEC_PER_SEC,
        .linger_usec = USEC_PER_SEC / 20,
    };
    struct http_server *s = start(&pace);
    struct peer p = peer_open(http_port(s));

    peer_says(&p,
              "POST /upload?refuse HTTP/1.1\r\nHost: x\r\nContent-Length: " HUGE_TEXT "\r\n\r\n");
    expect_status(&p, 403);
    wait_done(1);
    ck_assert_uint_eq(seen.last_status, 403);
    peer_close(&p);
    stop(s);
}
END_TEST

START_TEST(cut_connections)
{
    static const char *const heads[] = {
        "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
        "POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
        "POST /upload?limit HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
    };
    struct http_server *s = start(NULL);

    for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
        struct peer p = peer_open(http_port(s));

        peer_says(&p, heads[i]);
        ck_assert(send_body(&p, 50000, false));
        wait_bytes(50000);
        peer_close(&p);
        wait_done(i + 1);
        ck_assert_uint_eq(seen.released, i + 1);
        ck_assert_uint_eq(seen.last_status, HTTP_STATUS_GONE);
        pthread_mutex_lock(&seen.lock);
        seen.bytes = 0;
        pthread_mutex_unlock(&seen.lock);
    }
    ck_assert_uint_eq(seen.ended, 0);
    stop(s);
}
END_TEST

START_TEST(framing)
{
#define NEXT "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
#define ROW(request, status)                                                                       \
    {                                                                                              \
        request, sizeof(request) - 1, status                                                       \
    }
    static const struct {
        const char *request;
        size_t n;
        unsigned status;
    } cases[] = {
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: "
            "chunked\r\n\r\n"
            "0\r\n\r\n" NEXT,
            400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: "
            "5\r\n\r\n"
            "0\r\n\r\n" NEXT,
            400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: "
            "5\r\n\r\n01234" NEXT,
            400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: "
            "4\r\n\r\n01234" NEXT,
            400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n01234" NEXT, 400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n01234" NEXT, 400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n01234" NEXT, 400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n01234" NEXT, 400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n01234" NEXT, 400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551616\r\n\r\n" NEXT,
            413),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775808\r\n\r\n" NEXT,
            400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n" NEXT, 400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n" NEXT, 400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, "
            "chunked\r\n\r\n0\r\n\r\n" NEXT,
            400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0b"
            "chunked\r\n\r\n0\r\n\r\n" NEXT,
            400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
            "chunked\r\n\r\n"
            "0\r\n\r\n" NEXT,
            400),
        ROW("POST /small HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT,
            400),
        ROW("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n" NEXT,
            400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\0y\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\0\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\nA: 1\0\0B\0 2\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\nA: 1\0\0B: 2\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\nA\0: 1\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\nA: 1\ry\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\nA: 1\r\n folded\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\nA: 1\r\n B: 2\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\n Host: x\r\nHost: y\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\nA B: 1\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\n: 1\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\nHost: x\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1\r\nHost: x\r\n\n" NEXT, 400),
        ROW("GET /hello\0 HTTP/1.1\r\nHost: x\r\n\r\n" NEXT, 400),
        ROW("GET /hello\0?a HTTP/1.1\r\nHost: x\r\n\r\n" NEXT, 400),
        ROW("GET /hello x HTTP/1.1\r\nHost: x\r\n\r\n" NEXT, 400),
        ROW("GET /hello  HTTP/1.1\r\nHost: x\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.1 \r\nHost: x\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/1.11\r\nHost: x\r\n\r\n" NEXT, 400),
        ROW("GET /hello http/1.1\r\nHost: x\r\n\r\n" NEXT, 400),
        ROW("GET /hello HTTP/2.0\r\nHost: x\r\n\r\n" NEXT, 505),
        ROW("GET /hello\r\n\r\n" NEXT, 400),
        ROW("G\x01T /hello HTTP/1.1\r\nHost: x\r\n\r\n" NEXT, 400),
        ROW("G(T /hello HTTP/1.1\r\nHost: x\r\n\r\n" NEXT, 400),
    };
    struct http_server *s = start(NULL);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct peer p = peer_open(http_port(s));
        struct answer a;

        ck_assert(peer_send(&p, cases[i].request, cases[i].n));
        a = peer_hears(&p);
        ck_assert_msg(a.status == cases[i].status, "row %zu: %u instead of %u\n%s%s", i, a.status,
                      cases[i].status, cases[i].request, a.body ? a.body : "");
        while (peer_receive(&p))
            ;
        ck_assert_msg(!strstr(p.text, "hello"), "row %zu: the next one was served\n%s", i,
                      cases[i].request);
        free(a.body);
        peer_close(&p);
    }
    stop(s);
}
END_TEST

START_TEST(too_many_headers)
{
    struct http_server *s = start(NULL);
    struct peer p = peer_open(http_port(s));

    peer_says(&p, "GET /hello HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 100; i++)
        peer_says(&p, "A: 1\r\n");
    peer_says(&p, "\r\n");
    expect_status(&p, 431);
    ck_assert(peer_is_closed(&p));
    peer_close(&p);
    p = peer_open(http_port(s));
    peer_says(&p, "GET /hello HTTP/1.1\r\nHost: x\r\nA: ");
    for (int i = 0; i < 20000 && peer_send(&p, "vvvvvvvvvv", 10); i++)
        ;
    expect_status(&p, 431);
    peer_close(&p);
    stop(s);
}
END_TEST

/* Sends a byte every few milliseconds until the server has had enough. */
static void drip(struct peer *p, const char *text)
{
    struct pollfd closed = {.fd = p->fd, .events = POLLIN};
    int64_t began = clock_mono();

    while (poll(&closed, 1, 5) == 0) {
        ck_assert_msg(clock_mono() - began < PEER_PATIENCE_SECONDS * USEC_PER_SEC, "still open");
        if (!peer_send(p, text, 1))
            break;
        if (text[1])
            text++;
    }
    ck_assert(peer_is_closed(p));
}

static const struct http_pace fast_pace = {
    .header_usec = USEC_PER_SEC / 5,
    .window_usec = USEC_PER_SEC / 5,
    .window_bytes = 4096,
    .linger_usec = USEC_PER_SEC / 5,
};

START_TEST(slow_headers)
{
    struct http_server *s = start(&fast_pace);
    struct peer p = peer_open(http_port(s));

    drip(&p, "GET /a-long-path-that-never-ends");
    peer_close(&p);
    p = peer_open(http_port(s));
    drip(&p, "GET /hello HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxx");
    peer_close(&p);
    wait_done(1); /* the one that got as far as a request line */
    ck_assert_uint_eq(seen.last_status, 408);
    stop(s);
}
END_TEST

START_TEST(slow_headers_after_a_request)
{
    struct http_server *s = start(&fast_pace);
    struct peer p = peer_open(http_port(s));

    expect_hello(&p);
    peer_says(&p, "GET /hello HTTP/1.1\r\n");
    drip(&p, "Host: xxxxxxxxxxxxxxxxx");
    peer_close(&p);
    stop(s);
}
END_TEST

START_TEST(slow_bodies)
{
    static const char *const heads[] = {
        "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
        "POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
        "POST /upload?refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
        "POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;",
    };
    struct http_server *s = start(&fast_pace);

    for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
        struct peer p = peer_open(http_port(s));

        peer_says(&p, heads[i]);
        drip(&p, "x");
        peer_close(&p);
        wait_done(i + 1);
        ck_assert_uint_eq(seen.last_status, 408);
    }
    ck_assert_uint_eq(seen.released, 2);
    stop(s);
}
END_TEST

START_TEST(a_body_that_moves_may_take_long)
{
    struct http_server *s = start(&fast_pace);
    struct peer p = peer_open(http_port(s));
    int64_t began = clock_mono();
    size_t sent = 0;

    peer_says(&p, "POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (clock_mono() - began < 6 * fast_pace.window_usec) {
        ck_assert(peer_send(&p, "800\r\n", 5) && send_body(&p, 2048, false) &&
                  peer_send(&p, "\r\n", 2));
        wait_bytes(sent += 2048);
        clock_sleep(5 * USEC_PER_MSEC); /* the sender's own pace: twenty times what is asked for */
    }
    ck_assert(peer_send(&p, "0\r\n\r\n", 5));
    expect_status(&p, 202);
    peer_close(&p);
    stop(s);
}
END_TEST

START_TEST(a_reply_may_be_read_slowly)
{
    struct http_server *s = start(&fast_pace);
    struct peer p = peer_open(http_port(s));
    size_t n = 0;

    peer_says(&p, "GET /megabytes HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert(peer_receive(&p));
    clock_sleep(4 * fast_pace.window_usec); /* the reader's own pace */
    while (n < REPLY) {
        n += p.n;
        p.n = 0;
        ck_assert(n >= REPLY || peer_receive(&p));
    }
    wait_done(1);
    ck_assert_uint_eq(seen.last_status, 200);
    peer_close(&p);
    stop(s);
}
END_TEST

UNIT_MAIN("http/exchange", streamed_bodies, hundred_continue, refused_before_the_body,
          refused_within_the_body, what_is_dropped_is_bounded, lingering_is_bounded,
          cut_connections, framing, too_many_headers, slow_headers, slow_headers_after_a_request,
          slow_bodies, a_body_that_moves_may_take_long, a_reply_may_be_read_slowly)
