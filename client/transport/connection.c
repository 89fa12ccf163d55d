/* SPDX-License-Identifier: Apache-2.0 */
#include "client/transport/connection.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <curl/curl.h>

#include "client/transport/answer.h"
#include "client/transport/source.h"
#include "client/transport/token.h"
#include "client/transport/trouble.h"
#include "common/base/clock.h"
#include "common/base/io.h"

#define CONNECT_SECONDS   10L
#define PATH_BYTES_MAX    4096
#define RETRY_SECONDS_MAX ((int64_t)86400) /* callers have lower limits of their own */

struct connection {
    struct connection_options options;
    CURL *curl;
    char error[CURL_ERROR_SIZE];
    uint64_t sent;   /* bytes of bodies */
    int64_t free_at; /* monotonic: when what was sent is within the bandwidth */
};

static void curl_ready(void)
{
    static bool ready;

    if (!ready && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    ready = true;
}

struct connection_options connection_options(const struct settings *s, const char *user_agent)
{
    return (struct connection_options){
        .server = s->server,
        .user_agent = user_agent,
        .token_file = s->token_file,
        .ca_file = s->ca_file,
        .client_cert = s->client_cert,
        .client_key = s->client_key,
        .proxy = s->proxy,
        .bandwidth = s->bandwidth,
        .timeout = s->timeout,
    };
}

struct connection *connection_new(const struct connection_options *options)
{
    struct connection *c = calloc(1, sizeof(*c));

    curl_ready();
    if (!c || !(c->curl = curl_easy_init()))
        abort();
    c->options = *options;
    return c;
}

void connection_free(struct connection *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->curl);
    free(c);
}

void reply_fini(struct reply *r)
{
    buf_fini(&r->body);
}

/* --- Callbacks of libcurl --- */

/* Taking fewer bytes than offered ends the transfer. */
static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct reply *r = arg;

    buf_add(&r->body, data, size * n);
    return buf_error(&r->body) ? 0 : size * n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t d, curl_off_t e)
{
    const struct connection *c = arg;

    (void)a, (void)b, (void)d, (void)e;
    return c->options.cancelled && c->options.cancelled(c->options.arg);
}

/* --- One request --- */

static int add_token(const struct connection *c, struct curl_slist **headers, struct reply *ret)
{
    char token[TOKEN_MAX], header[TOKEN_MAX + 32];
    int r =
        token_get(c->options.token, c->options.token_file, token, ret->error, sizeof(ret->error));

    if (r != 0)
        return r == TOKEN_NONE ? 0 : CONNECTION_NO_TOKEN;
    snprintf(header, sizeof(header), "Authorization: Bearer %s", token);
    *headers = curl_slist_append(*headers, header);
    return 0;
}

static void set_url(struct connection *c, const char *path)
{
    const char *server = c->options.server;
    char url[2 * PATH_BYTES_MAX];
    size_t n = strlen(server);

    while (n > 0 && server[n - 1] == '/')
        n--;
    snprintf(url, sizeof(url), "%.*s%s", (int)n, server, path);
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
}

static void set_limits(struct connection *c)
{
    int64_t seconds = c->options.timeout / USEC_PER_SEC;

    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)(seconds > 0 ? seconds : 1));
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (c->options.bandwidth > 0)
        curl_easy_setopt(c->curl, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)c->options.bandwidth);
}

/* ca_file replaces the system's authorities, those in its folder as well. A proxy of ours is used
 * whatever $no_proxy says; the token is for the server, never for the proxy. */
static void set_way(struct connection *c)
{
    const struct connection_options *o = &c->options;

    if (!cstr_empty(o->ca_file)) {
        curl_easy_setopt(c->curl, CURLOPT_CAINFO, o->ca_file);
        curl_easy_setopt(c->curl, CURLOPT_CAPATH, NULL);
    }
    if (!cstr_empty(o->client_cert)) {
        curl_easy_setopt(c->curl, CURLOPT_SSLCERT, o->client_cert);
        curl_easy_setopt(c->curl, CURLOPT_SSLKEY,
                         cstr_empty(o->client_key) ? o->client_cert : o->client_key);
    }
    if (!cstr_empty(o->proxy)) {
        curl_easy_setopt(c->curl, CURLOPT_PROXY, o->proxy);
        curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "");
    }
    curl_easy_setopt(c->curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
}

/* All options anew: what one request sets is nothing to the next. The connection itself survives
 * (curl_easy_reset(3)). */
