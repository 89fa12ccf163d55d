/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange from the request line to the log line; exchange.h has the picture. */
#include "common/http/exchange.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/http/admission.h"
#include "common/http/linger.h"

/* --- Opening
 * ------------------------------------------------------------------------------------------ */

static void print_remote(struct MHD_Connection *connection, char ret[static INET6_ADDRSTRLEN])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;

    if (address && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, ret, INET6_ADDRSTRLEN);
    else if (address && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, ret,
                  INET6_ADDRSTRLEN);
    else
        strcpy(ret, "unix");
    if (strncmp(ret, "::ffff:", 7) == 0 && strchr(ret, '.'))
        memmove(ret, ret + 7, strlen(ret + 7) + 1);
}

static struct pace_entry *pace_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

void *exchange_open(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct request *q = calloc(1, sizeof(*q));
    uint8_t id[REQUEST_ID_SIZE / 2];

    if (!q)
        abort();
    q->server = cls;
    q->connection = connection;
    q->started = clock_mono();
    arena_init(&q->arena, 0);
    response_init(&q->response, &q->arena);
    buf_init(&q->body, 1);
    q->content_length = -1;
    q->uri = uri;
    q->raw = arena_strdup(&q->arena, uri);
    random_bytes(id, sizeof(id));
    hex_encode(id, sizeof(id), q->id);
    print_remote(connection, q->remote);
    q->pace = pace_of(connection);
    pace_request(q->pace);
    return q;
}

static void count_in_flight(struct http_server *s, int change)
{
    pthread_mutex_lock(&s->lock);
    s->in_flight += (unsigned)change;
    if (s->in_flight == 0)
        pthread_cond_broadcast(&s->idle);
    pthread_mutex_unlock(&s->lock);
}

/* --- Answering
 * ---------------------------------------------------------------------------------------- */

int exchange_fail(struct request *q, unsigned status, const char *detail)
{
    struct http_server *s = q->server;

    response_status(&q->response, status);
    if (s->o.error_page)
        s->o.error_page(q, &q->response, status, detail);
    else
        response_problem(&q->response, q, status, "%s", detail);
    return EXCHANGE_REFUSED;
}

