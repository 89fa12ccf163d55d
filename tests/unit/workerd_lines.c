/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/indexer workerd/index */
/* Line tables that are written here, of every version, and those of real programs, row by row
 * beside libdw. */
#include "workerd/indexer/dwarf.h"

#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"
#include "workerd/index/index.h"
#include "workerd/index/sourcepath.h"

#define INDEX_MAX (256u << 20)

/* --- An index of lines --- */

struct lines {
    struct index_writer *writer;
    struct buf bytes;
    void *aligned;
    struct index index;
};

static void lines_fini(struct lines *l)
{
    index_writer_free(l->writer);
    buf_fini(&l->bytes);
    free(l->aligned);
}
#define _cleanup_lines_ _cleanup_(lines_fini)

static void lines_begin(struct lines *l)
{
    const struct index_segment all = {.memsz = 0x40000000, .filesz = 0x40000000, .flags = PF_X};

    *l = (struct lines){.writer = index_writer_new(), .bytes = BUF_INIT(INDEX_MAX)};
    index_writer_identity(l->writer, EM_X86_64, true, "00");
    index_writer_segment(l->writer, &all);
}

static void lines_end(struct lines *l)
{
    ck_assert_int_eq(index_writer_finish(l->writer, &l->bytes), 0);
    l->aligned = aligned_alloc(8, (l->bytes.len + 7) & ~(size_t)7);
    memcpy(l->aligned, l->bytes.data, l->bytes.len);
    ck_assert_int_eq(index_open(l->aligned, l->bytes.len, &l->index), 0);
}

/* "folder|file:line:column", or "" where nothing is known. */
static const char *line_at(const struct lines *l, uint32_t address)
{
    static char text[8192];
    struct index_line line;

    text[0] = '\0';
    if (index_line(&l->index, address, &line) && line.line > 0)
        snprintf(text, sizeof text, "%s|%s:%u:%u", line.folder ? line.folder : "",
                 line.file ? line.file : "?", line.line, line.column);
    return text;
}

/* --- Tables that are written here --- */

struct table {
    uint8_t bytes[1024];
    size_t n;
};

static void put(struct table *t, const void *p, size_t n)
{
    ck_assert_uint_le(t->n + n, sizeof t->bytes);
    memcpy(t->bytes + t->n, p, n);
    t->n += n;
}
#define PUT(t, ...)       put((t), (uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))
#define PUT_TEXT(t, text) put((t), (text), sizeof(text))

static void put_number(struct table *t, size_t at, uint32_t value)
{
    memcpy(t->bytes + at, &value, sizeof value);
}

static void put_address(struct table *t, uint64_t address)
{
    PUT(t, 0, 9, DW_LNE_set_address);
    put(t, &address, 8);
}

/* Up to the lists of folders and files; put_program ends them. */
static void put_head(struct table *t, uint8_t version)
{
    PUT(t, 0, 0, 0, 0, version, 0);
    if (version >= 5)
        PUT(t, 8, 0);
    PUT(t, 0, 0, 0, 0, 1);
    if (version >= 4)
        PUT(t, 1);
    PUT(t, 1, (uint8_t)-3, 12, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1);
}

static void end_head(struct table *t, uint8_t version)
{
    size_t length = version >= 5 ? 8 : 6;

    put_number(t, length, (uint32_t)(t->n - length - 4));
}

static void end_program(struct table *t)
{
    PUT(t, 0, 1, DW_LNE_end_sequence);
    put_number(t, 0, (uint32_t)t->n - 4);
}

static bool read_rows(struct lines *l, const struct table *t, const char *folder, bool keep_zero)
{
    static const char str[] = "one\0two/three.c", line_str[] = "/line/str\0four.c";
    const struct dwarf d = {.line = {t->bytes, t->n},
                            .str = {(const uint8_t *)str, sizeof str},
                            .line_str = {(const uint8_t *)line_str, sizeof line_str},
                            .is64 = true};
    const struct line_program p = {.folder = folder, .name = "unit.c", .address_size = 8};
    struct line_files files;
    bool good;

    lines_begin(l);
    good = lines_index(&d, &p, true, keep_zero, l->writer, &files);
    line_files_fini(&files);
    lines_end(l);
    return good;
}

