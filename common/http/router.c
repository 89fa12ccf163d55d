/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/router.h"

#include <assert.h>
#include <string.h>

static bool is_brace(struct str segment)
{
    return segment.n > 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';
}

static void add_param(struct router_match *m, struct str brace, struct str value)
{
    assert(m->n_params < ROUTER_PARAMS_MAX);
    m->params[m->n_params++] =
        (struct router_param){.name = {brace.p + 1, brace.n - 2}, .value = value};
}

/* Compares segment by segment; on success m has the parameters. */
static bool path_fits(struct str pattern, struct str path, struct router_match *m)
{
    struct str want, have;

    m->n_params = 0;
    for (;;) {
        bool more = str_split(&pattern, '/', &want);

        if (more != str_split(&path, '/', &have))
            return false;
        if (!more)
            return true;
        if (is_brace(want) && have.n > 0)
            add_param(m, want, have);
        else if (!str_eq(want, have))
            return false;
    }
}

static const struct route *find_method(const struct route *routes, size_t n, const char *method,
                                       struct str path, struct router_match *m)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(routes[i].method, method) == 0 &&
            path_fits(str_from(routes[i].pattern), path, m))
            return &routes[i];
    return NULL;
}

static bool path_known(const struct route *routes, size_t n, struct str path)
{
    struct router_match unused;

    for (size_t i = 0; i < n; i++)
        if (path_fits(str_from(routes[i].pattern), path, &unused))
            return true;
    return false;
}

int router_find(const struct route *routes, size_t n, const char *method, struct str path,
                struct router_match *ret)
{
    struct router_match m = {0};

    m.route = find_method(routes, n, method, path, &m);
    if (!m.route && strcmp(method, "HEAD") == 0)
        m.route = find_method(routes, n, "GET", path, &m);
    if (!m.route)
        return path_known(routes, n, path) ? ROUTER_NOT_ALLOWED : ROUTER_NOT_FOUND;
    *ret = m;
    return 0;
}

void router_allow(const struct route *routes, size_t n, struct str path, struct buf *b)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    struct router_match unused;

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (router_find(routes, n, methods[i], path, &unused) != 0)
            continue;
        if (b->len)
            buf_adds(b, ", ");
        buf_adds(b, methods[i]);
    }
}
