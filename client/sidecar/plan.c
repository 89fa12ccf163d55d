/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces, and the two sections that a loader finds without section headers. The tables' lengths are
 * not written down anywhere then: that of the symbols follows from a hash table, that of .eh_frame
 * from walking over its entries. */
#include "client/sidecar/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_SIZE    (64 * 1024)
#define DYNAMIC_MAX    4096u /* entries */
#define HASH_WORDS_MAX (4u * 1024 * 1024)

/* --- Pieces --- */

void plan_keep(struct plan *p, uint64_t offset, uint64_t size)
{
    if (size == 0 || !range_within(offset, size, p->file.size) || p->n == p->capacity)
        return;
    p->pieces[p->n++] = (struct sidecar_piece){offset, offset, size};
}

static int compare_pieces(const void *a, const void *b)
{
    const struct sidecar_piece *x = a, *y = b;

    return x->from < y->from ? -1 : x->from > y->from;
}

void plan_settle(struct plan *p)
{
    size_t n = 0;

    if (p->n > 1)
        qsort(p->pieces, p->n, sizeof *p->pieces, compare_pieces);
    for (size_t i = 0; i < p->n; i++) {
        struct sidecar_piece *last = n > 0 ? &p->pieces[n - 1] : NULL, next = p->pieces[i];

        if (!last || next.from > last->from + last->size)
            p->pieces[n++] = next;
        else if (next.from + next.size > last->from + last->size)
            last->size = next.from + next.size - last->from;
    }
    p->n = n;
}

static struct elf_segment segment(const struct plan *p, uint32_t i)
{
    return elf_segment_row(p->segments + (size_t)i * p->view.phentsize, p->view.is64);
}

uint64_t plan_locate(const struct plan *p, uint64_t address, uint64_t *ret_offset)
{
    for (uint32_t i = 0; i < p->view.phnum; i++) {
        struct elf_segment s = segment(p, i);

        if (s.type != PT_LOAD || address < s.vaddr || address - s.vaddr >= s.filesz ||
            !range_within(s.offset, s.filesz, p->file.size))
            continue;
        *ret_offset = s.offset + (address - s.vaddr);
        return s.filesz - (address - s.vaddr);
    }
    return 0;
}

static const struct elf_segment *find(const struct plan *p, uint32_t type, struct elf_segment *ret)
{
    for (uint32_t i = 0; i < p->view.phnum; i++) {
        *ret = segment(p, i);
        if (ret->type == type)
            return ret;
    }
    return NULL;
}

/* --- Reading words --- */

/* The part of the file that is looked at. */
struct window {
    const struct bytes *file;
    uint64_t at;
    size_t n;
    uint8_t data[WINDOW_SIZE];
};

static bool read_word(struct window *w, uint64_t offset, void *ret, size_t size)
{
    if (offset < w->at || offset - w->at > w->n || w->n - (offset - w->at) < size) {
        ssize_t n = bytes_read(w->file, offset, w->data, sizeof w->data);

        w->at = offset;
        w->n = n > 0 ? (size_t)n : 0;
    }
    if (w->n - (offset - w->at) < size)
        return false;
    memcpy(ret, w->data + (offset - w->at), size);
    return true;
}

static bool read_u32(struct window *w, uint64_t offset, uint32_t *ret)
{
    return read_word(w, offset, ret, sizeof *ret);
}

/* --- .eh_frame --- */

/* eh_frame_ptr in .eh_frame_hdr, which its first four bytes tell the encoding of (LSB, "The
 * .eh_frame_hdr section"): linkers write pcrel|sdata4. 0: another one. */
static uint64_t eh_frame_address(struct window *w, const struct elf_segment *header)
{
    const uint8_t pcrel_sdata4 = 0x1b, datarel_sdata4 = 0x3b;
    uint8_t start[4];
    int32_t distance;

    if (!read_word(w, header->offset, start, sizeof start) || start[0] != 1 ||
        !read_word(w, header->offset + 4, &distance, sizeof distance))
        return 0;
    if (start[1] == pcrel_sdata4)
        return header->vaddr + 4 + (uint64_t)(int64_t)distance;
    return start[1] == datarel_sdata4 ? header->vaddr + (uint64_t)(int64_t)distance : 0;
}

/* Each entry begins with its length; 0 ends the table. */
static uint64_t eh_frame_length(struct window *w, uint64_t offset, uint64_t max)
{
    uint64_t at = 0;

    while (max - at >= 4) {
        uint32_t length;
        uint64_t size;

        if (!read_u32(w, offset + at, &length))
            return at;
        if (length == 0)
            return at + 4;
        size = 4 + (uint64_t)length;
        if (length == UINT32_MAX) {
            if (!read_word(w, offset + at + 4, &size, sizeof size) || size > max)
                return at;
            size += 12;
        }
        if (size > max - at)
            return at;
        at += size;
    }
    return at;
}

static void keep_eh_frame(struct plan *p, struct window *w)
{
    struct elf_segment header;
    uint64_t address, offset, room;

    if (!find(p, PT_GNU_EH_FRAME, &header))
        return;
    address = eh_frame_address(w, &header);
    room = address ? plan_locate(p, address, &offset) : 0;
    if (room > 0)
        plan_keep(p, offset, eh_frame_length(w, offset, room));
}

