/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/analysis/memory.h"

#include <stdlib.h>
#include <string.h>

void memory_init(struct memory *m, const struct corefile *core, struct modules *modules)
{
    *m = (struct memory){.core = core, .modules = modules};
    m->windows = calloc(MEMORY_WINDOWS, sizeof *m->windows);
}

void memory_fini(struct memory *m)
{
    free(m->windows);
    m->windows = NULL;
}

static bool read_window(const struct memory_window *w, uint64_t address, void *p, size_t n)
{
    uint64_t skip = address - w->start;

    if (address < w->start || skip > w->length || n > w->length - skip)
        return false;
    memcpy(p, w->bytes + skip, n);
    return true;
}

/* Loads what the core has of the address's page, from the first byte of its segment on: a slim
 * core's segments begin and end anywhere. */
static void load_window(const struct corefile *c, struct memory_window *w, uint64_t address)
{
    uint64_t page = address & -(uint64_t)MEMORY_WINDOW_SIZE;
    const struct core_segment *s = corefile_segment(c, address);
    uint64_t start = s && s->start > page ? s->start : page;
    ssize_t n = corefile_read(c, start, w->bytes, (size_t)(page + MEMORY_WINDOW_SIZE - start));

    w->start = start;
    w->length = n > 0 ? (size_t)n : 0;
}

static bool read_core(struct memory *m, uint64_t address, void *p, size_t n)
{
    if (m->windows) {
        struct memory_window *w = &m->windows[address / MEMORY_WINDOW_SIZE % MEMORY_WINDOWS];

        if (read_window(w, address, p, n))
            return true;
        load_window(m->core, w, address);
        if (read_window(w, address, p, n))
            return true;
    }
    return corefile_read(m->core, address, p, n) == (ssize_t)n;
}

/* A private mapping that was never written to is its file; a writable one may have been. */
static bool read_file(struct memory *m, uint64_t address, void *p, size_t n)
{
    const struct core_mapping *mapping = corefile_mapping(m->core, address);
    const struct core_segment *segment = corefile_segment(m->core, address);
    struct mapped_module *module = mapping ? modules_at(m->modules, address) : NULL;
    size_t size;

    if (!module || (segment && (segment->flags & PF_W)) || n > mapping->end - address)
        return false;
    if (!module_open(module))
        return false;
    const char *file = elf_rawfile(module->elf, &size);
    uint64_t offset = address - mapping->start + mapping->file_offset;

    if (!file || !range_within(offset, n, size))
        return false;
    memcpy(p, file + offset, n);
    return true;
}

bool memory_read(struct memory *m, uint64_t address, void *p, size_t n)
{
    return read_core(m, address, p, n) || read_file(m, address, p, n);
}
