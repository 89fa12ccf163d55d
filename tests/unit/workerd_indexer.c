/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/indexer */
/* A module's files to its index: which files count, which symbols, which stubs; and that hostile
 * ones are done with at once. The library in the fuzz target's corpus is one of three functions, as
 * several tools leave it. */
#include "workerd/indexer/indexer.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <zlib.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"
#include "tests/unit/elf_file.h"
#include "workerd/index/index.h"
#include "workerd/index/writer.h"

#define CORPUS     "tests/corpus/indexer/"
#define LIBC       "/lib/x86_64-linux-gnu/libc.so.6"
#define MEMORY_MAX (256u << 20)
#define BASE       0x10000u

static const Elf64_Phdr code_segment = {
    .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = BASE, .p_memsz = 0x10000};

/* --- Building --- */

static struct indexer_file as_file(const struct buf *b)
{
    return (struct indexer_file){.data = (const uint8_t *)b->data, .size = b->len};
}

static void read_file(const char *path, struct buf *b)
{
    buf_init(b, 64u << 20);
    ck_assert_msg(io_read_file(AT_FDCWD, path, b) == 0, "%s", path);
}

/* debug and shared may be NULL. */
static int build(const struct buf *module, const struct buf *debug, const struct buf *shared,
                 struct buf *ret)
{
    struct indexer_input in = {.module = as_file(module), .memory_max = MEMORY_MAX};

    if (debug)
        in.debuginfo = as_file(debug);
    if (shared)
        in.shared = as_file(shared);
    return indexer_build(&in, ret);
}

static void build_open(const struct buf *module, const struct buf *debug, const struct buf *shared,
                       struct buf *out, struct index *ret)
{
    buf_init(out, INDEX_SIZE_MAX);
    ck_assert_int_eq(build(module, debug, shared, out), 0);
    ck_assert_int_eq(index_open(out->data, out->len, ret), 0);
    ck_assert_int_eq(index_verify(ret), 0);
}

static const char *symbol_at(const struct index *x, uint32_t address)
{
    struct index_symbol s;

    return index_symbol(x, address, &s) ? s.name : "";
}

/* --- Headers --- */

static const Elf64_Phdr wrapping_segment = {
    .p_type = PT_LOAD, .p_vaddr = BASE, .p_memsz = UINT64_MAX};
static const Elf64_Phdr distant_segments[] = {
    {.p_type = PT_LOAD, .p_vaddr = BASE, .p_memsz = 1},
    {.p_type = PT_LOAD, .p_vaddr = 1ull << 33, .p_memsz = 1},
};

