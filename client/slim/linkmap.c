/* SPDX-License-Identifier: Apache-2.0 */
/* All of it lies in memory that the process can write: a list may be a ring, a name may have no
 * end, and an address may be any. */
#include "client/slim/linkmap.h"

#include <link.h>
#include <string.h>

#include "common/core/elf.h"

#define PROGRAM_HEADERS_MAX 64u
#define DYNAMIC_MAX         1024u /* entries */
#define SECTION_MAX         (64u * 1024)
#define DEBUG_WORDS         6u    /* of struct r_debug_extended */
#define ENTRY_BYTES         1280u /* struct link_map with what glibc keeps behind it */

struct program {
    uint64_t bias;
    uint64_t dynamic, dynamic_size; /* 0: it has none */
    uint64_t interpreter;
};

static size_t word_of(const struct choice *c)
{
    return c->core->layout->is64 ? 8 : 4;
}

/* A static PIE has no PT_PHDR; its own entry, in the ELF header before the program headers, against
 * the real one tells the distance as well. */
static uint64_t bias_by_entry(const struct choice *c)
{
    uint8_t raw[sizeof(Elf64_Ehdr)];
    struct elf_view v;
    size_t got = choice_read(c, page_of(c->core->auxv_program_headers), raw, sizeof raw);

    if (elf_open(raw, got, &v) != 0 || v.type != ET_DYN)
        return 0;
    return c->core->auxv_entry - v.entry;
}

static bool read_program(const struct choice *c, struct program *ret)
{
    uint8_t table[PROGRAM_HEADERS_MAX * sizeof(Elf64_Phdr)];
    size_t size = c->core->layout->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    uint64_t at = c->core->auxv_program_headers, n = c->core->auxv_n_program_headers;
    struct elf_view v = {.data = table, .is64 = c->core->layout->is64, .phentsize = (uint16_t)size};
    struct program p = {0};
    struct elf_segment g;
    bool has_bias = false;

    if (at == 0)
        return false;
    if (n == 0 || n > PROGRAM_HEADERS_MAX)
        n = PROGRAM_HEADERS_MAX;
    v.size = choice_read(c, at, table, (size_t)n * size);
    v.phnum = (uint32_t)(v.size / size);
    for (uint32_t i = 0; elf_segment(&v, i, &g) == 0; i++) {
        if (g.type == PT_PHDR) {
            p.bias = at - g.vaddr;
            has_bias = true;
        } else if (g.type == PT_DYNAMIC) {
            p.dynamic = g.vaddr;
            p.dynamic_size = g.memsz;
        } else if (g.type == PT_INTERP) {
            p.interpreter = g.vaddr;
        }
    }
    if (!has_bias)
        p.bias = bias_by_entry(c);
    *ret = p;
    return true;
}

/* The value of DT_DEBUG: the address of struct r_debug; 0: none. */
static uint64_t find_debug(const struct choice *c, uint64_t dynamic, uint64_t size)
{
    size_t word = word_of(c);
    uint8_t table[DYNAMIC_MAX * 16];
    size_t got = choice_read(c, dynamic, table, size < sizeof table ? (size_t)size : sizeof table);

    for (size_t at = 0; at + 2 * word <= got; at += 2 * word) {
        uint64_t tag = layout_word(c->core->layout, table + at);

        if (tag == DT_NULL)
            break;
        if (tag == DT_DEBUG)
            return layout_word(c->core->layout, table + at + word);
    }
    return 0;
}

static void keep_name(struct choice *c, uint64_t name)
{
    char text[LINKMAP_NAME_MAX];
    size_t got = choice_read(c, name, text, sizeof text);

    c->cut |= !choice_keep(c, name, strnlen(text, got) + 1);
}

/* struct link_map: l_addr, l_name, l_ld, l_next, l_prev. */
static void keep_chain(struct choice *c, uint64_t entry, size_t *budget)
{
    const struct core_layout *l = c->core->layout;
    size_t word = word_of(c);
    uint64_t mark = 0;
    size_t seen = 0, next_mark = 1;
    uint8_t raw[4 * 8];

    for (; entry != 0 && entry != mark && *budget > 0; --*budget) {
        if (choice_read(c, entry, raw, 4 * word) != 4 * word)
            return;
        c->cut |= !choice_keep(c, entry, ENTRY_BYTES);
        keep_name(c, layout_word(l, raw + word));
        c->cut |= !choice_keep(c, layout_word(l, raw + 2 * word), 1);
        choice_keep(c, layout_word(l, raw), 1); /* its ELF header: NT_FILE may be missing */
        if (++seen == next_mark) {              /* a ring comes back to the mark sooner or later */
            mark = entry;
            next_mark *= 2;
        }
        entry = layout_word(l, raw + 3 * word);
    }
}

/* struct r_debug: r_version, r_map, r_brk, r_state, r_ldbase; since glibc 2.35 r_next, where
 * r_version is 2 or more. */
static void keep_debug(struct choice *c, uint64_t debug)
{
    const struct core_layout *l = c->core->layout;
    size_t word = word_of(c), budget = LINKMAP_ENTRIES_MAX;
    uint8_t raw[DEBUG_WORDS * 8];

    for (unsigned i = 0; debug != 0 && i < LINKMAP_NAMESPACES_MAX; i++) {
        size_t got = choice_read(c, debug, raw, DEBUG_WORDS * word);

        if (got < (DEBUG_WORDS - 1) * word)
            return;
        choice_keep(c, debug, DEBUG_WORDS * word);
        keep_chain(c, layout_word(l, raw + word), &budget);
        if (layout_int(raw) < 2 || got < DEBUG_WORDS * word)
            return;
        debug = layout_word(l, raw + (DEBUG_WORDS - 1) * word);
    }
}

void linkmap_keep(struct choice *c)
{
    struct program p;

    if (!read_program(c, &p))
        return;
    choice_keep(c, c->core->auxv_program_headers, PROGRAM_HEADERS_MAX * sizeof(Elf64_Phdr));
    if (p.interpreter != 0)
        choice_keep(c, p.bias + p.interpreter, 1);
    if (p.dynamic == 0)
        return;
    if (p.dynamic_size > SECTION_MAX)
        p.dynamic_size = SECTION_MAX;
    choice_keep(c, p.bias + p.dynamic, p.dynamic_size);
    keep_debug(c, find_debug(c, p.bias + p.dynamic, p.dynamic_size));
}
