/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/indexer/decompress.h"
#include "workerd/indexer/symtab.h"

#define SEGMENTS_MAX 128u /* that are looked at, of a file without sections; files have a dozen */

/* Variables that analysis reads out of a crashed process. */
static const char *const variables[] = {
    "__abort_msg",       /* glibc's: what abort was called for */
    "__glib_assert_msg", /* GLib's: what g_assert() said */
};

struct symbols {
    struct container *container; /* of the table that is read */
    struct index_writer *writer;
    bool seen[ARRAY_SIZE(variables)];
};

/* Symbols may have their version behind an @. */
static bool has_name(const char *name, const char *wanted)
{
    size_t n = strlen(wanted);

    return strncmp(name, wanted, n) == 0 && (name[n] == '\0' || name[n] == '@');
}

static void add_variable(struct symbols *s, const Elf64_Sym *row, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        if (s->seen[i] || !has_name(name, variables[i]))
            continue;
        s->seen[i] = true;
        index_writer_variable(s->writer, variables[i], row->st_value);
    }
}

/* Where the code that the symbol is in ends; 0: it is in none. */
static uint64_t code_end(const struct symbols *s, const Elf64_Sym *row, uint32_t section)
{
    const struct container *c = s->container;
    struct elf_segment g;

    if (section == SHN_UNDEF)
        return 0;
    if (c->n > 0) {
        const struct container_section *code = section < c->n ? &c->sections[section] : NULL;

        return code && container_is_code(code) ? code->header.address + code->header.size : 0;
    }
    for (uint32_t i = 0; i < SEGMENTS_MAX && elf_segment(&c->view, i, &g) == 0; i++)
        if (g.type == PT_LOAD && (g.flags & PF_X) && row->st_value >= g.vaddr &&
            row->st_value - g.vaddr < g.memsz)
            return g.vaddr + g.memsz;
    return 0;
}

/* A sized function beats a label, a global name a weak one, and that a local one. */
static uint8_t rank_of(const Elf64_Sym *row)
{
    static const uint8_t by_binding[] = {[STB_LOCAL] = 0, [STB_WEAK] = 1, [STB_GLOBAL] = 2};
    unsigned binding = ELF64_ST_BIND(row->st_info);
    uint8_t rank = binding < ARRAY_SIZE(by_binding) ? by_binding[binding] : 0;

    if (ELF64_ST_TYPE(row->st_info) != STT_NOTYPE)
        rank += 4;
    if (row->st_size > 0)
        rank += 8;
    return rank;
}

/* AArch64 and ARM mark with $x, $d and such what is code and what data ("Mapping symbols" in their
 * ELF supplements): those are no names. */
static bool is_mapping(const struct symbols *s, const char *name)
{
    uint16_t machine = s->container->view.machine;

    return (machine == EM_AARCH64 || machine == EM_ARM) && name[0] == '$' && name[1] != '\0' &&
           strchr("adtx", name[1]) && (name[2] == '\0' || name[2] == '.');
}

static void add_function(struct symbols *s, const Elf64_Sym *row, uint32_t section,
                         const char *name)
{
    uint64_t end = code_end(s, row, section);
    const struct index_writer_symbol symbol = {
        .start = row->st_value,
        .end = row->st_size == 0 ? end : row->st_value + row->st_size,
        .label = row->st_size == 0,
        .rank = rank_of(row),
        .name = name,
    };

    if (row->st_value < end && symbol.end > symbol.start && !is_mapping(s, name))
        index_writer_symbol(s->writer, &symbol);
}

static void add_rows(struct symbols *s, struct symtab *t, bool functions)
{
    for (size_t i = 1; i < t->n; i++) {
        uint32_t section;
        Elf64_Sym row = symtab_row(t, i, &section);
        unsigned type = ELF64_ST_TYPE(row.st_info);
        bool function = type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;

        if (section == SHN_UNDEF || (function ? !functions : type != STT_OBJECT))
            continue;
        const char *name = symtab_name(t, &row);

        if (name && function)
            add_function(s, &row, section, name);
        else if (name)
            add_variable(s, &row, name);
    }
}

/* False when there is no such table. */
static bool add_full(struct symbols *s, struct container *c)
{
    struct symtab t;

    if (!c || !symtab_open(c, container_find_type(c, SHT_SYMTAB), &t))
        return false;
    s->container = c;
    add_rows(s, &t, true);
    index_writer_flags(s->writer, INDEX_HAS_SYMBOLS);
    return true;
}

static void add_dynamic(struct symbols *s, struct container *c, bool functions)
{
    struct symtab t;
    bool found = c->n > 0 ? symtab_open(c, container_find_type(c, SHT_DYNSYM), &t)
                          : symtab_open_dynamic(c, &t);

    s->container = c;
    if (found)
        add_rows(s, &t, functions);
}

/* .gnu_debugdata is an ELF file with little but a .symtab, by xz. What .dynsym has is not in it. */
static int add_packed(struct symbols *s, struct container *c)
{
    struct span bytes = decompress_xz(container_named(c, ".gnu_debugdata"), c->budget);
    _cleanup_free_ void *holder = (void *)(uintptr_t)bytes.data;
    struct container packed;

    if (bytes.size == 0)
        return 0;
    int r = container_open(bytes.data, bytes.size, c->budget, &packed);

    if (r != 0)
        return r < 0 ? r : 0;
    add_full(s, &packed);
    container_close(&packed);
    return 0;
}

int symbols_index(struct container *module, struct container *debug, struct index_writer *w)
{
    struct symbols s = {.writer = w};
    bool full = add_full(&s, module) || add_full(&s, debug);
    int r = 0;

    add_dynamic(&s, module, !full);
    if (!full)
        r = add_packed(&s, module);
    return r < 0 ? r : plt_index(module, w);
}