START_TEST(what_is_no_module_is_refused)
{
    static const struct {
        const char *name;
        struct elf_file file;
        int outcome;
    } cases[] = {
        {"core", {.type = ET_CORE, .segments = &code_segment, .n_segments = 1}, INDEXER_NOT_ELF},
        {"object", {.type = ET_REL, .segments = &code_segment, .n_segments = 1}, INDEXER_NOT_ELF},
        {"no segments", {.type = ET_DYN}, INDEXER_MALFORMED},
        {"wraps", {.segments = &wrapping_segment, .n_segments = 1}, INDEXER_MALFORMED},
        {"too large", {.segments = distant_segments, .n_segments = 2}, INDEXER_TOO_LARGE},
        {"good", {.segments = &code_segment, .n_segments = 1}, 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct buf file = BUF_INIT(4096), out = BUF_INIT(INDEX_SIZE_MAX);

        elf_file_build(&cases[i].file, &file);
        ck_assert_msg(build(&file, NULL, NULL, &out) == cases[i].outcome, "%s", cases[i].name);
        ck_assert((out.len > 0) == (cases[i].outcome == 0));
    }
    _cleanup_buf_ struct buf text = BUF_INIT(64), out = BUF_INIT(INDEX_SIZE_MAX);

    buf_adds(&text, "#!/bin/sh");
    ck_assert_int_eq(build(&text, NULL, NULL, &out), INDEXER_NOT_ELF);
    ck_assert_str_ne(indexer_outcome_text(INDEXER_NOT_ELF), "");
}
END_TEST

START_TEST(headers_and_sources_are_remembered)
{
    _cleanup_buf_ struct buf module, debug, out;
    struct index x;
    size_t n;

    read_file(CORPUS "plain.so", &module);
    read_file(CORPUS "only-keep-debug.debug", &debug);
    build_open(&module, &debug, NULL, &out, &x);
    ck_assert_uint_eq(x.header->machine, EM_X86_64);
    ck_assert(x.header->is64);
    ck_assert_uint_eq(x.header->base, 0);
    ck_assert_uint_eq(strlen(x.header->build_id), 40);
    ck_assert_uint_eq(x.header->n_sources, 2);
    ck_assert_uint_eq(x.header->sources[0].kind, INDEX_SOURCE_MODULE);
    ck_assert_uint_eq(x.header->sources[1].kind, INDEX_SOURCE_DEBUGINFO);
    ck_assert_ptr_nonnull(index_segments(&x, &n));
    ck_assert_uint_ge(n, 1);
}
END_TEST

/* --- Which files count --- */

static const struct {
    const char *module, *debug, *shared;
    uint32_t flags;
    const char *problem; /* NULL: none */
    bool shared_id;
} sets[] = {
    {"plain.so", NULL, NULL, INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG, NULL, false},
    {"zlib.so", NULL, NULL, INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG, NULL, false},
    {"zstd.so", NULL, NULL, INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG, NULL, false},
    {"zdebug.so", NULL, NULL, INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG, NULL, false},
    {"i386.so", NULL, NULL, INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG, NULL, false},
    {"stripped.so", NULL, NULL, INDEX_HAS_CFI, NULL, false},
    {"debugdata.so", NULL, NULL, INDEX_HAS_CFI | INDEX_HAS_SYMBOLS, NULL, false},
    {"no-sections.so", NULL, NULL, INDEX_HAS_CFI, NULL, false},
    {"sidecar.so", NULL, NULL, INDEX_HAS_CFI | INDEX_SIDECAR, NULL, false},
    {"stripped.so", "only-keep-debug.debug", NULL,
     INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG, NULL, false},
    {"sidecar.so", "only-keep-debug.debug", NULL,
     INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG | INDEX_SIDECAR, NULL, false},
    {"stripped.so", "dwz.so", NULL, INDEX_HAS_CFI, "the debug file belongs to another build",
     false},
    {"dwz.so", NULL, NULL, INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG | INDEX_LACKS_SHARED,
     NULL, true},
    {"dwz.so", NULL, "dwz-shared.debug", INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG, NULL,
     true},
    {"dwz-5.so", NULL, NULL,
     INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG | INDEX_LACKS_SHARED, NULL, true},
    {"dwz-5.so", NULL, "dwz-5-shared.debug", INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG,
     NULL, true},
    {"dwz-5.so", NULL, "dwz-shared.debug",
     INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG | INDEX_LACKS_SHARED, NULL, true},
    {"dwz.so", NULL, "plain.so",
     INDEX_HAS_CFI | INDEX_HAS_SYMBOLS | INDEX_HAS_DEBUG | INDEX_LACKS_SHARED, NULL, true},
};

static void read_or_none(const char *name, struct buf *b)
{
    _cleanup_buf_ struct buf path = BUF_INIT(4096);

    buf_init(b, 1);
    if (!name)
        return;
    buf_printf(&path, CORPUS "%s", name);
    read_file(buf_text(&path), b);
}

/* All of them have a function `callee`, at its place in the module. */
static bool has_callee(const struct index *x)
{
    const struct index_symbol_row *rows =
        (const struct index_symbol_row *)(const void *)x->sections[INDEX_SYMBOLS].data;

    for (size_t i = 0; i < x->sections[INDEX_SYMBOLS].n; i++)
        if (rows[i].name && strcmp(index_text(x, rows[i].name), "callee") == 0)
            return true;
    return false;
}

START_TEST(files_that_count)
{
    _cleanup_buf_ struct buf module, debug, shared, out;
    struct index x;

    read_or_none(sets[_i].module, &module);
    read_or_none(sets[_i].debug, &debug);
    read_or_none(sets[_i].shared, &shared);
    build_open(&module, &debug, &shared, &out, &x);
    const char *problem = index_text(&x, x.header->debug_problem);

    ck_assert_msg(x.header->flags == sets[_i].flags, "%s: flags %x", sets[_i].module,
                  x.header->flags);
    ck_assert(sets[_i].problem ? problem && strcmp(problem, sets[_i].problem) == 0 : !problem);
    ck_assert((index_text(&x, x.header->shared_id) != NULL) == sets[_i].shared_id);
    ck_assert_msg(has_callee(&x), "%s", sets[_i].module);
}
END_TEST

START_TEST(debug_information_that_cannot_be_decompressed)
{
    _cleanup_buf_ struct buf module, out = BUF_INIT(INDEX_SIZE_MAX);
    struct index x;

    read_file(CORPUS "zlib.so", &module);
    struct indexer_input in = {.module = as_file(&module), .memory_max = 64};

    ck_assert_int_eq(indexer_build(&in, &out), 0);
    ck_assert_int_eq(index_open(out.data, out.len, &x), 0);
    ck_assert_uint_eq(x.header->flags, INDEX_HAS_CFI | INDEX_HAS_SYMBOLS);
    ck_assert_ptr_nonnull(index_text(&x, x.header->debug_problem));
    ck_assert(has_callee(&x));
}
END_TEST

/* A hundred times what it lies in, which compilers' tables are not. */
START_TEST(debug_information_that_swells_is_not_decompressed)
{
    enum { SIZE = 64 << 20 };
    const Elf64_Chdr head = {.ch_type = ELFCOMPRESS_ZLIB, .ch_size = SIZE, .ch_addralign = 1};
    _cleanup_free_ uint8_t *zeros = calloc(1, SIZE), *packed = malloc(SIZE);
    _cleanup_buf_ struct buf file = BUF_INIT(SIZE), out;
    unsigned long n = SIZE - sizeof head;
    struct index x;

    memcpy(packed, &head, sizeof head);
    ck_assert_int_eq(compress2(packed + sizeof head, &n, zeros, SIZE, 1), Z_OK);
    const struct elf_file_section sections[] = {
        {".debug_info", SHT_PROGBITS, 0, SHF_COMPRESSED, 0, packed, sizeof head + n},
        {".debug_abbrev", SHT_PROGBITS, 0, 0, 0, "\0", 1},
    };

    elf_file_build(&(struct elf_file){.segments = &code_segment,
                                      .n_segments = 1,
                                      .sections = sections,
                                      .n_sections = ARRAY_SIZE(sections)},
                   &file);
    build_open(&file, NULL, NULL, &out, &x);
    ck_assert_str_eq(index_text(&x, x.header->debug_problem),
                     "the debug information cannot be decompressed");
}
END_TEST

/* --- Symbols --- */

#define NAMES                                                                                      \
    "\0_ZN2ns5sizedEi\0sized\0label\0data\0__abort_msg@@V\0$x\0$d.realm\0absolute\0versioned@@"    \
    "V1\0other"
#define NAME(text)                                                                                 \
    ((uint32_t)((const char *)memmem(NAMES, sizeof NAMES, text, sizeof text) - NAMES))

enum { CODE = 1, VARIABLES = 2, STRINGS = 3 };

static void symbol_file(uint16_t machine, uint32_t type, struct buf *file)
{
    const unsigned char function = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                        local = ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE),
                        object = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
    const Elf64_Sym rows[] = {
        {0},
        {NAME("sized"), function, 0, CODE, BASE + 0x1000, 0x10},
        {NAME("_ZN2ns5sizedEi"), function, 0, CODE, BASE + 0x1010, 0x10},
        {NAME("label"), local, 0, CODE, BASE + 0x1020, 0},
        {NAME("versioned@@V1"), function, 0, CODE, BASE + 0x1040, 0x10},
        {NAME("$x"), local, 0, CODE, BASE + 0x1050, 0},
        {NAME("$d.realm"), local, 0, CODE, BASE + 0x1060, 0},
        {NAME("data"), local, 0, VARIABLES, BASE + 0x5000, 0},
        {NAME("__abort_msg@@V"), object, 0, VARIABLES, BASE + 0x5010, 8},
        {NAME("absolute"), function, 0, SHN_ABS, BASE + 0x1080, 0x10},
        {NAME("other"), function, 0, SHN_UNDEF, BASE + 0x1090, 0x10},
        {1u << 20, function, 0, CODE, BASE + 0x10a0, 0x10},
        {NAME("other"), function, 0, 60, BASE + 0x10b0, 0x10},
        {NAME("other"), function, 0, CODE, BASE + 0x10c0, UINT64_MAX},
    };
    const struct elf_file_section sections[] = {
        {".text", SHT_NOBITS, 0, SHF_ALLOC | SHF_EXECINSTR, BASE + 0x1000, NULL, 0x1000},
        {".data", SHT_NOBITS, 0, SHF_ALLOC | SHF_WRITE, BASE + 0x5000, NULL, 0x1000},
        {".strtab", SHT_STRTAB, 0, 0, 0, NAMES, sizeof NAMES},
        {".symtab", type, STRINGS, 0, 0, rows, sizeof rows},
    };

    elf_file_build(&(struct elf_file){.machine = machine,
                                      .segments = &code_segment,
                                      .n_segments = 1,
                                      .sections = sections,
                                      .n_sections = ARRAY_SIZE(sections)},
                   file);
}