/* Folders /abs/./x/../y, rel and "..", a file in each, one that is absolute. */
static void put_old_lists(struct table *t)
{
    PUT_TEXT(t, "/abs//./x/../y");
    PUT_TEXT(t, "rel");
    PUT_TEXT(t, "..");
    PUT(t, 0);
    PUT_TEXT(t, "a.c");
    PUT(t, 0, 0, 0);
    PUT_TEXT(t, "b.c");
    PUT(t, 1, 0, 0);
    PUT_TEXT(t, "sub/../c.c");
    PUT(t, 2, 0, 0);
    PUT_TEXT(t, "d.c");
    PUT(t, 3, 0, 0);
    PUT_TEXT(t, "/e/./e.c");
    PUT(t, 2, 0, 0);
    PUT_TEXT(t, "f.c");
    PUT(t, 77, 0, 0); /* no such folder */
    PUT(t, 0);
}

/* One row of 16 bytes for each of the files from `first`, lines 10, 20, … */
static void put_row_of_each_file(struct table *t, uint8_t first, uint8_t n)
{
    put_address(t, 0x1000);
    for (uint8_t i = 0; i < n; i++)
        PUT(t, DW_LNS_set_file, (uint8_t)(first + i), DW_LNS_advance_line, i ? 10 : 9, DW_LNS_copy,
            DW_LNS_advance_pc, 16);
    end_program(t);
}

START_TEST(files_before_dwarf_5)
{
    for (uint8_t version = 2; version <= 4; version++) {
        _cleanup_lines_ struct lines l = {0};
        struct table t = {0};

        put_head(&t, version);
        put_old_lists(&t);
        end_head(&t, version);
        put_row_of_each_file(&t, 0, 8);
        ck_assert(read_rows(&l, &t, "/src/build", false));
        ck_assert_str_eq(line_at(&l, 0x0fff), "");
        ck_assert_str_eq(line_at(&l, 0x1000), "/src/build|unit.c:10:0");
        ck_assert_str_eq(line_at(&l, 0x1010), "/src/build|a.c:20:0");
        ck_assert_str_eq(line_at(&l, 0x1020), "/abs/y|b.c:30:0");
        ck_assert_str_eq(line_at(&l, 0x1030), "/src/build/rel|c.c:40:0");
        ck_assert_str_eq(line_at(&l, 0x1040), "/src|d.c:50:0");
        ck_assert_str_eq(line_at(&l, 0x1050), "/e|e.c:60:0");
        ck_assert_str_eq(line_at(&l, 0x1060), ""); /* there is no such folder */
        ck_assert_str_eq(line_at(&l, 0x1070), ""); /* nor file */
        ck_assert_str_eq(line_at(&l, 0x1080), "");
    }
}
END_TEST

START_TEST(relative_paths_stay)
{
    _cleanup_lines_ struct lines l = {0};
    struct table t = {0};

    put_head(&t, 4);
    put_old_lists(&t);
    end_head(&t, 4);
    put_row_of_each_file(&t, 1, 4);
    ck_assert(read_rows(&l, &t, NULL, false));
    ck_assert_str_eq(line_at(&l, 0x1000), "|a.c:10:0");
    ck_assert_str_eq(line_at(&l, 0x1010), "/abs/y|b.c:20:0");
    ck_assert_str_eq(line_at(&l, 0x1020), "rel/sub/..|c.c:30:0");
    ck_assert_str_eq(line_at(&l, 0x1030), "..|d.c:40:0");
}
END_TEST

