/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/unwind workerd/analysis workerd/image workerd/index */
#include "workerd/unwind/expression.h"

#include <dwarf.h>

#include "tests/lib/unit.h"
#include "tests/unit/unwind_process.h"
#include "workerd/unwind/effort.h"

#define MEMORY 0x1000u
#define BIAS   0x550000000000u
#define CFA    0x7000u
#define BAD    EXPRESSION_BAD
#define UNREAD EXPRESSION_UNREAD

struct row {
    uint8_t bytes[32];
    size_t size;
    int outcome;
    uint64_t value;
};

#define E(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

/* Operator and two operands: 100 and 7. */
#define TWO(operator)      E(DW_OP_const1u, 100, DW_OP_lit7, operator)
#define NEGATIVE(operator) E(DW_OP_const1s, 0x9c, DW_OP_lit7, operator) /* -100 */

static const struct row rows[] = {
    /* Constants. */
    {E(DW_OP_lit0), 0, 0},
    {E(DW_OP_lit31), 0, 31},
    {E(DW_OP_const1u, 0xff), 0, 0xff},
    {E(DW_OP_const1s, 0xff), 0, UINT64_MAX},
    {E(DW_OP_const2u, 0x01, 0x80), 0, 0x8001},
    {E(DW_OP_const2s, 0x01, 0x80), 0, (uint64_t)-0x7fff},
    {E(DW_OP_const4u, 1, 2, 3, 0x84), 0, 0x84030201},
    {E(DW_OP_const4s, 0, 0, 0, 0x80), 0, (uint64_t)INT32_MIN},
    {E(DW_OP_const8u, 1, 2, 3, 4, 5, 6, 7, 8), 0, 0x0807060504030201},
    {E(DW_OP_const8s, 0, 0, 0, 0, 0, 0, 0, 0x80), 0, (uint64_t)INT64_MIN},
    {E(DW_OP_constu, 0x80, 0x01), 0, 128},
    {E(DW_OP_consts, 0x7f), 0, UINT64_MAX},
    {E(DW_OP_addr, 1, 0, 0, 0, 0, 0, 0, 0), 0, BIAS + 1},
    /* Registers. */
    {E(DW_OP_breg3, 0x7e), 0, MEMORY - 2},
    {E(DW_OP_bregx, 3, 5), 0, MEMORY + 5},
    {E(DW_OP_breg4, 0), BAD, 0},
    {E(DW_OP_bregx, 0xff, 0x7f, 5), BAD, 0},
    {E(DW_OP_reg3), BAD, 0},
    {E(DW_OP_call_frame_cfa), 0, CFA},
    {E(DW_OP_nop), 0, CFA}, /* is on the stack when it begins */
    {{0}, 0, 0, CFA},
    /* The stack. */
    {E(DW_OP_lit1, DW_OP_lit2, DW_OP_dup, DW_OP_plus), 0, 4},
    {E(DW_OP_lit1, DW_OP_lit2, DW_OP_drop), 0, 1},
    {E(DW_OP_lit1, DW_OP_lit2, DW_OP_over), 0, 1},
    {E(DW_OP_lit1, DW_OP_lit2, DW_OP_lit3, DW_OP_pick, 2), 0, 1},
    {E(DW_OP_pick, 1), BAD, 0},
    {E(DW_OP_lit5, DW_OP_lit2, DW_OP_swap, DW_OP_minus), 0, (uint64_t)-3},
    {E(DW_OP_lit1, DW_OP_lit2, DW_OP_lit3, DW_OP_rot), 0, 2},
    {E(DW_OP_lit1, DW_OP_lit2, DW_OP_lit3, DW_OP_rot, DW_OP_drop), 0, 1},
    {E(DW_OP_drop), BAD, 0},
    {E(DW_OP_drop, DW_OP_drop), BAD, 0},
    /* Memory. */
    {E(DW_OP_breg3, 8, DW_OP_deref), 0, 0x8877665544332211},
    {E(DW_OP_breg3, 8, DW_OP_deref_size, 1), 0, 0x11},
    {E(DW_OP_breg3, 8, DW_OP_deref_size, 4), 0, 0x44332211},
    {E(DW_OP_breg3, 8, DW_OP_deref_size, 0), BAD, 0},
    {E(DW_OP_breg3, 8, DW_OP_deref_size, 9), BAD, 0},
    {E(DW_OP_lit16, DW_OP_deref), UNREAD, 16},
    {E(DW_OP_lit0, DW_OP_xderef), BAD, 0},
    /* Arithmetic. */
    {TWO(DW_OP_plus), 0, 107},
    {TWO(DW_OP_minus), 0, 93},
    {TWO(DW_OP_mul), 0, 700},
    {TWO(DW_OP_div), 0, 14},
    {TWO(DW_OP_mod), 0, 2},
    {TWO(DW_OP_and), 0, 4},
    {TWO(DW_OP_or), 0, 103},
    {TWO(DW_OP_xor), 0, 99},
    {TWO(DW_OP_shl), 0, 12800},
    {TWO(DW_OP_shr), 0, 0},
    {NEGATIVE(DW_OP_div), 0, (uint64_t)-14},
    {NEGATIVE(DW_OP_shra), 0, UINT64_MAX},
    {NEGATIVE(DW_OP_abs), 0, 7},
    {E(DW_OP_lit3, DW_OP_lit0, DW_OP_div), BAD, 0},
    {E(DW_OP_lit3, DW_OP_lit0, DW_OP_mod), BAD, 0},
    {E(DW_OP_lit1, DW_OP_const1u, 63, DW_OP_shl, DW_OP_const1s, 0xff, DW_OP_div), 0,
     (uint64_t)INT64_MIN},
    {E(DW_OP_lit1, DW_OP_const1u, 64, DW_OP_shl), 0, 0},
    {E(DW_OP_const1s, 0x80, DW_OP_const1u, 200, DW_OP_shra), 0, UINT64_MAX},
    {E(DW_OP_const1s, 0xfb, DW_OP_abs), 0, 5},
    {E(DW_OP_lit5, DW_OP_neg), 0, (uint64_t)-5},
    {E(DW_OP_lit0, DW_OP_not), 0, UINT64_MAX},
    {E(DW_OP_lit5, DW_OP_plus_uconst, 0x80, 0x01), 0, 133},
    {E(DW_OP_plus, DW_OP_plus), BAD, 0},
    /* Comparing, with signs. */
    {NEGATIVE(DW_OP_lt), 0, 1},
    {NEGATIVE(DW_OP_le), 0, 1},
    {NEGATIVE(DW_OP_gt), 0, 0},
    {NEGATIVE(DW_OP_ge), 0, 0},
    {NEGATIVE(DW_OP_eq), 0, 0},
    {NEGATIVE(DW_OP_ne), 0, 1},
    /* Jumps. */
    {E(DW_OP_skip, 1, 0, DW_OP_lit1, DW_OP_lit2), 0, 2},
    {E(DW_OP_lit5, DW_OP_lit1, DW_OP_bra, 1, 0, DW_OP_drop), 0, 5},
    {E(DW_OP_lit5, DW_OP_lit0, DW_OP_bra, 1, 0, DW_OP_drop), 0, CFA},
    {E(DW_OP_skip, 1, 0), BAD, 0},
    {E(DW_OP_skip, 0xfc, 0xff), BAD, 0},
    {E(DW_OP_skip, 0xfd, 0xff), BAD, 0},             /* for ever */
    {E(DW_OP_lit1, DW_OP_skip, 0xfc, 0xff), BAD, 0}, /* until the stack is full */
    /* Cut short, and not there at all. */
    {E(DW_OP_const8u, 1, 2, 3), BAD, 0},
    {E(DW_OP_constu, 0x80), BAD, 0},
    {E(DW_OP_bra), BAD, 0},
    {E(DW_OP_fbreg, 0), BAD, 0},
    {E(DW_OP_stack_value), BAD, 0},
    {E(0xff), BAD, 0},
};