static void check_symbols(const struct index *x, bool mapping_symbols)
{
    uint64_t address;

    ck_assert_str_eq(symbol_at(x, 0x1000), "sized");
    ck_assert_str_eq(symbol_at(x, 0x100f), "sized");
    ck_assert_str_eq(symbol_at(x, 0x1010), "ns::sized");
    ck_assert_str_eq(symbol_at(x, 0x1025), "label");
    ck_assert_str_eq(symbol_at(x, 0x1045), "versioned");
    ck_assert_str_eq(symbol_at(x, 0x1055), mapping_symbols ? "$x" : "");
    ck_assert_str_eq(symbol_at(x, 0x10a5), mapping_symbols ? "$d.realm" : "");
    ck_assert_str_eq(symbol_at(x, 0x5000), "");
    ck_assert(index_variable(x, "__abort_msg", &address) && address == BASE + 0x5010);
    ck_assert(!index_variable(x, "data", &address));
}

START_TEST(symbols_of_functions)
{
    static const struct {
        uint16_t machine;
        uint32_t type;
    } cases[] = {{EM_X86_64, SHT_SYMTAB}, {EM_AARCH64, SHT_SYMTAB}, {EM_X86_64, SHT_DYNSYM}};
    _cleanup_buf_ struct buf file = BUF_INIT(1u << 20), out;
    struct index x;

    symbol_file(cases[_i].machine, cases[_i].type, &file);
    build_open(&file, NULL, NULL, &out, &x);
    check_symbols(&x, cases[_i].machine == EM_X86_64);
    ck_assert(!(x.header->flags & INDEX_HAS_SYMBOLS) == (cases[_i].type == SHT_DYNSYM));
}
END_TEST

