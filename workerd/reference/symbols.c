/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/reference/symbols.h"

#include <stdlib.h>
#include <string.h>

#include <gelf.h>

#include "common/base/cleanup.h"

/* How many symbols before an address are looked at: some may lie inside of a larger one that holds
 * it. */
#define LOOK_BACK 64

struct symbol_table {
    struct symbol *list; /* by address, then by rank */
    size_t n, capacity;
};

struct section {
    Elf_Data *data;
    size_t n;
    size_t names; /* index of its string table */
};

static bool find_section(Elf *elf, uint32_t type, struct section *ret)
{
    Elf_Scn *scn = NULL;
    GElf_Shdr h;

    while ((scn = elf_nextscn(elf, scn))) {
        if (!gelf_getshdr(scn, &h) || h.sh_type != type || h.sh_entsize == 0)
            continue;
        Elf_Data *data = elf_getdata(scn, NULL);

        if (!data)
            continue;
        *ret = (struct section){.data = data, .n = h.sh_size / h.sh_entsize, .names = h.sh_link};
        return true;
    }
    return false;
}

/* A sized function beats a label, a global name a weak one, and that a local one. */
static uint8_t rank_of(const GElf_Sym *s)
{
    static const uint8_t by_binding[] = {[STB_LOCAL] = 0, [STB_WEAK] = 1, [STB_GLOBAL] = 2};
    unsigned binding = GELF_ST_BIND(s->st_info);
    uint8_t rank = binding < ARRAY_SIZE(by_binding) ? by_binding[binding] : 0;

    if (GELF_ST_TYPE(s->st_info) != STT_NOTYPE)
        rank += 4;
    if (s->st_size > 0)
        rank += 8;
    return rank;
}

/* Where the symbol's section ends, if it holds code; 0 otherwise. */
static uint64_t code_end(Elf *elf, const GElf_Sym *s)
{
    GElf_Shdr h;

    if (s->st_shndx == SHN_UNDEF || s->st_shndx >= SHN_LORESERVE)
        return 0;
    if (!gelf_getshdr(elf_getscn(elf, s->st_shndx), &h) || !(h.sh_flags & SHF_EXECINSTR))
        return 0;
    return h.sh_addr + h.sh_size;
}

/* False for what is no function. */
static bool read_symbol(Elf *elf, const struct section *s, size_t index, struct symbol *ret)
{
    GElf_Sym symbol;

    if (!gelf_getsym(s->data, (int)index, &symbol))
        return false;
    unsigned type = GELF_ST_TYPE(symbol.st_info);

    if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
        return false;
    uint64_t end = code_end(elf, &symbol);
    const char *name = elf_strptr(elf, s->names, symbol.st_name);

    if (symbol.st_value >= end || !name || *name == '\0')
        return false;
    *ret = (struct symbol){
        .address = symbol.st_value,
        .end = symbol.st_size == 0 ? end : symbol.st_value + symbol.st_size,
        .label = symbol.st_size == 0,
        .name = name,
        .rank = rank_of(&symbol),
    };
    return ret->end > ret->address;
}

static bool reserve(struct symbol_table *t)
{
    if (t->n < t->capacity)
        return true;
    size_t capacity = t->capacity ? 2 * t->capacity : 1024;
    struct symbol *list =
        capacity > SYMBOLS_MAX ? NULL : reallocarray(t->list, capacity, sizeof *list);

    if (!list)
        return false;
    t->list = list;
    t->capacity = capacity;
    return true;
}

static bool add_symbols(struct symbol_table *t, Elf *elf, uint32_t type)
{
    struct section s;

    if (!elf || !find_section(elf, type, &s))
        return false;
    for (size_t i = 1; i < s.n && i <= INT32_MAX && reserve(t); i++)
        if (read_symbol(elf, &s, i, &t->list[t->n]))
            t->n++;
    return t->n > 0;
}

static int compare_symbols(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return strcmp(y->name, x->name); /* any order, but always the same one */
}

struct symbol_table *symbol_table_new(Elf *file, Elf *debug_file)
{
    struct symbol_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    if (!add_symbols(t, file, SHT_SYMTAB) && !add_symbols(t, debug_file, SHT_SYMTAB))
        add_symbols(t, file, SHT_DYNSYM);
    if (t->n > 0)
        qsort(t->list, t->n, sizeof *t->list, compare_symbols);
    return t;
}

void symbol_table_free(struct symbol_table *t)
{
    if (!t)
        return;
    free(t->list);
    free(t);
}

/* The index after the last symbol that begins at or before the address. */
static size_t upper_bound(const struct symbol_table *t, uint64_t address)
{
    size_t low = 0, high = t->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->list[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The nearest symbol whose size covers the address; else the nearest label, unless a function that
 * has ended lies between. */
const struct symbol *symbol_table_find(const struct symbol_table *t, uint64_t address)
{
    size_t end = t ? upper_bound(t, address) : 0;
    size_t stop = end > LOOK_BACK ? end - LOOK_BACK : 0;
    const struct symbol *label = NULL;
    bool ended = false;

    for (size_t i = end; i > stop; i--) {
        const struct symbol *s = &t->list[i - 1];

        if (s->label) {
            if (!label && !ended && address < s->end)
                label = s;
        } else if (address < s->end) {
            return s;
        } else {
            ended = true;
        }
    }
    return label;
}

static bool has_name(const struct symbol *s, const char *name, size_t n)
{
    return strncmp(s->name, name, n) == 0 && (s->name[n] == '\0' || s->name[n] == '@');
}

bool symbol_table_address(const struct symbol_table *t, const char *name, uint64_t *ret)
{
    size_t length = strlen(name);
    bool found = false;

    for (size_t i = 0; t && i < t->n; i++) {
        if (!has_name(&t->list[i], name, length))
            continue;
        if (found && t->list[i].address != *ret)
            return false;
        *ret = t->list[i].address;
        found = true;
    }
    return found;
}

bool dynamic_symbol_address(Elf *file, const char *name, uint64_t *ret)
{
    struct section s;
    GElf_Sym symbol;

    if (!find_section(file, SHT_DYNSYM, &s))
        return false;
    for (size_t i = 1; i < s.n && i <= INT32_MAX; i++) {
        if (!gelf_getsym(s.data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF)
            continue;
        const char *found = elf_strptr(file, s.names, symbol.st_name);

        if (found && strcmp(found, name) == 0) {
            *ret = symbol.st_value;
            return true;
        }
    }
    return false;
}
