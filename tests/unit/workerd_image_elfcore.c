/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/image */
/* Cores of our own making as images: threads, facts, and the modules that NT_FILE lists. */
#include "workerd/image/elfcore.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "tests/lib/unit.h"
#include "tests/unit/core_image.h"
#include "tests/unit/elf_page.h"

#define EXE   UINT64_C(0x400000)
#define LIB   UINT64_C(0x7f0000000000)
#define DATA  UINT64_C(0x7f0000100000)
#define VDSO  UINT64_C(0x7ffd10000000)
#define STACK UINT64_C(0x7ffd00000000)
#define PAGE  UINT64_C(0x1000)

static uint8_t exe_page[PAGE], lib_page[PAGE], vdso_page[PAGE];

static const struct core_image_thread threads[] = {
    {.tid = 4242, .signal = 11, .pc = EXE + 0x1010, .sp = STACK + 0x10, .bp = 1},
    {.tid = 4243, .pc = LIB + 0x1020, .sp = STACK + 0x80, .bp = 2},
};
static const struct core_image_file files[] = {
    {EXE, EXE + PAGE, 0, "/usr/bin/tester"},   {EXE + PAGE, EXE + 2 * PAGE, 1, "/usr/bin/tester"},
    {LIB, LIB + PAGE, 0, "/usr/lib/lib.so"},   {LIB + PAGE, LIB + 3 * PAGE, 1, "/usr/lib/lib.so"},
    {DATA, DATA + PAGE, 0, "/usr/share/data"},
};
static const struct core_image_memory memory[] = {
    {EXE, PAGE, (const char *)exe_page, PAGE, PF_R},
    {EXE + PAGE, PAGE, NULL, 0, PF_R | PF_X},
    {LIB, PAGE, (const char *)lib_page, PAGE, PF_R},
    {LIB + PAGE, 2 * PAGE, NULL, 0, PF_R | PF_X},
    {DATA, PAGE, NULL, 0, PF_R},
    {STACK, 32, "0123456789abcdefghijklmnopqrstuv", 32, PF_R | PF_W},
    {VDSO, PAGE, (const char *)vdso_page, PAGE, PF_R | PF_X},
};
static const struct core_image usual = {
    .threads = threads,
    .n_threads = ARRAY_SIZE(threads),
    .files = files,
    .n_files = ARRAY_SIZE(files),
    .memory = memory,
    .n_memory = ARRAY_SIZE(memory),
    .signal = 11,
    .code = 1,
    .address = 0x10,
    .vdso = VDSO,
    .entry = EXE + 0x1080,
};

struct fixture {
    struct buf bytes;
    struct arena arena;
    struct corefile core;
    struct image image;
};

static void fixture_fini(struct fixture *f)
{
    buf_fini(&f->bytes);
    arena_fini(&f->arena);
}

static void fixture_open(struct fixture *f, const struct core_image *m)
{
    elf_page_make(exe_page, &(struct elf_page){.type = ET_EXEC, .id = "exe!"});
    elf_page_make(lib_page, &(struct elf_page){.type = ET_DYN, .id = "lib!"});
    elf_page_make(vdso_page, &(struct elf_page){.type = ET_DYN, .id = "vdso"});
    buf_init(&f->bytes, 1u << 28);
    arena_init(&f->arena, 0);
    core_image_build(m, &f->bytes);
    ck_assert_int_eq(buf_error(&f->bytes), 0);
    ck_assert_int_eq(
        corefile_open(bytes_of_memory(f->bytes.data, f->bytes.len), &f->arena, &f->core), 0);
    elfcore_image(&f->core, &f->arena, &f->image);
}

#define _fixture_ _cleanup_(fixture_fini)

START_TEST(threads_and_facts)
{
    _fixture_ struct fixture f;
    const struct core_layout *l = core_layout_find(EM_X86_64, true);
    struct image *i = &f.image;
    uint64_t word;

    fixture_open(&f, &usual);
    ck_assert_ptr_eq(i->layout, l);
    ck_assert_uint_eq(i->n_threads, 2);
    ck_assert_int_eq(i->threads[0].tid, 4242);
    ck_assert_uint_eq(i->threads[0].registers[l->pc], EXE + 0x1010);
    ck_assert_uint_eq(i->threads[0].registers[l->fp], 1);
    ck_assert_uint_eq(i->threads[1].registers[l->sp], STACK + 0x80);
    ck_assert(i->signal == 11 && i->code == 1 && i->has_address && i->address == 0x10);
    ck_assert(i->pid == 4242 && !i->truncated);
    ck_assert_str_eq(i->executable, "/usr/bin/tester");
    ck_assert(image_word(i, STACK + 0x10, &word));
    ck_assert_int_eq(memcmp(&word, "ghijklmn", 8), 0);
    ck_assert(!image_word(i, STACK + 0x20, &word));
    ck_assert(!image_word(i, EXE + PAGE, &word)); /* mapped, but not dumped */
}
END_TEST

