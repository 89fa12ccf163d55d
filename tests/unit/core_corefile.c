/* SPDX-License-Identifier: Apache-2.0 */
/* Cores of our own making, whole, cut and lying. */
#include "common/core/corefile.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"
#include "tests/unit/core_image.h"

static const struct core_image_thread threads[] = {
    {.tid = 4242, .signal = 11, .pc = 0x401000, .sp = 0x7ffd00000100},
    {.tid = 4243, .pc = 0x7f0000001000, .sp = 0x7f1000000000},
};
static const struct core_image_file files[] = {
    {0x400000, 0x402000, 0, "/usr/bin/tester"},
    {0x402000, 0x403000, 2, "/usr/bin/tester"},
    {0x7f0000000000, 0x7f0000002000, 0, "/usr/lib/libtest.so (deleted)"},
};
/* The stack is contiguous with what follows it; the heap's bytes were not dumped. */
static const struct core_image_memory memory[] = {
    {0x400000, 0x2000, "first page of tester", 20, PF_R | PF_X},
    {0x10000000, 0x1000, NULL, 0, PF_R | PF_W},
    {0x7ffd00000000, 16, "0123456789abcdef", 16, PF_R | PF_W},
    {0x7ffd00000010, 8, "ghijklmn", 8, PF_R | PF_W},
};
static const struct core_image whole = {
    .threads = threads,
    .n_threads = ARRAY_SIZE(threads),
    .files = files,
    .n_files = ARRAY_SIZE(files),
    .memory = memory,
    .n_memory = ARRAY_SIZE(memory),
    .signal = 11,
    .code = 1,
    .address = 0x10,
    .vdso = 0x7ffd10000000,
    .entry = 0x401080,
    .program_headers = 0x400040,
    .n_program_headers = 13,
    .random = 0x7ffd00000008,
};

/* A core that is built, opened and taken down by its scope. */
struct fixture {
    struct buf bytes;
    struct arena arena;
    struct corefile core;
    int outcome;
};

static void fixture_fini(struct fixture *f)
{
    buf_fini(&f->bytes);
    arena_fini(&f->arena);
}

static void fixture_open(struct fixture *f, const struct core_image *m, size_t size)
{
    buf_init(&f->bytes, 1u << 26);
    arena_init(&f->arena, 0);
    core_image_build(m, &f->bytes);
    ck_assert_int_eq(buf_error(&f->bytes), 0);
    if (size < f->bytes.len)
        f->bytes.len = size;
    f->outcome = corefile_open(bytes_of_memory(f->bytes.data, f->bytes.len), &f->arena, &f->core);
}

#define _fixture_ _cleanup_(fixture_fini)

START_TEST(threads_and_registers)
{
    _fixture_ struct fixture f;

    fixture_open(&f, &whole, SIZE_MAX);
    const struct corefile *c = &f.core;

    ck_assert_int_eq(f.outcome, 0);
    ck_assert_str_eq(c->layout->name, "x86_64");
    ck_assert_uint_eq(c->n_threads, 2);
    ck_assert_int_eq(c->threads[0].tid, 4242);
    ck_assert_int_eq(c->threads[0].signal, 11);
    ck_assert_uint_eq(core_thread_register(c, &c->threads[0], c->layout->pc), 0x401000);
    ck_assert_uint_eq(core_thread_register(c, &c->threads[1], c->layout->sp), 0x7f1000000000);
    ck_assert_str_eq(c->layout->registers[c->layout->pc].name, "rip");
    ck_assert_str_eq(c->layout->registers[c->layout->sp].name, "rsp");
    ck_assert(!c->truncated && !c->notes_cut);
    ck_assert_uint_eq(c->expected_size, f.bytes.len);
}
END_TEST

START_TEST(vectors_of_the_crashed_thread_alone)
{
    static const struct core_image_thread none[] = {{.tid = 1}, {.tid = 2, .xmm1 = 8}};
    static const struct core_image_thread both[] = {{.tid = 1, .xmm1 = 7}, {.tid = 2, .xmm1 = 8}};
    const struct core_image without = {.threads = none, .n_threads = 2};
    const struct core_image with = {.threads = both, .n_threads = 2};
    _fixture_ struct fixture a;
    _fixture_ struct fixture b;

    fixture_open(&a, &without, SIZE_MAX);
    fixture_open(&b, &with, SIZE_MAX);
    ck_assert_ptr_null(a.core.vectors);
    ck_assert_ptr_nonnull(b.core.vectors);
    ck_assert_uint_eq(b.core.layout->vectors.dwarf, 17);
    ck_assert_uint_eq(b.core.vectors[b.core.layout->vectors.size], 7);
}
END_TEST

