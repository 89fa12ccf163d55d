/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
/* The rules of an upload, over real sockets, with neither PostgreSQL nor Redis: what is answered,
 * and that a refusal leaves nothing. */
#include "ingestd/intake.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>

#include <zstd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/io.h"
#include "common/report/record.h"
#include "ingestd/counters.h"
#include "ingestd/ingest.h"
#include "ingestd/modules.h"
#include "tests/unit/http_peer.h"

#define TOKEN      "corral_ingest_00112233445566778899"
#define READ_TOKEN "corral_read_00112233445566778899"
#define CORE_MAX   100000
#define CORE_BYTES 20000
#define ID         "01a1fd49-499d-7efe-94a3-d1ea00331216"
#define META                                                                                       \
    "{\"crash_id\":\"" ID "\",\"hostname\":\"web1\",\"modules\":["                                 \
    "{\"path\":\"/b\",\"build_id\":\"bbbb\",\"start\":\"0x3000\",\"end\":\"0x4000\"},"             \
    "{\"path\":\"/a\",\"build_id\":\"aaaa\",\"start\":\"0x1000\",\"end\":\"0x2000\"},"             \
    "{\"path\":\"/a2\",\"build_id\":\"aaaa\",\"start\":\"0x5000\",\"end\":\"0x6000\"}]"
#define BOUNDARY "----boundary"

static const struct route routes[] = {
    {"POST", ROUTE_CRASHES, .sink = &intake_sink, .tag = SCOPE_INGEST},
    {"POST", ROUTE_UPLOAD, .sink = &intake_sink, .tag = SCOPE_INGEST},
};

static struct ingest in;
static struct ingest_conf conf;
static char root[64];
static unsigned port;
static struct buf core, other_core, zstd_core;

/* --- The daemon, without its main --- */

static void write_tokens(void)
{
    struct tokens *t = tokens_new();
    _cleanup_buf_ struct buf b;
    char digest[SHA256_TEXT_SIZE], path[96];

    buf_init(&b, TOKENS_JSON_MAX);
    sha256_text(TOKEN, strlen(TOKEN), digest);
    ck_assert_int_eq(tokens_add(t, "7", "ingest", digest, 0), 0);
    sha256_text(READ_TOKEN, strlen(READ_TOKEN), digest);
    ck_assert_int_eq(tokens_add(t, "8", "read", digest, 0), 0);
    tokens_seal(t);
    tokens_format(t, &b);
    snprintf(path, sizeof(path), "%s/tokens.json", root);
    ck_assert_int_eq(io_publish(AT_FDCWD, path, b.data, b.len, 0600), 0);
    tokens_free(t);
}

static void make_cores(void)
{
    Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
    };
    char packed[2 * CORE_BYTES];
    size_t n;

    buf_init(&core, CORE_BYTES);
    buf_init(&other_core, CORE_BYTES);
    buf_init(&zstd_core, 2 * CORE_BYTES);
    buf_add(&core, &header, sizeof(header));
    while (core.len < CORE_BYTES)
        buf_addc(&core, (char)(core.len * 7));
    buf_add(&other_core, core.data, CORE_BYTES - 1);
    n = ZSTD_compress(packed, sizeof(packed), core.data, core.len, 3);
    ck_assert(!ZSTD_isError(n));
    buf_add(&zstd_core, packed, n);
}

static void begin(void)
{
    conf = (struct ingest_conf){0};
    conf_defaults(ingest_conf_keys, INGEST_CONF_KEYS, &conf);
    strcpy(root, "/tmp/corral-unit.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    free(conf.data);
    free(conf.listen);
    free(conf.redis);
    free(conf.database);
    free(conf.dashboard_url);
    conf.data = strdup(root);
    conf.listen = strdup("127.0.0.1:0");
    conf.redis = strdup("unix:/nonexistent/redis");
    conf.database = strdup("host=/nonexistent");
    conf.dashboard_url = strdup("https://corral.example");
    conf.core_max = CORE_MAX;
    conf.free_min = 1;
    conf.threads = 2;
    /* libmicrohttpd sometimes learns of a cut connection only by its silence. */
    conf.idle_timeout = 2 * USEC_PER_SEC;
    ck_assert_ptr_null(ingest_conf_check(&conf));
    write_tokens();
    make_cores();
    ck_assert_int_eq(ingest_start(&in, &conf, routes, ARRAY_SIZE(routes)), 0);
    port = http_port(in.server);
}

static void end(void)
{
    ingest_stop(&in);
    conf_fini(ingest_conf_keys, INGEST_CONF_KEYS, &conf);
    buf_fini(&core);
    buf_fini(&other_core);
    buf_fini(&zstd_core);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, root), 0);
}

