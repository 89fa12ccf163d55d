/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/indexer */
/* Sections by name, all three compressions, and files that lie about sizes. */
#include "workerd/indexer/container.h"

#include <string.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"
#include "tests/unit/elf_file.h"
#include "workerd/indexer/decompress.h"

#define TEXT_SIZE 100000u

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

static uint8_t text[TEXT_SIZE];

static void make_text(void)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * i >> 7);
}

static void add_header(struct buf *b, uint32_t type, uint64_t size)
{
    const Elf64_Chdr h = {.ch_type = type, .ch_size = size, .ch_addralign = 1};

    buf_add(b, &h, sizeof h);
}

static void add_zlib(struct buf *b, const void *p, size_t n)
{
    uLongf size = compressBound(n);
    _cleanup_free_ uint8_t *out = malloc(size);

    ck_assert_int_eq(compress2(out, &size, p, n, 6), Z_OK);
    buf_add(b, out, size);
}

static void add_zstd(struct buf *b, const void *p, size_t n)
{
    size_t size = ZSTD_compressBound(n);
    _cleanup_free_ uint8_t *out = malloc(size);

    size = ZSTD_compress(out, size, p, n, 3);
    ck_assert(!ZSTD_isError(size));
    buf_add(b, out, size);
}

/* One section, as it is in a file of its own. */
static struct span read_section(const struct elf_file_section *section, struct buf *file,
                                struct memory_budget *budget, struct container *c)
{
    elf_file_build(&(struct elf_file){.sections = section, .n_sections = 1}, file);
    ck_assert_int_eq(container_open(file->data, file->len, budget, c), 0);
    return container_named(c, ".debug_info");
}

static bool is_text(struct span s)
{
    return s.size == sizeof text && memcmp(s.data, text, sizeof text) == 0;
}

/* --- Compression --- */

enum { PLAIN, ZLIB, ZLIB_IN_PARTS, ZSTD, OLD };

static const struct {
    const char *name, *section;
    int how;
    int64_t claim; /* what is added to the announced size */
    size_t cut;    /* bytes missing at the end */
    uint64_t budget;
    bool good;
    uint64_t left; /* of the budget, afterwards */
} compressions[] = {
    {"plain", ".debug_info", PLAIN, 0, 0, 0, true, 0},
    {"zlib", ".debug_info", ZLIB, 0, 0, TEXT_SIZE + 7, true, 7},
    {"zlib, several streams", ".debug_info", ZLIB_IN_PARTS, 0, 0, TEXT_SIZE, true, 0},
    {"zstd", ".debug_info", ZSTD, 0, 0, TEXT_SIZE + 7, true, 7},
    {"old", ".zdebug_info", OLD, 0, 0, TEXT_SIZE + 7, true, 7},
    {"zlib, over the budget", ".debug_info", ZLIB, 0, 0, TEXT_SIZE - 1, false, TEXT_SIZE - 1},
    {"zstd, over the budget", ".debug_info", ZSTD, 0, 0, TEXT_SIZE - 1, false, TEXT_SIZE - 1},
    {"zlib, claims too much", ".debug_info", ZLIB, 1, 0, 1u << 20, false,
     (1u << 20) - TEXT_SIZE - 1},
    {"zlib, claims too little", ".debug_info", ZLIB, -1, 0, 1u << 20, false,
     (1u << 20) - TEXT_SIZE + 1},
    {"zlib, claims the impossible", ".debug_info", ZLIB, INT64_C(3) << 30, 0, UINT64_C(4) << 30,
     false, UINT64_C(4) << 30},
    {"zstd, claims too much", ".debug_info", ZSTD, 1, 0, 1u << 20, false,
     (1u << 20) - TEXT_SIZE - 1},
    {"zstd, claims more than there can be", ".debug_info", ZSTD, INT64_MAX - TEXT_SIZE, 0,
     UINT64_MAX, false, UINT64_MAX},
    {"claims nothing", ".debug_info", ZLIB, -(int64_t)TEXT_SIZE, 0, 1u << 20, false, 1u << 20},
    {"zlib, cut", ".debug_info", ZLIB, 0, 10, TEXT_SIZE, false, 0},
    {"zstd, cut", ".debug_info", ZSTD, 0, 10, TEXT_SIZE, false, 0},
    {"old, cut", ".zdebug_info", OLD, 0, 10, TEXT_SIZE, false, 0},
};

