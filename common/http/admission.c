/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/admission.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/http/exchange.h"
#include "common/http/framing.h"

struct listed {
    struct framing *f;
    int outcome;
};

static enum MHD_Result each_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                  size_t name_size, const char *value, size_t value_size)
{
    struct listed *listed = arg;

    (void)kind;
    listed->outcome = framing_field(listed->f, (struct str){name, name_size},
                                    (struct str){value ? value : "", value_size});
    return listed->outcome ? MHD_NO : MHD_YES;
}

/* For a library whose buffer we do not know: what it lists. */
static int check_listed(struct request *q, struct framing *f)
{
    struct listed listed = {.f = f};

    MHD_get_connection_values_n(q->connection, MHD_HEADER_KIND, each_field, &listed);
    return listed.outcome;
}

/* The head's raw bytes begin at the method. The target in them may have been changed in place, our
 * copy tells its length; the version must follow it. */
static int check_raw(struct request *q, const char *method, const char *version, struct framing *f)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const char *lines = version + strlen(version);
    int r;

    if (!info || q->uri + strlen(q->raw) + 1 != version)
        return FRAMING_BAD_REQUEST;
    r = framing_block(f, (struct str){lines, (size_t)(method + info->header_size - lines)});
    if (r)
        return r;
    return (int)f->fields == MHD_get_connection_values(q->connection, MHD_HEADER_KIND, NULL, NULL)
               ? 0
               : FRAMING_BAD_LINE;
}

static int check_framing(struct request *q, const char *method, const char *version)
{
    struct framing f = {.http10 = strcmp(version, "HTTP/1.0") == 0};
    int r = framing_request(str_from(method), str_from(q->raw));

    if (r == 0)
        r = q->server->layout_known ? check_raw(q, method, version, &f) : check_listed(q, &f);
    if (r == 0)
        r = framing_end(&f);
    if (r == 0)
        return 0;
    q->close = true;
    return exchange_fail(q, r == FRAMING_TOO_LARGE ? 431 : 400, framing_text(r));
}

static int read_target(struct request *q)
{
    switch (target_parse(&q->arena, q->raw, request_base_path(q), &q->target)) {
    case 0:
        return 0;
    case TARGET_OUTSIDE:
        return exchange_fail(q, 404, "this server answers below its base path only");
    default:
        return exchange_fail(q, 400, "the path or the query of the address is malformed");
    }
}

static int not_allowed(struct request *q)
{
    const struct http_options *o = &q->server->o;
    _cleanup_buf_ struct buf allow;

    buf_init(&allow, ROUTER_ALLOW_MAX);
    router_allow(o->routes, o->n_routes, str_from(q->target.path), &allow);
    response_header(&q->response, "Allow", buf_text(&allow));
    return exchange_fail(q, 405,
                         arena_printf(&q->arena, "this address takes %s", buf_text(&allow)));
}

static int find_route(struct request *q)
{
    const struct http_options *o = &q->server->o;

    switch (router_find(o->routes, o->n_routes, q->method, str_from(q->target.path), &q->match)) {
    case 0:
        return 0;
    case ROUTER_NOT_ALLOWED:
        return not_allowed(q);
    default:
        return exchange_fail(q, 404, "there is nothing at this address");
    }
}

int admission_too_large(struct request *q)
{
    return exchange_fail(
        q, 413,
        q->match.route->body_max == 0
            ? "this address takes no body"
            : arena_printf(&q->arena, "a body here may have %zu bytes", q->match.route->body_max));
}

static int ask_program(struct request *q)
{
    const struct http_options *o = &q->server->o;
    const struct route *route = q->match.route;

    if (o->before && o->before(q, route, &q->response) != 0)
        return EXCHANGE_REFUSED;
    if (!route->sink)
        return q->content_length > 0 && (uint64_t)q->content_length > route->body_max
                   ? admission_too_large(q)
                   : 0;
    if (route->sink->begin(q, &q->response) != 0)
        return EXCHANGE_REFUSED;
    q->sink_open = true;
    return 0;
}

int admission_check(struct request *q, const char *method, const char *version)
{
    if (check_framing(q, method, version) || read_target(q) || find_route(q))
        return EXCHANGE_REFUSED;
    return ask_program(q);
}