static unsigned count_files(const char *folder)
{
    char path[96];
    _cleanup_dir_ DIR *dir = NULL;
    unsigned n = 0;

    snprintf(path, sizeof(path), "%s/%s", root, folder);
    dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    return n;
}

/* --- Uploads --- */

struct part {
    const char *name;
    const char *text; /* or: */
    const struct buf *bytes;
};

#define PARTS_MAX 6

static void add_parts(struct buf *b, const struct part *parts)
{
    for (size_t i = 0; i < PARTS_MAX && parts[i].name; i++) {
        buf_printf(b, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n",
                   parts[i].name);
        if (parts[i].bytes)
            buf_add(b, parts[i].bytes->data, parts[i].bytes->len);
        else
            buf_adds(b, parts[i].text);
        buf_adds(b, "\r\n");
    }
}

static struct answer send_body(const char *path, const char *token, const char *type,
                               const struct buf *body)
{
    struct peer p = peer_open(port);
    struct answer a;
    char head[512];

    snprintf(head, sizeof(head),
             "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n"
             "Content-Length: %zu\r\n\r\n",
             path, token, type, body->len);
    peer_send(&p, head, strlen(head));
    peer_send(&p, body->data, body->len);
    a = peer_hears(&p);
    peer_close(&p);
    return a;
}

static struct answer post_to(const char *path, const struct part *parts)
{
    _cleanup_buf_ struct buf body;

    buf_init(&body, 64u << 20);
    add_parts(&body, parts);
    buf_adds(&body, "--" BOUNDARY "--\r\n");
    return send_body(path, TOKEN, "multipart/form-data; boundary=" BOUNDARY, &body);
}

#define POST(...) post_to(ROUTE_CRASHES, (const struct part[PARTS_MAX]){__VA_ARGS__})

/* The answer is that one; gives the crash id that it names. */
static void check_taken(struct answer a, unsigned status, char ret_id[static UUID_TEXT_SIZE])
{
    const char *id = strstr(a.body, "\"crash_id\":\"");

    ck_assert_msg(a.status == status, "%u: %s", a.status, a.body);
    ck_assert_ptr_nonnull(id);
    ck_assert_ptr_nonnull(strstr(a.body, "\"want\":{\"modules\":["));
    memcpy(ret_id, id + strlen("\"crash_id\":\""), UUID_TEXT_SIZE - 1);
    ret_id[UUID_TEXT_SIZE - 1] = '\0';
    ck_assert(blob_pending_has(in.store, ret_id));
    free(a.body);
}

static void check_refused(struct answer a, const char *what, unsigned status, const char *word)
{
    struct str type = answer_header(&a, "Content-Type");

    ck_assert_msg(a.status == status, "%s: %u %s", what, a.status, a.body);
    ck_assert_msg(str_eq(type, STR("application/problem+json")), "%s", what);
    ck_assert_msg(strstr(a.body, word) != NULL, "%s: %s", what, a.body);
    free(a.body);
}

/* A refused upload's folder goes when the connection's request is completed, which is after the
 * answer. */
static void await_empty_tmp(void)
{
    while (count_files("tmp") > 0)
        clock_sleep(USEC_PER_MSEC);
}

static void read_record(const char *id, struct arena *a, struct crash_record *ret)
{
    _cleanup_buf_ struct buf b;

    buf_init(&b, 1u << 20);
    ck_assert_int_eq(blob_crash_read(in.store, id, "meta.json", &b), 0);
    ck_assert_int_eq(record_parse((struct str){b.data, b.len}, a, ret), 0);
}