/* fNNNN<A, B<A, A>, B<that, that>, ...>: some hundred bytes that stand for gigabytes. */
static size_t put_bomb(unsigned number, char *ret)
{
    static const char digits[] = "23456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char *p = ret + sprintf(ret, "_Z5f%04uI1A1BIS0_S0_E", number);

    for (const char *d = digits; d < digits + 30; d++)
        p += sprintf(p, "S1_IS%c_S%c_E", *d, *d);
    strcpy(p, "EvT_");
    return strlen(ret) + 1;
}

START_TEST(names_that_grow_are_bounded)
{
    enum { SYMBOLS = 1000 };
    _cleanup_buf_ struct buf names = BUF_INIT(1u << 20), file = BUF_INIT(4u << 20), out;
    static Elf64_Sym rows[SYMBOLS + 1];
    struct index x;
    char name[1024];

    buf_addc(&names, '\0');
    for (unsigned i = 1; i <= SYMBOLS; i++) {
        rows[i] = (Elf64_Sym){(uint32_t)names.len,
                              ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                              0,
                              CODE,
                              BASE + 0x1000 + i,
                              1};
        buf_add(&names, name, put_bomb(i, name));
    }
    const struct elf_file_section sections[] = {
        {".text", SHT_NOBITS, 0, SHF_ALLOC | SHF_EXECINSTR, BASE + 0x1000, NULL, 0x1000},
        {".data", SHT_NOBITS, 0, SHF_ALLOC | SHF_WRITE, BASE + 0x5000, NULL, 0x1000},
        {".strtab", SHT_STRTAB, 0, 0, 0, names.data, names.len},
        {".symtab", SHT_SYMTAB, STRINGS, 0, 0, rows, sizeof rows},
    };
    clock_t begin = clock();

    elf_file_build(&(struct elf_file){.segments = &code_segment,
                                      .n_segments = 1,
                                      .sections = sections,
                                      .n_sections = ARRAY_SIZE(sections)},
                   &file);
    build_open(&file, NULL, NULL, &out, &x);
    ck_assert(clock() - begin < CLOCKS_PER_SEC);
    ck_assert_str_eq(index_text(&x, x.header->debug_problem),
                     "its symbols stand for names that are too long");
    put_bomb(SYMBOLS, name);
    ck_assert_str_eq(symbol_at(&x, 0x1000 + SYMBOLS), name);
}
END_TEST