static void add_compressed(struct buf *b, int how, uint64_t claim)
{
    const uint64_t old = __builtin_bswap64(claim);

    if (how == ZLIB || how == ZLIB_IN_PARTS)
        add_header(b, ELFCOMPRESS_ZLIB, claim);
    if (how == ZSTD)
        add_header(b, ELFCOMPRESS_ZSTD, claim);
    if (how == OLD) {
        buf_adds(b, "ZLIB");
        buf_add(b, &old, sizeof old);
    }
    if (how == PLAIN)
        buf_add(b, text, sizeof text);
    if (how == ZLIB || how == OLD)
        add_zlib(b, text, sizeof text);
    if (how == ZSTD)
        add_zstd(b, text, sizeof text);
    if (how == ZLIB_IN_PARTS) {
        add_zlib(b, text, 1000);
        add_zlib(b, text + 1000, sizeof text - 1000);
    }
}

START_TEST(decompresses)
{
    _cleanup_buf_ struct buf bytes = BUF_INIT(1u << 20), file = BUF_INIT(1u << 20);
    struct memory_budget budget = {.left = compressions[_i].budget};
    struct container c;
    int how = compressions[_i].how;

    make_text();
    add_compressed(&bytes, how, (uint64_t)((int64_t)TEXT_SIZE + compressions[_i].claim));
    const struct elf_file_section section = {
        .name = compressions[_i].section,
        .type = SHT_PROGBITS,
        .flags = how == PLAIN || how == OLD ? 0 : SHF_COMPRESSED,
        .bytes = bytes.data,
        .size = bytes.len - compressions[_i].cut,
    };
    struct span found = read_section(&section, &file, &budget, &c);

    ck_assert_msg(compressions[_i].good ? is_text(found) : found.size == 0, "%s",
                  compressions[_i].name);
    ck_assert_msg(budget.left == compressions[_i].left, "%s", compressions[_i].name);
    ck_assert_ptr_eq(container_named(&c, ".debug_info").data, found.data);
    ck_assert_uint_eq(budget.left, compressions[_i].left); /* not paid for twice */
    container_close(&c);
}
END_TEST

START_TEST(xz_of_any_size)
{
    _cleanup_free_ uint8_t *packed = malloc(lzma_stream_buffer_bound(sizeof text));
    struct memory_budget budget = {.left = TEXT_SIZE + 7}, little = {.left = TEXT_SIZE - 1};
    size_t size = 0;

    make_text();
    ck_assert_int_eq(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, text, sizeof text, packed,
                                             &size, lzma_stream_buffer_bound(sizeof text)),
                     LZMA_OK);
    struct span out = decompress_xz((struct span){packed, size}, &budget);

    ck_assert(is_text(out));
    ck_assert_uint_eq(budget.left, 7);
    free((void *)(uintptr_t)out.data);
    ck_assert_uint_eq(decompress_xz((struct span){packed, size}, &little).size, 0);
    for (size_t i = 0; i < size; i += 1 + size / 100)
        ck_assert_uint_eq(
            decompress_xz((struct span){packed, i}, &(struct memory_budget){1u << 20}).size, 0);
}
END_TEST

/* --- Sections --- */

