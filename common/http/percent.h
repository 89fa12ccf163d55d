/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding (RFC 3986 section 2.1), strict: an escape that is cut short or not hexadecimal,
 * and %00, refuse the whole text. What comes out is repaired to valid UTF-8, because all of it may
 * end up in JSON, HTML or PostgreSQL. Pure. */
#ifndef CORRAL_HTTP_PERCENT_H
#define CORRAL_HTTP_PERCENT_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/str.h"

enum percent_outcome {
    PERCENT_BAD = 1, /* a broken escape, %00 or a NUL */
};

/* plus_is_space: as in application/x-www-form-urlencoded. The text comes from the arena. */
int percent_decode(struct arena *a, struct str s, bool plus_is_space, char **ret);

#endif
