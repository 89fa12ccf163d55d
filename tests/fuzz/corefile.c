/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* Any bytes as a core: what is found lies within them, in order, and every address can be asked
 * for. */
#include <assert.h>
#include <string.h>

#include "common/core/corefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct corefile *c, uint64_t address)
{
    char b[64];
    ssize_t n = corefile_read(c, address, b, sizeof b);
    const struct core_mapping *m = corefile_mapping(c, address);

    assert(n >= 0 && n <= (ssize_t)sizeof b);
    assert(n == 0 || corefile_segment(c, address));
    assert(!m || (address >= m->start && address < m->end));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct corefile c;
    struct arena a;

    arena_init(&a, 64u << 20);
    if (corefile_open(bytes_of_memory(data, size), &a, &c) == 0) {
        for (size_t i = 0; i < c.n_threads; i++)
            ask(&c, core_thread_register(&c, &c.threads[i], c.layout->sp));
        for (size_t i = 0; i < c.n_segments && i < 1000; i++) {
            assert(i == 0 || c.segments[i].start >= c.segments[i - 1].start);
            ask(&c, c.segments[i].start);
            ask(&c, c.segments[i].start + c.segments[i].memsz - 1);
        }
        for (size_t i = 0; i < c.n_mappings && i < 1000; i++)
            ask(&c, c.mappings[i].start + strlen(c.mappings[i].path));
    }
    arena_fini(&a);
    return 0;
}
