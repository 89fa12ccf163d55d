/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/reference workerd/oneshot workerd/analysis workerd/image workerd/index
 * workerd/indexer workerd/sources */
/* This test's own debug information: a function with another one inlined, and the symbol table
 * beside it. */
#include "workerd/reference/debuginfo.h"

#include <fcntl.h>
#include <string.h>

#include <elfutils/libdw.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"
#include "workerd/reference/symbols.h"

extern const char __ehdr_start[]; /* the linker's: this program's first byte */

int sink(int n);
int host(const int *p);

__attribute__((noipa)) int sink(int n)
{
    return n;
}

/* clang-format off: the lines are compared */
enum { GUEST_LINE = __LINE__ + 3, CALL_LINE = GUEST_LINE + 5 };
static inline __attribute__((always_inline)) int guest(const int *p)
{
    return sink(p[0]) + 1;
}

__attribute__((noipa)) int host(const int *p)
{
    return guest(p) * 3;
}
/* clang-format on */

struct fixture {
    int fd;
    Elf *elf;
    Dwarf *dwarf;
    struct debug_index *index;
    struct symbol_table *symbols;
    struct arena arena;
};

static void fixture_init(struct fixture *f)
{
    elf_version(EV_CURRENT);
    f->fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    f->elf = elf_begin(f->fd, ELF_C_READ_MMAP, NULL);
    f->dwarf = dwarf_begin_elf(f->elf, DWARF_C_READ, NULL);
    ck_assert_ptr_nonnull(f->dwarf);
    f->index = debug_index_new(f->dwarf);
    f->symbols = symbol_table_new(f->elf, NULL);
    arena_init(&f->arena, 0);
}

static void fixture_fini(struct fixture *f)
{
    debug_index_free(f->index);
    symbol_table_free(f->symbols);
    dwarf_end(f->dwarf);
    elf_end(f->elf);
    close(f->fd);
    arena_fini(&f->arena);
}

#define _fixture_ _cleanup_(fixture_fini)

static uint64_t address_of(const void *code)
{
    return (uint64_t)code - (uint64_t)__ehdr_start;
}

/* Somewhere in host stands the call that guest makes. */
START_TEST(inlined_functions_with_their_call_sites)
{
    struct source_frame frames[SOURCE_FRAMES_MAX];
    _fixture_ struct fixture f;
    bool found = false;

    fixture_init(&f);
    const struct symbol *s = symbol_table_find(f.symbols, address_of((const void *)host));

    ck_assert_str_eq(s->name, "host");
    for (uint64_t at = s->address; at < s->end; at++) {
        size_t n = debug_index_find(f.index, at, &f.arena, frames);

        ck_assert_uint_ge(n, 1);
        ck_assert_str_eq(frames[n - 1].function, "host");
        ck_assert(!frames[n - 1].inlined);
        if (n != 2 || frames[0].line != GUEST_LINE)
            continue;
        found = true;
        ck_assert_str_eq(frames[0].function, "guest");
        ck_assert(frames[0].inlined);
        ck_assert_uint_eq(frames[1].line, CALL_LINE);
        ck_assert_str_eq(frames[0].file, frames[1].file);
        ck_assert(strstr(frames[1].file, "/tests/unit/workerd_debuginfo.c"));
    }
    ck_assert(found);
}
END_TEST

START_TEST(addresses_without_source)
{
    static const uint64_t addresses[] = {0, 1, 0x40, UINT64_MAX, UINT64_MAX / 2};
    struct source_frame frames[SOURCE_FRAMES_MAX];
    _fixture_ struct fixture f;

    fixture_init(&f);
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        ck_assert_uint_eq(debug_index_find(f.index, addresses[i], &f.arena, frames), 0);
        ck_assert_ptr_null(symbol_table_find(f.symbols, addresses[i]));
    }
}
END_TEST

START_TEST(symbols_at_their_edges)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    const struct symbol *s = symbol_table_find(f.symbols, address_of((const void *)sink));

    ck_assert_str_eq(s->name, "sink");
    ck_assert_uint_eq(s->address, address_of((const void *)sink));
    ck_assert_ptr_eq(symbol_table_find(f.symbols, s->end - 1), s);
    ck_assert_ptr_ne(symbol_table_find(f.symbols, s->end), s);
    ck_assert_ptr_ne(symbol_table_find(f.symbols, s->address - 1), s);
    ck_assert_ptr_null(symbol_table_find(NULL, s->address));
}
END_TEST

UNIT_MAIN("workerd/debuginfo", inlined_functions_with_their_call_sites, addresses_without_source,
          symbols_at_their_edges)