/* --- Dynamic symbols --- */

struct dynamic {
    uint64_t symbols, strings, strings_size, hash, gnu_hash, versions;
};

static const struct {
    int64_t tag;
    size_t member;
} dynamic_tags[] = {
    {DT_SYMTAB, offsetof(struct dynamic, symbols)},
    {DT_STRTAB, offsetof(struct dynamic, strings)},
    {DT_STRSZ, offsetof(struct dynamic, strings_size)},
    {DT_HASH, offsetof(struct dynamic, hash)},
    {DT_GNU_HASH, offsetof(struct dynamic, gnu_hash)},
    {DT_VERSYM, offsetof(struct dynamic, versions)},
};

static void put_dynamic(struct dynamic *d, int64_t tag, uint64_t value)
{
    for (size_t i = 0; i < sizeof dynamic_tags / sizeof dynamic_tags[0]; i++)
        if (dynamic_tags[i].tag == tag)
            memcpy((char *)d + dynamic_tags[i].member, &value, sizeof value);
}

static void read_dynamic(const struct plan *p, struct window *w, struct dynamic *d)
{
    struct elf_segment s;
    size_t size = p->view.is64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);

    if (!find(p, PT_DYNAMIC, &s))
        return;
    for (uint64_t i = 0; i < DYNAMIC_MAX && (i + 1) * size <= s.filesz; i++) {
        Elf64_Dyn e = {0};
        Elf32_Dyn narrow;

        if (!read_word(w, s.offset + i * size, p->view.is64 ? (void *)&e : (void *)&narrow, size))
            return;
        if (!p->view.is64)
            e = (Elf64_Dyn){.d_tag = narrow.d_tag, .d_un.d_val = narrow.d_un.d_val};
        if (e.d_tag == DT_NULL)
            return;
        put_dynamic(d, e.d_tag, e.d_un.d_val);
    }
}

/* nbucket, nchain, buckets, chains: there are as many chains as symbols. */
static uint32_t count_by_hash(struct plan *p, struct window *w, uint64_t offset, uint64_t room)
{
    uint32_t buckets, chains;

    if (!read_u32(w, offset, &buckets) || !read_u32(w, offset + 4, &chains) ||
        8 + 4 * ((uint64_t)buckets + chains) > room)
        return 0;
    plan_keep(p, offset, 8 + 4 * ((uint64_t)buckets + chains));
    return chains;
}

/* nbuckets, symoffset, bloom_size, bloom_shift, bloom words, buckets, chains from symoffset on: the
 * last symbol is where the chain of the highest bucket ends, whose last hash is odd. */
static uint32_t count_by_gnu_hash(struct plan *p, struct window *w, uint64_t offset, uint64_t room)
{
    uint32_t head[4], last = 0, hash = 0;
    uint64_t buckets, chains;

    if (room < sizeof head || !read_word(w, offset, head, sizeof head))
        return 0;
    buckets = offset + sizeof head + (uint64_t)head[2] * (p->view.is64 ? 8 : 4);
    chains = buckets + 4 * (uint64_t)head[0];
    if (head[0] > HASH_WORDS_MAX || chains - offset > room)
        return 0;
    for (uint32_t i = 0; i < head[0]; i++) {
        uint32_t first;

        if (!read_u32(w, buckets + 4 * (uint64_t)i, &first))
            return 0;
        last = first > last ? first : last;
    }
    if (last < head[1])
        return head[1];
    for (uint32_t i = 0; i < HASH_WORDS_MAX && !(hash & 1); i++, last++)
        if (!read_u32(w, chains + 4 * (uint64_t)(last - head[1]), &hash))
            return 0;
    plan_keep(p, offset, chains + 4 * (uint64_t)(last - head[1]) - offset);
    return last;
}

static void keep_at(struct plan *p, uint64_t address, uint64_t size)
{
    uint64_t offset, room = address ? plan_locate(p, address, &offset) : 0;

    if (room > 0)
        plan_keep(p, offset, size < room ? size : room);
}

static void keep_symbols(struct plan *p, struct window *w)
{
    struct dynamic d = {0};
    uint64_t offset, room, n = 0;

    read_dynamic(p, w, &d);
    room = d.gnu_hash ? plan_locate(p, d.gnu_hash, &offset) : 0;
    if (room > 0)
        n = count_by_gnu_hash(p, w, offset, room);
    room = n == 0 && d.hash ? plan_locate(p, d.hash, &offset) : 0;
    if (room > 0)
        n = count_by_hash(p, w, offset, room);
    keep_at(p, d.symbols, n * (p->view.is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym)));
    keep_at(p, d.versions, n * sizeof(Elf64_Half));
    keep_at(p, d.strings, d.strings_size);
}

void plan_bare(struct plan *p)
{
    struct window *w = arena_try(p->arena, sizeof *w);

    if (!w)
        return;
    w->file = &p->file;
    keep_eh_frame(p, w);
    keep_symbols(p, w);
}
