/* SPDX-License-Identifier: Apache-2.0 */
/* Headers live in the request's arena in the order they were set; the body is one of three kinds
 * and is handed to libmicrohttpd without a copy. */
#include "common/http/response.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <jansson.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/http/encoding.h"
#include "common/http/exchange.h"

#define DETAIL_MAX 2048
#define TAG_DIGITS 16 /* of a SHA-256: enough that two contents differ */

DEFINE_CLEANUP(cleanup_json, json_t, json_decref)

void response_init(struct response *r, struct arena *a)
{
    *r = (struct response){.arena = a, .status = 200, .fd = -1};
    r->headers_end = &r->headers;
    buf_init(&r->body, RESPONSE_BODY_MAX);
}

/* Forgets the body, whatever its kind. */
static void drop_body(struct response *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    r->size = 0;
    r->kind = RESPONSE_BUFFER;
    buf_clear(&r->body);
}

void response_fini(struct response *r)
{
    drop_body(r);
    buf_fini(&r->body);
}

void response_status(struct response *r, unsigned status)
{
    assert(status >= 200 && status <= 599);
    r->status = status;
}

/* Up to the first CR or LF; other control characters become blanks. */
static char *clean_value(struct arena *a, const char *value)
{
    size_t n = strcspn(value, "\r\n");
    char *clean = arena_strndup(a, value, n);

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)clean[i] < ' ' || clean[i] == 0x7f)
            clean[i] = ' ';
    return clean;
}

void response_header(struct response *r, const char *name, const char *value)
{
    struct response_header *h = arena_new(r->arena, struct response_header);

    h->name = arena_strdup(r->arena, name);
    h->value = clean_value(r->arena, value);
    *r->headers_end = h;
    r->headers_end = &h->next;
}

static struct response_header *find_header(struct response *r, const char *name)
{
    for (struct response_header *h = r->headers; h; h = h->next)
        if (strcasecmp(h->name, name) == 0)
            return h;
    return NULL;
}

/* Sets a header that there can be only one of. */
static void replace_header(struct response *r, const char *name, const char *value)
{
    struct response_header *h = find_header(r, name);

    if (h)
        h->value = clean_value(r->arena, value);
    else
        response_header(r, name, value);
}

void response_type(struct response *r, const char *content_type)
{
    replace_header(r, "Content-Type", content_type);
}

struct buf *response_body(struct response *r)
{
    if (r->kind != RESPONSE_BUFFER)
        drop_body(r);
    return &r->body;
}

void response_file(struct response *r, int fd, uint64_t size)
{
    drop_body(r);
    r->kind = RESPONSE_FILE;
    r->fd = fd;
    r->size = size;
}

void response_static(struct response *r, const void *p, size_t n)
{
    drop_body(r);
    r->kind = RESPONSE_STATIC;
    r->fixed = p;
    r->size = n;
}

/* The details of a problem may quote what the client sent. */
static char *print_detail(struct arena *a, const char *format, va_list ap)
{
    char *text = arena_vprintf(a, format, ap);
    size_t n = strnlen(text, DETAIL_MAX);

    text[n] = '\0';
    utf8_repair(text, n);
    return text;
}

static void send_problem(struct response *r, struct request *q, unsigned status,
                         const char *message, json_t *errors)
{
    _cleanup_(cleanup_json) json_t *problem =
        json_pack("{s:s, s:s, s:i, s:s, s:o, s:o*}", "type", "about:blank", "title",
                  http_status_text(status), "status", (int)status, "detail", message, "instance",
                  json_sprintf("urn:corral:request:%s", q->id), "errors", errors);
    _cleanup_free_ char *text = problem ? json_dumps(problem, JSON_COMPACT) : NULL;

    drop_body(r);
    response_status(r, status);
    response_type(r, "application/problem+json");
    buf_adds(&r->body, text ? text : "{}");
    buf_addc(&r->body, '\n');
}

void response_problem(struct response *r, struct request *q, unsigned status, const char *detail,
                      ...)
{
    char *message;
    va_list ap;

    va_start(ap, detail);
    message = print_detail(r->arena, detail, ap);
    va_end(ap);
    send_problem(r, q, status, message, NULL);
}

