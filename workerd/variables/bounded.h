/* SPDX-License-Identifier: Apache-2.0 */
/* A text of bounded length that is written piece by piece: what does not fit is dropped and the end
 * becomes "…". Whoever writes may look whether it is full, and stop working. */
#ifndef CORRAL_WORKERD_VARIABLES_BOUNDED_H
#define CORRAL_WORKERD_VARIABLES_BOUNDED_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#define BOUNDED_MAX 1000u /* bytes of the longest one */

struct bounded {
    char bytes[BOUNDED_MAX];
    size_t n, max; /* max: at most BOUNDED_MAX */
    bool full;
};

static inline void bounded_init(struct bounded *t, size_t max)
{
    t->n = 0;
    t->max = max;
    t->full = false;
}

void bounded_slice(struct bounded *t, struct str s);
void bounded_add(struct bounded *t, const char *s); /* NULL: nothing */
void bounded_printf(struct bounded *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* From a place that was t->n before, nothing counts any more. */
void bounded_cut(struct bounded *t, size_t n);
/* Bytes that are no UTF-8 and control characters, which only names can bring along, become '?'. */
const char *bounded_keep(struct bounded *t, struct arena *a);

#endif
