/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/sender client/transport client/sidecar client/spool */
/* The sender's pure parts: complaints, words for trouble, the head of a stream, facts of a full
 * core, the verdict on a status. And full cores against a small server that says what it is told
 * to. */
#include "client/sender/full.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <curl/curl.h>

#include "client/sender/streamhead.h"
#include "client/spool/usage.h"
#include "client/transport/trouble.h"
#include "common/base/io.h"
#include "common/report/meta.h"
#include "tests/lib/unit.h"

#define HOUR (3600 * USEC_PER_SEC)

/* --- Pure parts --- */

START_TEST(a_complaint_is_said_when_it_begins_hourly_and_when_it_ends)
{
    struct complaint c = {0}, was = {0};

    ck_assert(!complaint_end(&c, &was));
    ck_assert(complaint_fail(&c, 5));
    for (int64_t now = 6; now < HOUR; now += HOUR / 100)
        ck_assert(!complaint_fail(&c, now));
    ck_assert(complaint_fail(&c, 5 + HOUR));
    ck_assert(!complaint_fail(&c, 6 + HOUR));
    ck_assert(complaint_end(&c, &was));
    ck_assert_uint_eq(was.times, 103);
    ck_assert_int_eq(was.since, 5);
    ck_assert(!complaint_end(&c, &was));
    ck_assert(complaint_fail(&c, 7 + HOUR));
}
END_TEST

static const char *words(int code, long verify, long proxy)
{
    static char text[256];
    const struct trouble t = {code, verify, proxy, "libcurl's\nwords"};

    trouble_say(&t, text, sizeof(text));
    ck_assert_ptr_null(strchr(text, '\n'));
    return text;
}

START_TEST(trouble_says_what_to_do)
{
    ck_assert_ptr_nonnull(strstr(words(CURLE_PEER_FAILED_VERIFICATION, 10, 0), "expired"));
    ck_assert_ptr_nonnull(strstr(words(CURLE_PEER_FAILED_VERIFICATION, 20, 0), "set ca_file"));
    ck_assert_ptr_nonnull(strstr(words(CURLE_PEER_FAILED_VERIFICATION, 1, 0), "another name"));
    ck_assert_ptr_nonnull(strstr(words(CURLE_PEER_FAILED_VERIFICATION, 99, 0), "can't be trusted"));
    ck_assert_ptr_nonnull(strstr(words(CURLE_RECV_ERROR, 0, 407), "password"));
    ck_assert_ptr_nonnull(strstr(words(CURLE_RECV_ERROR, 0, 403), "status 403"));
    ck_assert_str_eq(words(CURLE_RECV_ERROR, 0, 200), "libcurl's words");
}
END_TEST

START_TEST(the_head_of_a_stream)
{
    size_t line = 0, meta = 0;

    ck_assert_int_eq(streamhead_parse(STR("META 12\n{\"a\""), &line, &meta), 0);
    ck_assert_uint_eq(line, 8);
    ck_assert_uint_eq(meta, 12);
    ck_assert_int_eq(streamhead_parse(STR(""), &line, &meta), STREAMHEAD_MORE);
    ck_assert_int_eq(streamhead_parse(STR("META 12"), &line, &meta), STREAMHEAD_MORE);
    ck_assert_int_eq(streamhead_parse(STR("META 0\n"), &line, &meta), STREAMHEAD_MALFORMED);
    ck_assert_int_eq(streamhead_parse(STR("META -1\n"), &line, &meta), STREAMHEAD_MALFORMED);
    ck_assert_int_eq(streamhead_parse(STR("META 4194304\n"), &line, &meta), 0);
    ck_assert_int_eq(streamhead_parse(STR("META 4194305\n"), &line, &meta), STREAMHEAD_MALFORMED);
    ck_assert_int_eq(streamhead_parse(STR("meta 12\n"), &line, &meta), STREAMHEAD_MALFORMED);
    ck_assert_int_eq(streamhead_parse(STR("META 000000000000000012\n"), &line, &meta),
                     STREAMHEAD_MALFORMED);
}
END_TEST

