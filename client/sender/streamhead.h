/* SPDX-License-Identifier: Apache-2.0 */
/* What a crash begins with on its way from the handler to `corral-sender --stream`: the line
 * "META n", then n bytes of metadata (JSON), then its core, if there is one, until the end. Pure.
 */
#ifndef CORRAL_CLIENT_SENDER_STREAMHEAD_H
#define CORRAL_CLIENT_SENDER_STREAMHEAD_H

#include <stddef.h>

#include "common/base/str.h"

#define STREAMHEAD_LINE_MAX 16u /* with the newline */

enum streamhead_outcome {
    STREAMHEAD_MORE = 1,  /* the line is not whole yet */
    STREAMHEAD_MALFORMED, /* it is none */
};

/* bytes: what came so far. *ret_line: length of the line with its newline, *ret_meta: n, at least 1
 * and at most META_JSON_MAX. */
int streamhead_parse(struct str bytes, size_t *ret_line, size_t *ret_meta);

#endif