void response_problem_field(struct response *r, struct request *q, const char *field,
                            int64_t position, const char *detail)
{
    const char *name = q->is_json ? arena_printf(r->arena, "/%s", field) : field;
    size_t n = strnlen(detail, DETAIL_MAX);
    char *message = arena_strndup(r->arena, detail, n);
    json_t *error;

    utf8_repair(message, n);
    error = json_pack("{s:s, s:s}", q->is_json ? "pointer" : "parameter", name, "message", message);
    if (error && position >= 0)
        json_object_set_new(error, "position", json_integer(position));
    send_problem(r, q, 400, message, json_pack("[o*]", error));
}

void response_redirect(struct response *r, struct request *q, const char *path)
{
    response_status(r, 303);
    replace_header(r, "Location", arena_printf(r->arena, "%s%s", request_base_path(q), path));
}

uint64_t response_length(const struct response *r)
{
    return r->kind == RESPONSE_BUFFER ? r->body.len : r->size;
}

bool response_complete(const struct response *r)
{
    return r->kind != RESPONSE_BUFFER || buf_error(&r->body) == 0;
}

/* --- Validators and codings --- */

void response_tag(struct response *r)
{
    r->tagged = true;
}

static struct str body_text(const struct response *r)
{
    return r->kind == RESPONSE_STATIC ? (struct str){r->fixed, r->size}
                                      : (struct str){buf_text(&r->body), r->body.len};
}

void response_validate(struct response *r, const char *if_none_match)
{
    char digest[SHA256_TEXT_SIZE];
    struct response_header *tag;
    struct str body = body_text(r);

    if (r->status != 200 || r->kind == RESPONSE_FILE)
        return;
    tag = find_header(r, "ETag");
    if (r->tagged) {
        sha256_text(body.p, body.n, digest);
        replace_header(r, "ETag",
                       tag ? arena_printf(r->arena, "\"%.*s-%.*s\"",
                                          (int)strcspn(tag->value + 1, "\""), tag->value + 1,
                                          TAG_DIGITS, digest)
                           : arena_printf(r->arena, "\"%.*s\"", TAG_DIGITS, digest));
        tag = find_header(r, "ETag");
    }
    if (!tag || !encoding_tag_matches(if_none_match, tag->value))
        return;
    drop_body(r);
    r->status = 304;
}

/* One entity in two codings has two strong tags or one weak one. */
static void weaken_tag(struct response *r)
{
    struct response_header *tag = find_header(r, "ETag");

    if (tag && !cstr_starts(tag->value, "W/"))
        tag->value = arena_printf(r->arena, "W/%s", tag->value);
}

void response_encode(struct response *r, const char *accept_encoding)
{
    struct response_header *type = find_header(r, "Content-Type");
    enum encoding e = encoding_choose(accept_encoding);
    struct str body = body_text(r);
    struct buf coded;

    if (r->kind == RESPONSE_FILE || !type || !encoding_shrinks(type->value) ||
        find_header(r, "Content-Encoding"))
        return;
    response_header(r, "Vary", "Accept-Encoding");
    if (body.n < ENCODING_BODY_MIN || !encoding_apply(e, body, &coded))
        return;
    drop_body(r);
    buf_fini(&r->body);
    r->body = coded;
    response_header(r, "Content-Encoding", encoding_name(e));
    weaken_tag(r);
}

static struct MHD_Response *build_body(struct response *r)
{
    struct MHD_Response *m;

    if (r->kind == RESPONSE_FILE && r->size > 0) {
        m = MHD_create_response_from_fd64(r->size, r->fd);
        if (m)
            r->fd = -1;
        return m;
    }
    if (r->kind == RESPONSE_BUFFER && r->body.len > 0) {
        size_t n = r->body.len;
        _cleanup_free_ char *text = buf_take(&r->body);

        m = MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE);
        if (m)
            TAKE_PTR(text);
        return m;
    }
    /* The library's interface is not const-correct; PERSISTENT means that it only reads. */
    return MHD_create_response_from_buffer(r->size, r->size ? (void *)(uintptr_t)r->fixed : NULL,
                                           MHD_RESPMEM_PERSISTENT);
}

struct MHD_Response *response_build(struct response *r)
{
    struct MHD_Response *m = build_body(r);

    for (struct response_header *h = r->headers; m && h; h = h->next)
        if (*h->value)
            MHD_add_response_header(m, h->name, h->value);
    return m;
}