static void prepare(struct connection *c, const char *path, struct reply *ret)
{
    buf_clear(&ret->body);
    ret->status = 0;
    ret->retry_after = 0;
    ret->upload_offset = -1;
    ret->upload_complete = false;
    ret->problem = false;
    ret->error[0] = '\0';
    c->error[0] = '\0';
    curl_easy_reset(c->curl);
    set_url(c, path);
    set_limits(c);
    set_way(c);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_USERAGENT, c->options.user_agent);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, ret);
    curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
}

static void explain(struct connection *c, CURLcode code, struct reply *ret)
{
    struct trouble t = {.code = (int)code,
                        .detail = c->error[0] ? c->error : curl_easy_strerror(code)};

    curl_easy_getinfo(c->curl, CURLINFO_SSL_VERIFYRESULT, &t.verify);
    curl_easy_getinfo(c->curl, CURLINFO_HTTP_CONNECTCODE, &t.proxy_status);
    trouble_say(&t, ret->error, sizeof(ret->error));
}

static struct str header_of(struct connection *c, const char *name)
{
    struct curl_header *h;

    if (curl_easy_header(c->curl, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
        return (struct str){0};
    return str_from(h->value);
}

/* A server that refuses an upload early may close before it has read all: then the sending fails,
 * but the answer is there. */
static int judge(struct connection *c, CURLcode code, struct reply *ret)
{
    curl_off_t seconds = 0;
    long status = 0;

    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &seconds);
    if (code != CURLE_OK && status < 400) {
        explain(c, code, ret);
        return CONNECTION_FAILED;
    }
    ret->status = status;
    ret->retry_after = seconds < RETRY_SECONDS_MAX ? (int64_t)seconds * USEC_PER_SEC
                                                   : RETRY_SECONDS_MAX * USEC_PER_SEC;
    ret->problem = str_starts(header_of(c, "Content-Type"), STR("application/problem+json"));
    ret->upload_offset = answer_offset(header_of(c, "Upload-Offset"));
    ret->upload_complete = str_eq(header_of(c, "Upload-Complete"), STR("?1"));
    return 0;
}

/* libcurl slows down a transfer, but each begins at full speed: many small ones would go beyond
 * the bandwidth. So the next one waits until the last ones are paid for. */
static void await_turn(const struct connection *c)
{
    int64_t left;

    while ((left = c->free_at - clock_mono()) > 0) {
        if (c->options.cancelled && c->options.cancelled(c->options.arg))
            break;
        clock_sleep(left < USEC_PER_SEC / 4 ? left : USEC_PER_SEC / 4);
    }
}

static void pay(struct connection *c, int64_t begun)
{
    curl_off_t sent = 0;
    long head = 0;

    curl_easy_getinfo(c->curl, CURLINFO_SIZE_UPLOAD_T, &sent);
    curl_easy_getinfo(c->curl, CURLINFO_REQUEST_SIZE, &head);
    c->sent += (uint64_t)sent;
    if (c->options.bandwidth > 0)
        c->free_at = begun + (int64_t)((double)(sent + head) * (double)USEC_PER_SEC /
                                       (double)c->options.bandwidth);
}

/* further: header lines, freed here. */
static int perform(struct connection *c, struct curl_slist *further, struct reply *ret)
{
    struct curl_slist *headers = further;
    int r = add_token(c, &headers, ret);

    if (r == 0) {
        int64_t begun;

        await_turn(c);
        begun = clock_mono();
        curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
        r = judge(c, curl_easy_perform(c->curl), ret);
        pay(c, begun);
    }
    curl_slist_free_all(headers);
    return r;
}

/* --- A body into a file --- */

struct download {
    struct connection *c;
    struct reply *reply;
    int fd;
    uint64_t left;
    int error; /* -errno of writing */
    bool too_large;
};

static size_t on_download(char *data, size_t size, size_t n, void *arg)
{
    struct download *d = arg;
    long status = 0;

    curl_easy_getinfo(d->c->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return on_body(data, size, n, d->reply);
    d->too_large = size * n > d->left;
    if (d->too_large)
        return 0;
    d->left -= size * n;
    d->error = io_write(d->fd, data, size * n);
    return d->error < 0 ? 0 : size * n;
}

int connection_download(struct connection *c, const char *path, int fd, uint64_t max,
                        struct reply *ret)
{
    struct download d = {.c = c, .reply = ret, .fd = fd, .left = max};
    int r;

    prepare(c, path, ret);
    curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_download);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &d);
    r = perform(c, NULL, ret);
    if (d.too_large)
        snprintf(ret->error, sizeof(ret->error), "it is larger than %" PRIu64 " bytes", max);
    return d.error < 0 ? d.error : r;
}

