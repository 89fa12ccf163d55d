/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/image */
/* Cores that list no files: modules by their own headers, named by the dynamic linker's list, which
 * may lie. */
#include "workerd/image/loaded.h"

#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "tests/lib/unit.h"
#include "tests/unit/core_image.h"
#include "tests/unit/elf_page.h"
#include "workerd/image/elfcore.h"
#include "workerd/image/linkmap.h"

#define EXE    UINT64_C(0x560000000000)
#define LIB    UINT64_C(0x7f0000000000)
#define OLD    UINT64_C(0x326c200000) /* where prelink(8) had put it, in its file as well */
#define BARE   UINT64_C(0x7f0000100000)
#define HEAP   UINT64_C(0x7f0000200000)
#define VDSO   UINT64_C(0x7ffd10000000)
#define PAGE   UINT64_C(0x1000)
#define DATA   (ELF_PAGE_DATA)
#define MAP(i) (HEAP + 0x1000 + (uint64_t)(i) * sizeof(struct link_map))
#define NAME   (HEAP + 0x100)

/* A process of five files: its program, a library, one that was not moved, one whose headers were
 * not dumped, the vDSO. Its heap holds the list of the dynamic linker. */
struct process {
    uint8_t exe[PAGE], lib[PAGE], old[PAGE], vdso[PAGE], data[PAGE], heap[16 * PAGE];
    struct core_image_memory memory[16];
    struct core_image image;
    struct buf bytes;
    struct arena arena;
    struct corefile core;
    struct image result;
};

static const struct core_image_thread thread = {.tid = 1, .signal = 11, .pc = LIB, .sp = HEAP};

static void process_fini(struct process *p)
{
    buf_fini(&p->bytes);
    arena_fini(&p->arena);
}

#define _process_ _cleanup_(process_fini)

static void put_entry(struct process *p, size_t i, uint64_t bias, uint64_t dynamic, uint64_t name,
                      uint64_t next)
{
    const uint64_t words[] = {bias, name, dynamic, next};

    memcpy(p->heap + (MAP(i) - HEAP), words, sizeof words);
}

static void add_memory(struct process *p, uint64_t start, uint64_t size, const uint8_t *bytes,
                       uint32_t flags)
{
    p->memory[p->image.n_memory++] =
        (struct core_image_memory){start, size, (const char *)bytes, bytes ? size : 0, flags};
}

static void put_heap(struct process *p)
{
    const uint64_t debug[] = {1, MAP(0), 0, 0, 0, 0};
    static const char names[] = "/lib/lib.so\0/lib/old.so\0/lib/bare.so";

    memcpy(p->heap, debug, sizeof debug);
    memcpy(p->heap + 0x100, names, sizeof names);
    put_entry(p, 0, EXE, EXE + DATA + 0x100, NAME + 11, MAP(1)); /* "" */
    put_entry(p, 1, LIB, LIB + DATA + 0x100, NAME, MAP(2));
    put_entry(p, 2, 0, OLD + DATA + 0x100, NAME + 12, MAP(3));
    put_entry(p, 3, BARE, BARE + DATA + 0x100, NAME + 24, 0);
}

static void process_init(struct process *p)
{
    const uint64_t dynamic[] = {DT_NEEDED, 1, DT_DEBUG, HEAP, DT_NULL, 0};

    memset(p, 0, sizeof *p);
    elf_page_make(p->exe, &(struct elf_page){ET_DYN, "exe!", 0, DATA + 0x100});
    elf_page_make(p->lib, &(struct elf_page){ET_DYN, "lib!", 0, DATA + 0x100});
    elf_page_make(p->old, &(struct elf_page){ET_DYN, NULL, OLD, DATA + 0x100});
    elf_page_make(p->vdso, &(struct elf_page){ET_DYN, "vdso", 0, 0});
    memcpy(p->data + 0x100, dynamic, sizeof dynamic);
    put_heap(p);
    memcpy(p->heap + 0x800, "/usr/bin/started", 17);
    add_memory(p, OLD, PAGE, p->old, PF_R | PF_X);
    add_memory(p, OLD + DATA, PAGE, NULL, PF_R | PF_W);
    add_memory(p, EXE, PAGE, p->exe, PF_R | PF_X);
    add_memory(p, EXE + DATA, PAGE, p->data, PF_R | PF_W);
    add_memory(p, LIB, PAGE, p->lib, PF_R | PF_X);
    add_memory(p, LIB + DATA, PAGE, NULL, PF_R | PF_W);
    add_memory(p, BARE, PAGE, NULL, PF_R | PF_X);
    add_memory(p, BARE + DATA, PAGE, NULL, PF_R | PF_W);
    add_memory(p, HEAP, sizeof p->heap, p->heap, PF_R | PF_W);
    add_memory(p, VDSO, PAGE, p->vdso, PF_R | PF_X);
    p->image.memory = p->memory;
    p->image.threads = &thread;
    p->image.n_threads = 1;
    p->image.vdso = VDSO;
    p->image.entry = EXE + 0x500;
    p->image.program_headers = EXE + sizeof(Elf64_Ehdr);
    p->image.n_program_headers = 5;
    p->image.file_name = HEAP + 0x800;
}

