/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/indexer */
/* Call frame information that no compiler here writes, byte by byte: every instruction, every
 * encoding of an address, every kind of CIE, and what is malformed. */
#include "workerd/indexer/cfi.h"

#include <string.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"
#include "workerd/index/index.h"

#define BYTES(...)                                                                                 \
    {                                                                                              \
        (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                     \
    }

#define START 0x1000u /* of the function */
#define SIZE  0x100u

/* --- Making sections --- */

static void add8(struct buf *b, unsigned v)
{
    buf_addc(b, (char)v);
}

static void add32(struct buf *b, uint32_t v)
{
    buf_add(b, &v, sizeof v);
}

static void add64(struct buf *b, uint64_t v)
{
    buf_add(b, &v, sizeof v);
}

static void add_span(struct buf *b, struct span s)
{
    buf_add(b, s.data, s.size);
}

/* An entry with its length before it; wide: the 64-bit form. */
static void add_entry(struct buf *b, const struct buf *body, bool wide)
{
    if (wide)
        add32(b, UINT32_MAX);
    if (wide)
        add64(b, body->len);
    else
        add32(b, (uint32_t)body->len);
    buf_add(b, body->data, body->len);
}

/* What x86-64 compilers begin with: CFA rsp+8, return address at CFA-8. */
static const struct span usual = BYTES(0x0c, 7, 8, 0x90, 1);

/* --- Reading the index --- */

static void print_register(struct buf *b, const struct cfi_register *g)
{
    static const char *const forms[] = {
        [CFI_UNDEFINED] = " r%u?",     [CFI_OFFSET] = " r%u@%+lld", [CFI_VAL_OFFSET] = " r%u=%+lld",
        [CFI_REGISTER] = " r%u=r%lld", [CFI_EXPRESSION] = " r%u@E", [CFI_VAL_EXPRESSION] = " r%u=E",
    };
    static const char letters[] = "0123456789abcdef";

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    buf_printf(b, forms[g->kind], g->number, (long long)g->value);
#pragma GCC diagnostic pop
    for (size_t i = 0; i < g->expression.size; i++) {
        buf_addc(b, letters[g->expression.bytes[i] >> 4]);
        buf_addc(b, letters[g->expression.bytes[i] & 15]);
    }
}

static void print_rule(struct buf *b, const struct cfi_rule *r)
{
    buf_printf(b, "%s%s", r->signal ? "S " : "", r->signed_return ? "P " : "");
    if (r->cfa_is_expression)
        buf_printf(b, "E%zu", r->cfa_expression.size);
    else
        buf_printf(b, "r%u%+lld", r->cfa_register, (long long)r->cfa_offset);
    for (size_t i = 0; i < r->n; i++)
        print_register(b, &r->registers[i]);
}

/* "1000: r7+8 r16@-8; 1010: none; …" */
static void print_rows(const struct index *x, struct buf *b)
{
    const struct index_cfi_row *rows =
        (const struct index_cfi_row *)(const void *)x->sections[INDEX_CFI_ROWS].data;

    for (size_t i = 0; i < x->sections[INDEX_CFI_ROWS].n; i++) {
        struct cfi_rule rule;

        buf_printf(b, "%s%x: ", i > 0 ? "; " : "", rows[i].address);
        if (index_rule(x, rows[i].address, &rule))
            print_rule(b, &rule);
        else
            buf_adds(b, "none");
    }
}

static void rows_of(const struct cfi_section *s, struct buf *ret)
{
    _cleanup_buf_ struct buf out = BUF_INIT(INDEX_SIZE_MAX);
    const struct index_segment segment = {.vaddr = 0, .memsz = 1u << 30};
    struct index_writer *w = index_writer_new();
    struct index x;

    index_writer_identity(w, s->machine, s->is64, "");
    index_writer_segment(w, &segment);
    ck_assert_int_eq(cfi_index(s, w), 0);
    ck_assert_int_eq(index_writer_finish(w, &out), 0);
    ck_assert_int_eq(index_open(out.data, out.len, &x), 0);
    print_rows(&x, ret);
    index_writer_free(w);
}

/* --- Instructions --- */

static const struct {
    const char *name;
    struct span instructions;
    const char *rows; /* without the last, which ends the function */
    uint16_t machine; /* 0: x86-64 */
} programs[] = {
    {"none", {(const uint8_t *)"", 0}, "1000: r7+8 r16@-8", 0},
    {"nop", BYTES(0, 0, 0), "1000: r7+8 r16@-8", 0},
    {"advance", BYTES(0x41, 0x0e, 16), "1000: r7+8 r16@-8; 1001: r7+16 r16@-8", 0},
    {"advance by 1 byte", BYTES(2, 0x80, 0x0e, 16), "1000: r7+8 r16@-8; 1080: r7+16 r16@-8", 0},
    {"advance by 2 bytes", BYTES(3, 0x82, 0, 0x0e, 16), "1000: r7+8 r16@-8; 1082: r7+16 r16@-8", 0},
    {"advance by 4 bytes", BYTES(4, 0x83, 0, 0, 0, 0x0e, 16),
     "1000: r7+8 r16@-8; 1083: r7+16 r16@-8", 0},
    {"advance by 8 bytes", BYTES(0x1d, 0x84, 0, 0, 0, 0, 0, 0, 0, 0x0e, 16),
     "1000: r7+8 r16@-8; 1084: r7+16 r16@-8", 0},
    {"set location", BYTES(1, 0x20, 0x10, 0, 0, 0, 0, 0, 0, 0x0e, 16),
     "1000: r7+8 r16@-8; 1020: r7+16 r16@-8", 0},
    {"set location back", BYTES(1, 0x20, 0, 0, 0, 0, 0, 0, 0, 0x0e, 16), "", 0},
    {"advance by nothing", BYTES(0x40, 0x0e, 16, 0x40, 0x0e, 24), "1000: r7+24 r16@-8", 0},
    {"beyond the end", BYTES(2, 0xff, 0x41, 0x0e, 16), "1000: r7+8 r16@-8", 0},
    {"equal rows", BYTES(0x41, 0x0e, 8, 0x41, 0x0e, 16), "1000: r7+8 r16@-8; 1002: r7+16 r16@-8",
     0},
    {"offset", BYTES(0x86, 2), "1000: r7+8 r6@-16 r16@-8", 0},
    {"offset extended", BYTES(5, 6, 2), "1000: r7+8 r6@-16 r16@-8", 0},
    {"offset extended, signed", BYTES(0x11, 6, 0x7e), "1000: r7+8 r6@+16 r16@-8", 0},
    {"negative offset extended", BYTES(0x2f, 6, 2), "1000: r7+8 r6@+16 r16@-8", 0},
    {"restore", BYTES(0x86, 2, 0x90, 3, 0x41, 0xc6, 0xd0),
     "1000: r7+8 r6@-16 r16@-24; 1001: r7+8 r16@-8", 0},
    {"restore extended", BYTES(0x86, 2, 0x41, 6, 6), "1000: r7+8 r6@-16 r16@-8; 1001: r7+8 r16@-8",
     0},
    {"undefined", BYTES(7, 16), "1000: r7+8 r16?", 0},
    {"same value", BYTES(0x86, 2, 0x41, 8, 6), "1000: r7+8 r6@-16 r16@-8; 1001: r7+8 r16@-8", 0},
    {"register", BYTES(9, 3, 12), "1000: r7+8 r3=r12 r16@-8", 0},
    {"register that nobody keeps", BYTES(9, 3, 0x20), "1000: r7+8 r3? r16@-8", 0},
    {"remember and restore", BYTES(0x0a, 0x0c, 6, 32, 0x83, 4, 0x41, 0x0b),
     "1000: r6+32 r3@-32 r16@-8; 1001: r7+8 r16@-8", 0},
    {"CFA", BYTES(0x0c, 6, 24), "1000: r6+24 r16@-8", 0},
    {"CFA, signed", BYTES(0x12, 6, 0x7d), "1000: r6+24 r16@-8", 0},
    {"CFA's register", BYTES(0x0d, 6), "1000: r6+8 r16@-8", 0},
    {"CFA's offset, signed", BYTES(0x13, 0x7e), "1000: r7+16 r16@-8", 0},
    {"CFA by expression", BYTES(0x0f, 2, 0x77, 8), "1000: E2 r16@-8", 0},
    {"CFA by expression no more", BYTES(0x0f, 2, 0x77, 8, 0x41, 0x0c, 7, 16),
     "1000: E2 r16@-8; 1001: r7+16 r16@-8", 0},
    {"expression", BYTES(0x10, 3, 2, 0x77, 8), "1000: r7+8 r3@E7708 r16@-8", 0},
    {"value of an expression", BYTES(0x16, 3, 2, 0x77, 8), "1000: r7+8 r3=E7708 r16@-8", 0},
    {"value", BYTES(0x14, 7, 1), "1000: r7+8 r7=-8 r16@-8", 0},
    {"value, signed", BYTES(0x15, 7, 0x7f), "1000: r7+8 r7=+8 r16@-8", 0},
    {"size of arguments", BYTES(0x2e, 0x80, 1, 0x86, 2), "1000: r7+8 r6@-16 r16@-8", 0},
    {"register windows", BYTES(0x2d), "1000: r7+8 r16@-8", 0},
    {"signed return address", BYTES(0x41, 0x2d, 0x41, 0x2d),
     "1000: r7+8 r16@-8; 1001: P r7+8 r16@-8; 1002: r7+8 r16@-8", EM_AARCH64},
    {"signed state is remembered", BYTES(0x0a, 0x2c, 0x41, 0x0b),
     "1000: P r7+8 r16@-8; 1001: r7+8 r16@-8", EM_AARCH64},
    {"vector registers", BYTES(5, 0x20, 2, 0x10, 0x21, 1, 0x30), "1000: r7+8 r16@-8", 0},
    {"a register of a billion", BYTES(5, 0x80, 0x94, 0xeb, 0xdc, 3, 2), "1000: r7+8 r16@-8", 0},
    {"CFA in a register of a billion", BYTES(0x41, 0x0d, 0x80, 0x94, 0xeb, 0xdc, 3),
     "1000: r7+8 r16@-8; 1001: none", 0},
    {"unknown", BYTES(0x41, 0x3f, 0x0e, 16), "1000: r7+8 r16@-8; 1001: none", 0},
    {"unknown at once", BYTES(0x17), "", 0},
    {"cut short", BYTES(0x41, 0x0c, 7), "1000: r7+8 r16@-8; 1001: none", 0},
    {"expression cut short", BYTES(0x41, 0x10, 3, 9, 0x77), "1000: r7+8 r16@-8; 1001: none", 0},
    {"empty expression", BYTES(0x41, 0x10, 3, 0), "1000: r7+8 r16@-8; 1001: none", 0},
    {"restore what was not remembered", BYTES(0x41, 0x0b), "1000: r7+8 r16@-8; 1001: none", 0},
    {"remember for ever",
     BYTES(0x41, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10),
     "1000: r7+8 r16@-8; 1001: none", 0},
};

static void add_usual_cie(struct buf *b)
{
    _cleanup_buf_ struct buf body = BUF_INIT(4096);

    add32(&body, UINT32_MAX);
    add8(&body, 1); /* version */
    add8(&body, 0); /* augmentation */
    add8(&body, 1);
    add8(&body, 0x78); /* -8 */
    add8(&body, 16);
    add_span(&body, usual);
    add_entry(b, &body, false);
}

static void add_usual_fde(struct buf *b, uint64_t start, struct span instructions)
{
    _cleanup_buf_ struct buf body = BUF_INIT(1u << 20);

    add32(&body, 0); /* the CIE comes first */
    add64(&body, start);
    add64(&body, SIZE);
    add_span(&body, instructions);
    add_entry(b, &body, false);
}

static void with_end(struct buf *b, const char *rows)
{
    if (*rows)
        buf_printf(b, "%s%s", rows, strstr(rows, "none") ? "" : "; 1100: none");
}

START_TEST(instructions)
{
    _cleanup_buf_ struct buf section = BUF_INIT(4096), rows = BUF_INIT(4096),
                             expected = BUF_INIT(4096);

    add_usual_cie(&section);
    add_usual_fde(&section, START, programs[_i].instructions);
    rows_of(
        &(struct cfi_section){
            .bytes = {(const uint8_t *)section.data, section.len},
            .is64 = true,
            .machine = programs[_i].machine ? programs[_i].machine : EM_X86_64,
        },
        &rows);
    with_end(&expected, programs[_i].rows);
    ck_assert_msg(strcmp(buf_text(&rows), buf_text(&expected)) == 0, "%s: %s, not %s",
                  programs[_i].name, buf_text(&rows), buf_text(&expected));
}
END_TEST

/* --- CIEs and encodings of addresses, in .eh_frame --- */

#define ADDRESS 0x8000u /* of the section */
#define TEXT    0x500u
#define DATA    0x600u

/* A CIE from its version up to its instructions, and the address in its FDE. Sections begin with
 * the CIE, whose body begins at 8 (or 20 when wide). */
static const struct {
    const char *name;
    struct span cie;
    struct span fde;  /* from the address up to the instructions */
    const char *rows; /* "": none */
    bool wide;
} entries[] = {
    {"absolute", BYTES(1, 0, 1, 0x78, 16), BYTES(0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0),
     "1000: r7+8 r16@-8", false},
    {"wide", BYTES(1, 0, 1, 0x78, 16), BYTES(0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0),
     "1000: r7+8 r16@-8", true},
    {"version 3", BYTES(3, 0, 1, 0x78, 0x90, 0),
     BYTES(0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), "1000: r7+8 r16@-8", false},
    {"version 4", BYTES(4, 0, 4, 0, 1, 0x78, 16), BYTES(0, 0x10, 0, 0, 0, 1, 0, 0),
     "1000: r7+8 r16@-8", false},
    {"segments", BYTES(4, 0, 4, 2, 1, 0x78, 16), BYTES(7, 7, 0, 0x10, 0, 0, 0, 1, 0, 0),
     "1000: r7+8 r16@-8", false},
    {"version 2", BYTES(2, 0, 1, 0x78, 16),
     BYTES(0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), "", false},
    {"address of 3 bytes", BYTES(4, 0, 3, 0, 1, 0x78, 16), BYTES(0, 0x10, 0, 0, 1, 0), "", false},
    {"gcc 2", BYTES(1, 'e', 'h', 0, 9, 9, 9, 9, 9, 9, 9, 9, 1, 0x78, 16),
     BYTES(0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), "1000: r7+8 r16@-8", false},
    {"unknown letter", BYTES(1, 'X', 0, 1, 0x78, 16),
     BYTES(0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), "", false},
    {"unknown letter, passed", BYTES(1, 'z', 'R', 'X', 0, 1, 0x78, 16, 3, 3, 5, 5),
     BYTES(0, 0x10, 0, 0, 0, 1, 0, 0, 0), "1000: r7+8 r16@-8", false},
    {"unknown letter before R", BYTES(1, 'z', 'X', 'R', 0, 1, 0x78, 16, 3, 3, 5, 5),
     BYTES(0, 0x10, 0, 0, 0, 1, 0, 0, 0), "", false},
    {"signal", BYTES(1, 'z', 'R', 'S', 0, 1, 0x78, 16, 1, 3), BYTES(0, 0x10, 0, 0, 0, 1, 0, 0, 0),
     "1000: S r7+8 r16@-8", false},
    {"letters without data", BYTES(1, 'S', 0, 1, 0x78, 16),
     BYTES(0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), "1000: S r7+8 r16@-8", false},
    {"personality, LSDA, B key",
     BYTES(1, 'z', 'P', 'L', 'R', 'B', 0, 1, 0x78, 16, 7, 0x9b, 1, 2, 3, 4, 0x1b, 3),
     BYTES(0, 0x10, 0, 0, 0, 1, 0, 0, 4, 1, 2, 3, 4), "1000: r7+8 r16@-8", false},
    {"LSDA that is longer than the FDE", BYTES(1, 'z', 'L', 'R', 0, 1, 0x78, 16, 2, 0x1b, 3),
     BYTES(0, 0x10, 0, 0, 0, 1, 0, 0, 40, 1, 2, 3, 4), "", false},
    {"data that is longer than the CIE", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 60, 3),
     BYTES(0, 0x10, 0, 0, 0, 1, 0, 0, 0), "", false},
    /* The FDE's address is at 30. */
    {"program-relative", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b),
     BYTES(0xe2, 0x8f, 0xff, 0xff, 0, 1, 0, 0, 0), "1000: r7+8 r16@-8", false},
    {"relative to text", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x23),
     BYTES(0, 0x0b, 0, 0, 0, 1, 0, 0, 0), "1000: r7+8 r16@-8", false},
    {"relative to data", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x32), BYTES(0, 0x0a, 0, 1, 0),
     "1000: r7+8 r16@-8", false},
    {"LEB128", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 1), BYTES(0x80, 0x20, 0x80, 2, 0),
     "1000: r7+8 r16@-8", false},
    {"signed LEB128", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 9), BYTES(0x80, 0x20, 0x80, 2, 0),
     "1000: r7+8 r16@-8", false},
    {"2 bytes, signed", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x0a), BYTES(0, 0x10, 0, 1, 0),
     "1000: r7+8 r16@-8", false},
    {"8 bytes", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 4),
     BYTES(0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), "1000: r7+8 r16@-8", false},
    {"aligned", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x50), /* from 30 to 32 */
     BYTES(9, 9, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), "1000: r7+8 r16@-8", false},
    {"indirect", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x83), BYTES(0, 0x10, 0, 0, 0, 1, 0, 0, 0),
     "", false},
    {"omitted", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 0xff), BYTES(0, 0x10, 0, 0, 0, 1, 0, 0, 0),
     "", false},
    {"no such format", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 6),
     BYTES(0, 0x10, 0, 0, 0, 1, 0, 0, 0), "", false},
    {"no such base", BYTES(1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x63),
     BYTES(0, 0x10, 0, 0, 0, 1, 0, 0, 0), "", false},
    {"thrown away", BYTES(1, 0, 1, 0x78, 16), BYTES(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0),
     "", false},
    {"no length", BYTES(1, 0, 1, 0x78, 16),
     BYTES(0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), "", false},
    {"wraps", BYTES(1, 0, 1, 0x78, 16),
     BYTES(0, 0x10, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "", false},
    {"return address in a register of a billion", BYTES(3, 0, 1, 0x78, 0x80, 0x94, 0xeb, 0xdc, 3),
     BYTES(0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), "", false},
};