START_TEST(facts_are_headers)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct facts f =
        facts_parse(STR("{\"core_bytes\":7,\"core_expected\":9,\"core_truncated\":true,"
                        "\"core_problem\":\"a\\r\\nX: y\"}"),
                    &a);
    const char *lines[FACTS_HEADERS_MAX];

    facts_headers(&f, &a, lines);
    ck_assert_str_eq(lines[0], "Corral-Core-Bytes: 7");
    ck_assert_str_eq(lines[1], "Corral-Core-Expected: 9");
    ck_assert_str_eq(lines[2], "Corral-Core-Problem: a??X: y");
    ck_assert_ptr_null(lines[3]);
    f = facts_parse(STR("{\"core_truncated\":false}"), &a);
    facts_headers(&f, &a, lines);
    ck_assert_ptr_null(lines[0]);
    ck_assert_ptr_nonnull(facts_parse(STR("{\"core_truncated\":true}"), &a).core_problem);
    ck_assert_ptr_nonnull(facts_parse(STR("nonsense"), &a).core_problem);
    ck_assert_ptr_nonnull(facts_of_dead_handler().core_problem);
}
END_TEST

START_TEST(verdicts)
{
    ck_assert_int_eq(upload_judge(204), UPLOAD_DONE);
    ck_assert_int_eq(upload_judge(307), UPLOAD_UNAVAILABLE);
    ck_assert_int_eq(upload_judge(404), UPLOAD_FAILED);
    ck_assert_int_eq(upload_judge(407), UPLOAD_UNAVAILABLE);
    ck_assert_int_eq(upload_judge(422), UPLOAD_REFUSED);
    ck_assert_int_eq(answer_offset(STR("12")), 12);
    ck_assert_int_eq(answer_offset(STR("-1")), -1);
    ck_assert_int_eq(answer_offset(STR("1e3")), -1);
    ck_assert_int_eq(answer_offset(STR("99999999999999999999")), -1);
    ck_assert_int_eq(answer_offset((struct str){0}), -1);
}
END_TEST

/* --- The world of a full core --- */

static char folder[] = "/tmp/corral-unit.XXXXXX";
static struct spool spool;

/* Answers each request with the next of these heads; keeps how the requests began. */
static struct server {
    int listener;
    unsigned short port;
    pthread_t thread;
    const char *answers[16];
    char requests[16][512];
    size_t bodies[16];
    size_t n;
} server;

static size_t content_length(const char *head)
{
    const char *p = strcasestr(head, "content-length: ");

    return p ? strtoul(p + 16, NULL, 10) : 0;
}

/* One request: its head, then as many bytes as it says. */
static void take_request(int fd, size_t i)
{
    static char sink[65536];
    char *head = server.requests[i], *end = NULL;
    size_t n = 0, left;

    while (!end && n + 1 < sizeof(server.requests[i]) && read(fd, head + n, 1) == 1) {
        head[++n] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    if (strstr(head, "Expect: 100-continue"))
        (void)!write(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    for (left = content_length(head); left > 0;) {
        ssize_t got = read(fd, sink, left < sizeof(sink) ? left : sizeof(sink));

        if (got <= 0)
            break;
        server.bodies[i] += (size_t)got;
        left -= (size_t)got;
    }
}

static void *serve(void *arg)
{
    (void)arg;
    for (size_t i = 0; server.answers[i]; i++) {
        int fd = accept(server.listener, NULL, NULL);
        char text[512];

        take_request(fd, i);
        server.n = i + 1;
        snprintf(text, sizeof(text), "HTTP/1.1 %s\r\nConnection: close\r\n%s\r\n",
                 server.answers[i],
                 strstr(server.answers[i], "204") ? "" : "Content-Length: 0\r\n");
        (void)!write(fd, text, strlen(text));
        close(fd);
    }
    return NULL;
}

static void start_server(const char *const *answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);

    memset(&server, 0, sizeof(server));
    for (size_t i = 0; answers[i]; i++)
        server.answers[i] = answers[i];
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(server.listener, 8), 0);
    ck_assert_int_eq(getsockname(server.listener, (struct sockaddr *)&address, &n), 0);
    server.port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void stop_server(void)
{
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.listener);
}

/* An acknowledged crash with a full core of that size; returns the descriptor that has its lock. */
static int add_full(char id[static UUID_TEXT_SIZE], size_t size, struct entry *ret)
{
    _cleanup_free_ char *bytes = calloc(1, size + 1);
    struct draft d;
    int full;

    uuid_new(id);
    ck_assert_int_eq(draft_begin(&spool, id, &d), 0);
    ck_assert_int_eq(draft_create_full(&d, &full), 0);
    ck_assert_int_eq(io_write(full, bytes, size), 0);
    ck_assert_int_eq(draft_publish_open(&d, -1, STR("{}"), ret), 0);
    ck_assert(!entry_has_full(&spool, id));
    ck_assert_int_eq(entry_acknowledge(ret, STR("")), 0);
    ck_assert(entry_has_full(&spool, id));
    return full;
}