START_TEST(symbols_of_the_debug_file)
{
    _cleanup_buf_ struct buf module = BUF_INIT(1u << 20), debug = BUF_INIT(1u << 20), out;
    struct index x;

    elf_file_build(&(struct elf_file){.segments = &code_segment, .n_segments = 1}, &module);
    symbol_file(EM_X86_64, SHT_SYMTAB, &debug);
    build_open(&module, &debug, NULL, &out, &x);
    check_symbols(&x, true);
}
END_TEST

START_TEST(abort_message_of_libc)
{
    _cleanup_buf_ struct buf module, out;
    struct index x;
    uint64_t address;

    if (access(LIBC, R_OK) != 0)
        return;
    read_file(LIBC, &module);
    build_open(&module, NULL, NULL, &out, &x);
    ck_assert(index_variable(&x, "__abort_msg", &address));
    ck_assert_uint_gt(address, 0);
}
END_TEST

/* --- Stubs --- */

#define PLT  (BASE + 0x1000u)
#define SLOT (BASE + 0x5000u)

static const struct {
    const char *name, *section;
    uint16_t machine;
    uint32_t jump, chosen; /* relocations */
    uint8_t code[64];
    size_t size;
    const char *symbols[4]; /* at PLT, PLT + 16, … */
} stubs[] = {
    {"lazy",
     ".plt",
     EM_X86_64,
     R_X86_64_JUMP_SLOT,
     R_X86_64_IRELATIVE,
     {
         0xff, 0x35, 2,    0,    0, 0, 0xff, 0x25, 4, 0, 0, 0,    0x0f, 0x1f, 0x40, 0,
         0xff, 0x25, 0xea, 0x3f, 0, 0, 0x68, 0,    0, 0, 0, 0xe9, 0xe0, 0xff, 0xff, 0xff,
         0xff, 0x25, 0xe2, 0x3f, 0, 0, 0x68, 1,    0, 0, 0, 0xe9, 0xd0, 0xff, 0xff, 0xff,
         0xff, 0x25, 0xe2, 0x3f, 0, 0, 0x68, 1,    0, 0, 0, 0xe9, 0xd0, 0xff, 0xff, 0xff,
     },
     64,
     {"", "first@plt", "*ABS*+0x11800@plt", ""}},
    {"with ENDBR and BND",
     ".plt.sec",
     EM_X86_64,
     R_X86_64_GLOB_DAT,
     R_X86_64_IRELATIVE,
     {
         0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0xf5, 0x3f, 0, 0,    0x0f, 0x1f, 0x44, 0, 0,
         0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 0xee, 0x3f, 0,    0, 0x66, 0x0f, 0x1f, 0x44, 0, 0,
     },
     32,
     {"first@plt", "*ABS*+0x11800@plt"}},
    {"short",
     ".plt.got",
     EM_X86_64,
     R_X86_64_JUMP_SLOT,
     R_X86_64_IRELATIVE,
     {
         0xff,
         0x25,
         0xfa,
         0x3f,
         0,
         0,
         0x66,
         0x90,
         0xff,
         0x25,
         0xfa,
         0x3f,
         0,
         0,
         0x66,
         0x90,
     },
     16,
     {"first@plt"}},
    {"aarch64", /* adrp x16, +4 pages; ldr x17, [x16 (, 8)]; add; br x17 */
     ".plt",
     EM_AARCH64,
     R_AARCH64_JUMP_SLOT,
     R_AARCH64_IRELATIVE,
     {
         0x30, 0, 0, 0x90, 0x11, 2, 0x40, 0xf9, 0x10, 2,    0, 0x91, 0x20, 2, 0x1f, 0xd6,
         0x30, 0, 0, 0x90, 0x11, 6, 0x40, 0xf9, 0x10, 0x22, 0, 0x91, 0x20, 2, 0x1f, 0xd6,
     },
     32,
     {"first@plt", "*ABS*+0x11800@plt"}},
};

