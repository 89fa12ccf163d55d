/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/promise.h"

#include "common/core/elf.h"

static int more(size_t head, struct promise *ret)
{
    *ret = (struct promise){.head = head};
    return PROMISE_MORE;
}

/* With more than 65,534 segments their number stands at the very end (elf(5), PN_XNUM). But the
 * kernel writes the notes behind the table, and the first segment tells where. */
static int count_segments(struct elf_view *v, size_t n, struct promise *ret)
{
    struct elf_segment first;
    uint64_t count;

    if (!v->phnum_unknown)
        return 0;
    if (n < v->phoff + v->phentsize)
        return more((size_t)v->phoff + v->phentsize, ret);
    v->phnum = 1;
    if (elf_segment(v, 0, &first) != 0 || first.type != PT_NOTE || first.offset <= v->phoff)
        return PROMISE_NONE;
    count = (first.offset - v->phoff) / v->phentsize;
    if (count < PN_XNUM || count > ELF_PHDRS_MAX)
        return PROMISE_NONE;
    v->phnum = (uint32_t)count;
    return 0;
}

static int add_segments(const struct elf_view *v, size_t table, struct promise *ret)
{
    uint64_t end = table, notes = table;

    for (uint32_t i = 0; i < v->phnum; i++) {
        struct elf_segment s;

        if (elf_segment(v, i, &s) != 0 || s.filesz > INT64_MAX || s.offset > INT64_MAX - s.filesz)
            return PROMISE_NONE;
        if (s.offset + s.filesz > end)
            end = s.offset + s.filesz;
        if (s.type == PT_NOTE && s.offset + s.filesz > notes)
            notes = s.offset + s.filesz;
    }
    if (notes > table + PROMISE_NOTES_MAX)
        notes = table + PROMISE_NOTES_MAX;
    *ret = (struct promise){.head = (size_t)notes, .expected = (int64_t)end};
    return 0;
}

int promise_read(const void *p, size_t n, struct promise *ret)
{
    struct elf_view v;
    uint64_t table;
    int r;

    if (n < sizeof(Elf64_Ehdr))
        return more(sizeof(Elf64_Ehdr), ret);
    /* The header alone: a section header that is at hand early is somebody's trick. */
    if (elf_open(p, sizeof(Elf64_Ehdr), &v) != 0 || v.type != ET_CORE ||
        v.phoff > PROMISE_TABLE_MAX || v.phentsize == 0 || (v.phnum == 0 && !v.phnum_unknown))
        return PROMISE_NONE;
    v.size = n;
    r = count_segments(&v, n, ret);
    if (r != 0)
        return r;
    table = v.phoff + (uint64_t)v.phnum * v.phentsize;
    if (table > PROMISE_TABLE_MAX)
        return PROMISE_NONE;
    if (n < table)
        return more((size_t)table, ret);
    r = add_segments(&v, (size_t)table, ret);
    return r == 0 && n < ret->head ? PROMISE_MORE : r;
}
