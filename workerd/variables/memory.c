/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/variables/memory.h"

#include <string.h>

#include "common/core/elf.h"

#define SEGMENTS_MAX 64u /* of a file that are looked at */

/* Whether the bytes of the file are in a segment that is mapped as it is in the file. */
static bool is_constant(const struct span *file, uint64_t offset, size_t n)
{
    struct elf_segment s;
    struct elf_view v;

    if (elf_open(file->data, file->size, &v) != 0)
        return false;
    for (uint32_t i = 0; i < v.phnum && i < SEGMENTS_MAX && elf_segment(&v, i, &s) == 0; i++)
        if (s.type == PT_LOAD && offset >= s.offset && offset - s.offset < s.filesz)
            return !(s.flags & PF_W) && n <= s.filesz - (offset - s.offset);
    return false;
}

static const struct image_mapping *mapping_at(const struct image_module *m, uint64_t address)
{
    for (size_t i = 0; i < m->n_mappings; i++)
        if (address >= m->mappings[i].start && address < m->mappings[i].end)
            return &m->mappings[i];
    return NULL;
}

static bool read_file(const struct frame_view *f, uint64_t address, void *to, size_t n)
{
    const struct image_module *m = image_module_at(f->image, address);
    const struct image_mapping *mapping = m ? mapping_at(m, address) : NULL;
    struct span file;

    if (!mapping || n > mapping->end - address || !f->files->bytes(f->files->arg, m, &file))
        return false;
    uint64_t skip = address - mapping->start, offset;

    if (__builtin_add_overflow(mapping->file_offset, skip, &offset) || offset > file.size ||
        n > file.size - offset || !is_constant(&file, offset, n))
        return false;
    memcpy(to, file.data + offset, n);
    return true;
}

bool memory_of_process(const struct frame_view *f, uint64_t address, void *to, size_t n)
{
    if (n == 0 || image_read(f->image, address, to, n))
        return true;
    return f->files && read_file(f, address, to, n);
}