START_TEST(what_is_not_known)
{
    _fixture_ struct fixture f;
    struct core_image m = usual;

    m.signal = 0; /* no siginfo: the note of the thread has it */
    m.entry = m.vdso = 0;
    fixture_open(&f, &m);
    ck_assert(f.image.signal == 11 && f.image.code == 0 && !f.image.has_address);
    ck_assert_str_eq(f.image.executable, "tester"); /* comm */
    for (size_t i = 0; i < f.image.n_modules; i++)
        ck_assert(!f.image.modules[i].main && !f.image.modules[i].vdso);
}
END_TEST

START_TEST(ranges)
{
    _fixture_ struct fixture f;
    struct image_range r;

    fixture_open(&f, &usual);
    ck_assert(image_range(&f.image, LIB + PAGE, &r));
    ck_assert(r.start == LIB + PAGE && r.end == LIB + 3 * PAGE && r.executable && !r.writable);
    ck_assert(image_range(&f.image, STACK + 31, &r) && r.writable && !r.executable);
    ck_assert(!image_range(&f.image, STACK + 32, &r));
}
END_TEST

START_TEST(what_lies_above_and_which_file)
{
    _fixture_ struct fixture f;
    struct image_range r;
    struct image_file file;

    fixture_open(&f, &usual);
    ck_assert(image_above(&f.image, LIB + 1, &r));
    ck_assert(r.start == LIB + PAGE && r.readable && r.executable && !r.writable);
    ck_assert(image_above(&f.image, LIB + PAGE, &r) && r.start == LIB + PAGE);
    ck_assert(!image_above(&f.image, UINT64_MAX, &r));
    ck_assert(image_file_at(&f.image, DATA + 16, &file)); /* which is no module */
    ck_assert_str_eq(file.path, "/usr/share/data");
    ck_assert(file.start == DATA && file.end == DATA + PAGE && file.offset == 16);
    ck_assert(image_file_at(&f.image, LIB + PAGE + 5, &file) && file.offset == PAGE + 5);
    ck_assert(!image_file_at(&f.image, STACK, &file));
}
END_TEST

static void assert_module(const struct image_module *m, const char *path, const char *build_id,
                          uint64_t start, uint64_t end, size_t n_mappings)
{
    ck_assert_str_eq(m->path, path);
    if (build_id)
        ck_assert_str_eq(m->build_id, build_id);
    else
        ck_assert_ptr_null(m->build_id);
    ck_assert(m->start == start && m->end == end);
    ck_assert_uint_eq(m->n_mappings, n_mappings);
    if (n_mappings > 0)
        ck_assert(m->mappings[0].start == start && m->mappings[n_mappings - 1].end == end);
}

/* "exe!" and its like in hexadecimal digits. */
#define EXE_ID  "65786521"
#define LIB_ID  "6c696221"
#define VDSO_ID "7664736f"

START_TEST(modules)
{
    _fixture_ struct fixture f;
    const struct image_module *m;

    fixture_open(&f, &usual);
    m = f.image.modules;
    ck_assert_uint_eq(f.image.n_modules, 3); /* no code in /usr/share/data */
    assert_module(&m[0], "/usr/bin/tester", EXE_ID, EXE, EXE + 2 * PAGE, 2);
    assert_module(&m[1], "/usr/lib/lib.so", LIB_ID, LIB, LIB + 3 * PAGE, 2);
    assert_module(&m[2], IMAGE_VDSO_PATH, VDSO_ID, VDSO, VDSO + PAGE, 0);
    ck_assert(m[0].main && !m[1].main && !m[2].main);
    ck_assert(!m[0].vdso && !m[1].vdso && m[2].vdso);
    ck_assert_uint_eq(m[1].mappings[1].file_offset, PAGE);
    ck_assert_ptr_eq(image_module_at(&f.image, LIB + PAGE), &m[1]);
    ck_assert_ptr_null(image_module_at(&f.image, DATA));
}
END_TEST