START_TEST(files_of_dwarf_5)
{
    _cleanup_lines_ struct lines l = {0};
    struct table t = {0};

    put_head(&t, 5);
    PUT(&t, 1, DW_LNCT_path, DW_FORM_line_strp, 2, 0, 0, 0, 0, 0, 0, 0, 0);
    put_number(&t, t.n - 4, 0);
    /* Path, folder, and what is of no use: a checksum, a size, a block. */
    PUT(&t, 5, DW_LNCT_path, DW_FORM_strp, DW_LNCT_directory_index, DW_FORM_udata, DW_LNCT_MD5,
        DW_FORM_data16, DW_LNCT_size, DW_FORM_data4, 0x80, 0x40, DW_FORM_block1);
    PUT(&t, 2);
    for (uint8_t offset = 0; offset <= 4; offset += 4) {
        PUT(&t, offset, 0, 0, 0, offset ? 1 : 0);
        PUT(&t, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        PUT(&t, 1, 0, 0, 0, 2, 0xaa, 0xbb);
    }
    end_head(&t, 5);
    put_row_of_each_file(&t, 0, 3);
    ck_assert(read_rows(&l, &t, "/src", false));
    ck_assert_str_eq(line_at(&l, 0x1000), "/line/str|one:10:0");
    ck_assert_str_eq(line_at(&l, 0x1010), "/line/str/two|three.c:20:0");
    ck_assert_str_eq(line_at(&l, 0x1020), "");
}
END_TEST

/* Parts of a program; each begins at 0x1000. */
static const struct program {
    uint8_t bytes[48];
    size_t size;
    uint32_t address; /* at which there is … */
    const char *line;
    bool malformed;
} programs[] = {
#define P(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})
    /* Special opcodes: 13 + 3 + 1 is a line down at the same address, 12 more are one byte on. */
    {P(17, 29, DW_LNS_advance_pc, 4), 0x1001, "|a.c:3:0", false},
    {P(17, DW_LNS_const_add_pc, 17, DW_LNS_advance_pc, 4), 0x1014, "|a.c:3:0", false},
    {P(17, DW_LNS_fixed_advance_pc, 0x34, 0x12, 17, 29), 0x2234, "|a.c:3:0", false},
    {P(DW_LNS_set_column, 0x85, 0x01, 17, 29), 0x1000, "|a.c:2:133", false},
    {P(DW_LNS_advance_line, 0x7f, DW_LNS_copy, 29), 0x1000, "", false}, /* line 0 */
    {P(DW_LNS_set_prologue_end, DW_LNS_set_epilogue_begin, DW_LNS_set_basic_block, 17, 29), 0x1000,
     "|a.c:2:0", false},
    {P(DW_LNS_set_isa, 0x80, 0x01, 17, 29), 0x1000, "|a.c:2:0", false},
    {P(17, DW_LNS_advance_line, 0x7e, DW_LNS_advance_pc, 4, DW_LNS_copy, DW_LNS_advance_pc, 4),
     0x1005, "|a.c:2:0", false}, /* line 0 ends nothing */
    /* Two rows at one address: the last that is a statement. */
    {P(17, DW_LNS_negate_stmt, 17, 29), 0x1000, "|a.c:2:0", false},
    {P(17, 17, 29), 0x1000, "|a.c:3:0", false},
    /* Extended opcodes: a discriminator, an unknown one, a file. */
    {P(0, 2, DW_LNE_set_discriminator, 5, 17, 29), 0x1000, "|a.c:2:0", false},
    {P(0, 4, 0x77, 1, 2, 3, 17, 29), 0x1000, "|a.c:2:0", false},
    {P(0, 8, DW_LNE_define_file, 'z', '.', 'c', 0, 0, 0, 0, DW_LNS_set_file, 2, 17, 29), 0x1000,
     "|z.c:2:0", false},
    {P(0, 5, DW_LNE_set_address, 0, 0x30, 0, 0, 17, 29), 0x3000, "|a.c:2:0", false},
    /* A sequence that runs backwards is dropped, and the next one read. */
    {P(17, 29, 0, 5, DW_LNE_set_address, 0, 0x08, 0, 0, 17), 0x1000, "", false},
    {P(17, 29, 0, 5, DW_LNE_set_address, 0, 0x08, 0, 0, 17, 0, 1, DW_LNE_end_sequence, 0, 5,
       DW_LNE_set_address, 0, 0x10, 0, 0, 18, 29),
     0x1000, "|a.c:3:0", false},
    /* What the linker threw away. */
    {P(0, 5, DW_LNE_set_address, 0, 0, 0, 0, 17, DW_LNS_advance_pc, 0x80, 0x40), 0x1000, "", false},
    {P(0, 9, DW_LNE_set_address, 0xfe, 255, 255, 255, 255, 255, 255, 255, 17), 0x1000, "", false},
    /* Malformed: what was read before it stays. */
    {P(17, DW_LNS_advance_pc, 4, 0, 1, DW_LNE_end_sequence, 0, 0), 0x1000, "|a.c:2:0", true},
    {P(17, DW_LNS_advance_pc, 4, 0, 1, DW_LNE_end_sequence, 0, 127, 1), 0x1000, "|a.c:2:0", true},
};

START_TEST(programs_run)
{
    const struct program *program = &programs[_i];
    _cleanup_lines_ struct lines l = {0};
    struct table t = {0};

    put_head(&t, 3);
    PUT(&t, 0);
    PUT_TEXT(&t, "a.c");
    PUT(&t, 0, 0, 0, 0);
    end_head(&t, 3);
    put_address(&t, 0x1000);
    put(&t, program->bytes, program->size);
    end_program(&t);
    ck_assert_int_eq(read_rows(&l, &t, NULL, false), !program->malformed);
    ck_assert_str_eq(line_at(&l, program->address), program->line);
}
END_TEST

START_TEST(code_at_zero_is_kept_when_told_so)
{
    for (int keep = 0; keep < 2; keep++) {
        _cleanup_lines_ struct lines l = {0};
        struct table t = {0};

        put_head(&t, 2);
        put_old_lists(&t);
        end_head(&t, 2);
        put_address(&t, 0);
        PUT(&t, DW_LNS_copy, DW_LNS_advance_pc, 4);
        end_program(&t);
        ck_assert(read_rows(&l, &t, NULL, keep));
        ck_assert_str_eq(line_at(&l, 2), keep ? "|a.c:1:0" : "");
    }
}
END_TEST

/* An opcode base of 10 and one of 16, whose own opcodes are passed over by their operands. */
START_TEST(other_opcode_bases)
{
    for (int more = 0; more < 2; more++) {
        _cleanup_lines_ struct lines l = {0};
        struct table t = {0};

        PUT(&t, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 4, 1, (uint8_t)-3, 12, more ? 16 : 10);
        PUT(&t, 0, 1, 1, 1, 1, 0, 0, 0, 1);
        if (more)
            PUT(&t, 0, 0, 1, 3, 0, 2);
        PUT(&t, 0);
        PUT_TEXT(&t, "a.c");
        PUT(&t, 0, 0, 0, 0);
        end_head(&t, 3);
        put_address(&t, 0x1000);
        if (more)
            PUT(&t, 13, 0x80, 1, 2, 3, 14, 15, 1, 0x80, 0);
        PUT(&t, (uint8_t)((more ? 16 : 10) + 4), (uint8_t)((more ? 16 : 10) + 12 + 4));
        PUT(&t, DW_LNS_advance_pc, 1);
        end_program(&t);
        ck_assert(read_rows(&l, &t, NULL, false));
        ck_assert_str_eq(line_at(&l, 0x1003), "|a.c:2:0");
        ck_assert_str_eq(line_at(&l, 0x1004), "|a.c:3:0"); /* min_inst_length is 4 */
        ck_assert_str_eq(line_at(&l, 0x1008), "");
    }
}
END_TEST

/* Two operations in an instruction: the address moves with the second. */
START_TEST(operations_within_an_instruction)
{
    _cleanup_lines_ struct lines l = {0};
    struct table t = {0};

    put_head(&t, 4);
    t.bytes[10] = 8; /* bytes of an instruction */
    t.bytes[11] = 2; /* operations in it */
    PUT(&t, 0);
    PUT_TEXT(&t, "a.c");
    PUT(&t, 0, 0, 0, 0);
    end_head(&t, 4);
    put_address(&t, 0x1000);
    PUT(&t, 17, 29, 29, DW_LNS_advance_pc, 3);
    end_program(&t);
    ck_assert(read_rows(&l, &t, NULL, false));
    ck_assert_str_eq(line_at(&l, 0x1000), "|a.c:3:0");
    ck_assert_str_eq(line_at(&l, 0x1008), "|a.c:4:0");
    ck_assert_str_eq(line_at(&l, 0x100f), "|a.c:4:0");
    ck_assert_str_eq(line_at(&l, 0x1010), "");
}
END_TEST

/* Any cut, and any byte changed, ends well. */
START_TEST(damaged_tables)
{
    struct table t = {0};

    put_head(&t, 4);
    put_old_lists(&t);
    end_head(&t, 4);
    put_row_of_each_file(&t, 0, 8);
    for (size_t i = 0; i < t.n; i++) {
        _cleanup_lines_ struct lines cut = {0}, changed = {0};
        struct table copy = t;

        copy.n = i;
        ck_assert(!read_rows(&cut, &copy, "/src", false));
        copy.n = t.n;
        copy.bytes[i] ^= 0xff;
        read_rows(&changed, &copy, "/src", false);
    }
}
END_TEST

/* --- Real programs --- */

static const char *const programs_here[] = {
    "/proc/self/exe",         "build/crashers/terminate",         "build/crashers/rust",
    "build/crashers/threads", "build/release/bin/corral-workerd",
};

static bool is_good_row(Dwarf_Line *line)
{
    bool begins;
    int number;

    return dwarf_linebeginstatement(line, &begins) == 0 && begins &&
           dwarf_lineno(line, &number) == 0 && number > 0;
}

static bool is_end(Dwarf_Line *line)
{
    bool ends;

    return dwarf_lineendsequence(line, &ends) == 0 && ends;
}

/* What line_at should say for the address of rows [i, end): gdb's rule. NULL where a sequence ends:
 * libdw sorts its end before its last rows, which then seem to begin another; and for rows of line
 * 0, behind which the line before goes on. */
static const char *expected(Dwarf_Lines *rows, size_t i, size_t end, const char *folder,
                            struct arena *a)
{
    Dwarf_Line *best = dwarf_onesrcline(rows, end - 1);
    bool found = false;
    int line = 0, column = 0;

    for (size_t k = end; k > i; k--) {
        Dwarf_Line *row = dwarf_onesrcline(rows, k - 1);

        if (is_end(row))
            return NULL;
        if (!found && is_good_row(row))
            best = row;
        found |= is_good_row(row);
    }
    dwarf_lineno(best, &line);
    dwarf_linecol(best, &column);
    if (line == 0)
        return NULL;
    return arena_printf(a, "%s:%d:%d", source_path(folder, dwarf_linesrc(best, NULL, NULL), a),
                        line, column);
}

static uint64_t address_of(Dwarf_Lines *rows, size_t i)
{
    Dwarf_Addr address = 0;

    dwarf_lineaddr(dwarf_onesrcline(rows, i), &address);
    return address;
}

/* But for the last rows: libdw makes the last one an end. A unit with code that was thrown away
 * has rows at 0, which nobody can tell from others any more. */
static size_t compare_unit(const struct lines *l, Dwarf_Die *unit)
{
    const char *folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &(Dwarf_Attribute){0}));
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    size_t n = 0, compared = 0;
    Dwarf_Lines *rows;

    if (dwarf_getsrclines(unit, &rows, &n) != 0 || n == 0 || address_of(rows, 0) == 0)
        return 0;
    for (size_t i = 0, end; address_of(rows, i) != address_of(rows, n - 1); i = end) {
        uint64_t address = address_of(rows, i);

        for (end = i; address_of(rows, end) == address; end++)
            ;
        const char *wanted = expected(rows, i, end, folder, &a);
        const char *found = line_at(l, (uint32_t)address), *bar = strchr(found, '|');
        const char *path = arena_printf(&a, "%.*s%s%s", bar ? (int)(bar - found) : 0, found,
                                        bar && bar > found ? "/" : "", bar ? bar + 1 : "");

        ck_assert_msg(!wanted || strcmp(path, wanted) == 0, "0x%lx: %s, not %s",
                      (unsigned long)address, path, wanted);
        compared += wanted != NULL;
    }
    return compared;
}