static void process_open(struct process *p)
{
    buf_init(&p->bytes, 1u << 24);
    arena_init(&p->arena, 0);
    core_image_build(&p->image, &p->bytes);
    ck_assert_int_eq(
        corefile_open(bytes_of_memory(p->bytes.data, p->bytes.len), &p->arena, &p->core), 0);
    ck_assert_uint_eq(p->core.n_mappings, 0);
    elfcore_image(&p->core, &p->arena, &p->result);
}

static void assert_module(const struct process *p, size_t i, const char *path, const char *build_id,
                          uint64_t start, uint64_t end, size_t n_mappings)
{
    const struct image_module *m = &p->result.modules[i];

    ck_assert_uint_lt(i, p->result.n_modules);
    ck_assert_str_eq(m->path, path);
    ck_assert_str_eq(m->build_id ? m->build_id : "none", build_id ? build_id : "none");
    ck_assert(m->start == start && m->end == end);
    ck_assert_uint_eq(m->n_mappings, n_mappings);
    ck_assert(m->main == (start == EXE) && m->vdso == (start == VDSO));
}

START_TEST(names_of_the_dynamic_linker)
{
    _process_ struct process p;

    process_init(&p);
    process_open(&p);
    ck_assert_uint_eq(p.result.n_modules, 5);
    assert_module(&p, 0, "/lib/old.so", NULL, OLD, OLD + DATA + PAGE, 2);
    assert_module(&p, 1, "/usr/bin/started", "65786521", EXE, EXE + DATA + PAGE, 2);
    assert_module(&p, 2, "/lib/lib.so", "6c696221", LIB, LIB + DATA + PAGE, 2);
    assert_module(&p, 3, "/lib/bare.so", NULL, BARE, BARE + DATA + PAGE, 1);
    assert_module(&p, 4, IMAGE_VDSO_PATH, "7664736f", VDSO, VDSO + PAGE, 0);
    ck_assert_str_eq(p.result.executable, "/usr/bin/started");
    ck_assert_uint_eq(p.result.modules[2].mappings[1].start, LIB + DATA);
    ck_assert_uint_eq(p.result.modules[2].mappings[1].file_offset, 0x1000);
}
END_TEST

/* A static program, or one whose dynamic linker had not come so far. */
START_TEST(no_list)
{
    _process_ struct process p;

    process_init(&p);
    memset(p.data, 0, sizeof p.data);
    p.image.file_name = 0;
    process_open(&p);
    ck_assert_uint_eq(p.result.n_modules, 4);
    assert_module(&p, 0, LOADED_UNNAMED, NULL, OLD, OLD + DATA + PAGE, 2);
    assert_module(&p, 1, "tester", "65786521", EXE, EXE + DATA + PAGE, 2); /* comm */
    assert_module(&p, 2, LOADED_UNNAMED, "6c696221", LIB, LIB + DATA + PAGE, 2);
}
END_TEST

START_TEST(a_list_that_is_a_ring)
{
    for (size_t back = 0; back < 4; back++) {
        _process_ struct process p;

        process_init(&p);
        put_entry(&p, 3, BARE, BARE + DATA + 0x100, NAME + 24, MAP(back));
        process_open(&p);
        ck_assert_uint_eq(p.result.n_modules, 5);
        assert_module(&p, 3, "/lib/bare.so", NULL, BARE, BARE + DATA + PAGE, 1);
    }
}
END_TEST

/* dlmopen(3): struct r_debug is followed by another one, here by itself. */
START_TEST(namespaces_that_are_a_ring)
{
    const uint64_t debug[] = {2, MAP(0), 0, 0, 0, HEAP};
    struct linkmap_entry *entries;
    _process_ struct process p;

    process_init(&p);
    memcpy(p.heap, debug, sizeof debug);
    process_open(&p);
    ck_assert_uint_eq(p.result.n_modules, 5);
    ck_assert_uint_eq(linkmap_read(&p.core, &p.arena, &entries), 4 * LINKMAP_NAMESPACES_MAX);
}
END_TEST