/* In .eh_frame a CIE has 0 for its id, and an FDE how far back its CIE is. */
static void add_eh_entry(struct buf *b, uint64_t id, struct span body, struct span program,
                         bool wide)
{
    _cleanup_buf_ struct buf all = BUF_INIT(4096);

    if (wide)
        add64(&all, id);
    else
        add32(&all, (uint32_t)id);
    add_span(&all, body);
    add_span(&all, program);
    add_entry(b, &all, wide);
}

START_TEST(entries_of_all_kinds)
{
    _cleanup_buf_ struct buf section = BUF_INIT(4096), rows = BUF_INIT(4096),
                             expected = BUF_INIT(4096);
    bool wide = entries[_i].wide;

    add_eh_entry(&section, 0, entries[_i].cie, usual, wide);
    add_eh_entry(&section, section.len + (wide ? 12 : 4), entries[_i].fde,
                 (struct span){(const uint8_t *)"", 0}, wide);
    rows_of(
        &(struct cfi_section){
            .bytes = {(const uint8_t *)section.data, section.len},
            .address = ADDRESS,
            .text = TEXT,
            .data = DATA,
            .eh = true,
            .is64 = true,
            .machine = EM_X86_64,
        },
        &rows);
    with_end(&expected, entries[_i].rows);
    ck_assert_msg(strcmp(buf_text(&rows), buf_text(&expected)) == 0, "%s: %s, not %s",
                  entries[_i].name, buf_text(&rows), buf_text(&expected));
}
END_TEST

