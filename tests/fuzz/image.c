/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/image */
/* Any bytes as a core, and the core as an image: modules are in order and do not overlap, and what
 * the cache tells of memory is what the core has. */
#include <assert.h>
#include <string.h>

#include "workerd/image/elfcore.h"

#define WORDS 48 /* around each register of a thread */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_modules(const struct image *i)
{
    assert(i->n_modules <= IMAGE_MODULES_MAX);
    for (size_t k = 0; k < i->n_modules; k++) {
        const struct image_module *m = &i->modules[k];

        assert(m->path && m->start < m->end);
        assert(k == 0 || m[-1].end <= m->start);
        assert(image_module_at(i, m->start) == m && image_module_at(i, m->end - 1) == m);
        for (size_t j = 0; j < m->n_mappings; j++) {
            assert(m->mappings[j].start < m->mappings[j].end);
            assert(m->mappings[j].start >= (j ? m->mappings[j - 1].end : m->start));
            assert(m->mappings[j].end <= m->end);
        }
    }
}

static void check_word(struct image *i, const struct corefile *c, uint64_t address)
{
    size_t n = layout_word_size(c->layout);
    uint8_t bytes[8];
    uint64_t word;
    bool there = image_word(i, address, &word);

    assert(there == (corefile_read(c, address, bytes, n) == (ssize_t)n));
    assert(!there || word == layout_word(c->layout, bytes));
}

static void check_range(struct image *i, const struct corefile *c, uint64_t address)
{
    struct image_range r;
    bool there = image_range(i, address, &r);

    assert(there == (corefile_segment(c, address) != NULL));
    assert(!there || (r.start <= address && address < r.end));
}

static void walk(struct image *i, const struct corefile *c, uint64_t address)
{
    size_t word = layout_word_size(c->layout);
    uint8_t bytes[300];

    for (uint64_t k = 0; k < WORDS; k++)
        check_word(i, c, address + k * word);
    check_word(i, c, address - word);
    check_range(i, c, address);
    check_range(i, c, address - 1);
    assert(image_read(i, address, bytes, sizeof bytes) ==
           (corefile_read(c, address, bytes, sizeof bytes) == sizeof bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct image i;
    struct corefile c;
    struct arena a;

    arena_init(&a, 64u << 20);
    if (corefile_open(bytes_of_memory(data, size), &a, &c) == 0) {
        elfcore_image(&c, &a, &i);
        check_modules(&i);
        assert(i.n_threads == c.n_threads);
        for (size_t t = 0; t < i.n_threads && t < 2; t++)
            for (size_t r = 0; r < c.layout->n_registers; r++)
                walk(&i, &c, i.threads[t].registers[r]);
        for (size_t s = 0; s < c.n_segments && s < 8; s++)
            walk(&i, &c, c.segments[s].start + c.segments[s].present - 64);
    }
    arena_fini(&a);
    return 0;
}
