/* SPDX-License-Identifier: Apache-2.0 */
#include "client/transport/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <curl/curl.h>

#include "common/base/clock.h"
#include "common/base/io.h"

#define TOKEN_MAX       512
#define CONNECT_SECONDS 10L
#define PATH_BYTES_MAX  4096

struct connection {
    struct connection_options options;
    CURL *curl;
    char error[CURL_ERROR_SIZE];
};

static void curl_ready(void)
{
    static bool ready;

    if (!ready && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    ready = true;
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

struct source {
    int fd;
    off_t at;
};

static size_t on_read(char *data, size_t size, size_t n, void *arg)
{
    struct source *s = arg;
    ssize_t got = io_pread(s->fd, data, size * n, s->at);

    if (got < 0)
        return CURL_READFUNC_ABORT;
    s->at += got;
    return (size_t)got;
}

/* The transfer starts again, as on a connection that turned out to be closed. */
static int on_seek(void *arg, curl_off_t offset, int whence)
{
    struct source *s = arg;

    if (whence != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    s->at = (off_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* --- One request --- */

/* The first line of the file; NULL with the reason in the reply. */
static const char *read_token(const struct connection *c, char line[static TOKEN_MAX],
                              struct reply *ret)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    _cleanup_buf_ struct buf b = BUF_INIT(TOKEN_MAX - 1);
    char path[PATH_BYTES_MAX];
    struct str text, first;
    int r = -ENOENT;

    if (credentials) {
        snprintf(path, sizeof(path), "%s/token", credentials);
        r = io_read_file(AT_FDCWD, path, &b);
    }
    if (r == -ENOENT && !cstr_empty(c->options.token_file)) {
        snprintf(path, sizeof(path), "%s", c->options.token_file);
        r = io_read_file(AT_FDCWD, path, &b);
    }
    if (r < 0) {
        snprintf(ret->error, sizeof(ret->error), "cannot read the token from %.180s: %s", path,
                 strerrordesc_np(-r));
        return NULL;
    }
    text = (struct str){buf_text(&b), b.len};
    str_split(&text, '\n', &first);
    first = str_trim(first);
    snprintf(line, TOKEN_MAX, "%.*s", (int)first.n, first.p);
    return line;
}

/* Nothing that could end the header line or begin another. */
static bool plain(const char *token)
{
    for (const char *c = token; *c; c++)
        if (*c <= ' ' || *c >= 0x7f)
            return false;
    return *token != '\0';
}

static int add_token(const struct connection *c, struct curl_slist **headers, struct reply *ret)
{
    char line[TOKEN_MAX], header[TOKEN_MAX + 32];
    const char *token = c->options.token;

    if (token ? *token == '\0'
              : cstr_empty(c->options.token_file) && !getenv("CREDENTIALS_DIRECTORY"))
        return 0;
    if (!token)
        token = read_token(c, line, ret);
    if (!token)
        return CONNECTION_NO_TOKEN;
    if (!plain(token)) {
        snprintf(ret->error, sizeof(ret->error), "what is given as token is none");
        return CONNECTION_NO_TOKEN;
    }
    snprintf(header, sizeof(header), "Authorization: Bearer %.*s", TOKEN_MAX, token);
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
    if (!cstr_empty(c->options.ca_file))
        curl_easy_setopt(c->curl, CURLOPT_CAINFO, c->options.ca_file);
}

/* All options anew: what one request sets is nothing to the next. The connection itself survives
 * (curl_easy_reset(3)). */
static void prepare(struct connection *c, const char *path, struct reply *ret)
{
    buf_clear(&ret->body);
    ret->status = 0;
    ret->retry_after = 0;
    ret->error[0] = '\0';
    c->error[0] = '\0';
    curl_easy_reset(c->curl);
    set_url(c, path);
    set_limits(c);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_USERAGENT, c->options.user_agent);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, ret);
    curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
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
        snprintf(ret->error, sizeof(ret->error), "%s",
                 c->error[0] ? c->error : curl_easy_strerror(code));
        return CONNECTION_FAILED;
    }
    ret->status = status;
    ret->retry_after = (int64_t)seconds * USEC_PER_SEC;
    return 0;
}

static int perform(struct connection *c, struct reply *ret)
{
    struct curl_slist *headers = NULL;
    int r = add_token(c, &headers, ret);

    if (r == 0) {
        curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
        r = judge(c, curl_easy_perform(c->curl), ret);
    }
    curl_slist_free_all(headers);
    return r;
}

/* --- The requests --- */

int connection_get(struct connection *c, const char *path, struct reply *ret)
{
    prepare(c, path, ret);
    curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
    return perform(c, ret);
}

int connection_head(struct connection *c, const char *path, struct reply *ret)
{
    prepare(c, path, ret);
    curl_easy_setopt(c->curl, CURLOPT_NOBODY, 1L);
    return perform(c, ret);
}

int connection_put_file(struct connection *c, const char *path, int fd, struct reply *ret)
{
    struct source source = {.fd = fd};
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    prepare(c, path, ret);
    curl_easy_setopt(c->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)st.st_size);
    curl_easy_setopt(c->curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(c->curl, CURLOPT_READDATA, &source);
    curl_easy_setopt(c->curl, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(c->curl, CURLOPT_SEEKDATA, &source);
    return perform(c, ret);
}

static void add_meta_part(curl_mime *mime, struct str meta)
{
    curl_mimepart *part = curl_mime_addpart(mime);

    curl_mime_name(part, "meta");
    curl_mime_type(part, "application/json");
    curl_mime_data(part, meta.p, meta.n);
}

static void add_core_part(curl_mime *mime, struct source *source, off_t size)
{
    curl_mimepart *part = curl_mime_addpart(mime);

    curl_mime_name(part, "core");
    curl_mime_filename(part, "core");
    curl_mime_type(part, "application/octet-stream");
    curl_mime_data_cb(part, (curl_off_t)size, on_read, on_seek, NULL, source);
}

/* libcurl asks with Expect: 100-continue before it sends a large body, and goes on after a second
 * without an answer: a crash that is refused (no token, too large) costs no transfer. */
int connection_post_crash(struct connection *c, const char *path, struct str meta, int core_fd,
                          struct reply *ret)
{
    struct source source = {.fd = core_fd};
    struct stat st = {0};
    curl_mime *mime;
    int r;

    if (core_fd >= 0 && fstat(core_fd, &st) < 0)
        return -errno;
    prepare(c, path, ret);
    mime = curl_mime_init(c->curl);
    add_meta_part(mime, meta);
    if (core_fd >= 0)
        add_core_part(mime, &source, st.st_size);
    curl_easy_setopt(c->curl, CURLOPT_MIMEPOST, mime);
    r = perform(c, ret);
    curl_mime_free(mime);
    return r;
}