/* --- Sections as a whole --- */

static struct cfi_section plain_section(const struct buf *b)
{
    return (struct cfi_section){
        .bytes = {(const uint8_t *)b->data, b->len}, .is64 = true, .machine = EM_X86_64};
}

START_TEST(code_at_zero_counts_where_there_is_some)
{
    _cleanup_buf_ struct buf section = BUF_INIT(4096), rows = BUF_INIT(4096);

    add_usual_cie(&section);
    add_usual_fde(&section, 0, programs[0].instructions);
    struct cfi_section s = plain_section(&section);

    rows_of(&s, &rows);
    ck_assert_str_eq(buf_text(&rows), "");
    s.keep_zero = true;
    rows_of(&s, &rows);
    ck_assert_str_eq(buf_text(&rows), "0: r7+8 r16@-8; 100: none");
}
END_TEST

/* Object files end their part of a section with an empty entry. */
START_TEST(empty_entries_are_passed_over)
{
    _cleanup_buf_ struct buf section = BUF_INIT(4096), rows = BUF_INIT(4096);

    add_usual_cie(&section);
    add_usual_fde(&section, START, programs[0].instructions);
    add32(&section, 0);
    add_usual_fde(&section, START + SIZE, programs[1].instructions);
    add32(&section, 0);
    struct cfi_section s = plain_section(&section);

    rows_of(&s, &rows);
    ck_assert_str_eq(buf_text(&rows), "1000: r7+8 r16@-8; 1200: none");
}
END_TEST

