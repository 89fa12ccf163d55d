/* SPDX-License-Identifier: Apache-2.0 */
/* Which row of the table serves a request. A pattern is a path whose segments are literal or a
 * {name} that takes exactly one non-empty segment; the first row that fits wins, so a literal row
 * goes before the row with a brace that would also fit. HEAD is served by the GET row when it has
 * none of its own. Pure. */
#ifndef CORRAL_HTTP_ROUTER_H
#define CORRAL_HTTP_ROUTER_H

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/str.h"
#include "common/http/server.h"

#define ROUTER_PARAMS_MAX 8
#define ROUTER_ALLOW_MAX  128 /* bytes of an Allow header */

enum router_outcome {
    ROUTER_NOT_FOUND = 1, /* no row has this path */
    ROUTER_NOT_ALLOWED,   /* a row has it, for other methods: router_allow tells which */
};

struct router_param {
    struct str name;
    struct str value; /* a slice of the path */
};

struct router_match {
    const struct route *route;
    struct router_param params[ROUTER_PARAMS_MAX];
    size_t n_params;
};

/* path is decoded and begins with a slash. */
int router_find(const struct route *routes, size_t n, const char *method, struct str path,
                struct router_match *ret);
/* Appends "GET, HEAD, POST": the methods that the path has. */
void router_allow(const struct route *routes, size_t n, struct str path, struct buf *b);

#endif
