/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/scrub.h"

#include <stdlib.h>
#include <string.h>

/* A range may run over several segments, each of which lies elsewhere in the file. */
static size_t add_range(struct scrub_range *to, size_t room, const struct corefile *core,
                        struct slim_range range)
{
    size_t n = 0;

    while (range.n > 0 && n < room) {
        const struct core_segment *s = corefile_segment(core, range.start);
        uint64_t within, here;

        if (!s)
            break;
        within = range.start - s->start;
        if (within >= s->memsz)
            break;
        here = s->memsz - within < range.n ? s->memsz - within : range.n;
        if (within < s->filesz)
            to[n++] = (struct scrub_range){s->offset + within,
                                           here < s->filesz - within ? here : s->filesz - within};
        range.start += here;
        range.n -= here;
    }
    return n;
}

static int compare(const void *a, const void *b)
{
    const struct scrub_range *x = a, *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static struct scrub_range stack_of(const struct corefile *core, struct slim_range range)
{
    const struct core_segment *s = corefile_segment(core, range.start);

    return s ? (struct scrub_range){s->offset, s->filesz} : (struct scrub_range){0};
}

void scrub_init(struct scrub *s, const struct corefile *core, const struct privacy *secrets,
                struct arena *a)
{
    const struct slim_range *ranges = secrets->ranges;
    size_t n = secrets->n_ranges;
    size_t room = n * 2; /* the stack, where they lie, is one segment, rarely two */

    *s = (struct scrub){0};
    if (n == 0)
        return;
    s->copies = secrets->copies;
    s->stack = stack_of(core, ranges[0]);
    s->ranges = arena_array(a, struct scrub_range, room);
    for (size_t i = 0; i < n; i++)
        s->n += add_range(s->ranges + s->n, room - s->n < 2 ? room - s->n : 2, core, ranges[i]);
    qsort(s->ranges, s->n, sizeof(*s->ranges), compare);
}

/* The part of the range that lies in the block: how many bytes, from *ret_at of the block on. */
static size_t overlap(const struct scrub_range *r, uint64_t offset, size_t n, size_t *ret_at)
{
    uint64_t end = r->offset + r->n, from = r->offset > offset ? r->offset : offset;
    uint64_t to = end < offset + n ? end : offset + n;

    *ret_at = from < to ? (size_t)(from - offset) : 0;
    return from < to ? (size_t)(to - from) : 0;
}

void scrub_block(const struct scrub *s, uint64_t offset, void *p, size_t n)
{
    size_t at, size;

    for (size_t i = 0; i < s->n && s->ranges[i].offset < offset + n; i++) {
        size = overlap(&s->ranges[i], offset, n, &at);
        memset((char *)p + at, SCRUB_MARK, size);
    }
    size = overlap(&s->stack, offset, n, &at);
    copies_blank(s->copies, (char *)p + at, size);
}