static int visit(const char *id, struct full_visit *ret)
{
    static struct arena a;
    char url[64];
    struct settings settings = {0};
    struct connection_options options = {
        .server = url, .user_agent = "unit", .token = "", .timeout = 5 * USEC_PER_SEC};
    _cleanup_connection_ struct connection *c = NULL;
    struct complaint complaints[UPLOAD_VERDICTS] = {0};
    struct shipper s = {.settings = &settings, .spool = &spool, .complaints = complaints};

    snprintf(url, sizeof(url), "http://127.0.0.1:%u", server.port);
    c = connection_new(&options);
    s.connection = c;
    return full_send(&s, id, NULL, NULL, &a, ret);
}

static void setup_world(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(spool_open(folder, &spool), 0);
}

static void remove_world(void)
{
    spool_close(&spool);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, folder), 0);
}

#define HAS(bytes, complete) "200 OK\r\nUpload-Offset: " bytes "\r\nUpload-Complete: " complete
#define TOOK(bytes, complete)                                                                      \
    "204 No Content\r\nUpload-Offset: " bytes "\r\nUpload-Complete: " complete

START_TEST(a_full_core_goes_on_where_the_server_says)
{
    static const char *const answers[] = {HAS("4000000", "?0"), TOOK("5000000", "?1"), NULL};
    struct full_visit v;
    struct entry e;
    char id[UUID_TEXT_SIZE];
    int full;

    setup_world();
    start_server(answers);
    full = add_full(id, 5000000, &e);
    ck_assert_int_eq(entry_finish_full(&e, full, STR("{\"core_bytes\":9,\"core_problem\":\"p\"}")),
                     0);
    close(full);
    ck_assert_int_eq(visit(id, &v), 0);
    stop_server();
    ck_assert_int_eq(v.upload.verdict, UPLOAD_DONE);
    ck_assert_ptr_null(v.lost);
    ck_assert_ptr_nonnull(strstr(server.requests[0], "HEAD /api/v1/crashes/"));
    ck_assert_ptr_nonnull(strstr(server.requests[1], "Upload-Offset: 4000000\r\n"));
    ck_assert_ptr_nonnull(strstr(server.requests[1], "Upload-Complete: ?1\r\n"));
    ck_assert_ptr_nonnull(strstr(server.requests[1], "Corral-Core-Problem: p\r\n"));
    ck_assert_uint_eq(server.bodies[1], 1000000);
    ck_assert(!entry_has_full(&spool, id));
    entry_close(&e);
    remove_world();
}
END_TEST

START_TEST(a_server_that_has_another_number_is_believed)
{
    static const char *const answers[] = {
        HAS("0", "?0"), "409 Conflict\r\nUpload-Offset: 600000\r\nUpload-Complete: ?0",
        TOOK("700000", "?1"), NULL};
    struct full_visit v;
    struct entry e;
    char id[UUID_TEXT_SIZE];

    setup_world();
    start_server(answers);
    close(add_full(id, 700000, &e)); /* the handler is dead */
    ck_assert_int_eq(visit(id, &v), 0);
    stop_server();
    ck_assert_int_eq(v.upload.verdict, UPLOAD_DONE);
    ck_assert_uint_eq(server.bodies[2], 100000);
    ck_assert_ptr_nonnull(strstr(server.requests[2], "Corral-Core-Problem: the handler ended"));
    entry_close(&e);
    remove_world();
}
END_TEST

START_TEST(one_that_grows_is_not_complete)
{
    static const char *const answers[] = {HAS("0", "?0"), TOOK("1048576", "?0"),
                                          TOOK("2097152", "?0"), NULL};
    struct full_visit v;
    struct entry e;
    char id[UUID_TEXT_SIZE];
    int full;

    setup_world();
    start_server(answers);
    full = add_full(id, 2100000, &e);
    ck_assert_int_eq(visit(id, &v), FULL_GROWS);
    stop_server();
    ck_assert_uint_eq(server.n, 3);
    ck_assert_ptr_nonnull(strstr(server.requests[2], "Upload-Complete: ?0\r\n"));
    ck_assert(entry_has_full(&spool, id));
    close(full);
    entry_close(&e);
    remove_world();
}
END_TEST

