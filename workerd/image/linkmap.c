/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/image/linkmap.h"

#include <link.h>
#include <string.h>

#include "common/core/elf.h"

#define PROGRAM_HEADERS_MAX 64u
#define DYNAMIC_MAX         1024u /* entries */
#define DEBUG_WORDS         6u    /* of struct r_debug_extended */
#define LIST_FIRST          64u   /* entries that there is room for at first */

struct walk {
    const struct corefile *core;
    struct arena *arena;
    struct linkmap_entry *list;
    size_t n, capacity;
};

/* Words of memory as numbers; returns how many there are. */
static size_t read_words(const struct corefile *c, uint64_t address, uint64_t *words, size_t n)
{
    uint8_t raw[2 * DYNAMIC_MAX * 8];
    size_t word = layout_word_size(c->layout);
    ssize_t got = corefile_read(c, address, raw, n * word);

    n = got > 0 ? (size_t)got / word : 0;
    for (size_t i = 0; i < n; i++)
        words[i] = layout_word(c->layout, raw + i * word);
    return n;
}

/* Where the program's PT_DYNAMIC lies; 0: nowhere. One without PT_PHDR is not moved, or static. */
static uint64_t find_dynamic(const struct corefile *c)
{
    uint8_t table[PROGRAM_HEADERS_MAX * sizeof(Elf64_Phdr)];
    size_t row = c->layout->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    uint64_t at = c->auxv_program_headers, n = c->auxv_n_program_headers;
    uint64_t bias = 0, dynamic = 0;

    if (n > PROGRAM_HEADERS_MAX)
        n = PROGRAM_HEADERS_MAX;
    ssize_t got = at ? corefile_read(c, at, table, (size_t)n * row) : 0;

    for (ssize_t i = 0; i + (ssize_t)row <= got; i += (ssize_t)row) {
        struct elf_segment s = elf_segment_row(table + i, c->layout->is64);

        if (s.type == PT_PHDR)
            bias = at - s.vaddr;
        else if (s.type == PT_DYNAMIC)
            dynamic = s.vaddr;
    }
    return dynamic ? bias + dynamic : 0;
}

/* The address of struct r_debug; 0: none. */
static uint64_t find_debug(const struct corefile *c, uint64_t dynamic)
{
    uint64_t words[2 * DYNAMIC_MAX];
    size_t n = dynamic ? read_words(c, dynamic, words, 2 * DYNAMIC_MAX) : 0;

    for (size_t i = 0; i + 1 < n && words[i] != DT_NULL; i += 2)
        if (words[i] == DT_DEBUG)
            return words[i + 1];
    return 0;
}

static const char *read_name(const struct corefile *c, uint64_t address, struct arena *a)
{
    char text[LINKMAP_NAME_MAX];
    ssize_t got = address ? corefile_read(c, address, text, sizeof text) : 0;

    return got > 0 ? arena_strndup(a, text, strnlen(text, (size_t)got)) : "";
}

static bool add(struct walk *w, const struct linkmap_entry *e)
{
    if (w->n == LINKMAP_ENTRIES_MAX)
        return false;
    if (w->n == w->capacity) {
        size_t capacity = w->capacity ? 2 * w->capacity : LIST_FIRST;
        struct linkmap_entry *list = arena_array(w->arena, struct linkmap_entry, capacity);

        if (w->n > 0)
            memcpy(list, w->list, w->n * sizeof *list);
        w->list = list;
        w->capacity = capacity;
    }
    w->list[w->n++] = *e;
    return true;
}

/* struct link_map: l_addr, l_name, l_ld, l_next. A ring comes back to the mark sooner or later, for
 * the mark is set further and further on. */
static void walk_chain(struct walk *w, uint64_t at)
{
    uint64_t words[4], mark = 0;
    size_t seen = 0, next_mark = 1;

    while (at != 0 && at != mark && read_words(w->core, at, words, 4) == 4) {
        struct linkmap_entry e = {.bias = words[0], .dynamic = words[2]};

        e.name = read_name(w->core, words[1], w->arena);
        if (!add(w, &e))
            return;
        if (++seen == next_mark) {
            mark = at;
            next_mark *= 2;
        }
        at = words[3];
    }
}

size_t linkmap_read(const struct corefile *core, struct arena *a, struct linkmap_entry **ret)
{
    struct walk w = {.core = core, .arena = a};
    uint64_t debug = find_debug(core, find_dynamic(core)), words[DEBUG_WORDS];

    /* struct r_debug: r_version, r_map, r_brk, r_state, r_ldbase; since glibc 2.35 r_next, where
     * r_version is 2 or more. */
    for (size_t i = 0; debug != 0 && i < LINKMAP_NAMESPACES_MAX; i++) {
        size_t n = read_words(core, debug, words, DEBUG_WORDS);

        if (n < 2)
            break;
        walk_chain(&w, words[1]);
        debug = n == DEBUG_WORDS && (int32_t)words[0] >= 2 ? words[DEBUG_WORDS - 1] : 0;
    }
    *ret = w.list;
    return w.n;
}