static int evaluate(const struct row *r, bool is64, uint64_t *ret)
{
    _cleanup_process_ struct process p = {0};
    struct registers registers = {0};
    const struct cfi_expression e = {r->bytes, r->size};
    uint64_t effort = 0;
    struct expression_context x = {.bias = BIAS, .has_cfa = true, .cfa = CFA, .effort = &effort};

    process_init(&p, is64 ? EM_X86_64 : EM_386, is64);
    process_piece(&p, MEMORY, 0x1000, false);
    process_word(&p, MEMORY + 8, 0x8877665544332211);
    registers_set(&registers, 3, MEMORY);
    x.image = &p.image;
    x.registers = &registers;
    return expression_evaluate(&x, &e, ret, ret);
}

START_TEST(evaluates)
{
    uint64_t value = 0;
    int outcome = evaluate(&rows[_i], true, &value);

    ck_assert_int_eq(outcome, rows[_i].outcome);
    if (outcome != BAD)
        ck_assert_uint_eq(value, rows[_i].value);
}
END_TEST

static const struct row rows_of_32_bits[] = {
    {E(DW_OP_const1s, 0xff), 0, UINT32_MAX},
    {E(DW_OP_const1s, 0x9c, DW_OP_lit7, DW_OP_div), 0, (uint32_t)-14},
    {E(DW_OP_const1s, 0x9c, DW_OP_lit7, DW_OP_lt), 0, 1},
    {E(DW_OP_const1s, 0x9c, DW_OP_lit2, DW_OP_shr), 0, 0x3fffffe7},
    {E(DW_OP_const4u, 0xff, 0xff, 0xff, 0xff, DW_OP_lit1, DW_OP_plus), 0, 0},
    {E(DW_OP_breg3, 8, DW_OP_deref), 0, 0x44332211},
    {E(DW_OP_breg3, 8, DW_OP_deref_size, 8), BAD, 0},
    {E(DW_OP_addr, 1, 0, 0, 0), 0, (uint32_t)BIAS + 1},
};