static void check_core(const char *id, const struct buf *expected)
{
    _cleanup_buf_ struct buf b;
    char plain[2 * CORE_BYTES];
    size_t n;

    buf_init(&b, 1u << 20);
    ck_assert_int_eq(blob_crash_read(in.store, id, "core.zst", &b), 0);
    n = ZSTD_decompress(plain, sizeof(plain), b.data, b.len);
    ck_assert_uint_eq(n, expected->len);
    ck_assert_mem_eq(plain, expected->data, n);
}

START_TEST(takes_meta_and_core)
{
    _cleanup_arena_ struct arena a;
    struct crash_record record;
    struct answer answer;
    char id[UUID_TEXT_SIZE], digest[SHA256_TEXT_SIZE];

    begin();
    arena_init(&a, 0);
    answer = POST({"meta", META "}", NULL}, {"core", NULL, &core});
    ck_assert(str_eq(answer_header(&answer, "Location"), STR("https://corral.example/events/" ID)));
    ck_assert_str_eq(answer.body,
                     "{\"crash_id\":\"" ID
                     "\",\"want\":{\"modules\":[\"aaaa\",\"bbbb\"],\"core\":\"full\"}}\n");
    check_taken(answer, 202, id);
    check_core(ID, &core);
    read_record(ID, &a, &record);
    sha256_text(core.data, core.len, digest);
    ck_assert_str_eq(record.receipt.core_sha256, digest);
    ck_assert_uint_eq(record.receipt.core_received, core.len);
    ck_assert_str_eq(record.receipt.token_id, "7");
    ck_assert_str_eq(record.receipt.remote, "127.0.0.1");
    ck_assert_str_eq(record.meta.hostname, "web1");
    ck_assert_uint_eq(record.meta.n_modules, 3);
    await_empty_tmp();
    end();
}
END_TEST

START_TEST(takes_zstd)
{
    char id[UUID_TEXT_SIZE];

    begin();
    check_taken(POST({"meta", META ",\"encoding\":\"zstd\"}", NULL}, {"core", NULL, &zstd_core}),
                202, id);
    check_core(id, &core);
    end();
}
END_TEST

START_TEST(takes_plain_fields)
{
    _cleanup_arena_ struct arena a;
    struct crash_record record;
    char first[UUID_TEXT_SIZE], second[UUID_TEXT_SIZE];

    begin();
    arena_init(&a, 0);
    check_taken(POST({"executable", "/usr/bin/\"x\"", NULL}, {"signal", "SEGV", NULL},
                     {"tag.team", "a", NULL}, {"core", NULL, &core}),
                202, first);
    check_taken(post_to(ROUTE_UPLOAD, (const struct part[PARTS_MAX]){{"executable", "/bin/y", NULL},
                                                                     {"dump", NULL, &zstd_core}}),
                202, second);
    ck_assert_str_ne(first, second);
    check_core(first, &core);
    check_core(second, &core);
    read_record(first, &a, &record);
    ck_assert_str_eq(record.meta.executable, "/usr/bin/\"x\"");
    ck_assert_int_eq(record.meta.signal, 11);
    ck_assert_str_eq(record.meta.crash_id, first);
    read_record(second, &a, &record);
    ck_assert_int_eq(record.meta.encoding, CORE_ZSTD);
    end();
}
END_TEST

START_TEST(takes_a_crash_without_core_that_says_why)
{
    char id[UUID_TEXT_SIZE];

    begin();
    check_taken(POST({"meta", META ",\"core_problem\":\"the disk was full\"}", NULL}), 202, id);
    check_taken(POST({"meta", META ",\"core_problem\":\"the disk was full\"}", NULL}), 200, id);
    end();
}
END_TEST

START_TEST(same_id_again)
{
    char id[UUID_TEXT_SIZE];

    begin();
    check_taken(POST({"meta", META "}", NULL}, {"core", NULL, &core}), 202, id);
    check_taken(POST({"meta", META "}", NULL}, {"core", NULL, &core}), 200, id);
    check_refused(POST({"meta", META "}", NULL}, {"core", NULL, &other_core}), "other bytes", 409,
                  ID);
    check_refused(POST({"meta", META ",\"core_problem\":\"none\"}", NULL}), "none now", 409, ID);
    check_core(ID, &core);
    await_empty_tmp();
    ck_assert_uint_eq(count_files("pending"), 1);
    ck_assert_int_eq(metrics_get(in.metrics, COUNTER_UPLOADS_ACCEPTED), 1);
    ck_assert_int_eq(metrics_get(in.metrics, COUNTER_UPLOADS_REPEATED), 1);
    end();
}
END_TEST

