/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/body.h"

#include <errno.h>
#include <string.h>

#include "common/report/meta.h"

#define PAGE_BYTES 4096u

/* The kernel lays segments out in the order of their addresses, one behind the other. */
static bool in_order(const struct corefile *core)
{
    uint64_t end = 0;

    for (size_t i = 0; i < core->n_segments; i++) {
        const struct core_segment *s = &core->segments[i];

        if (s->filesz == 0)
            continue;
        if (s->offset < end || s->filesz > UINT64_MAX - s->offset)
            return false;
        end = s->offset + s->filesz;
    }
    return true;
}

static uint64_t end_of(const struct corefile *core)
{
    uint64_t end = 0;

    for (size_t i = 0; i < core->n_segments; i++)
        if (core->segments[i].filesz > 0)
            end = core->segments[i].offset + core->segments[i].filesz;
    return end;
}

bool body_open(const struct corefile *core, struct slim_source memory, int64_t expected,
               struct body *ret)
{
    uint64_t end;

    if (expected == META_UNKNOWN || !in_order(core))
        return false;
    end = end_of(core);
    if (end == 0 || end != (uint64_t)expected)
        return false;
    *ret = (struct body){.core = core, .memory = memory, .end = end};
    return true;
}

/* The segment that holds offset at, or the next one behind it. */
static const struct core_segment *segment_at(struct body *b, uint64_t at)
{
    const struct core_segment *s = &b->core->segments[b->next];

    while (s->filesz == 0 || s->offset + s->filesz <= at)
        s = &b->core->segments[++b->next];
    return s;
}

static size_t at_most(uint64_t size, size_t n)
{
    return size < n ? (size_t)size : n;
}

static ssize_t zeros(void *to, size_t n)
{
    memset(to, 0, n);
    return (ssize_t)n;
}

static ssize_t read_segment(struct body *b, const struct core_segment *s, uint64_t within, void *to,
                            size_t n)
{
    uint64_t address = s->start + within;
    ssize_t got = -EIO;

    n = at_most(s->filesz - within, n);
    /* Beyond lies the page of vsyscall alone, which may be executed and not read. */
    if (address <= INT64_MAX)
        got = b->memory.read(b->memory.arg, address, to, n);
    if (got >= 0)
        return got;
    if (got != -EIO && got != -EFAULT)
        return 0;
    return zeros(to, at_most(PAGE_BYTES - address % PAGE_BYTES, n));
}

ssize_t body_read(struct body *b, uint64_t at, void *to, size_t n)
{
    const struct core_segment *s;

    if (at >= b->end)
        return 0;
    s = segment_at(b, at);
    if (at < s->offset)
        return zeros(to, at_most(s->offset - at, n));
    return read_segment(b, s, at - s->offset, to, n);
}
