/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/streamhead.h"

#include <string.h>

#include "common/report/limits.h"

int streamhead_parse(struct str bytes, size_t *ret_line, size_t *ret_meta)
{
    const struct str word = STR("META ");
    size_t n = bytes.n < STREAMHEAD_LINE_MAX ? bytes.n : STREAMHEAD_LINE_MAX;
    const char *end = n > 0 ? memchr(bytes.p, '\n', n) : NULL;
    struct str number;
    uint64_t meta;

    if (!end)
        return n < STREAMHEAD_LINE_MAX ? STREAMHEAD_MORE : STREAMHEAD_MALFORMED;
    number = (struct str){bytes.p, (size_t)(end - bytes.p)};
    if (!str_starts(number, word))
        return STREAMHEAD_MALFORMED;
    number.p += word.n;
    number.n -= word.n;
    if (str_to_u64(number, META_JSON_MAX, &meta) < 0 || meta == 0)
        return STREAMHEAD_MALFORMED;
    *ret_line = (size_t)(end - bytes.p) + 1;
    *ret_meta = (size_t)meta;
    return 0;
}
