/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index */
/* Rules survive being bytes, and bytes that are no rule are no rule. */
#include "workerd/index/rules.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define ROOM (64u << 10)

static const uint8_t plt[] = {0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a}; /* DW_OP_breg7 8, … */

static void encode(const struct cfi_rule *r, struct buf *b)
{
    buf_init(b, ROOM);
    cfi_rule_encode(r, b);
    ck_assert_int_eq(buf_error(b), 0);
}

static bool decode(const struct buf *b, size_t size, struct cfi_rule *ret)
{
    return cfi_rule_decode((const uint8_t *)b->data, size, ret);
}

static void same_expression(const struct cfi_expression *a, const struct cfi_expression *b)
{
    ck_assert_uint_eq(a->size, b->size);
    ck_assert_mem_eq(a->bytes ? a->bytes : plt, b->bytes ? b->bytes : plt, a->size);
}

static void same(const struct cfi_rule *a, const struct cfi_rule *b)
{
    ck_assert_int_eq(a->signal, b->signal);
    ck_assert_int_eq(a->signed_return, b->signed_return);
    ck_assert_uint_eq(a->return_column, b->return_column);
    ck_assert_int_eq(a->cfa_is_expression, b->cfa_is_expression);
    ck_assert_uint_eq(a->cfa_register, b->cfa_register);
    ck_assert_int_eq(a->cfa_offset, b->cfa_offset);
    same_expression(&a->cfa_expression, &b->cfa_expression);
    ck_assert_uint_eq(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        ck_assert_uint_eq(a->registers[i].number, b->registers[i].number);
        ck_assert_uint_eq(a->registers[i].kind, b->registers[i].kind);
        ck_assert_int_eq(a->registers[i].value, b->registers[i].value);
        same_expression(&a->registers[i].expression, &b->registers[i].expression);
    }
}

static const struct cfi_rule rules[] = {
    {.return_column = 16, .cfa_register = 7, .cfa_offset = 8},
    {.return_column = 16,
     .cfa_register = 6,
     .cfa_offset = -16,
     .n = 3,
     .registers = {{.number = 3, .kind = CFI_OFFSET, .value = -24},
                   {.number = 6, .kind = CFI_OFFSET, .value = -16},
                   {.number = 16, .kind = CFI_UNDEFINED}}},
    {.return_column = 16,
     .signal = true,
     .cfa_is_expression = true,
     .cfa_expression = {plt, sizeof plt},
     .n = 2,
     .registers = {{.number = 0, .kind = CFI_EXPRESSION, .expression = {plt, 2}},
                   {.number = 7, .kind = CFI_VAL_EXPRESSION, .expression = {plt, 0}}}},
    {.return_column = 30,
     .signed_return = true,
     .cfa_register = 31,
     .cfa_offset = INT64_MAX,
     .n = 3,
     .registers = {{.number = 29, .kind = CFI_VAL_OFFSET, .value = INT64_MIN},
                   {.number = 30, .kind = CFI_REGISTER, .value = 12},
                   {.number = UINT16_MAX, .kind = CFI_SAME}}},
};

START_TEST(there_and_back)
{
    _cleanup_buf_ struct buf b;
    struct cfi_rule found;

    encode(&rules[_i], &b);
    ck_assert(decode(&b, b.len, &found));
    same(&rules[_i], &found);
    for (size_t cut = 0; cut < b.len; cut++)
        ck_assert(!decode(&b, cut, &found));
}
END_TEST

START_TEST(largest)
{
    static uint8_t bytes[CFI_EXPRESSION_MAX];
    _cleanup_buf_ struct buf b;
    struct cfi_rule r = {.n = CFI_REGISTERS_MAX}, found;

    for (unsigned i = 0; i < CFI_REGISTERS_MAX; i++) {
        r.registers[i] = (struct cfi_register){.number = (uint16_t)(i * 1000), .kind = CFI_OFFSET};
        r.registers[i].value = INT64_MIN;
    }
    r.registers[CFI_REGISTERS_MAX - 1].kind = CFI_EXPRESSION;
    r.registers[CFI_REGISTERS_MAX - 1].value = 0;
    r.registers[CFI_REGISTERS_MAX - 1].expression = (struct cfi_expression){bytes, sizeof bytes};
    encode(&r, &b);
    ck_assert(decode(&b, b.len, &found));
    same(&r, &found);
}
END_TEST

/* flags, return column, CFA register and offset, how many registers, registers. */
static const struct {
    uint8_t bytes[16];
    size_t n;
} damaged[] = {
    {{0x08, 16, 7, 16, 0}, 5},                       /* a flag that is none */
    {{0, 0x80, 0x80, 0x04, 7, 16, 0}, 7},            /* a return column beyond 16 bits */
    {{0, 16, 7, 16, 41}, 5},                         /* too many registers */
    {{0, 16, 7, 16, 1, 3 << 3 | 7, 2}, 7},           /* a kind that is none */
    {{0, 16, 7, 16, 2, 0xf8, 0xff, 0x1f, 8, 0}, 10}, /* numbers that go beyond 16 bits */
    {{4, 16, 0x81, 0x08, 0}, 5},                     /* an expression that is too long */
    {{4, 16, 9, 0}, 4},                              /* … and one that is not there */
    {{0, 16, 7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, 16},
};

START_TEST(no_rule)
{
    struct cfi_rule found;

    ck_assert(!cfi_rule_decode(damaged[_i].bytes, damaged[_i].n, &found));
}
END_TEST

UNIT_TABLES_MAIN("workerd/index/rules", {there_and_back, ARRAY_SIZE(rules)}, {largest, 1},
                 {no_rule, ARRAY_SIZE(damaged)})