START_TEST(signal_process_and_auxiliary_vector)
{
    _fixture_ struct fixture f;

    fixture_open(&f, &whole, SIZE_MAX);
    ck_assert_int_eq(f.core.signal, 11);
    ck_assert_int_eq(f.core.code, 1);
    ck_assert(f.core.has_address);
    ck_assert_uint_eq(f.core.address, 0x10);
    ck_assert_int_eq(f.core.pid, 4242);
    ck_assert_str_eq(f.core.name, "tester");
    ck_assert_str_eq(f.core.arguments, "tester --now");
    ck_assert_uint_eq(f.core.auxv_vdso, 0x7ffd10000000);
    ck_assert_uint_eq(f.core.auxv_entry, 0x401080);
    ck_assert_uint_eq(f.core.auxv_program_headers, 0x400040);
    ck_assert_uint_eq(f.core.auxv_n_program_headers, 13);
    ck_assert_uint_eq(f.core.auxv_random, 0x7ffd00000008);
}
END_TEST

START_TEST(an_address_only_with_a_fault)
{
    static const struct {
        int signal, code;
        bool has;
    } cases[] = {{11, 1, true}, {11, 0x80, false}, {11, 0, false}, {6, -6, false}, {8, 1, true}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _fixture_ struct fixture f;
        struct core_image m = whole;

        m.signal = cases[i].signal;
        m.code = cases[i].code;
        fixture_open(&f, &m, SIZE_MAX);
        ck_assert_msg(f.core.has_address == cases[i].has, "signal %d code %d", m.signal, m.code);
    }
}
END_TEST

START_TEST(files_by_address)
{
    _fixture_ struct fixture f;

    fixture_open(&f, &whole, SIZE_MAX);
    ck_assert_uint_eq(f.core.n_mappings, 3);
    ck_assert_str_eq(corefile_mapping(&f.core, 0x402fff)->path, "/usr/bin/tester");
    ck_assert_uint_eq(corefile_mapping(&f.core, 0x402000)->file_offset, 2 * 4096);
    ck_assert_str_eq(corefile_mapping(&f.core, 0x7f0000000000)->path,
                     "/usr/lib/libtest.so (deleted)");
    ck_assert_ptr_null(corefile_mapping(&f.core, 0x403000));
    ck_assert_ptr_null(corefile_mapping(&f.core, 0x3fffff));
}
END_TEST

START_TEST(memory_is_there_or_missing_never_zero)
{
    _fixture_ struct fixture f;
    char b[64];

    fixture_open(&f, &whole, SIZE_MAX);
    ck_assert_int_eq(corefile_read(&f.core, 0x7ffd0000000c, b, 8), 8);
    ck_assert_mem_eq(b, "cdefghij", 8);
    ck_assert_int_eq(corefile_read(&f.core, 0x7ffd00000014, b, 64), 4);
    ck_assert_int_eq(corefile_read(&f.core, 0x400010, b, 64),
                     4); /* of the page, 20 bytes were dumped */
    ck_assert_int_eq(corefile_read(&f.core, 0x400014, b, 1), 0);
    ck_assert_int_eq(corefile_read(&f.core, 0x10000000, b, 1), 0);
    ck_assert_int_eq(corefile_read(&f.core, 0x20000000, b, 1), 0);
    ck_assert_int_eq(corefile_read(&f.core, UINT64_MAX, b, 8), 0);
    ck_assert_ptr_nonnull(corefile_segment(&f.core, 0x10000fff));
    ck_assert_ptr_null(corefile_segment(&f.core, 0x10001000));
}
END_TEST

START_TEST(cut_anywhere)
{
    _fixture_ struct fixture f;
    size_t most_threads = 0;

    fixture_open(&f, &whole, SIZE_MAX);
    for (size_t size = 0; size < f.bytes.len; size++) {
        _fixture_ struct fixture cut;
        char b[64];

        fixture_open(&cut, &whole, size);
        ck_assert_msg(cut.outcome >= 0, "at %zu", size);
        if (cut.outcome != 0) {
            ck_assert_msg(size < sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), "at %zu: %d", size,
                          cut.outcome);
            continue;
        }
        ck_assert_msg(cut.core.truncated, "at %zu", size);
        ck_assert_uint_ge(cut.core.n_threads, most_threads);
        most_threads = cut.core.n_threads;
        ssize_t n = corefile_read(&cut.core, 0x7ffd00000000, b, sizeof b);

        ck_assert(n >= 0 && n <= 24 && memcmp(b, "0123456789abcdefghijklmn", (size_t)n) == 0);
    }
    ck_assert_uint_eq(most_threads, 2);
}
END_TEST

START_TEST(cut_within_the_notes_says_so)
{
    _fixture_ struct fixture f;

    fixture_open(&f, &whole, sizeof(Elf64_Ehdr) + 5 * sizeof(Elf64_Phdr) + 400);
    ck_assert_int_eq(f.outcome, 0);
    ck_assert(f.core.notes_cut);
    ck_assert_uint_eq(f.core.n_threads, 1);
}
END_TEST

START_TEST(more_segments_than_the_header_can_count)
{
    _fixture_ struct fixture f, cut;
    struct core_image m = whole;

    m.xnum = true;
    fixture_open(&f, &m, SIZE_MAX);
    ck_assert_int_eq(f.outcome, 0);
    ck_assert_uint_eq(f.core.n_segments, 4);
    ck_assert_uint_eq(f.core.n_threads, 2);
    /* Without the section header at the end, the place of the notes tells the number. */
    fixture_open(&cut, &m, f.bytes.len - 1);
    ck_assert_int_eq(cut.outcome, 0);
    ck_assert_uint_eq(cut.core.n_segments, 4);
}
END_TEST