/* One file loaded twice is two modules; a small one on large pages, whose segments all begin with
 * the file's first page, is one. */
START_TEST(loads_of_one_file)
{
    static const struct core_image_file twice[] = {
        {LIB, LIB + PAGE, 0, "/lib.so"},
        {LIB + PAGE, LIB + 2 * PAGE, 1, "/lib.so"},
        {LIB + 2 * PAGE, LIB + 3 * PAGE, 0, "/lib.so"},
        {LIB + 3 * PAGE, LIB + 4 * PAGE, 1, "/lib.so"},
        {DATA, DATA + PAGE, 0, "/small"},
        {DATA + PAGE, DATA + 2 * PAGE, 0, "/small"},
    };
    static const struct core_image_memory pages[] = {
        {LIB, PAGE, (const char *)lib_page, PAGE, PF_R | PF_X},
        {LIB + 2 * PAGE, PAGE, (const char *)exe_page, PAGE, PF_R | PF_X},
        {DATA, PAGE, NULL, 0, PF_R | PF_X},
        {DATA + PAGE, PAGE, (const char *)lib_page, PAGE, PF_R | PF_W},
    };
    _fixture_ struct fixture f;
    struct core_image m = usual;

    m.files = twice;
    m.n_files = ARRAY_SIZE(twice);
    m.memory = pages;
    m.n_memory = ARRAY_SIZE(pages);
    fixture_open(&f, &m);
    ck_assert_uint_eq(f.image.n_modules, 3);
    assert_module(&f.image.modules[0], "/lib.so", LIB_ID, LIB, LIB + 2 * PAGE, 2);
    assert_module(&f.image.modules[1], "/lib.so", EXE_ID, LIB + 2 * PAGE, LIB + 4 * PAGE, 2);
    assert_module(&f.image.modules[2], "/small", LIB_ID, DATA, DATA + 2 * PAGE, 2);
}
END_TEST

/* A file that is mapped from its beginning over and over, of which only the page at `at` is there.
 */
static void open_with_page(struct fixture *f, size_t n, size_t at)
{
    static struct core_image_file begins[32];
    static struct core_image_memory pages[32];
    struct core_image m = usual;

    for (size_t i = 0; i < n; i++) {
        uint64_t start = LIB + i * PAGE;

        begins[i] = (struct core_image_file){start, start + PAGE, 0, "/lib.so"};
        pages[i] = (struct core_image_memory){start, PAGE, (const char *)lib_page,
                                              i == at ? PAGE : 0, PF_R | PF_X};
    }
    m.files = begins;
    m.n_files = n;
    m.memory = pages;
    m.n_memory = n;
    fixture_open(f, &m);
}

START_TEST(first_pages_that_are_looked_at_for_a_build_id)
{
    static const struct {
        size_t at;
        const char *build_id;
    } cases[] = {{0, LIB_ID}, {15, LIB_ID}, {16, NULL}, {31, NULL}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _fixture_ struct fixture f;

        open_with_page(&f, 32, cases[i].at);
        ck_assert_uint_eq(f.image.n_modules, 1);
        assert_module(&f.image.modules[0], "/lib.so", cases[i].build_id, LIB, LIB + 32 * PAGE, 32);
    }
}
END_TEST

static void assert_in_order(const struct image *i)
{
    for (size_t k = 0; k < i->n_modules; k++) {
        const struct image_module *m = &i->modules[k];

        ck_assert(m->path && m->start < m->end);
        ck_assert(k == 0 || i->modules[k - 1].end <= m->start);
        ck_assert(m->vdso || m->n_mappings > 0);
        for (size_t j = 0; j < m->n_mappings; j++) {
            ck_assert(m->mappings[j].start < m->mappings[j].end);
            ck_assert(m->mappings[j].start >= (j ? m->mappings[j - 1].end : m->start));
            ck_assert(m->mappings[j].end <= m->end);
        }
    }
}

