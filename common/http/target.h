/* SPDX-License-Identifier: Apache-2.0 */
/* The request target (RFC 9112 section 3.2) taken apart: the path below our base path, decoded, and
 * the query. The absolute form that proxies may send is accepted; the authority in it is not looked
 * at. Dot segments are not resolved: they match no route and a parameter is never used as a path.
 * Pure. */
#ifndef CORRAL_HTTP_TARGET_H
#define CORRAL_HTTP_TARGET_H

#include "common/base/arena.h"
#include "common/http/form.h"

enum target_outcome {
    TARGET_BAD = 1, /* not a path, or a broken escape, or too many parameters */
    TARGET_OUTSIDE, /* not below the base path */
};

struct target {
    const char *local; /* path and query as they came, below the base path */
    const char *path;  /* decoded; begins with a slash */
    struct form query;
};

/* base_path is "" or "/sub/path". */
int target_parse(struct arena *a, const char *raw, const char *base_path, struct target *ret);

#endif