START_TEST(cut_anywhere)
{
    _cleanup_buf_ struct buf section = BUF_INIT(4096), rows = BUF_INIT(4096);

    add_usual_cie(&section);
    add_usual_fde(&section, START, programs[5].instructions);
    for (size_t size = 0; size < section.len; size++) {
        _cleanup_free_ uint8_t *exact = malloc(size + 1);

        memcpy(exact, section.data, size);
        rows_of(&(struct cfi_section){.bytes = {exact, size}, .is64 = true, .machine = EM_X86_64},
                &rows);
        ck_assert_str_eq(buf_text(&rows), "");
    }
}
END_TEST

/* Each row would repeat sixteen kilobytes of expressions: five bytes for a row, and gigabytes of
 * rules.
 */
START_TEST(rules_cost_no_more_than_a_multiple_of_the_section)
{
    enum { ROWS = 100000 };
    _cleanup_buf_ struct buf program = BUF_INIT(16u << 20), section = BUF_INIT(16u << 20),
                             out = BUF_INIT(INDEX_SIZE_MAX);
    const struct index_segment segment = {.vaddr = 0, .memsz = 1u << 30};
    struct index_writer *w = index_writer_new();
    clock_t begin = clock(); /* of the processor: others may be busy */

    for (unsigned i = 0; i < 16; i++) {
        const uint8_t head[] = {0x10, (uint8_t)i, 0x80, 0x08};

        buf_add(&program, head, sizeof head);
        for (unsigned k = 0; k < 1024; k++)
            add8(&program, 0x96);
    }
    for (unsigned i = 0; i < ROWS; i++) {
        const uint8_t row[] = {0x41, 0x0e, (uint8_t)(0x80 | (i & 127)),
                               (uint8_t)(0x80 | (i >> 7 & 127)), (uint8_t)(i >> 14)};

        buf_add(&program, row, sizeof row);
    }
    add_usual_cie(&section);
    _cleanup_buf_ struct buf body = BUF_INIT(16u << 20);

    add32(&body, 0);
    add64(&body, START);
    add64(&body, 1u << 24);
    buf_add(&body, program.data, program.len);
    add_entry(&section, &body, false);
    struct cfi_section s = plain_section(&section);

    index_writer_segment(w, &segment);
    ck_assert_int_eq(cfi_index(&s, w), 0);
    ck_assert_int_eq(index_writer_finish(w, &out), 0);
    ck_assert_uint_lt(out.len, 80 * section.len);
    ck_assert_int_lt(clock() - begin, CLOCKS_PER_SEC);
    index_writer_free(w);
}
END_TEST

UNIT_TABLES_MAIN("workerd/indexer/cfi, by hand", {instructions, ARRAY_SIZE(programs)},
                 {entries_of_all_kinds, ARRAY_SIZE(entries)},
                 {code_at_zero_counts_where_there_is_some, 1}, {empty_entries_are_passed_over, 1},
                 {cut_anywhere, 1}, {rules_cost_no_more_than_a_multiple_of_the_section, 1})
