/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/request.h"

#include <assert.h>
#include <string.h>

#include "common/http/exchange.h"

#define BEARER "Bearer "

struct arena *request_arena(struct request *q)
{
    return &q->arena;
}

void *request_app(struct request *q)
{
    return q->server->o.app;
}

void *request_data(struct request *q)
{
    return q->data;
}

void request_set_data(struct request *q, void *data)
{
    q->data = data;
}

void *request_identity(struct request *q)
{
    return q->identity;
}

void request_set_identity(struct request *q, void *identity)
{
    q->identity = identity;
}

const char *request_method(struct request *q)
{
    return q->method;
}

const char *request_path(struct request *q)
{
    return q->target.path ? q->target.path : "";
}

const char *request_base_path(struct request *q)
{
    return q->server->o.base_path ? q->server->o.base_path : "";
}

const char *request_target(struct request *q)
{
    return q->target.local ? q->target.local : "";
}

const char *request_id(struct request *q)
{
    return q->id;
}

const char *request_remote(struct request *q)
{
    return q->remote;
}

const char *request_param(struct request *q, const char *name)
{
    for (size_t i = 0; i < q->match.n_params; i++) {
        const struct router_param *p = &q->match.params[i];

        if (str_eq(p->name, str_from(name)))
            return arena_strndup(&q->arena, p->value.p, p->value.n);
    }
    assert(!"the route's pattern has no such parameter");
    return NULL;
}

const char *request_query(struct request *q, const char *name)
{
    return form_get(&q->target.query, name);
}

const char *request_header(struct request *q, const char *name)
{
    const char *value = MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
    char *copy;

    if (!value)
        return NULL;
    copy = arena_strdup(&q->arena, value);
    utf8_repair(copy, strlen(copy));
    return copy;
}

const char *request_cookie(struct request *q, const char *name)
{
    struct str value = cookie_find(str_from(request_header(q, "Cookie")), str_from(name));

    return value.p ? arena_strndup(&q->arena, value.p, value.n) : NULL;
}

int64_t request_content_length(struct request *q)
{
    return q->content_length;
}

struct str request_body(struct request *q)
{
    return (struct str){buf_text(&q->body), q->body.len};
}

const char *request_form(struct request *q, const char *name)
{
    return form_get(&q->form, name);
}

const struct form *request_fields(struct request *q)
{
    return &q->form;
}

/* RFC 6750 section 2.1; the scheme's case does not matter (RFC 9110 section 11.1). */
const char *request_bearer(struct request *q)
{
    struct str value = str_trim(str_from(request_header(q, "Authorization")));
    size_t scheme = sizeof(BEARER) - 1;

    if (value.n <= scheme || !str_eq_nocase((struct str){value.p, scheme}, STR(BEARER)))
        return NULL;
    value = str_trim((struct str){value.p + scheme, value.n - scheme});
    return value.n ? arena_strndup(&q->arena, value.p, value.n) : NULL;
}