START_TEST(finds_sections)
{
    const struct elf_file_section sections[] = {
        {".text", SHT_NOBITS, 0, SHF_ALLOC | SHF_EXECINSTR, 0x1000, NULL, 1u << 30},
        {".zdebug_str", SHT_PROGBITS, 0, 0, 0, "no ZLIB here", 12},
        {".debug_line", SHT_PROGBITS, 0, 0, 0, "abc", 3},
        {".debug_line", SHT_PROGBITS, 0, 0, 0, "later", 5},
        {".symtab", SHT_SYMTAB, 0, 0, 0, "x", 1},
    };
    const Elf64_Phdr segment = {
        .p_type = PT_LOAD, .p_vaddr = 0x5000, .p_filesz = 1u << 20, .p_memsz = 1u << 20};
    _cleanup_buf_ struct buf file = BUF_INIT(1u << 20);
    struct memory_budget budget = {0};
    struct elf_segment found;
    struct container c;

    elf_file_build(&(struct elf_file){.segments = &segment,
                                      .n_segments = 1,
                                      .sections = sections,
                                      .n_sections = ARRAY_SIZE(sections)},
                   &file);
    ck_assert_int_eq(container_open(file.data, file.len, &budget, &c), 0);
    ck_assert_uint_eq(container_named(&c, ".text").size, 0);
    ck_assert(container_is_code(container_find(&c, ".text")) && !container_has_zero(&c));
    ck_assert_ptr_eq(container_find(&c, ".debug_str"), container_find(&c, ".zdebug_str"));
    ck_assert_uint_eq(container_named(&c, ".debug_str").size, 0);
    ck_assert_uint_eq(container_named(&c, ".debug_line").size, 3);
    ck_assert_ptr_eq(container_find_type(&c, SHT_SYMTAB), container_find(&c, ".symtab"));
    ck_assert_ptr_null(container_find(&c, ".debug_inf"));
    ck_assert_uint_eq(container_named(&c, ".debug_info").size, 0);
    ck_assert(container_segment(&c, PT_LOAD, &found) && found.vaddr == 0x5000);
    ck_assert(!container_segment(&c, PT_DYNAMIC, &found));
    ck_assert_ptr_eq(container_mapped(&c, 0x5010).data, file.data + 0x10);
    ck_assert_uint_eq(container_mapped(&c, 0x5010).size, file.len - 0x10); /* cut short */
    ck_assert_uint_eq(container_mapped(&c, 0x5000 + file.len).size, 0);
    ck_assert_uint_eq(container_mapped(&c, 0x4fff).size, 0);
    container_close(&c);
}
END_TEST

START_TEST(names_and_tables_outside_of_the_file)
{
    const struct elf_file_section section = {".debug_info", SHT_PROGBITS, 0, 0, 0, "abc", 3};
    _cleanup_buf_ struct buf file = BUF_INIT(1u << 20);
    struct memory_budget budget = {0};
    struct container c;

    elf_file_build(&(struct elf_file){.sections = &section, .n_sections = 1}, &file);
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)file.data;
    Elf64_Shdr *rows = (Elf64_Shdr *)(void *)(file.data + header->e_shoff);

    rows[1].sh_offset = file.len - 2;
    ck_assert_int_eq(container_open(file.data, file.len, &budget, &c), 0);
    ck_assert_uint_eq(container_named(&c, ".debug_info").size, 0);
    container_close(&c);
    rows[2].sh_size--; /* the last name does not end */
    ck_assert_int_eq(container_open(file.data, file.len, &budget, &c), 0);
    ck_assert_ptr_null(container_find(&c, ".debug_info"));
    ck_assert_str_eq(c.sections[1].name, "");
    container_close(&c);
    ck_assert_int_eq(container_open(file.data, file.len - 1, &budget, &c), 0);
    ck_assert_uint_eq(c.n, 0);
    container_close(&c);
    ck_assert_int_eq(container_open("text", 4, &budget, &c), ELF_NOT_ELF);
}
END_TEST

UNIT_TABLES_MAIN("workerd/indexer/container", {decompresses, ARRAY_SIZE(compressions)},
                 {xz_of_any_size, 1}, {finds_sections, 1},
                 {names_and_tables_outside_of_the_file, 1})