START_TEST(refusals)
{
    static struct buf large;
    static const struct {
        const char *what;
        unsigned status;
        const char *word; /* that the detail has */
        struct part parts[PARTS_MAX];
    } cases[] = {
        {"nothing at all", 400, "no metadata", {{NULL, NULL, NULL}}},
        {"core alone", 400, "without metadata", {{"core", NULL, &core}}},
        {"meta after core",
         400,
         "without metadata",
         {{"core", NULL, &core}, {"meta", META "}", NULL}}},
        {"field after core",
         400,
         "after the core",
         {{"pid", "1", NULL}, {"core", NULL, &core}, {"signal", "11", NULL}}},
        {"meta after all",
         400,
         "after the core",
         {{"meta", META "}", NULL}, {"core", NULL, &core}, {"meta", META "}", NULL}}},
        {"meta twice",
         400,
         "twice",
         {{"meta", META "}", NULL}, {"meta", META "}", NULL}, {"core", NULL, &core}}},
        {"meta and fields",
         400,
         "beside",
         {{"meta", META "}", NULL}, {"pid", "1", NULL}, {"core", NULL, &core}}},
        {"fields and meta",
         400,
         "twice",
         {{"pid", "1", NULL}, {"meta", META "}", NULL}, {"core", NULL, &core}}},
        {"two cores",
         400,
         "second core",
         {{"pid", "1", NULL}, {"core", NULL, &core}, {"dump", NULL, &core}}},
        {"no core", 400, "no part core", {{"meta", META "}", NULL}}},
        {"no core with fields", 400, "no part core", {{"executable", "/bin/x", NULL}}},
        {"no JSON", 400, "meta", {{"meta", META, NULL}, {"core", NULL, &core}}},
        {"empty meta", 400, "meta", {{"meta", "", NULL}, {"core", NULL, &core}}},
        {"no crash id", 422, "crash_id", {{"meta", "{}", NULL}, {"core", NULL, &core}}},
        {"crash id of version 4",
         422,
         "crash_id",
         {{"crash_id", "01a1fd49-499d-4efe-94a3-d1ea00331216", NULL}, {"core", NULL, &core}}},
        {"crash id of the year 10889",
         422,
         "9999",
         {{"crash_id", "ffffffff-ffff-7efe-94a3-d1ea00331216", NULL}, {"core", NULL, &core}}},
        {"crash id that is a path",
         422,
         "crash_id",
         {{"crash_id", "../../../../../../tmp/x", NULL}, {"core", NULL, &core}}},
        {"unknown field", 400, "colour", {{"colour", "red", NULL}, {"core", NULL, &core}}},
        {"field out of bounds", 422, "pid", {{"pid", "-1", NULL}, {"core", NULL, &core}}},
        {"no ELF", 415, "ELF core", {{"pid", "1", NULL}, {"core", "#!/bin/sh", NULL}}},
        {"empty core", 415, "ELF core", {{"pid", "1", NULL}, {"core", "", NULL}}},
        {"says zstd and is not",
         415,
         "encoding",
         {{"meta", META ",\"encoding\":\"zstd\"}", NULL}, {"core", NULL, &core}}},
        {"is zstd and does not say",
         415,
         "encoding",
         {{"meta", META "}", NULL}, {"core", NULL, &zstd_core}}},
        {"core too large", 413, "core_max", {{"pid", "1", NULL}, {"core", NULL, &large}}},
    };

    begin();
    buf_init(&large, CORE_MAX + 1);
    buf_add(&large, core.data, core.len);
    while (large.len <= CORE_MAX)
        buf_addc(&large, 'x');
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        check_refused(post_to(ROUTE_CRASHES, cases[i].parts), cases[i].what, cases[i].status,
                      cases[i].word);
        await_empty_tmp();
        ck_assert_msg(count_files("crashes") + count_files("pending") == 0, "%s", cases[i].what);
    }
    buf_fini(&large);
    end();
}
END_TEST

