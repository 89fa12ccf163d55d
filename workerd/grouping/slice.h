/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a slice of text, for the readers of stacks. */
#ifndef CORRAL_WORKERD_GROUPING_SLICE_H
#define CORRAL_WORKERD_GROUPING_SLICE_H

#include <string.h>

#include "common/base/str.h"

/* The slice without its first n bytes, which it must have. */
static inline struct str after(struct str s, size_t n)
{
    return (struct str){s.p + n, s.n - n};
}

/* How many digits it begins with. */
static inline size_t leading_digits(struct str s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

/* The number that it begins with; 0 for none, or one that does not fit. */
static inline uint64_t leading_number(struct str s)
{
    uint64_t value = 0;

    str_to_u64((struct str){s.p, leading_digits(s)}, UINT64_MAX, &value);
    return value;
}

/* The part behind the text, or the empty slice. */
static inline struct str behind(struct str s, struct str text)
{
    ptrdiff_t at = str_find(s, text);

    return at < 0 ? (struct str){"", 0} : after(s, (size_t)at + text.n);
}

/* The part before the first of the characters. */
static inline struct str until(struct str s, const char *stops)
{
    size_t n = 0;

    while (n < s.n && s.p[n] && !strchr(stops, s.p[n]))
        n++;
    return (struct str){s.p, n};
}

#endif
