/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/container.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/core/bytes.h"
#include "workerd/indexer/decompress.h"

/* Debug sections that were compressed before ELF had a flag for it. */
#define OLD_PREFIX   ".zdebug_"
#define PLAIN_PREFIX ".debug_"
#define OLD_MAGIC    "ZLIB" /* and then the size, 8 bytes, big-endian */

#ifndef ELFCOMPRESS_ZSTD /* not before glibc 2.37 */
#define ELFCOMPRESS_ZSTD 2
#endif

/* --- The table --- */

static struct elf_section row(const struct elf_view *v, uint32_t i)
{
    return elf_section_row(v->data + v->shoff + (uint64_t)i * v->shentsize, v->is64);
}

struct span span_of_texts(struct span s)
{
    const uint8_t *last = s.size > 0 ? memrchr(s.data, '\0', s.size) : NULL;

    return (struct span){s.data, last ? (size_t)(last - s.data) + 1 : 0};
}

static struct span bytes_of(const struct elf_view *v, const struct elf_section *h)
{
    if (h->type == SHT_NOBITS || h->type == SHT_NULL || !range_within(h->offset, h->size, v->size))
        return (struct span){NULL, 0};
    return (struct span){v->data + h->offset, h->size};
}

/* The section of names, up to its last NUL, so that each name ends. Its number may be too large for
 * the header (elf(5), SHN_XINDEX). */
static struct span names_of(const struct elf_view *v)
{
    uint32_t i = v->shstrndx == SHN_XINDEX ? row(v, 0).link : v->shstrndx;

    if (i == SHN_UNDEF || i >= v->shnum)
        return (struct span){NULL, 0};
    struct elf_section h = row(v, i);

    return span_of_texts(bytes_of(v, &h));
}

static const char *name_at(struct span names, uint32_t at)
{
    return at < names.size ? (const char *)names.data + at : "";
}

int container_open(const void *data, size_t size, struct memory_budget *budget,
                   struct container *ret)
{
    struct container c = {.budget = budget};
    int r = elf_open(data, size, &c.view);

    if (r != 0)
        return r;
    const struct elf_view *v = &c.view;

    if (v->shoff != 0 && v->shnum <= CONTAINER_SECTIONS_MAX &&
        range_within(v->shoff, (uint64_t)v->shnum * v->shentsize, v->size))
        c.n = v->shnum;
    c.sections = calloc(c.n > 0 ? c.n : 1, sizeof *c.sections);
    if (!c.sections)
        return -ENOMEM;
    struct span names = c.n > 0 ? names_of(v) : (struct span){NULL, 0};

    for (uint32_t i = 0; i < c.n; i++) {
        struct container_section *s = &c.sections[i];

        s->header = row(v, i);
        s->name = name_at(names, s->header.name);
        s->raw = bytes_of(v, &s->header);
    }
    *ret = c;
    return 0;
}

void container_close(struct container *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->sections[i].owned);
    free(c->sections);
    *c = (struct container){0};
}

/* --- Sections --- */

static bool is_old_name(const char *name, const char *plain)
{
    return cstr_starts(name, OLD_PREFIX) && cstr_starts(plain, PLAIN_PREFIX) &&
           strcmp(name + strlen(OLD_PREFIX), plain + strlen(PLAIN_PREFIX)) == 0;
}

struct container_section *container_find(struct container *c, const char *name)
{
    struct container_section *old = NULL;

    for (size_t i = 0; i < c->n; i++) {
        struct container_section *s = &c->sections[i];

        if (strcmp(s->name, name) == 0)
            return s;
        if (!old && is_old_name(s->name, name))
            old = s;
    }
    return old;
}

struct container_section *container_find_type(struct container *c, uint32_t type)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->sections[i].header.type == type)
            return &c->sections[i];
    return NULL;
}

bool container_is_code(const struct container_section *s)
{
    return (s->header.flags & SHF_ALLOC) && (s->header.flags & SHF_EXECINSTR);
}

bool container_has_zero(const struct container *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (container_is_code(&c->sections[i]) && c->sections[i].header.address == 0 &&
            c->sections[i].header.size > 0)
            return true;
    return false;
}

/* --- Contents --- */

/* Elf64_Chdr, Elf32_Chdr: what, and to how many bytes. */
static void *decompress_flagged(const struct container *c, struct span raw, uint64_t *ret_size)
{
    Elf64_Chdr wide = {0};
    Elf32_Chdr narrow;
    size_t head = c->view.is64 ? sizeof wide : sizeof narrow;

    if (raw.size < head)
        return NULL;
    if (c->view.is64) {
        memcpy(&wide, raw.data, sizeof wide);
    } else {
        memcpy(&narrow, raw.data, sizeof narrow);
        wide.ch_type = narrow.ch_type;
        wide.ch_size = narrow.ch_size;
    }
    if (wide.ch_type != ELFCOMPRESS_ZLIB && wide.ch_type != ELFCOMPRESS_ZSTD)
        return NULL;
    *ret_size = wide.ch_size;
    return decompress_known(wide.ch_type == ELFCOMPRESS_ZLIB ? COMPRESSION_ZLIB : COMPRESSION_ZSTD,
                            (struct span){raw.data + head, raw.size - head}, wide.ch_size,
                            c->budget);
}

static void *decompress_old(const struct container *c, struct span raw, uint64_t *ret_size)
{
    const size_t magic = strlen(OLD_MAGIC), head = magic + 8;
    uint64_t size;

    if (raw.size < head || memcmp(raw.data, OLD_MAGIC, magic) != 0)
        return NULL;
    memcpy(&size, raw.data + magic, sizeof size);
    *ret_size = __builtin_bswap64(size);
    return decompress_known(COMPRESSION_ZLIB, (struct span){raw.data + head, raw.size - head},
                            *ret_size, c->budget);
}

struct span container_contents(struct container *c, struct container_section *s)
{
    uint64_t size = 0;

    if (!s)
        return (struct span){NULL, 0};
    if (s->tried)
        return s->contents;
    s->tried = true;
    if (s->header.flags & SHF_COMPRESSED)
        s->owned = decompress_flagged(c, s->raw, &size);
    else if (cstr_starts(s->name, OLD_PREFIX))
        s->owned = decompress_old(c, s->raw, &size);
    else
        s->contents = s->raw;
    if (s->owned)
        s->contents = (struct span){s->owned, size};
    return s->contents;
}

struct span container_named(struct container *c, const char *name)
{
    return container_contents(c, container_find(c, name));
}

/* --- Segments --- */

bool container_segment(const struct container *c, uint32_t type, struct elf_segment *ret)
{
    struct elf_segment s;

    for (uint32_t i = 0; i < c->view.phnum && elf_segment(&c->view, i, &s) == 0; i++)
        if (s.type == type) {
            *ret = s;
            return true;
        }
    return false;
}

struct span container_mapped(const struct container *c, uint64_t address)
{
    const struct elf_view *v = &c->view;
    struct elf_segment s;

    for (uint32_t i = 0; i < v->phnum && elf_segment(v, i, &s) == 0; i++) {
        uint64_t at = address - s.vaddr;

        if (s.type != PT_LOAD || address < s.vaddr || at >= s.filesz || s.offset > v->size ||
            at >= v->size - s.offset)
            continue;
        uint64_t left = v->size - s.offset - at;

        return (struct span){v->data + s.offset + at, s.filesz - at < left ? s.filesz - at : left};
    }
    return (struct span){NULL, 0};
}