/* What is wrong around the parts. */
START_TEST(refusals_of_the_body)
{
    _cleanup_buf_ struct buf body;

    begin();
    buf_init(&body, 64u << 20);
    add_parts(&body, (const struct part[PARTS_MAX]){{"pid", "1", NULL}, {"core", NULL, &core}});
    check_refused(send_body(ROUTE_CRASHES, TOKEN, "multipart/form-data; boundary=" BOUNDARY, &body),
                  "no end", 400, "cut off");
    check_refused(send_body(ROUTE_CRASHES, TOKEN, "multipart/form-data", &body), "no boundary", 415,
                  "multipart");
    check_refused(send_body(ROUTE_CRASHES, TOKEN, "application/json", &body), "JSON", 415,
                  "multipart");
    check_refused(send_body(ROUTE_CRASHES, READ_TOKEN, "application/json", &body), "wrong scope",
                  403, "scope");
    check_refused(send_body(ROUTE_CRASHES, "corral_ingest_x", "application/json", &body),
                  "unknown token", 401, "Bearer");
    buf_adds(&body, "--" BOUNDARY "--\r\n");
    check_refused(send_body(ROUTE_CRASHES, TOKEN, "multipart/form-data; boundary=another", &body),
                  "other boundary", 400, "");
    buf_clear(&body);
    buf_adds(&body, "--" BOUNDARY "\r\nno header\r\n\r\n\r\n--" BOUNDARY "--\r\n");
    check_refused(send_body(ROUTE_CRASHES, TOKEN, "multipart/form-data; boundary=" BOUNDARY, &body),
                  "no header", 400, "multipart");
    buf_clear(&body);
    for (size_t i = 0; i < 20u << 20; i++)
        buf_addc(&body, 'x');
    check_refused(send_body(ROUTE_CRASHES, TOKEN, "multipart/form-data; boundary=" BOUNDARY, &body),
                  "large", 413, "core_max");
    await_empty_tmp();
    ck_assert_uint_eq(count_files("crashes") + count_files("pending"), 0);
    end();
}
END_TEST

START_TEST(cut_connection_leaves_nothing)
{
    _cleanup_buf_ struct buf body;
    struct peer p;
    char head[256];

    begin();
    buf_init(&body, 1u << 20);
    add_parts(&body,
              (const struct part[PARTS_MAX]){{"meta", META "}", NULL}, {"core", NULL, &core}});
    snprintf(head, sizeof(head),
             "POST " ROUTE_CRASHES " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " TOKEN "\r\n"
             "Content-Type: multipart/form-data; boundary=" BOUNDARY
             "\r\nContent-Length: %zu\r\n\r\n",
             body.len + 100);
    p = peer_open(port);
    peer_says(&p, head);
    ck_assert(peer_send(&p, body.data, body.len));
    while (count_files("tmp") == 0)
        clock_sleep(USEC_PER_MSEC);
    peer_close(&p);
    await_empty_tmp();
    while (metrics_get(in.metrics, COUNTER_UPLOADS_CUT) == 0)
        clock_sleep(USEC_PER_MSEC);
    ck_assert_uint_eq(count_files("crashes") + count_files("pending"), 0);
    end();
}
END_TEST

START_TEST(full_disk_is_said_before_the_body)
{
    struct peer p;
    struct answer a;

    begin();
    conf.free_min = UINT64_MAX;
    p = peer_open(port);
    peer_says(&p, "POST " ROUTE_CRASHES " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " TOKEN
                  "\r\nExpect: 100-continue\r\n"
                  "Content-Type: multipart/form-data; boundary=" BOUNDARY
                  "\r\nContent-Length: 1000\r\n\r\n");
    a = peer_hears(&p);
    ck_assert(answer_header(&a, "Retry-After").p != NULL);
    check_refused(a, "full", 503, "full");
    peer_close(&p);
    end();
}
END_TEST

UNIT_MAIN("ingestd/intake", takes_meta_and_core, takes_zstd, takes_plain_fields,
          takes_a_crash_without_core_that_says_why, same_id_again, refusals, refusals_of_the_body,
          cut_connection_leaves_nothing, full_disk_is_said_before_the_body)