START_TEST(a_file_list_that_lies)
{
    static const struct core_image_file odd[] = {
        {0x1000, 0x9000, 0, "/a"},
        {0x2000, 0x3000, 0, "/b"},                 /* within a */
        {0x8000, 0xa000, 1, "/c"},                 /* across its end */
        {0xb000, 0xb000, 0, "/empty"},             /* … */
        {0xc000, 0xb000, 0, "/backwards"},         /* … */
        {0xd000, 0xf000, 0, "/d"},                 /* its next mapping lies within */
        {0xe000, 0xe800, 1, "/d"},                 /* … */
        {UINT64_MAX - 8, UINT64_MAX, 0, "/last"},  /* … */
        {VDSO - PAGE, VDSO + PAGE, 0, "/on-vdso"}, /* the vDSO lies within */
    };
    _fixture_ struct fixture f;
    struct core_image m = usual;

    m.files = odd;
    m.n_files = ARRAY_SIZE(odd);
    m.memory = &memory[5];
    m.n_memory = 2;
    fixture_open(&f, &m);
    assert_in_order(&f.image);
    ck_assert_str_eq(f.image.modules[0].path, "/a");
    ck_assert_str_eq(f.image.modules[1].path, "/d");
    ck_assert_str_eq(f.image.modules[2].path, "/on-vdso");
    ck_assert_str_eq(f.image.modules[3].path, "/last");
    ck_assert_uint_eq(f.image.n_modules, 4);
}
END_TEST

START_TEST(segments_that_overlap)
{
    static const struct core_image_memory odd[] = {
        {0x1000, 0x4000, NULL, 0, PF_R | PF_X},
        {0x2000, 0x1000, NULL, 0, PF_R | PF_W},
        {0x9000, UINT64_MAX - 0x9000, NULL, 0, PF_R},
    };
    _fixture_ struct fixture f;
    struct core_image m = usual;
    struct image_range r;

    m.memory = odd;
    m.n_memory = ARRAY_SIZE(odd);
    fixture_open(&f, &m);
    ck_assert(image_range(&f.image, 0x1fff, &r) && r.start == 0x1000 && r.end == 0x2000);
    ck_assert(image_range(&f.image, 0x2000, &r) && r.start == 0x2000 && r.end == 0x3000);
    ck_assert(!image_range(&f.image, 0x3000, &r));
    ck_assert(image_range(&f.image, UINT64_MAX - 1, &r) && r.end == UINT64_MAX);
}
END_TEST

enum { MANY_THREADS = 1000, MANY_MAPPINGS = 40000 };

/* What is quadratic in one of them takes minutes. */
START_TEST(large_processes_take_milliseconds)
{
    static struct core_image_thread many_threads[MANY_THREADS];
    static struct core_image_file many_files[MANY_MAPPINGS];
    static struct core_image_memory many_pages[MANY_MAPPINGS];
    struct core_image m = usual;
    _fixture_ struct fixture f;

    for (size_t i = 0; i < MANY_THREADS; i++)
        many_threads[i] = (struct core_image_thread){.tid = (int)i + 1, .sp = STACK};
    for (size_t i = 0; i < MANY_MAPPINGS; i++) {
        uint64_t at = LIB + i * 2 * PAGE;

        many_files[i] = (struct core_image_file){at, at + PAGE, i % 4, "/usr/lib/lib.so"};
        many_pages[i] = (struct core_image_memory){at, PAGE, (const char *)lib_page,
                                                   i % 4 ? 0 : PAGE, PF_R | PF_X};
    }
    m.threads = many_threads;
    m.n_threads = MANY_THREADS;
    m.files = many_files;
    m.n_files = MANY_MAPPINGS;
    m.memory = many_pages;
    m.n_memory = MANY_MAPPINGS;
    fixture_open(&f, &m);
    int64_t begin = clock_mono();

    for (size_t i = 0; i < 10; i++)
        elfcore_image(&f.core, &f.arena, &f.image);
    ck_assert_int_lt(clock_mono() - begin, 5 * USEC_PER_SEC);
    ck_assert_uint_eq(f.image.n_threads, MANY_THREADS);
    ck_assert_uint_eq(f.image.n_modules, IMAGE_MODULES_MAX - 1);
    assert_in_order(&f.image);
    ck_assert_str_eq(f.image.modules[4711].build_id, LIB_ID);
    ck_assert_uint_eq(f.image.modules[4711].n_mappings, 4);
}
END_TEST

UNIT_MAIN("workerd/image/elfcore", threads_and_facts, what_is_not_known, ranges,
          what_lies_above_and_which_file, modules, loads_of_one_file,
          first_pages_that_are_looked_at_for_a_build_id, a_file_list_that_lies,
          segments_that_overlap, large_processes_take_milliseconds)