static void stub_file(int i, struct buf *file)
{
    static const char names[] = "\0first";
    const Elf64_Sym symbols[] = {{0}, {1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 0, 0, 0}};
    const Elf64_Rela relocations[] = {
        {SLOT + 8, ELF64_R_INFO(0, stubs[i].chosen), BASE + 0x1800},
        {SLOT, ELF64_R_INFO(1, stubs[i].jump), 0},
        {SLOT + 0x100, ELF64_R_INFO(7, stubs[i].jump), 0}, /* no such symbol */
    };
    const struct elf_file_section sections[] = {
        {stubs[i].section, SHT_PROGBITS, 0, SHF_ALLOC | SHF_EXECINSTR, PLT, stubs[i].code,
         stubs[i].size},
        {".dynstr", SHT_STRTAB, 0, SHF_ALLOC, 0, names, sizeof names},
        {".dynsym", SHT_DYNSYM, 2, SHF_ALLOC, 0, symbols, sizeof symbols},
        {".rela.plt", SHT_RELA, 3, SHF_ALLOC, 0, relocations, sizeof relocations},
    };

    elf_file_build(&(struct elf_file){.machine = stubs[i].machine,
                                      .segments = &code_segment,
                                      .n_segments = 1,
                                      .sections = sections,
                                      .n_sections = ARRAY_SIZE(sections)},
                   file);
}

START_TEST(stubs_are_named_after_their_slots)
{
    _cleanup_buf_ struct buf file = BUF_INIT(1u << 20), out;
    struct index x;

    stub_file(_i, &file);
    build_open(&file, NULL, NULL, &out, &x);
    for (uint32_t k = 0; k < stubs[_i].size / 16; k++)
        ck_assert_msg(strcmp(symbol_at(&x, PLT - BASE + 16 * k), stubs[_i].symbols[k]) == 0,
                      "%s: %s, not %s", stubs[_i].name, symbol_at(&x, PLT - BASE + 16 * k),
                      stubs[_i].symbols[k]);
}
END_TEST