START_TEST(overlapping_and_wrapping_segments)
{
    static const struct core_image_memory odd[] = {
        {0x1000, 0x2000, "AAAAAAAA", 8, PF_R},
        {0x1004, 4, "BBBB", 4, PF_R},
        {UINT64_MAX - 7, 16, "CCCCCCCC", 8, PF_R},
        {0x9000, 4, "DDDDDDDD", 8, PF_R}, /* more in the file than in memory */
    };
    _fixture_ struct fixture f;
    struct core_image m = whole;
    char b[16];

    m.memory = odd;
    m.n_memory = ARRAY_SIZE(odd);
    fixture_open(&f, &m, SIZE_MAX);
    ck_assert_int_eq(f.outcome, 0);
    ck_assert_int_eq(corefile_read(&f.core, 0x1003, b, 8),
                     5); /* the same from wherever it begins */
    ck_assert_int_eq(memcmp(b, "ABBBB", 5), 0);
    ck_assert_int_eq(corefile_read(&f.core, 0x1004, b, 1), 1);
    ck_assert_int_eq(b[0], 'B');
    ck_assert_int_eq(corefile_read(&f.core, UINT64_MAX - 7, b, 8), 0);
    ck_assert_int_eq(corefile_read(&f.core, 0x9000, b, 16), 4);
}
END_TEST

/* Memory whose every byte is a segment of its own would take a read each. */
START_TEST(a_read_goes_through_few_segments)
{
    struct core_image_memory bytes[2 * CORE_READ_SEGMENTS_MAX];
    struct core_image m = whole;
    _cleanup_(fixture_fini) struct fixture f;
    char got[2 * CORE_READ_SEGMENTS_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
        bytes[i] = (struct core_image_memory){0x1000 + i, 1, "x", 1, PF_R};
    m.memory = bytes;
    m.n_memory = ARRAY_SIZE(bytes);
    fixture_open(&f, &m, SIZE_MAX);
    ck_assert_int_eq(f.outcome, 0);
    ck_assert_int_eq(corefile_read(&f.core, 0x1000, got, sizeof got), CORE_READ_SEGMENTS_MAX);
    ck_assert_int_eq(corefile_read(&f.core, 0x1000, got, 8), 8);
}
END_TEST

START_TEST(a_file_list_that_lies)
{
    static const uint64_t counts[] = {4, 1000, CORE_MAPPINGS_MAX + 1, UINT64_MAX, UINT64_MAX / 24};

    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        _fixture_ struct fixture f;
        struct core_image m = whole;

        m.files_claimed = counts[i];
        fixture_open(&f, &m, SIZE_MAX);
        ck_assert_int_eq(f.outcome, 0);
        ck_assert_uint_eq(f.core.n_threads, 2);
        ck_assert_uint_le(f.core.n_mappings, 4);
    }
}
END_TEST

START_TEST(what_is_no_core_of_ours)
{
    _fixture_ struct fixture f;
    struct arena *a = &f.arena;
    struct corefile c;

    fixture_open(&f, &whole, SIZE_MAX);
    Elf64_Ehdr *h = (Elf64_Ehdr *)f.bytes.data;
    struct bytes b = bytes_of_memory(f.bytes.data, f.bytes.len);

    h->e_machine = EM_RISCV;
    ck_assert_int_eq(corefile_open(b, a, &c), CORE_UNKNOWN_MACHINE);
    h->e_type = ET_DYN;
    ck_assert_int_eq(corefile_open(b, a, &c), CORE_NOT_A_CORE);
    h->e_phentsize = 1;
    ck_assert_int_eq(corefile_open(b, a, &c), CORE_MALFORMED);
    h->e_ident[EI_DATA] = ELFDATA2MSB;
    ck_assert_int_eq(corefile_open(b, a, &c), CORE_NOT_ELF);
    ck_assert_int_eq(corefile_open(bytes_of_memory(NULL, 0), a, &c), CORE_NOT_ELF);
}
END_TEST

START_TEST(tables_stay_within_the_arena)
{
    _fixture_ struct fixture f;
    struct arena small;
    struct corefile c;

    fixture_open(&f, &whole, SIZE_MAX);
    arena_init(&small, 1024);
    ck_assert_int_eq(corefile_open(bytes_of_memory(f.bytes.data, f.bytes.len), &small, &c),
                     CORE_TOO_LARGE);
    arena_fini(&small);
}
END_TEST

UNIT_MAIN("core/corefile", threads_and_registers, vectors_of_the_crashed_thread_alone,
          signal_process_and_auxiliary_vector, an_address_only_with_a_fault, files_by_address,
          memory_is_there_or_missing_never_zero, cut_anywhere, cut_within_the_notes_says_so,
          more_segments_than_the_header_can_count, overlapping_and_wrapping_segments,
          a_read_goes_through_few_segments, a_file_list_that_lies, what_is_no_core_of_ours,
          tables_stay_within_the_arena)
