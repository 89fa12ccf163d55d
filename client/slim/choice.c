/* SPDX-License-Identifier: Apache-2.0 */
/* Every address here may be the process' own invention: sums are checked, and a walk over segments
 * ends with the range that was asked for. */
#include "client/slim/choice.h"

#include <string.h>

int choice_init(struct choice *c, const struct corefile *core, const struct slim_source *source,
                uint64_t total)
{
    *c = (struct choice){.core = core, .source = source};
    return pages_init(&c->pages, (size_t)(total / PAGE_BYTES));
}

void choice_fini(struct choice *c)
{
    pages_fini(&c->pages);
}

uint64_t choice_room(const struct choice *c)
{
    size_t used = c->pages.n + c->n_constants;

    return used < c->pages.max ? (uint64_t)(c->pages.max - used) * PAGE_BYTES : 0;
}

void choice_allow(struct choice *c, uint64_t bytes)
{
    uint64_t room = choice_room(c);

    c->allowance = (size_t)((bytes < room ? bytes : room) / PAGE_BYTES);
}

size_t choice_segment(const struct corefile *core, uint64_t address)
{
    size_t low = 0, high = core->n_segments;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct core_segment *s = &core->segments[middle];

        if (s->start <= address && address - s->start >= s->memsz)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool choice_dumped(const struct corefile *core, uint64_t address, uint64_t end,
                   struct slim_range *ret)
{
    for (size_t i = choice_segment(core, address); i < core->n_segments; i++) {
        const struct core_segment *s = &core->segments[i];
        uint64_t start = s->start > address ? s->start : address;
        uint64_t stop = s->start + s->filesz;

        if (start >= end)
            return false;
        if (start < stop) {
            *ret = (struct slim_range){start, (stop < end ? stop : end) - start};
            return true;
        }
    }
    return false;
}

/* No process has memory in the upper half. */
#define ADDRESS_END (1ull << 63)

static uint64_t end_of(uint64_t start, uint64_t n)
{
    if (start >= ADDRESS_END)
        return start;
    return n > ADDRESS_END - start ? ADDRESS_END : start + n;
}

static bool keep_page(struct choice *c, uint64_t page)
{
    if (pages_have(&c->pages, page))
        return true;
    if (c->allowance == 0 || pages_add(&c->pages, page) != 0)
        return false;
    c->allowance--;
    return true;
}

bool choice_keep(struct choice *c, uint64_t start, uint64_t n)
{
    uint64_t end = end_of(start, n);
    struct slim_range r;

    while (start < end && choice_dumped(c->core, start, end, &r)) {
        for (uint64_t page = page_of(r.start); page < r.start + r.n; page += PAGE_BYTES)
            if (!keep_page(c, page))
                return false;
        start = r.start + r.n;
    }
    return true;
}

/* What can be written to may be a secret, and what is a device must not be touched. */
static bool is_constant(const struct choice *c, uint64_t page)
{
    const struct core_segment *s = corefile_segment(c->core, page);
    const struct core_mapping *m = corefile_mapping(c->core, page);
    struct slim_range r;

    return s && m && !(s->flags & PF_W) && strncmp(m->path, "/dev/", 5) != 0 &&
           !choice_dumped(c->core, page, page + PAGE_BYTES, &r);
}

static bool have_constant(const struct choice *c, uint64_t page)
{
    for (size_t i = 0; i < c->n_constants; i++)
        if (c->constants[i] == page)
            return true;
    return false;
}

bool choice_keep_constant(struct choice *c, uint64_t start, uint64_t n)
{
    uint64_t end = end_of(start, n);

    if (start >= ADDRESS_END)
        return true;
    for (uint64_t page = page_of(start); page < end; page += PAGE_BYTES) {
        if (!is_constant(c, page) || have_constant(c, page))
            continue;
        if (c->allowance == 0 || c->n_constants == CHOICE_CONSTANTS_MAX)
            return false;
        c->allowance--;
        c->constants[c->n_constants++] = page;
    }
    return choice_keep(c, start, n);
}

size_t choice_read(const struct choice *c, uint64_t address, void *p, size_t n)
{
    uint64_t end = end_of(address, n);
    size_t done = 0;
    struct slim_range r;

    while (done < n && choice_dumped(c->core, address + done, end, &r)) {
        if (r.start != address + done)
            break;
        ssize_t got = c->source->read(c->source->arg, r.start, (uint8_t *)p + done, (size_t)r.n);

        if (got <= 0)
            break;
        done += (uint64_t)got < r.n ? (size_t)got : (size_t)r.n;
    }
    return done;
}

bool choice_read_word(const struct choice *c, uint64_t address, uint64_t *ret)
{
    uint8_t raw[8] = {0};
    size_t word = c->core->layout->is64 ? 8 : 4;

    if (choice_read(c, address, raw, word) != word)
        return false;
    *ret = layout_word(c->core->layout, raw);
    return true;
}