START_TEST(a_list_without_an_end)
{
    enum { ENTRIES = LINKMAP_ENTRIES_MAX + 100 };
    size_t size = 0x1000 + ENTRIES * sizeof(struct link_map);
    _cleanup_free_ uint8_t *heap = calloc(1, size);
    struct linkmap_entry *entries;
    int64_t begin = clock_mono();
    _process_ struct process p;

    process_init(&p);
    memcpy(heap, p.heap, 0x1000);
    for (size_t i = 0; i < ENTRIES; i++) {
        const uint64_t words[] = {BARE, NAME, BARE + DATA, MAP(i + 1)};

        memcpy(heap + (MAP(i) - HEAP), words, sizeof words);
    }
    p.memory[8] = (struct core_image_memory){HEAP, size, (const char *)heap, size, PF_R | PF_W};
    process_open(&p);
    ck_assert_uint_eq(linkmap_read(&p.core, &p.arena, &entries), LINKMAP_ENTRIES_MAX);
    ck_assert_uint_eq(p.result.n_modules, 5);
    ck_assert_int_lt(clock_mono() - begin, 5 * USEC_PER_SEC);
}
END_TEST

START_TEST(a_name_without_an_end)
{
    _process_ struct process p;

    process_init(&p);
    memset(p.heap + 0x2000, 'A', sizeof p.heap - 0x2000);
    put_entry(&p, 1, LIB, LIB + DATA + 0x100, HEAP + 0x2000, MAP(2));
    put_entry(&p, 2, 0, OLD + DATA + 0x100, HEAP + sizeof p.heap - 3, MAP(3));
    process_open(&p);
    ck_assert_uint_eq(strlen(p.result.modules[2].path), LINKMAP_NAME_MAX);
    ck_assert_str_eq(p.result.modules[0].path, "AAA");
}
END_TEST

/* Whatever a core names is not looked at: opening this would wait for ever. */
START_TEST(a_name_is_never_opened)
{
    char folder[] = "/tmp/corral-unit-fifo.XXXXXX", path[64];
    _process_ struct process p;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    process_init(&p);
    memcpy(p.heap + 0x800, path, sizeof path);
    put_entry(&p, 1, LIB, LIB + DATA + 0x100, HEAP + 0x800, MAP(2));
    process_open(&p);
    ck_assert_str_eq(p.result.modules[1].path, path);
    ck_assert_str_eq(p.result.modules[2].path, path);
    ck_assert_str_eq(p.result.executable, path);
    unlink(path);
    rmdir(folder);
}
END_TEST

/* Each of these leaves the files whose headers are there. */
START_TEST(addresses_that_lead_nowhere)
{
    static const uint64_t wild[] = {1, HEAP - 8, UINT64_MAX, UINT64_MAX - 16, 0x800000000000};

    for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
        const uint64_t dynamic[] = {DT_DEBUG, wild[i]};
        _process_ struct process p, q;

        process_init(&p);
        memcpy(p.data + 0x100, dynamic, sizeof dynamic);
        process_open(&p);
        ck_assert_uint_eq(p.result.n_modules, 4);
        process_init(&q);
        put_entry(&q, 1, wild[i], wild[i], wild[i], wild[i]);
        q.image.program_headers = i % 2 ? wild[i] : q.image.program_headers;
        q.image.file_name = wild[i];
        process_open(&q);
        ck_assert_uint_eq(q.result.n_modules, 4);
        ck_assert_str_eq(q.result.executable, "tester");
    }
}
END_TEST

/* Bytes that look like a file's are none without code, or when it would reach into nothing. */
START_TEST(headers_that_lie)
{
    uint8_t data[PAGE], large[PAGE], other[PAGE];
    Elf64_Phdr load;
    _process_ struct process p;

    process_init(&p);
    elf_page_make(data, &(struct elf_page){ET_DYN, "data", 0, 0});
    elf_page_make(large, &(struct elf_page){ET_DYN, "wide", 0, 0});
    elf_page_make(other, &(struct elf_page){ET_CORE, "core", 0, 0});
    memcpy(&load, large + sizeof(Elf64_Ehdr) + 2 * sizeof load, sizeof load);
    load.p_filesz = UINT64_C(1) << 46;
    memcpy(large + sizeof(Elf64_Ehdr) + 2 * sizeof load, &load, sizeof load);
    add_memory(&p, 0x10000, PAGE, data, PF_R | PF_W);
    add_memory(&p, 0x10000 + DATA, PAGE, NULL, PF_R | PF_W);
    add_memory(&p, 0x20000, PAGE, large, PF_R | PF_X);
    add_memory(&p, 0x20000 + DATA, PAGE, NULL, PF_R | PF_W);
    add_memory(&p, 0x30000, PAGE, other, PF_R | PF_X);
    add_memory(&p, 0x30000 + DATA, PAGE, NULL, PF_R | PF_W);
    process_open(&p);
    ck_assert_uint_eq(p.result.n_modules, 5);
    ck_assert_uint_eq(p.result.modules[0].start, OLD);
}
END_TEST

UNIT_MAIN("workerd/image/loaded", names_of_the_dynamic_linker, no_list, a_list_that_is_a_ring,
          namespaces_that_are_a_ring, a_list_without_an_end, a_name_without_an_end,
          a_name_is_never_opened, addresses_that_lead_nowhere, headers_that_lie)