START_TEST(a_short_stub_ends_where_the_next_begins)
{
    _cleanup_buf_ struct buf file = BUF_INIT(1u << 20), out;
    struct index x;

    stub_file(2, &file);
    build_open(&file, NULL, NULL, &out, &x);
    ck_assert_str_eq(symbol_at(&x, PLT - BASE + 7), "first@plt");
    ck_assert_str_eq(symbol_at(&x, PLT - BASE + 8), "*ABS*+0x11800@plt");
}
END_TEST

/* --- Hostile files --- */

static void check_quick(const struct buf *module, const struct buf *debug, const char *name)
{
    _cleanup_buf_ struct buf out = BUF_INIT(INDEX_SIZE_MAX);
    clock_t begin = clock();
    struct rusage before, after;

    getrusage(RUSAGE_SELF, &before);
    int r = build(module, debug, debug, &out);

    getrusage(RUSAGE_SELF, &after);
    ck_assert_msg(r >= 0, "%s", name);
    ck_assert_msg(clock() - begin < CLOCKS_PER_SEC, "%s", name);
    ck_assert_msg(after.ru_maxrss - before.ru_maxrss < 128 * 1024, "%s", name); /* KiB */
}

/* Without sections, whether its code is a hole is looked for in its segments: here all of them
 * claim the same zeros, behind which there is one byte. */
START_TEST(code_that_is_mapped_often_takes_no_time)
{
    enum { COUNT = 60000, ZEROS = 1u << 20 };
    const size_t head = sizeof(Elf64_Ehdr) + COUNT * sizeof(Elf64_Phdr), size = head + ZEROS + 1;
    const Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = EM_X86_64,
        .e_phoff = sizeof header,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = COUNT,
    };
    const Elf64_Phdr segment = {.p_type = PT_LOAD,
                                .p_flags = PF_X,
                                .p_offset = head,
                                .p_filesz = ZEROS + 1,
                                .p_memsz = ZEROS + 1};
    _cleanup_free_ uint8_t *zeros = calloc(1, ZEROS);
    _cleanup_buf_ struct buf file = BUF_INIT(size);

    buf_add(&file, &header, sizeof header);
    for (size_t i = 0; i < COUNT; i++)
        buf_add(&file, &segment, sizeof segment);
    buf_add(&file, zeros, ZEROS);
    buf_addc(&file, 'x');
    check_quick(&file, NULL, "one piece of code, mapped 60,000 times");
}
END_TEST

/* Each as a module, and as the debug file of one. */
START_TEST(hostile_files_take_no_time)
{
    _cleanup_buf_ struct buf good = BUF_INIT(4096);
    _cleanup_dir_ DIR *folder = opendir(CORPUS);
    struct dirent *e;
    size_t n = 0;

    elf_file_build(&(struct elf_file){.segments = &code_segment, .n_segments = 1}, &good);
    ck_assert_ptr_nonnull(folder);
    while ((e = readdir(folder))) {
        _cleanup_buf_ struct buf hostile;

        if (e->d_name[0] == '.')
            continue;
        read_or_none(e->d_name, &hostile);
        check_quick(&hostile, &hostile, e->d_name);
        check_quick(&good, &hostile, e->d_name);
        n++;
    }
    ck_assert_uint_ge(n, 4);
}
END_TEST

UNIT_TABLES_MAIN("workerd/indexer", {what_is_no_module_is_refused, 1},
                 {headers_and_sources_are_remembered, 1}, {files_that_count, ARRAY_SIZE(sets)},
                 {debug_information_that_cannot_be_decompressed, 1},
                 {debug_information_that_swells_is_not_decompressed, 1}, {symbols_of_functions, 3},
                 {symbols_of_the_debug_file, 1}, {names_that_grow_are_bounded, 1},
                 {abort_message_of_libc, 1}, {stubs_are_named_after_their_slots, ARRAY_SIZE(stubs)},
                 {a_short_stub_ends_where_the_next_begins, 1},
                 {code_that_is_mapped_often_takes_no_time, 1}, {hostile_files_take_no_time, 1})
