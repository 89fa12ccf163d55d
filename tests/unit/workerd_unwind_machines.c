/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/unwind workerd/analysis workerd/image workerd/index */
/* What is different where words have 4 bytes (i386), or where a call leaves its return address in a
 * register (aarch64). */
#include "workerd/unwind/unwind.h"

#include "tests/lib/unit.h"
#include "tests/unit/unwind_process.h"

#define CODE  0x10000u
#define STACK 0x7f0000u

static struct raw_stack stack; /* of the test at hand */

static void begin(struct process *p, uint16_t machine)
{
    process_init(p, machine, machine != EM_386);
    process_file(p, "/bin/program", CODE, 0x10000);
    process_piece(p, STACK, 0x1000, false);
}

static void check(const uint64_t *pcs, size_t n)
{
    ck_assert_uint_eq(stack.n, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(stack.frames[i].pc, pcs[i]);
}
#define CHECK(...) check((uint64_t[]){__VA_ARGS__}, ARRAY_SIZE(((uint64_t[]){__VA_ARGS__})))

static struct cfi_rule rule_of(uint16_t column, uint16_t cfa_register, int64_t cfa_offset)
{
    return (struct cfi_rule){
        .return_column = column, .cfa_register = cfa_register, .cfa_offset = cfa_offset};
}

static void add_saved(struct cfi_rule *r, uint16_t number, int64_t at_cfa)
{
    r->registers[r->n++] =
        (struct cfi_register){.number = number, .kind = CFI_OFFSET, .value = at_cfa};
}

static void add_end(struct index_writer *w, uint64_t start, uint16_t column)
{
    struct cfi_rule r = rule_of(column, column, 0);

    r.cfa_register = column == 8 ? 4 : 31;
    r.registers[r.n++] = (struct cfi_register){.number = column, .kind = CFI_UNDEFINED};
    process_rule(w, start, start + 0x100, &r);
    process_symbol(w, start, start + 0x100, "start");
}

/* --- aarch64 --- */

/* A leaf at 0x1000, and at 0x2000 a function with 32 bytes, x29 and x30 at their start. */
static void begin_aarch64(struct process *p, bool signed_return)
{
    struct cfi_rule leaf = rule_of(30, 31, 0), framed = rule_of(30, 31, 32);

    begin(p, EM_AARCH64);
    struct index_writer *w = process_writer(p);

    add_saved(&framed, 29, -32);
    add_saved(&framed, 30, -24);
    framed.signed_return = signed_return;
    process_rule(w, 0x1000, 0x1100, &leaf);
    process_rule(w, 0x2000, 0x2100, &framed);
    process_symbol(w, 0x1000, 0x1100, "leaf");
    process_symbol(w, 0x2000, 0x2100, "framed");
    process_symbol(w, 0x5000, 0x5100, "without_rule");
    add_end(w, 0x4000, 30);
    process_index(p, 0, w);
    process_register(p, "sp", STACK);
}

START_TEST(a_leaf_returns_by_its_link_register)
{
    _cleanup_process_ struct process p = {0};

    begin_aarch64(&p, false);
    process_register(&p, "pc", CODE + 0x1000);
    process_register(&p, "x30", CODE + 0x2010);
    process_word(&p, STACK + 8, CODE + 0x4004);
    unwind_thread(&p.unwinder, 0, &stack);
    CHECK(CODE + 0x1000, CODE + 0x2010, CODE + 0x4004);
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

START_TEST(a_signed_return_address)
{
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        _cleanup_process_ struct process p = {0};

        begin_aarch64(&p, is_signed);
        process_register(&p, "pc", CODE + 0x2010);
        process_word(&p, STACK + 8, UINT64_C(0x7a3c000000000000) | (CODE + 0x4004));
        unwind_thread(&p.unwinder, 0, &stack);
        ck_assert_uint_eq(stack.n, 2);
        ck_assert_int_eq(stack.frames[1].pc == CODE + 0x4004, is_signed);
    }
}
END_TEST

START_TEST(a_leaf_without_a_rule)
{
    _cleanup_process_ struct process p = {0};

    begin_aarch64(&p, false);
    process_register(&p, "pc", CODE + 0x5000);
    process_register(&p, "x30", CODE + 0x2010);
    process_register(&p, "x29", STACK);
    process_word(&p, STACK, STACK + 0x40);
    process_word(&p, STACK + 8, CODE + 0x4004);
    unwind_thread(&p.unwinder, 0, &stack);
    CHECK(CODE + 0x5000, CODE + 0x2010, CODE + 0x4004);
    ck_assert_int_eq(stack.frames[1].trust, TRUST_FRAME_POINTER);
    ck_assert_int_eq(stack.frames[2].trust, TRUST_CFI);
}
END_TEST

START_TEST(a_frame_without_a_rule)
{
    _cleanup_process_ struct process p = {0};

    begin_aarch64(&p, false);
    process_register(&p, "pc", CODE + 0x5010);
    process_register(&p, "x30", CODE + 0x5008); /* its own last call */
    process_register(&p, "x29", STACK + 0x10);
    process_word(&p, STACK + 0x10, STACK + 0x40);
    process_word(&p, STACK + 0x18, CODE + 0x4004);
    unwind_thread(&p.unwinder, 0, &stack);
    CHECK(CODE + 0x5010, CODE + 0x4004);
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

START_TEST(a_call_to_nowhere_by_link_register)
{
    _cleanup_process_ struct process p = {0};

    begin_aarch64(&p, false);
    process_register(&p, "pc", 8);
    process_register(&p, "x30", CODE + 0x4004);
    unwind_thread(&p.unwinder, 0, &stack);
    CHECK(8, CODE + 0x4004);
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

START_TEST(a_signal_on_aarch64)
{
    static const uint8_t code[] = {0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};
    _cleanup_process_ struct process p = {0};

    begin_aarch64(&p, false);
    memcpy(p.pieces[0].bytes + 0x6000, code, sizeof code);
    process_register(&p, "pc", CODE + 0x1000);
    process_register(&p, "x30", CODE + 0x6000);
    process_word(&p, STACK + 568, CODE + 0x1004); /* pc, in the leaf */
    process_word(&p, STACK + 560, STACK + 0x400); /* sp */
    process_word(&p, STACK + 552, CODE + 0x4004); /* x30 */
    unwind_thread(&p.unwinder, 0, &stack);
    CHECK(CODE + 0x1000, CODE + 0x6000, CODE + 0x1004, CODE + 0x4004);
    ck_assert(stack.frames[1].signal && stack.frames[2].exact);
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

/* --- i386 --- */

static void begin_i386(struct process *p)
{
    struct cfi_rule leaf = rule_of(8, 4, 4), framed = rule_of(8, 5, 8);

    begin(p, EM_386);
    struct index_writer *w = process_writer(p);

    add_saved(&leaf, 8, -4);
    add_saved(&framed, 5, -8);
    add_saved(&framed, 8, -4);
    process_rule(w, 0x1000, 0x1100, &leaf);
    process_rule(w, 0x2000, 0x2100, &framed);
    process_symbol(w, 0x1000, 0x1100, "leaf");
    process_symbol(w, 0x2000, 0x2100, "framed");
    add_end(w, 0x4000, 8);
    process_index(p, 0, w);
    process_register(p, "eip", CODE + 0x1000);
    process_register(p, "esp", STACK);
    process_register(p, "ebp", STACK + 0x80);
}

START_TEST(words_of_four_bytes)
{
    _cleanup_process_ struct process p = {0};

    begin_i386(&p);
    process_word(&p, STACK, CODE + 0x2010);
    process_word(&p, STACK + 0x80, STACK + 0xa0);
    process_word(&p, STACK + 0x84, CODE + 0x5010); /* no rule: by the frame pointer */
    process_word(&p, STACK + 0xa4, CODE + 0x4004);
    unwind_thread(&p.unwinder, 0, &stack);
    CHECK(CODE + 0x1000, CODE + 0x2010, CODE + 0x5010, CODE + 0x4004);
    ck_assert_int_eq(stack.frames[3].trust, TRUST_FRAME_POINTER);
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

/* The context is on the stack, or a pointer to it. */
START_TEST(signals_on_i386)
{
    static const struct {
        uint8_t code[8];
        uint64_t pointer, esp, eip; /* on the stack, from the trampoline's esp */
    } rows[] = {
        {{0x58, 0xb8, 0x77, 0, 0, 0, 0xcd, 0x80}, 0, 32, 60},
        {{0xb8, 0xad, 0, 0, 0, 0xcd, 0x80}, 8, 0x100 + 48, 0x100 + 76},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_process_ struct process p = {0};
        const uint64_t frame = STACK + 4;

        begin_i386(&p);
        memcpy(p.pieces[0].bytes + 0x6000, rows[i].code, sizeof rows[i].code);
        process_word(&p, STACK, CODE + 0x6000);
        if (rows[i].pointer)
            process_word(&p, frame + rows[i].pointer, frame + 0x100);
        process_word(&p, frame + rows[i].eip, CODE + 0x1000);
        process_word(&p, frame + rows[i].esp, STACK + 0x400);
        process_word(&p, STACK + 0x400, CODE + 0x4004);
        unwind_thread(&p.unwinder, 0, &stack);
        CHECK(CODE + 0x1000, CODE + 0x6000, CODE + 0x1000, CODE + 0x4004);
        ck_assert(stack.frames[1].signal && stack.frames[2].exact);
        ck_assert_ptr_null(stack.stopped);
    }
}
END_TEST

UNIT_MAIN("workerd/unwind_machines", a_leaf_returns_by_its_link_register, a_signed_return_address,
          a_leaf_without_a_rule, a_frame_without_a_rule, a_call_to_nowhere_by_link_register,
          a_signal_on_aarch64, words_of_four_bytes, signals_on_i386)