const char *exchange_header(struct request *q, const char *name)
{
    return MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

static bool is_read(const struct request *q)
{
    return strcmp(q->method, "GET") == 0 || strcmp(q->method, "HEAD") == 0;
}

/* How well a page shrinks tells whether a text of the asker's choice is in it, too. Whoever can
 * make a browser ask and watch the length of the answer does so from another site, and is answered
 * at full length. */
static bool asked_by_another_site(struct request *q)
{
    const char *site = exchange_header(q, "Sec-Fetch-Site");

    return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

/* What every answer has. */
static void seal(struct request *q)
{
    struct response *r = &q->response;

    if (!response_complete(r)) {
        response_body(r);
        exchange_fail(q, 500, "the answer was too large to be sent");
    }
    if (q->method && is_read(q))
        response_validate(r, exchange_header(q, "If-None-Match"));
    if (q->server->o.compress)
        response_encode(r, asked_by_another_site(q) ? NULL : exchange_header(q, "Accept-Encoding"));
    response_header(r, "Server", q->server->o.name);
    response_header(r, "X-Content-Type-Options", "nosniff");
    response_header(r, "X-Request-Id", q->id);
    if (q->close || atomic_load(&q->server->draining))
        response_header(r, "Connection", "close");
}

static enum MHD_Result answer(struct request *q)
{
    struct MHD_Response *m;
    enum MHD_Result queued;

    seal(q);
    q->bytes_out = strcmp(q->method, "HEAD") == 0 ? 0 : response_length(&q->response);
    m = response_build(&q->response);
    if (!m)
        return MHD_NO;
    pace_enter(q->pace, PACE_REPLY);
    queued = MHD_queue_response(q->connection, q->response.status, m);
    MHD_destroy_response(m);
    q->state = EXCHANGE_ANSWERED;
    return queued;
}

static enum MHD_Result linger(struct request *q)
{
    q->close = true;
    seal(q);
    q->state = EXCHANGE_LINGERING;
    q->bytes_dropped = 0;
    pace_enter(q->pace, PACE_LINGER);
    return linger_answer(q) < 0 ? MHD_NO : MHD_YES;
}

static bool expects_continue(struct request *q)
{
    return str_eq_nocase(str_from(exchange_header(q, "Expect")), STR("100-continue"));
}

/* Bytes that are certainly still to come; nothing is certain of a chunked body. */
static uint64_t body_left(const struct request *q)
{
    if (q->content_length < 0)
        return 0;
    return (uint64_t)q->content_length - q->bytes_in;
}

/* The answer is there before the body's end: chooses how it gets out. */
static enum MHD_Result refuse(struct request *q)
{
    if (q->state == EXCHANGE_HEAD && (q->close || expects_continue(q)))
        return answer(q);
    if (body_left(q) > HTTP_DROP_MAX)
        return linger(q);
    q->state = EXCHANGE_DROPPING;
    return MHD_YES;
}

/* --- The head
 * -------------------------------------------------------------------------------------------- */

/* --- Behind a proxy --- */

/* Gathers the values of X-Forwarded-For, which may come in several headers. */
static enum MHD_Result add_forwarded(void *cls, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    struct buf *list = cls;

    (void)kind;
    if (strcasecmp(name, "X-Forwarded-For") != 0)
        return MHD_YES;
    if (list->len > 0)
        buf_addc(list, ',');
    buf_adds(list, value ? value : "");
    return MHD_YES;
}

static void find_client(struct request *q)
{
    _cleanup_buf_ struct buf list = BUF_INIT(HTTP_CONNECTION_BYTES);

    if (!q->server->o.proxies)
        return;
    MHD_get_connection_values(q->connection, MHD_HEADER_KIND, add_forwarded, &list);
    forwarded_client(q->server->o.proxies, q->remote, (struct str){buf_text(&list), list.len},
                     q->remote);
}

static enum MHD_Result take_head(struct request *q, const char *method, const char *version)
{
    uint64_t length;

    q->method = arena_strdup(&q->arena, method);
    if (str_to_u64(str_from(exchange_header(q, "Content-Length")), INT64_MAX, &length) == 0)
        q->content_length = (int64_t)length;
    find_client(q);
    count_in_flight(q->server, 1);
    q->counted = true;
    if (admission_check(q, method, version) != 0) {
        pace_enter(q->pace, PACE_BODY);
        return refuse(q);
    }
    if (!q->match.route->sink && q->match.route->body_max > 0)
        buf_init(&q->body, q->match.route->body_max);
    q->state = q->match.route->sink ? EXCHANGE_STREAMING : EXCHANGE_BUFFERING;
    pace_enter(q->pace, PACE_BODY);
    return MHD_YES;
}

/* --- The body
 * ----------------------------------------------------------------------------------------- */

static int buffer_piece(struct request *q, const void *p, size_t n)
{
    if (n > q->match.route->body_max - q->body.len)
        return admission_too_large(q);
    buf_add(&q->body, p, n);
    return buf_error(&q->body) ? exchange_fail(q, 503, "out of memory: try again later") : 0;
}

static enum MHD_Result drop_piece(struct request *q, size_t n)
{
    q->bytes_dropped += n;
    if (q->state == EXCHANGE_LINGERING)
        return q->bytes_dropped > HTTP_LINGER_MAX ? MHD_NO : MHD_YES;
    return q->bytes_dropped > HTTP_DROP_MAX ? linger(q) : MHD_YES;
}

static enum MHD_Result take_piece(struct request *q, const void *p, size_t n)
{
    int r;

    q->bytes_in += n;
    pace_moved(q->pace, n);
    if (q->state == EXCHANGE_BUFFERING)
        r = buffer_piece(q, p, n);
    else if (q->state == EXCHANGE_STREAMING)
        r = q->match.route->sink->data(q, p, n, &q->response);
    else
        return drop_piece(q, n);
    return r == 0 ? MHD_YES : refuse(q);
}

static bool is_of_type(struct request *q, struct str wanted)
{
    struct str type = str_from(exchange_header(q, "Content-Type")), media;

    str_split(&type, ';', &media);
    return str_eq_nocase(str_trim(media), wanted);
}

static int parse_fields(struct request *q)
{
    q->is_json = is_of_type(q, STR("application/json"));
    if (q->is_json && q->body.len > 0)
        return form_parse_json(&q->arena, request_body(q), &q->form);
    if (is_of_type(q, STR("application/x-www-form-urlencoded")))
        return form_parse(&q->arena, request_body(q), &q->form);
    return 0;
}

static void run_handler(struct request *q)
{
    if (parse_fields(q) != 0)
        exchange_fail(q, 400,
                      q->is_json ? "The body must be a JSON object of texts, numbers and arrays of "
                                   "texts, with each name once and at most 512 values."
                                 : "the form is malformed, or has too many fields");
    else
        q->match.route->handle(q, &q->response);
}

static enum MHD_Result take_end(struct request *q)
{
    pace_enter(q->pace, PACE_REPLY);
    switch (q->state) {
    case EXCHANGE_LINGERING:
        return MHD_NO; /* the answer is out: nothing is left but to close */
    case EXCHANGE_BUFFERING:
        run_handler(q);
        break;
    case EXCHANGE_STREAMING:
        q->match.route->sink->end(q, &q->response);
        break;
    default:
        break;
    }
    return answer(q);
}

enum MHD_Result exchange_step(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **context)
{
    struct request *q = *context;
    size_t n = *upload_size;

    (void)cls, (void)connection, (void)url;
    *upload_size = 0;
    if (q->state == EXCHANGE_HEAD)
        return take_head(q, method, version);
    return n > 0 ? take_piece(q, upload, n) : take_end(q);
}

/* --- Completion
 * --------------------------------------------------------------------------------------- */

/* What became of the request, as a status: our answer, the library's own (a head that did not fit),
 * or none. */
static unsigned final_status(struct request *q)
{
    const union MHD_ConnectionInfo *info;

    if (q->state == EXCHANGE_ANSWERED || q->state == EXCHANGE_LINGERING)
        return q->response.status;
    info = MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    if (info && info->http_status >= 200)
        return info->http_status;
    return pace_was_late(q->pace) ? 408 : HTTP_STATUS_GONE;
}

static void report(struct request *q)
{
    const struct http_options *o = &q->server->o;
    const char *pattern = q->match.route ? q->match.route->pattern : "";
    unsigned status = final_status(q);
    int64_t usec = clock_mono() - q->started;

    log_info("request", LOG_STR("method", q->method ? q->method : "-"), LOG_STR("route", pattern),
             LOG_UINT("status", status), LOG_UINT("bytes_in", q->bytes_in),
             LOG_UINT("bytes_out", q->bytes_out), LOG_INT("usec", usec),
             LOG_STR("request_id", q->id), LOG_STR("remote", q->remote));
    if (o->done)
        o->done(o->app, pattern, status, usec);
}

void exchange_completed(void *cls, struct MHD_Connection *connection, void **context,
                        enum MHD_RequestTerminationCode code)
{
    struct request *q = *context;

    (void)cls, (void)connection, (void)code;
    if (!q)
        return;
    *context = NULL;
    if (q->sink_open)
        q->match.route->sink->release(q);
    report(q);
    pace_enter(q->pace, PACE_IDLE);
    if (q->counted)
        count_in_flight(q->server, -1);
    buf_fini(&q->body);
    response_fini(&q->response);
    arena_fini(&q->arena);
    free(q);
}
