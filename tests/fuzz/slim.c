/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/slim */
/* Any core as the head of a process and as its memory: nothing is read but what is dumped and what
 * is a file's and constant, the limits hold, and what comes out is a core with the same bytes at
 * the same addresses. The size of the input decides how well the reads go. */
#include "client/slim/slim.h"

#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"

#define OUTPUT_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
    const struct corefile *core;
    size_t mood, reads;
};

static bool is_dumped(const struct corefile *c, uint64_t address)
{
    for (size_t i = 0; i < c->n_segments; i++)
        if (address >= c->segments[i].start &&
            address - c->segments[i].start < c->segments[i].filesz)
            return true;
    return false;
}

/* What a file has there, of which the core says nothing. */
#define CONSTANT 0xc3

static bool is_constant(const struct corefile *c, uint64_t address)
{
    const struct core_segment *s = corefile_segment(c, address);
    const struct core_mapping *m = corefile_mapping(c, address);

    return s && m && !(s->flags & PF_W) && strncmp(m->path, "/dev/", 5) != 0 &&
           !is_dumped(c, address);
}

static ssize_t read_memory(void *arg, uint64_t address, void *p, size_t n)
{
    struct memory *m = arg;

    assert(n > 0 && address <= UINT64_MAX - n);
    m->reads++;
    if (is_constant(m->core, address)) {
        assert(is_constant(m->core, address + n - 1));
        memset(p, CONSTANT, n);
        return (ssize_t)n;
    }
    if (m->core->n_segments < 64)
        assert(is_dumped(m->core, address) && is_dumped(m->core, address + n - 1));
    switch (m->mood % 5) {
    case 0: /* killed meanwhile */
        return m->reads > 20 ? 0 : corefile_read(m->core, address, p, n);
    case 1:
        return m->reads % 3 == 0 ? -EIO : corefile_read(m->core, address, p, n);
    case 2:
        return corefile_read(m->core, address, p, n > 100 ? n - 50 : n);
    default:
        return corefile_read(m->core, address, p, n);
    }
}

static int append(void *arg, const void *p, size_t n)
{
    buf_add(arg, p, n);
    return buf_error(arg);
}

/* Otherwise an address has more than one value. */
static bool is_disjoint(const struct corefile *c)
{
    for (size_t i = 1; i < c->n_segments; i++)
        if (c->segments[i].start - c->segments[i - 1].start < c->segments[i - 1].memsz)
            return false;
    return true;
}

static bool is_all_constant(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != CONSTANT)
            return false;
    return true;
}

/* What it holds is what the process had. */
static void compare(const struct corefile *slim, const struct corefile *full)
{
    uint8_t a[4096], b[4096];
    bool disjoint = is_disjoint(full);

    for (size_t i = 0; i < slim->n_segments && i < 1000; i++) {
        const struct core_segment *s = &slim->segments[i];
        size_t n = s->filesz < sizeof a ? (size_t)s->filesz : sizeof a;

        assert(s->filesz == s->present && (s->filesz == 0 || s->filesz == s->memsz));
        assert(i == 0 || s->start >= s[-1].start + s[-1].memsz);
        if (n > 0 && disjoint) {
            assert(corefile_read(slim, s->start, a, n) >= (ssize_t)n);
            if (is_constant(full, s->start))
                assert(is_all_constant(a, n < 4096 ? n : 4096));
            else
                assert(corefile_read(full, s->start, b, n) == (ssize_t)n && memcmp(a, b, n) == 0);
        }
    }
}

static void check_output(struct slim *s, const struct corefile *full)
{
    _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
    _cleanup_arena_ struct arena a = ARENA_INIT(256u << 20);
    struct corefile c;
    int r = slim_write(s, append, &b);

    assert(r == 0 && b.len == slim_size(s));
    r = corefile_open(bytes_of_memory(b.data, b.len), &a, &c);
    assert(r == 0);
    compare(&c, full);
}

static void take(const struct corefile *c, const uint8_t *data, size_t size)
{
    static const struct slim_limits limits = {64u << 10, 16u << 10, 32u << 10, 256u << 10};
    const struct slim_range secrets[] = {{c->address, 64}, {UINT64_MAX - 8, UINT64_MAX}};
    struct memory m = {.core = c, .mood = size};
    const struct slim_source source = {read_memory, &m};
    struct slim *s;
    uint8_t word[8];

    if (slim_take(c, data, size, &source, &limits, &s) != 0)
        return;
    check_output(s, c);
    slim_read(s, c->address, word, sizeof word);
    slim_blank(s, secrets, ARRAY_SIZE(secrets));
    slim_set_arguments(s, "secret");
    _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

    assert(slim_write(s, append, &b) == 0 && b.len == slim_size(s));
    slim_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct corefile c;
    struct arena a;

    arena_init(&a, 64u << 20);
    if (corefile_open(bytes_of_memory(data, size), &a, &c) == 0 && slim_understands(&c))
        take(&c, data, size);
    arena_fini(&a);
    return 0;
}
