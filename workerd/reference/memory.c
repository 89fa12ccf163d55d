/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/reference/memory.h"

#include <string.h>

#include "common/core/bytes.h"

void memory_init(struct memory *m, struct modules *modules)
{
    *m = (struct memory){.modules = modules};
}

static const struct image_mapping *mapping_at(const struct mapped_module *m, uint64_t address)
{
    for (size_t i = 0; i < m->n_mappings; i++)
        if (address >= m->mappings[i].start && address < m->mappings[i].end)
            return &m->mappings[i];
    return NULL;
}

/* A private mapping that was never written to is its file; a writable one may have been. */
static bool read_file(struct memory *m, uint64_t address, void *p, size_t n)
{
    struct mapped_module *module = modules_at(m->modules, address);
    const struct image_mapping *mapping = module ? mapping_at(module, address) : NULL;
    struct image_range range;
    size_t size;

    if (!mapping || n > mapping->end - address)
        return false;
    if (image_range(m->modules->image, address, &range) && range.writable)
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
    return image_read(m->modules->image, address, p, n) || read_file(m, address, p, n);
}
