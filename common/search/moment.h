/* SPDX-License-Identifier: Apache-2.0 */
/* Times as people write them in queries and addresses. Pure. */
#ifndef CORRAL_SEARCH_MOMENT_H
#define CORRAL_SEARCH_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

enum search_moment_kind {
    MOMENT_AGE,   /* "24h": so long ago */
    MOMENT_DAY,   /* "2026-11-21": from begin to end, UTC */
    MOMENT_POINT, /* "2026-11-21T07:00:00Z" */
};

struct search_moment {
    enum search_moment_kind kind;
    int64_t begin, end; /* usec since the epoch; end, of a day, is the next one's beginning */
};

/* "24h" (s, m, h, d, w), a day, RFC 3339. -EINVAL. */
int search_moment_parse(struct str s, int64_t now, struct search_moment *ret);

/* The values of `from` and `to` in an address, as Grafana writes them: "now", "now-24h",
 * milliseconds since the epoch, and all of the above. -EINVAL. */
int search_range_parse(struct str s, int64_t now, int64_t *ret_usec);

#endif