START_TEST(a_server_that_never_moves_is_no_endless_loop)
{
    static const char *const answers[] = {HAS("0", "?0"), TOOK("0", "?0"), TOOK("0", "?0"), NULL};
    struct full_visit v;
    struct entry e;
    char id[UUID_TEXT_SIZE];

    setup_world();
    start_server(answers);
    close(add_full(id, 700000, &e));
    ck_assert_int_eq(visit(id, &v), 0);
    stop_server();
    ck_assert_int_eq(v.upload.verdict, UPLOAD_FAILED);
    ck_assert(entry_has_full(&spool, id));
    entry_close(&e);
    remove_world();
}
END_TEST

START_TEST(one_that_is_refused_or_not_known_is_given_up)
{
    static const char *const lost[] = {"404 Not Found\r\nContent-Type: text/html", NULL};
    static const char *const unknown[] = {"404 Not Found\r\nContent-Type: application/problem+json",
                                          NULL};
    struct full_visit v;
    struct entry e;
    char id[UUID_TEXT_SIZE];

    setup_world();
    start_server(lost); /* a proxy that does not find the server */
    close(add_full(id, 700000, &e));
    ck_assert_int_eq(visit(id, &v), 0);
    stop_server();
    ck_assert_int_eq(v.upload.verdict, UPLOAD_FAILED);
    ck_assert(entry_has_full(&spool, id));
    start_server(unknown);
    ck_assert_int_eq(visit(id, &v), 0);
    stop_server();
    ck_assert_int_eq(v.upload.verdict, UPLOAD_REFUSED);
    ck_assert_ptr_nonnull(v.lost);
    ck_assert(!entry_has_full(&spool, id));
    entry_close(&e);
    remove_world();
}
END_TEST

START_TEST(a_full_core_that_was_given_up_is_told_to_its_handler)
{
    struct entry e, again;
    char id[UUID_TEXT_SIZE];
    int full;

    setup_world();
    full = add_full(id, 1000, &e);
    ck_assert_int_eq(entry_open(&spool, id, &again), 0);
    ck_assert_int_eq(entry_drop_full(&again), 0);
    ck_assert_int_eq(entry_finish_full(&e, full, STR("{}")), ENTRY_NONE);
    close(full);
    entry_close(&e);
    entry_close(&again);
    remove_world();
}
END_TEST

START_TEST(usage_is_a_number_that_survives_what_is_planted)
{
    setup_world();
    ck_assert_uint_eq(usage_read(&spool), 0);
    usage_add(&spool, 1);
    usage_add(&spool, 4097);
    ck_assert_uint_eq(usage_read(&spool), 4096 + 8192);
    usage_set(&spool, 5);
    ck_assert_uint_eq(usage_read(&spool), 5);
    ck_assert_int_eq(unlinkat(spool.dir, "usage", 0), 0);
    ck_assert_int_eq(mkfifoat(spool.dir, "usage", 0600), 0);
    usage_add(&spool, 1);
    ck_assert_uint_eq(usage_read(&spool), 0);
    ck_assert_int_eq(unlinkat(spool.dir, "usage", 0), 0);
    ck_assert_int_eq(io_replace(spool.dir, "usage", "18446744073709551615", 20, 0600), 0);
    ck_assert_uint_eq(usage_read(&spool), 0);
    remove_world();
}
END_TEST

START_TEST(limits_of_one_file)
{
    struct settings s = {.spool_max = 1000000, .spool_share = 50, .keep_free = 0};
    _cleanup_fd_ int fd = -1;

    setup_world();
    usage_limit(&spool, &s);
    fd = openat(spool.dir, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_uint_eq(spool_room(fd), 500000);
    ck_assert_int_eq(ftruncate(fd, 100000), 0);
    ck_assert_uint_eq(spool_room(fd), 400000);
    ck_assert_int_eq(ftruncate(fd, 900000), 0);
    ck_assert_uint_eq(spool_room(fd), 0);
    usage_set(&spool, 999000);
    usage_limit(&spool, &s);
    ck_assert_uint_eq(spool_room(spool.dir), 1000);
    ck_assert_uint_eq(usage_target(&s), 750000);
    spool_set_limits(SPOOL_KEEP_FREE, UINT64_MAX);
    remove_world();
}
END_TEST

UNIT_MAIN("client/sender", a_complaint_is_said_when_it_begins_hourly_and_when_it_ends,
          trouble_says_what_to_do, the_head_of_a_stream, facts_are_headers, verdicts,
          a_full_core_goes_on_where_the_server_says, a_server_that_has_another_number_is_believed,
          one_that_grows_is_not_complete, a_server_that_never_moves_is_no_endless_loop,
          one_that_is_refused_or_not_known_is_given_up,
          a_full_core_that_was_given_up_is_told_to_its_handler,
          usage_is_a_number_that_survives_what_is_planted, limits_of_one_file)
