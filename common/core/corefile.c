/* SPDX-License-Identifier: Apache-2.0 */
/* The order of reading: ELF header, program headers, notes. Each step keeps what is whole and goes
 * on when the bytes end, so a core that was cut in its second megabyte still has threads, signal
 * and files. Nothing points into the input: tables and notes are copied to the arena once
 * (arena_try: their sizes come from outside). */
#include "common/core/corefile.h"

#include <stdlib.h>
#include <string.h>

#include "common/core/corenotes.h"

uint64_t core_thread_register(const struct corefile *c, const struct core_thread *t, size_t index)
{
    return layout_word(c->layout, t->registers + c->layout->registers[index].offset);
}

/* --- Program headers --- */

/* With 65,535 or more segments their number is in a section header at the end of the file. When
 * that end is cut off, the notes tell it: they follow the program headers at once (fs/binfmt_elf.c,
 * elf_core_dump). */
static int count_many_segments(struct corefile *c, const struct elf_view *v, uint64_t *ret)
{
    uint8_t raw[sizeof(Elf64_Shdr)] = {0};
    size_t section = v->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    struct elf_view first = {.data = raw, .is64 = v->is64, .phnum = 1, .phentsize = v->phentsize};
    struct elf_segment notes;
    ssize_t got = bytes_read(&c->bytes, v->shoff, raw, section);

    if (got < 0)
        return (int)got;
    if (v->shoff != 0 && (size_t)got == section) {
        *ret = (uint32_t)layout_int(
            raw + (v->is64 ? offsetof(Elf64_Shdr, sh_info) : offsetof(Elf32_Shdr, sh_info)));
        return 0;
    }
    got = bytes_read(&c->bytes, v->phoff, raw, v->phentsize);
    if (got < 0)
        return (int)got;
    first.size = (size_t)got;
    if (elf_segment(&first, 0, &notes) != 0 || notes.offset < v->phoff)
        return CORE_MALFORMED;
    *ret = (notes.offset - v->phoff) / v->phentsize;
    return 0;
}

/* The program header table as far as it is there, as a view of its own: elf_segment reads from it.
 * */
static int read_table(struct corefile *c, struct arena *a, struct elf_view *v)
{
    uint64_t count = v->phnum;
    int r = v->phnum_unknown ? count_many_segments(c, v, &count) : 0;

    if (r != 0)
        return r;
    if (count > ELF_PHDRS_MAX)
        return CORE_MALFORMED;
    uint64_t promised = count * v->phentsize;
    size_t size = (size_t)bytes_present(&c->bytes, v->phoff, promised);
    uint8_t *table = arena_try(a, size + 1);

    if (!table)
        return CORE_TOO_LARGE;
    ssize_t got = bytes_read(&c->bytes, v->phoff, table, size);

    if (got < 0)
        return (int)got;
    if (count == 0 || (size_t)got < v->phentsize)
        return CORE_MALFORMED;
    if ((size_t)got < promised)
        c->notes_cut = c->truncated = true;
    v->data = table;
    v->size = (size_t)got;
    v->phoff = 0;
    v->phnum = (uint32_t)((size_t)got / v->phentsize);
    return 0;
}

static int compare_segments(const void *a, const void *b)
{
    const struct core_segment *x = a, *y = b;

    return x->start < y->start ? -1 : x->start > y->start;
}

static void expect_bytes(struct corefile *c, uint64_t offset, uint64_t size)
{
    uint64_t end = size > UINT64_MAX - offset ? UINT64_MAX : offset + size;

    if (size != 0 && end > c->expected_size)
        c->expected_size = end;
}

static void add_segment(struct corefile *c, const struct elf_segment *g)
{
    uint64_t filesz = g->filesz < g->memsz ? g->filesz : g->memsz;

    if (g->memsz == 0 || g->vaddr > UINT64_MAX - g->memsz)
        return;
    c->segments[c->n_segments++] = (struct core_segment){
        .start = g->vaddr,
        .memsz = g->memsz,
        .offset = g->offset,
        .filesz = filesz,
        .present = bytes_present(&c->bytes, g->offset, filesz),
        .flags = g->flags,
    };
}