START_TEST(evaluates_32_bits)
{
    uint64_t value = 0;
    int outcome = evaluate(&rows_of_32_bits[_i], false, &value);

    ck_assert_int_eq(outcome, rows_of_32_bits[_i].outcome);
    if (outcome != BAD)
        ck_assert_uint_eq(value, rows_of_32_bits[_i].value);
}
END_TEST

START_TEST(no_cfa_while_it_is_computed)
{
    _cleanup_process_ struct process p = {0};
    const struct registers registers = {0};
    const uint8_t bytes[] = {DW_OP_call_frame_cfa};
    const struct cfi_expression e = {bytes, sizeof bytes}, empty = {bytes, 0};
    uint64_t value = 5, effort = 0;

    process_init(&p, EM_X86_64, true);
    const struct expression_context x = {
        .image = &p.image, .registers = &registers, .cfa = CFA, .effort = &effort};

    ck_assert_int_eq(expression_evaluate(&x, &e, &value, &value), BAD);
    ck_assert_int_eq(expression_evaluate(&x, &empty, &value, &value), BAD);
    ck_assert_uint_eq(value, 5);
}
END_TEST

START_TEST(each_step_is_counted)
{
    _cleanup_process_ struct process p = {0};
    const struct registers registers = {0};
    const uint8_t bytes[] = {DW_OP_lit1, DW_OP_lit2, DW_OP_plus};
    const struct cfi_expression e = {bytes, sizeof bytes};
    uint64_t value = 0, effort = 1;

    process_init(&p, EM_X86_64, true);
    const struct expression_context x = {
        .image = &p.image, .registers = &registers, .effort = &effort};

    ck_assert_int_eq(expression_evaluate(&x, &e, &value, &value), 0);
    ck_assert_uint_eq(effort, 1 + 3 * EFFORT_STEP);
}
END_TEST

UNIT_TABLES_MAIN("workerd/unwind_expression", {evaluates, ARRAY_SIZE(rows)},
                 {evaluates_32_bits, ARRAY_SIZE(rows_of_32_bits)}, {no_cfa_while_it_is_computed, 1},
                 {each_step_is_counted, 1})
