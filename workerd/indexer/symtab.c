/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/symtab.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/index/cursor.h"

#define NAMES_FACTOR 4u /* how often a table of names may be read in all */
#define NAMES_LEAST  65536u
#define DYNAMIC_MAX  4096u /* entries */

static void finish(struct symtab *t)
{
    t->names = span_of_texts(t->names);
    t->n = t->rows.size / (t->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
    t->names_left = NAMES_LEAST + NAMES_FACTOR * (uint64_t)t->names.size;
}

bool symtab_open(struct container *c, struct container_section *s, struct symtab *ret)
{
    struct symtab t = {.is64 = c->view.is64, .rows = container_contents(c, s)};

    if (t.rows.size == 0 || s->header.link >= c->n)
        return false;
    t.names = container_contents(c, &c->sections[s->header.link]);
    for (size_t i = 0; i < c->n; i++)
        if (c->sections[i].header.type == SHT_SYMTAB_SHNDX &&
            c->sections[i].header.link == (size_t)(s - c->sections))
            t.sections = container_contents(c, &c->sections[i]);
    finish(&t);
    *ret = t;
    return t.n > 0;
}

/* --- Without sections --- */

struct dynamic {
    uint64_t symbols, strings, strings_size, hash, gnu_hash;
};

static void put_dynamic(struct dynamic *d, uint64_t tag, uint64_t value)
{
    const struct {
        uint64_t tag;
        uint64_t *member;
    } members[] = {
        {DT_SYMTAB, &d->symbols}, {DT_STRTAB, &d->strings},    {DT_STRSZ, &d->strings_size},
        {DT_HASH, &d->hash},      {DT_GNU_HASH, &d->gnu_hash},
    };

    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (members[i].tag == tag)
            *members[i].member = value;
}

static bool read_dynamic(const struct container *c, struct dynamic *ret)
{
    size_t word = c->view.is64 ? 8 : 4;
    struct elf_segment segment;
    struct dynamic d = {0};

    if (!container_segment(c, PT_DYNAMIC, &segment))
        return false;
    struct span bytes = container_mapped(c, segment.vaddr);
    struct cursor at = cursor_of(bytes.data, bytes.size);

    for (size_t i = 0; i < DYNAMIC_MAX && cursor_left(&at) > 0; i++) {
        uint64_t tag = cursor_number(&at, word), value = cursor_number(&at, word);

        if (tag == DT_NULL)
            break;
        put_dynamic(&d, tag, value);
    }
    *ret = d;
    return d.symbols != 0 && d.strings != 0;
}

/* DT_HASH: nbucket, nchain, and as many chains as symbols. */
static uint64_t count_by_hash(struct span table)
{
    struct cursor c = cursor_of(table.data, table.size);

    cursor_u32(&c);
    return cursor_u32(&c);
}

/* DT_GNU_HASH: nbuckets, symoffset, bloom_size, bloom_shift, bloom words, buckets, chains from
 * symoffset on. The last symbol is where the chain of the highest bucket ends, at an odd hash. */
static uint64_t count_by_gnu_hash(struct span table, bool is64)
{
    struct cursor c = cursor_of(table.data, table.size);
    uint32_t buckets = cursor_u32(&c), first = cursor_u32(&c), bloom = cursor_u32(&c);
    uint64_t last = 0;

    cursor_u32(&c);
    cursor_bytes(&c, (uint64_t)bloom * (is64 ? 8 : 4));
    for (uint32_t i = 0; i < buckets && !c.bad; i++) {
        uint32_t bucket = cursor_u32(&c);

        last = bucket > last ? bucket : last;
    }
    if (last < first)
        return first;
    cursor_bytes(&c, 4 * (last - first));
    while (!c.bad && !(cursor_u32(&c) & 1))
        last++;
    return c.bad ? 0 : last + 1;
}

bool symtab_open_dynamic(const struct container *c, struct symtab *ret)
{
    struct symtab t = {.is64 = c->view.is64};
    struct dynamic d;
    uint64_t n;

    if (!read_dynamic(c, &d))
        return false;
    n = d.gnu_hash ? count_by_gnu_hash(container_mapped(c, d.gnu_hash), t.is64)
                   : count_by_hash(container_mapped(c, d.hash));
    t.rows = container_mapped(c, d.symbols);
    t.names = container_mapped(c, d.strings);
    if (d.strings_size < t.names.size)
        t.names.size = d.strings_size;
    finish(&t);
    t.n = n < t.n ? n : t.n;
    *ret = t;
    return t.n > 0;
}

/* --- Rows --- */

static uint32_t section_of(const struct symtab *t, size_t i, uint16_t number)
{
    uint32_t extended;

    if (number < SHN_LORESERVE)
        return number;
    if (number != SHN_XINDEX || t->sections.size / sizeof extended <= i)
        return SHN_UNDEF;
    memcpy(&extended, t->sections.data + i * sizeof extended, sizeof extended);
    return extended;
}

Elf64_Sym symtab_row(const struct symtab *t, size_t i, uint32_t *ret_section)
{
    Elf64_Sym wide;
    Elf32_Sym narrow;

    if (t->is64) {
        memcpy(&wide, t->rows.data + i * sizeof wide, sizeof wide);
    } else {
        memcpy(&narrow, t->rows.data + i * sizeof narrow, sizeof narrow);
        wide = (Elf64_Sym){narrow.st_name,  narrow.st_info,  narrow.st_other,
                           narrow.st_shndx, narrow.st_value, narrow.st_size};
    }
    *ret_section = section_of(t, i, wide.st_shndx);
    return wide;
}

const char *symtab_name(struct symtab *t, const Elf64_Sym *s)
{
    if (s->st_name == 0 || s->st_name >= t->names.size)
        return NULL;
    const char *name = (const char *)t->names.data + s->st_name;
    size_t length = strnlen(name, SYMBOL_NAME_MAX);

    if (length == 0 || length == SYMBOL_NAME_MAX || length > t->names_left)
        return NULL;
    t->names_left -= length;
    return name;
}