static void add_lines(struct container *c, Dwarf *libdw, struct lines *l)
{
    const struct dwarf d = {.line = container_named(c, ".debug_line"),
                            .str = container_named(c, ".debug_str"),
                            .line_str = container_named(c, ".debug_line_str"),
                            .is64 = true};
    Dwarf_CU *cu = NULL;
    Dwarf_Die unit;
    Dwarf_Word offset;

    while (dwarf_get_units(libdw, cu, &cu, NULL, NULL, &unit, NULL) == 0) {
        Dwarf_Attribute attribute;
        struct line_files files;

        if (dwarf_formudata(dwarf_attr(&unit, DW_AT_stmt_list, &attribute), &offset) != 0)
            continue;
        const struct line_program p = {
            .offset = offset,
            .folder = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute)),
            .name = dwarf_diename(&unit),
            .address_size = 8,
        };

        ck_assert(lines_index(&d, &p, true, false, l->writer, &files));
        line_files_fini(&files);
    }
    lines_end(l);
}

START_TEST(as_libdw_reads_them)
{
    struct memory_budget budget = {1u << 30};
    _cleanup_fd_ int fd = open(programs_here[_i], O_RDONLY | O_CLOEXEC);
    _cleanup_lines_ struct lines l = {0};
    struct container c;
    struct stat st;
    size_t compared = 0;
    Dwarf_CU *cu = NULL;
    Dwarf_Die unit;

    if (fd < 0)
        return; /* not built */
    ck_assert_int_eq(fstat(fd, &st), 0);
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    Dwarf *libdw = dwarf_begin(fd, DWARF_C_READ);

    ck_assert_ptr_nonnull(libdw);
    ck_assert_int_eq(container_open(data, (size_t)st.st_size, &budget, &c), 0);
    lines_begin(&l);
    add_lines(&c, libdw, &l);
    while (dwarf_get_units(libdw, cu, &cu, NULL, NULL, &unit, NULL) == 0)
        compared += compare_unit(&l, &unit);
    ck_assert_uint_gt(compared, 10);
    dwarf_end(libdw);
    container_close(&c);
    munmap(data, (size_t)st.st_size);
}
END_TEST

UNIT_TABLES_MAIN("workerd/lines", {files_before_dwarf_5, 1}, {relative_paths_stay, 1},
                 {files_of_dwarf_5, 1}, {programs_run, ARRAY_SIZE(programs)},
                 {code_at_zero_is_kept_when_told_so, 1}, {other_opcode_bases, 1},
                 {operations_within_an_instruction, 1}, {damaged_tables, 1},
                 {as_libdw_reads_them, ARRAY_SIZE(programs_here)})