/* --- The requests --- */

int connection_post_form(struct connection *c, const char *path, struct str form, struct reply *ret)
{
    prepare(c, path, ret);
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE, (long)form.n);
    curl_easy_setopt(c->curl, CURLOPT_COPYPOSTFIELDS, form.n > 0 ? form.p : "");
    return perform(c, NULL, ret);
}

int connection_get(struct connection *c, const char *path, struct reply *ret)
{
    prepare(c, path, ret);
    curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
    return perform(c, NULL, ret);
}

int connection_head(struct connection *c, const char *path, struct reply *ret)
{
    prepare(c, path, ret);
    curl_easy_setopt(c->curl, CURLOPT_NOBODY, 1L);
    return perform(c, NULL, ret);
}

static int put(struct connection *c, const char *path, struct source *source, int64_t length,
               struct curl_slist *headers, struct reply *ret)
{
    prepare(c, path, ret);
    curl_easy_setopt(c->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)length);
    curl_easy_setopt(c->curl, CURLOPT_READFUNCTION, source_read);
    curl_easy_setopt(c->curl, CURLOPT_READDATA, source);
    curl_easy_setopt(c->curl, CURLOPT_SEEKFUNCTION, source_seek);
    curl_easy_setopt(c->curl, CURLOPT_SEEKDATA, source);
    return perform(c, headers, ret);
}

int connection_put_file(struct connection *c, const char *path, int fd, struct reply *ret)
{
    struct source source;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    source = source_range(fd, 0, (uint64_t)st.st_size);
    return put(c, path, &source, st.st_size, NULL, ret);
}

int connection_put_zstd(struct connection *c, const char *path, int fd, struct reply *ret)
{
    struct source source;
    struct stat st;
    int r;

    if (fstat(fd, &st) < 0)
        return -errno;
    source = source_zstd(fd, (uint64_t)st.st_size);
    r = put(c, path, &source, -1, curl_slist_append(NULL, "Content-Encoding: zstd"), ret);
    source_fini(&source);
    return r;
}

int connection_put_range(struct connection *c, const char *path, int fd, uint64_t begin,
                         uint64_t end, const char *const *headers, struct reply *ret)
{
    struct source source = source_range(fd, begin, end);
    struct curl_slist *list = NULL;

    for (; *headers; headers++)
        list = curl_slist_append(list, *headers);
    return put(c, path, &source, (int64_t)(end - begin), list, ret);
}

static void add_meta_part(curl_mime *mime, struct str meta)
{
    curl_mimepart *part = curl_mime_addpart(mime);

    curl_mime_name(part, "meta");
    curl_mime_type(part, "application/json");
    curl_mime_data(part, meta.p, meta.n);
}

static void add_core_part(curl_mime *mime, struct source *source, int64_t size)
{
    curl_mimepart *part = curl_mime_addpart(mime);

    curl_mime_name(part, "core");
    curl_mime_filename(part, "core");
    curl_mime_type(part, "application/octet-stream");
    curl_mime_data_cb(part, (curl_off_t)size, source_read, source_seek, NULL, source);
}

/* libcurl asks with Expect: 100-continue before it sends a large body, and goes on after a second
 * without an answer: a crash that is refused (no token, too large) costs no transfer. size is -1
 * for a source of unknown length, which is sent in chunks. */
static int post(struct connection *c, const char *path, struct str meta, struct source *core,
                int64_t size, struct reply *ret)
{
    curl_mime *mime;
    int r;

    prepare(c, path, ret);
    mime = curl_mime_init(c->curl);
    add_meta_part(mime, meta);
    if (core)
        add_core_part(mime, core, size);
    curl_easy_setopt(c->curl, CURLOPT_MIMEPOST, mime);
    r = perform(c, NULL, ret);
    curl_mime_free(mime);
    return r;
}

int connection_post_crash(struct connection *c, const char *path, struct str meta, int core_fd,
                          struct reply *ret)
{
    struct source source;
    struct stat st;

    if (core_fd < 0)
        return post(c, path, meta, NULL, 0, ret);
    if (fstat(core_fd, &st) < 0)
        return -errno;
    source = source_range(core_fd, 0, (uint64_t)st.st_size);
    return post(c, path, meta, &source, st.st_size, ret);
}

int connection_post_stream(struct connection *c, const char *path, struct str meta, int core_fd,
                           uint64_t n, int pipe, struct reply *ret)
{
    struct source source = source_pipe(core_fd, n, pipe);

    return post(c, path, meta, &source, -1, ret);
}

uint64_t connection_sent(const struct connection *c)
{
    return c->sent;
}