/* The kernel writes them in order: of 40,000 it is worth to look first. */
static void sort_segments(struct corefile *c)
{
    for (size_t i = 1; i < c->n_segments; i++) {
        if (c->segments[i - 1].start > c->segments[i].start) {
            qsort(c->segments, c->n_segments, sizeof *c->segments, compare_segments);
            return;
        }
    }
}

static int read_segments(struct corefile *c, struct arena *a, const struct elf_view *v)
{
    struct elf_segment g;

    c->segments = arena_try(a, (size_t)v->phnum * sizeof *c->segments);
    if (!c->segments)
        return CORE_TOO_LARGE;
    for (uint32_t i = 0; i < v->phnum; i++) {
        if (elf_segment(v, i, &g) != 0)
            continue;
        expect_bytes(c, g.offset, g.filesz);
        if (g.type == PT_LOAD)
            add_segment(c, &g);
    }
    sort_segments(c);
    if (c->expected_size > c->bytes.size)
        c->truncated = true;
    return 0;
}

/* --- Opening and reading --- */

static int open_header(struct corefile *c, struct elf_view *ret)
{
    uint8_t header[sizeof(Elf64_Ehdr)];
    ssize_t got = bytes_read(&c->bytes, 0, header, sizeof header);

    if (got < 0)
        return (int)got;
    int r = elf_open(header, (size_t)got, ret);

    if (r != 0)
        return r == ELF_NOT_ELF ? CORE_NOT_ELF : CORE_MALFORMED;
    if (ret->type != ET_CORE)
        return CORE_NOT_A_CORE;
    c->layout = core_layout_find(ret->machine, ret->is64);
    return c->layout ? 0 : CORE_UNKNOWN_MACHINE;
}

int corefile_open(struct bytes bytes, struct arena *a, struct corefile *ret)
{
    struct corefile c = {.bytes = bytes};
    struct elf_view v;
    int r = open_header(&c, &v);

    if (r == 0)
        r = read_table(&c, a, &v);
    if (r == 0)
        r = read_segments(&c, a, &v);
    if (r == 0)
        r = corenotes_read(&c, a, &v);
    if (r != 0)
        return r;
    *ret = c;
    return 0;
}

const struct core_segment *corefile_segment(const struct corefile *c, uint64_t address)
{
    size_t low = 0, high = c->n_segments;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (c->segments[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    const struct core_segment *s = &c->segments[low - 1];

    return address - s->start < s->memsz ? s : NULL;
}

const struct core_mapping *corefile_mapping(const struct corefile *c, uint64_t address)
{
    size_t low = 0, high = c->n_mappings;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (c->mappings[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && address < c->mappings[low - 1].end ? &c->mappings[low - 1] : NULL;
}

ssize_t corefile_read(const struct corefile *c, uint64_t address, void *p, size_t n)
{
    unsigned pieces = 0;
    size_t done = 0;

    while (done < n && address <= UINT64_MAX - done && pieces++ < CORE_READ_SEGMENTS_MAX) {
        const struct core_segment *s = corefile_segment(c, address + done);

        if (!s)
            break;
        uint64_t skip = address + done - s->start, there = s->present;

        /* In a core that lies segments overlap: each address is in the one that begins last. */
        if (s + 1 < c->segments + c->n_segments && s[1].start - s->start < there)
            there = s[1].start - s->start;
        if (skip >= there)
            break;
        size_t want = n - done < there - skip ? n - done : (size_t)(there - skip);
        ssize_t got = bytes_read(&c->bytes, s->offset + skip, (uint8_t *)p + done, want);

        if (got < 0)
            return got;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}
