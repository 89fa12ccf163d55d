/* SPDX-License-Identifier: Apache-2.0 */
/* The server from outside, over real sockets: routes, methods, bodies, files, limits, stopping. */
#include "common/http/server.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "tests/unit/http_peer.h"

#define FILE_SIZE 300000

/* A handler that stays until it is let go. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool entered, released;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};

static void serve_hello(struct request *q, struct response *r)
{
    response_type(r, "text/plain");
    buf_printf(response_body(r), "hello %s",
               request_query(q, "name") ? request_query(q, "name") : "?");
}

static void serve_item(struct request *q, struct response *r)
{
    buf_printf(response_body(r), "%s|%s|%s|%s", request_param(q, "id"), request_path(q),
               request_target(q), request_base_path(q));
}

static void serve_echo(struct request *q, struct response *r)
{
    struct str body = request_body(q);

    response_status(r, 201);
    buf_add(response_body(r), body.p, body.n);
}

static void serve_form(struct request *q, struct response *r)
{
    const char *color = request_form(q, "color"), *cookie = request_cookie(q, "session"),
               *bearer = request_bearer(q);

    buf_printf(response_body(r), "%s,%s,%s", color ? color : "-", cookie ? cookie : "-",
               bearer ? bearer : "-");
}

static void serve_file(struct request *q, struct response *r)
{
    int fd = memfd_create("http_server", MFD_CLOEXEC);
    char letters[1000];

    (void)q;
    memset(letters, 'x', sizeof(letters));
    for (size_t i = 0; i < FILE_SIZE / sizeof(letters); i++)
        ck_assert_int_eq(write(fd, letters, sizeof(letters)), sizeof(letters));
    response_file(r, fd, FILE_SIZE);
}

static void serve_problem(struct request *q, struct response *r)
{
    response_header(r, "X-Split", "a\r\nX-Injected: b");
    buf_adds(response_body(r), "to be replaced");
    response_problem(r, q, 422, "not \"%s\"", "\xff<\n>");
}

static void serve_huge(struct request *q, struct response *r)
{
    static const char megabyte[1024 * 1024];

    (void)q;
    for (size_t n = 0; n <= RESPONSE_BODY_MAX; n += sizeof(megabyte))
        buf_add(response_body(r), megabyte, sizeof(megabyte));
}

static void serve_slow(struct request *q, struct response *r)
{
    (void)q;
    pthread_mutex_lock(&gate.lock);
    gate.entered = true;
    pthread_cond_broadcast(&gate.changed);
    while (!gate.released)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
    buf_adds(response_body(r), "at last");
}

static void serve_redirect(struct request *q, struct response *r)
{
    response_redirect(r, q, "/groups");
}

static void serve_long(struct request *q, struct response *r)
{
    (void)q;
    response_type(r, "application/json");
    for (int i = 0; i < 1000; i++)
        buf_adds(response_body(r), "[1234567890]");
    response_tag(r);
}

static const struct route routes[] = {
    {.method = "GET", .pattern = "/long", .handle = serve_long},
    {.method = "GET", .pattern = "/hello", .handle = serve_hello},
    {.method = "GET", .pattern = "/items/{id}", .handle = serve_item},
    {.method = "POST", .pattern = "/items/{id}", .handle = serve_item, .body_max = 10},
    {.method = "POST", .pattern = "/echo", .handle = serve_echo, .body_max = 100000},
    {.method = "POST", .pattern = "/form", .handle = serve_form, .body_max = 1000},
    {.method = "GET", .pattern = "/file", .handle = serve_file},
    {.method = "GET", .pattern = "/problem", .handle = serve_problem},
    {.method = "GET", .pattern = "/huge", .handle = serve_huge},
    {.method = "GET", .pattern = "/slow", .handle = serve_slow},
    {.method = "GET", .pattern = "/redirect", .handle = serve_redirect},
    {.method = "GET", .pattern = "/secret", .handle = serve_hello, .tag = 1},
};

static int refuse_secret(struct request *q, const struct route *route, struct response *r)
{
    if (route->tag == 0)
        return 0;
    response_problem(r, q, 401, "sign in");
    return 1;
}

static atomic_uint done_count, done_status;
static _Atomic(const char *) done_pattern;

static void count_done(void *app, const char *pattern, unsigned status, int64_t usec)
{
    ck_assert_ptr_eq(app, &gate);
    ck_assert(usec >= 0);
    atomic_store(&done_pattern, pattern);
    atomic_store(&done_status, status);
    atomic_fetch_add(&done_count, 1);
}

static const struct http_options options = {
    .name = "test",
    .listen = "127.0.0.1:0",
    .base_path = "",
    .threads = 4,
    .idle_seconds = 20,
    .routes = routes,
    .n_routes = ARRAY_SIZE(routes),
    .app = &gate,
    .before = refuse_secret,
    .done = count_done,
};

static struct http_server *start(const struct http_options *o)
{
    struct http_server *s;

    ck_assert_int_eq(http_start(o, &s), 0);
    return s;
}

static struct answer ask(struct peer *p, const char *request)
{
    peer_says(p, request);
    return peer_hears(p);
}

/* Requests on one connection, one after the other. */
static void check_dialogue(const struct http_options *o)
{
    static const struct {
        const char *request;
        unsigned status;
        const char *body; /* NULL: any */
    } steps[] = {
        {"GET /hello?name=w%C3%B6rld+1 HTTP/1.1\r\nHost: x\r\n\r\n", 200, "hello w\xc3\xb6rld 1"},
        {"GET http://x/hello HTTP/1.1\r\nHost: x\r\n\r\n", 200, "hello ?"},
        {"GET /items/a%2Bb%20c?q=1%21 HTTP/1.1\r\nHost: x\r\n\r\n", 200,
         "a+b c|/items/a+b c|/items/a%2Bb%20c?q=1%21|"},
        {"GET /items/%ff HTTP/1.1\r\nHost: x\r\n\r\n", 200, "?|/items/?|/items/%ff|"},
        {"GET /items/ HTTP/1.1\r\nHost: x\r\n\r\n", 404, NULL},
        {"GET /items/a/b HTTP/1.1\r\nHost: x\r\n\r\n", 404, NULL},
        {"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, NULL},
        {"GET /hello%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL},
        {"GET /hello?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL},
        {"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 405, NULL},
        {"GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 413, NULL},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 201, "abc"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\n\r\n", 201, ""},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
         201, "abcdefg"},
        {"POST /items/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n01234567890", 413, NULL},
        {"POST /items/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "9\r\n012345678\r\n4\r\ndefg\r\n0\r\n\r\n",
         413, NULL},
        {"POST /form HTTP/1.1\r\nHost: x\r\nCookie: a=b; session=s1\r\nAuthorization: bearer t "
         "1\r\n"
         "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\nContent-Length: "
         "17\r\n\r\n"
         "a=1&color=re%64+2",
         200, "red 2,s1,t 1"},
        {"POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
         "Content-Length: 4\r\n\r\na=%1",
         400, NULL},
        {"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\ncolor=1", 200, "-,-,-"},
        {"GET /secret HTTP/1.1\r\nHost: x\r\n\r\n", 401, NULL},
        {"GET /huge HTTP/1.1\r\nHost: x\r\n\r\n", 500, NULL},
    };
    struct http_server *s = start(o);
    struct peer p = peer_open(http_port(s));

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct answer a = ask(&p, steps[i].request);

        ck_assert_msg(a.status == steps[i].status, "%s\n%s%s", steps[i].request, a.head,
                      a.body ? a.body : "");
        if (steps[i].body)
            ck_assert_str_eq(a.body, steps[i].body);
        ck_assert(str_eq(answer_header(&a, "X-Content-Type-Options"), STR("nosniff")));
        ck_assert_uint_eq(answer_header(&a, "X-Request-Id").n, 16);
        free(a.body);
    }
    peer_close(&p);
    http_stop(s, USEC_PER_SEC);
    ck_assert_uint_eq(atomic_load(&done_count), ARRAY_SIZE(steps));
}

START_TEST(requests_on_one_connection)
{
    check_dialogue(&options);
}
END_TEST

START_TEST(one_thread_is_enough)
{
    struct http_options o = options;

    o.threads = 1;
    check_dialogue(&o);
}
END_TEST

/* Headers of a request for /long, and what is sent: the length, the coding, whether the tag is a
 * weak one. */
START_TEST(codings_and_validators)
{
    static const struct {
        const char *headers;
        unsigned status;
        const char *coding; /* "": none */
        bool weak;
    } steps[] = {
        {"", 200, "", false},
        {"Accept-Encoding: gzip\r\n", 200, "gzip", true},
        {"Accept-Encoding: gzip, zstd\r\n", 200, "zstd", true},
        {"Accept-Encoding: gzip\r\nSec-Fetch-Site: same-origin\r\n", 200, "gzip", true},
        {"Accept-Encoding: gzip\r\nSec-Fetch-Site: none\r\n", 200, "gzip", true},
        {"Accept-Encoding: gzip\r\nSec-Fetch-Site: same-site\r\n", 200, "", false},
        {"Accept-Encoding: gzip\r\nSec-Fetch-Site: cross-site\r\n", 200, "", false},
        {"If-None-Match: \"other\"\r\n", 200, "", false},
        {"If-None-Match: *\r\n", 304, "", false},
    };
    struct http_options o = options;
    struct http_server *s;
    struct peer p;
    char text[512];

    o.compress = true;
    s = start(&o);
    p = peer_open(http_port(s));
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct answer a;

        snprintf(text, sizeof(text), "GET /long HTTP/1.1\r\nHost: x\r\n%s\r\n", steps[i].headers);
        a = ask(&p, text);
        ck_assert_msg(
            a.status == steps[i].status &&
                str_eq(answer_header(&a, "Content-Encoding"), str_from(steps[i].coding)) &&
                str_starts(answer_header(&a, "ETag"), STR("W/")) == steps[i].weak,
            "%s\n%s", steps[i].headers, a.head);
        if (steps[i].status == 200)
            ck_assert(*steps[i].coding ? a.n < 1000 : a.n == 12000);
        free(a.body);
    }
    /* The tag of a coded answer is known again; what is short is sent as it is. */
    {
        struct answer a = ask(&p, "GET /long HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
        struct str tag = answer_header(&a, "ETag");

        ck_assert(str_eq(answer_header(&a, "Vary"), STR("Accept-Encoding")));
        snprintf(
            text, sizeof(text),
            "GET /long HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nIf-None-Match: %.*s\r\n\r\n",
            (int)tag.n, tag.p);
        free(a.body);
        a = ask(&p, text);
        ck_assert_uint_eq(a.status, 304);
        ck_assert_uint_eq(a.n, 0);
        free(a.body);
        a = ask(&p, "GET /hello HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
        ck_assert_str_eq(a.body, "hello ?");
        ck_assert(str_eq(answer_header(&a, "Vary"), STR("Accept-Encoding")));
        free(a.body);
    }
    peer_close(&p);
    http_stop(s, USEC_PER_SEC);
}
END_TEST

START_TEST(the_table_of_methods)
{
    struct http_server *s = start(&options);
    struct peer p = peer_open(http_port(s));
    struct answer a = ask(&p, "DELETE /items/1 HTTP/1.1\r\nHost: x\r\n\r\n");

    ck_assert_uint_eq(a.status, 405);
    ck_assert(str_eq(answer_header(&a, "Allow"), STR("GET, HEAD, POST")));
    ck_assert(str_eq(answer_header(&a, "Content-Type"), STR("application/problem+json")));
    free(a.body);
    peer_says(&p, "HEAD /hello?name=abc HTTP/1.1\r\nHost: x\r\n\r\n");
    a = peer_hears_part(&p, false);
    ck_assert_uint_eq(a.status, 200);
    ck_assert(str_eq(answer_header(&a, "Content-Length"), STR("9")));
    free(a.body);
    a = ask(&p, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"); /* nothing was left over */
    ck_assert_uint_eq(a.status, 200);
    free(a.body);
    peer_close(&p);
    http_stop(s, USEC_PER_SEC);
}
END_TEST

START_TEST(problems_are_json_whatever_they_quote)
{
    struct http_server *s = start(&options);
    struct peer p = peer_open(http_port(s));
    struct answer a = ask(&p, "GET /problem HTTP/1.1\r\nHost: x\r\n\r\n");
    char instance[64];

    ck_assert_uint_eq(a.status, 422);
    ck_assert_ptr_null(strstr(a.head, "X-Injected"));
    ck_assert(str_eq(answer_header(&a, "X-Split"), STR("a")));
    snprintf(instance, sizeof(instance), "\"urn:corral:request:%.16s\"",
             answer_header(&a, "X-Request-Id").p);
    ck_assert_ptr_nonnull(strstr(a.body, instance));
    ck_assert_ptr_nonnull(strstr(a.body, "\"title\":\"Unprocessable Content\""));
    ck_assert_ptr_nonnull(strstr(a.body, "\"detail\":\"not \\\"?<\\n>\\\"\""));
    ck_assert_ptr_null(strstr(a.body, "to be replaced"));
    free(a.body);
    peer_close(&p);
    http_stop(s, USEC_PER_SEC);
}
END_TEST

START_TEST(files)
{
    struct http_server *s = start(&options);
    struct peer p = peer_open(http_port(s));
    struct answer a;

    for (int i = 0; i < 3; i++) {
        a = ask(&p, "GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
        ck_assert_uint_eq(a.status, 200);
        ck_assert_uint_eq(a.n, FILE_SIZE);
        ck_assert_uint_eq(strspn(a.body, "x"), FILE_SIZE);
        free(a.body);
    }
    peer_close(&p);
    http_stop(s, USEC_PER_SEC);
}
END_TEST

START_TEST(below_a_base_path)
{
    struct http_options o = options;
    struct http_server *s;
    struct peer p;
    struct answer a;

    o.base_path = "/corral";
    s = start(&o);
    p = peer_open(http_port(s));
    a = ask(&p, "GET /corral/items/1?x HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_str_eq(a.body, "1|/items/1|/items/1?x|/corral");
    free(a.body);
    a = ask(&p, "GET /items/1 HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_uint_eq(a.status, 404);
    free(a.body);
    a = ask(&p, "GET /corralitems/1 HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_uint_eq(a.status, 404);
    free(a.body);
    a = ask(&p, "GET /corral/redirect HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_uint_eq(a.status, 303);
    ck_assert(str_eq(answer_header(&a, "Location"), STR("/corral/groups")));
    free(a.body);
    peer_close(&p);
    http_stop(s, USEC_PER_SEC);
}
END_TEST

static void own_page(struct request *q, struct response *r, unsigned status, const char *detail)
{
    (void)q;
    response_type(r, "text/html");
    buf_printf(response_body(r), "<h1>%u</h1>%s", status, *detail ? "" : "no detail");
}

START_TEST(pages_for_errors)
{
    struct http_options o = options;
    struct http_server *s;
    struct peer p;
    struct answer a;

    o.error_page = own_page;
    s = start(&o);
    p = peer_open(http_port(s));
    a = ask(&p, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_uint_eq(a.status, 404);
    ck_assert_str_eq(a.body, "<h1>404</h1>");
    free(a.body);
    peer_close(&p);
    http_stop(s, USEC_PER_SEC);
}
END_TEST

START_TEST(a_unix_socket)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[] = "/tmp/http_server.XXXXXX", listen[sizeof("unix:") + sizeof(address.sun_path)];
    struct http_options o = options;
    struct http_server *s, *second;
    struct peer p = {.fd = -1};
    struct answer a;

    ck_assert_ptr_nonnull(mkdtemp(path));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", path);
    snprintf(listen, sizeof(listen), "unix:%s", address.sun_path);
    o.listen = listen;
    p.fd = socket(AF_UNIX, SOCK_STREAM, 0); /* what a killed server leaves behind */
    ck_assert_int_eq(bind(p.fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(p.fd);
    s = start(&o);
    ck_assert_int_eq(http_start(&o, &second), -EADDRINUSE);
    p.fd = socket(AF_UNIX, SOCK_STREAM, 0);
    p.text = calloc(1, PEER_ANSWER_MAX + 1);
    ck_assert_int_eq(connect(p.fd, (struct sockaddr *)&address, sizeof(address)), 0);
    a = ask(&p, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_str_eq(a.body, "hello ?");
    free(a.body);
    peer_close(&p);
    http_stop(s, USEC_PER_SEC);
    ck_assert_int_eq(access(address.sun_path, F_OK), -1);
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(addresses_that_are_none)
{
    static const char *const bad[] = {
        "",    "8600",  "127.0.0.1:", "127.0.0.1:65536", "[::1]", "127.0.0.1:x",
        ":80", "unix:", "1.2.3:4:5a", "127.0.0.1:123456"};
    struct http_options o = options;
    struct http_server *s = start(&options), *second;
    char taken[64];

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        o.listen = bad[i];
        ck_assert_msg(http_start(&o, &second) == -EINVAL, "\"%s\"", bad[i]);
    }
    snprintf(taken, sizeof(taken), "127.0.0.1:%u", http_port(s));
    o.listen = taken;
    ck_assert_int_eq(http_start(&o, &second), -EADDRINUSE);
    http_stop(s, USEC_PER_SEC);
}
END_TEST

static void *ask_many(void *port)
{
    struct peer p = peer_open(*(unsigned *)port);

    for (int i = 0; i < 200; i++) {
        struct answer a =
            ask(&p, i % 2 ? "GET /hello?name=x HTTP/1.1\r\nHost: x\r\n\r\n"
                          : "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n"
                            "hello x");

        ck_assert_str_eq(a.body, "hello x");
        free(a.body);
    }
    peer_close(&p);
    return NULL;
}

START_TEST(many_at_once)
{
    struct http_server *s = start(&options);
    unsigned port = http_port(s);
    pthread_t threads[16];

    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_many, &port), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    http_stop(s, USEC_PER_SEC);
    ck_assert_uint_eq(atomic_load(&done_count), 16 * 200);
}
END_TEST

START_TEST(limit_of_connections_per_address)
{
    struct http_options o = options;
    struct http_server *s;
    struct peer first, second;
    struct answer a;

    o.connections_per_ip_max = 1;
    s = start(&o);
    first = peer_open(http_port(s));
    a = ask(&first, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_uint_eq(a.status, 200);
    free(a.body);
    second = peer_open(http_port(s));
    ck_assert(peer_is_closed(&second));
    peer_close(&second);
    peer_close(&first);
    http_stop(s, USEC_PER_SEC);
}
END_TEST

START_TEST(limit_of_connections)
{
    static const char hello[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    struct http_options o = options;
    struct http_server *s;
    struct peer first, second;
    struct answer a;

    o.connections_max = 1;
    s = start(&o);
    first = peer_open(http_port(s));
    a = ask(&first, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_uint_eq(a.status, 200);
    free(a.body);
    second = peer_open(http_port(s));
    ck_assert(peer_is_closed(&second));
    peer_close(&second);
    peer_close(&first);
    do { /* its place is free again once the server has seen the end of the first one */
        second = peer_open(http_port(s));
        peer_send(&second, hello, sizeof(hello) - 1);
        a = peer_hears(&second);
        free(a.body);
        peer_close(&second);
    } while (a.status == 0);
    ck_assert_uint_eq(a.status, 200);
    http_stop(s, USEC_PER_SEC);
}
END_TEST

static atomic_uint hammered_port;
static atomic_bool hammer_stop;

static void *hammer(void *unused)
{
    while (!atomic_load(&hammer_stop)) {
        static const char request[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
        struct sockaddr_in address = {
            .sin_family = AF_INET,
            .sin_port = htons((uint16_t)atomic_load(&hammered_port)),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char reply[4096];

        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
            for (int i = 0; i < 20; i++)
                if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) <= 0 ||
                    recv(fd, reply, sizeof(reply), 0) <= 0)
                    break;
        close(fd);
    }
    return unused;
}

/* libmicrohttpd's own way of closing the door aborts the program once in some hundred times
 * (listener_refuse). */
START_TEST(stopping_under_load)
{
    struct http_options o = options;
    pthread_t threads[4];

    o.connections_max = 6; /* also at the limit */
    for (int i = 0; i < 200; i++) {
        struct http_server *s = start(&o);

        atomic_store(&hammered_port, http_port(s));
        for (size_t t = 0; i == 0 && t < ARRAY_SIZE(threads); t++)
            ck_assert_int_eq(pthread_create(&threads[t], NULL, hammer, NULL), 0);
        for (unsigned before = atomic_load(&done_count); atomic_load(&done_count) < before + 10;)
            sched_yield();
        http_stop(s, USEC_PER_SEC);
    }
    atomic_store(&hammer_stop, true);
    for (size_t t = 0; t < ARRAY_SIZE(threads); t++)
        pthread_join(threads[t], NULL);
}
END_TEST

static void *stop_server(void *s)
{
    http_stop(s, 20 * USEC_PER_SEC);
    return NULL;
}

START_TEST(stopping_waits_for_what_is_in_flight)
{
    struct http_server *s = start(&options);
    struct peer p = peer_open(http_port(s)), late = {.fd = -1};
    unsigned port = http_port(s);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    pthread_t stopper;
    struct answer a;

    peer_says(&p, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    pthread_mutex_lock(&gate.lock);
    while (!gate.entered)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
    ck_assert_int_eq(pthread_create(&stopper, NULL, stop_server, s), 0);
    for (;;) { /* new connections are refused before the old ones end */
        late.fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(late.fd, (struct sockaddr *)&address, sizeof(address)) < 0)
            break;
        close(late.fd);
    }
    /* reset: the socket was closed in the middle of the handshake */
    ck_assert(errno == ECONNREFUSED || errno == ECONNRESET);
    close(late.fd);
    pthread_mutex_lock(&gate.lock);
    gate.released = true;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
    a = peer_hears(&p);
    ck_assert_uint_eq(a.status, 200);
    ck_assert_str_eq(a.body, "at last");
    ck_assert(str_eq(answer_header(&a, "Connection"), STR("close")));
    ck_assert(peer_is_closed(&p));
    free(a.body);
    peer_close(&p);
    pthread_join(stopper, NULL);
    ck_assert_str_eq(atomic_load(&done_pattern), "/slow");
}
END_TEST

START_TEST(the_grace_of_stopping_is_bounded)
{
    struct http_server *s = start(&options);
    struct peer p = peer_open(http_port(s));
    struct answer a;
    int64_t began;

    /* The 100 tells that the request is in flight; its body never comes. */
    a = ask(&p,
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    ck_assert_uint_eq(a.status, 100);
    free(a.body);
    began = clock_mono();
    http_stop(s, USEC_PER_SEC / 10);
    ck_assert(clock_mono() - began < 10 * USEC_PER_SEC);
    ck_assert(peer_is_closed(&p));
    ck_assert_uint_eq(atomic_load(&done_status), HTTP_STATUS_GONE);
    peer_close(&p);
}
END_TEST

UNIT_MAIN("http/server", requests_on_one_connection, one_thread_is_enough, codings_and_validators,
          the_table_of_methods, problems_are_json_whatever_they_quote, files, below_a_base_path,
          pages_for_errors, a_unix_socket, addresses_that_are_none, many_at_once,
          limit_of_connections_per_address, limit_of_connections, stopping_under_load,
          stopping_waits_for_what_is_in_flight, the_grace_of_stopping_is_bounded)
