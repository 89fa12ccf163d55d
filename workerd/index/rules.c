/* SPDX-License-Identifier: Apache-2.0 */
/* A rule as bytes: a byte of flags, the return column, the CFA (register and offset, or a sized
 * expression), the number of registers, and for each the distance of its number to the one before,
 * its kind, and what that kind needs. All numbers are varints. */
#include "workerd/index/rules.h"

#include <string.h>

#include "workerd/index/varint.h"

enum rule_flag { RULE_SIGNAL = 1, RULE_SIGNED_RETURN = 2, RULE_CFA_EXPRESSION = 4, RULE_FLAGS = 7 };

#define KIND_BITS 3

/* Numbers that are collected before they go to the buffer. */
struct numbers {
    uint8_t bytes[4 * VARINT_MAX + CFI_REGISTERS_MAX * 2 * VARINT_MAX], *end;
};

static void put(struct numbers *n, uint64_t value)
{
    n->end = varint_put(n->end, value);
}

static void flush(struct numbers *n, struct buf *b)
{
    buf_add(b, n->bytes, (size_t)(n->end - n->bytes));
    n->end = n->bytes;
}

static void put_expression(struct numbers *n, const struct cfi_expression *e, struct buf *b)
{
    put(n, e->size);
    flush(n, b);
    buf_add(b, e->bytes, e->size);
}

static bool is_expression(unsigned kind)
{
    return kind == CFI_EXPRESSION || kind == CFI_VAL_EXPRESSION;
}

static bool has_value(unsigned kind)
{
    return kind == CFI_OFFSET || kind == CFI_VAL_OFFSET || kind == CFI_REGISTER;
}

static uint64_t flags_of(const struct cfi_rule *r)
{
    return (r->signal ? RULE_SIGNAL : 0u) | (r->signed_return ? RULE_SIGNED_RETURN : 0u) |
           (r->cfa_is_expression ? RULE_CFA_EXPRESSION : 0u);
}

void cfi_rule_encode(const struct cfi_rule *r, struct buf *b)
{
    struct numbers n;
    unsigned last = 0;

    n.end = n.bytes;
    put(&n, flags_of(r));
    put(&n, r->return_column);
    if (r->cfa_is_expression) {
        put_expression(&n, &r->cfa_expression, b);
    } else {
        put(&n, r->cfa_register);
        put(&n, varint_fold(r->cfa_offset));
    }
    put(&n, r->n);
    for (size_t i = 0; i < r->n; i++) {
        const struct cfi_register *reg = &r->registers[i];

        put(&n, (uint64_t)(uint16_t)(reg->number - last) << KIND_BITS | reg->kind);
        last = reg->number;
        if (is_expression(reg->kind))
            put_expression(&n, &reg->expression, b);
        else if (has_value(reg->kind))
            put(&n, varint_fold(reg->value));
    }
    flush(&n, b);
}

static bool get16(struct varint_reader *r, uint16_t *ret)
{
    uint64_t value;

    if (!varint_get(r, &value) || value > UINT16_MAX)
        return false;
    *ret = (uint16_t)value;
    return true;
}

static bool get_signed(struct varint_reader *r, int64_t *ret)
{
    uint64_t value;

    if (!varint_get(r, &value))
        return false;
    *ret = varint_unfold(value);
    return true;
}

static bool get_expression(struct varint_reader *r, struct cfi_expression *ret)
{
    uint64_t size;

    if (!varint_get(r, &size) || size > CFI_EXPRESSION_MAX || size > (size_t)(r->end - r->p))
        return false;
    *ret = (struct cfi_expression){.bytes = r->p, .size = (size_t)size};
    r->p += size;
    return true;
}

static bool get_head(struct varint_reader *r, struct cfi_rule *ret)
{
    uint64_t flags;

    if (!varint_get(r, &flags) || flags > RULE_FLAGS || !get16(r, &ret->return_column))
        return false;
    ret->signal = flags & RULE_SIGNAL;
    ret->signed_return = flags & RULE_SIGNED_RETURN;
    ret->cfa_is_expression = flags & RULE_CFA_EXPRESSION;
    ret->cfa_register = 0;
    ret->cfa_offset = 0;
    ret->cfa_expression = (struct cfi_expression){0};
    if (ret->cfa_is_expression)
        return get_expression(r, &ret->cfa_expression);
    return get16(r, &ret->cfa_register) && get_signed(r, &ret->cfa_offset);
}

/* last is the number of the register before, and becomes this one's. */
static bool get_register(struct varint_reader *r, uint16_t *last, struct cfi_register *ret)
{
    uint64_t head;

    if (!varint_get(r, &head) || head >> KIND_BITS > (uint64_t)(UINT16_MAX - *last))
        return false;
    *last = (uint16_t)(*last + (head >> KIND_BITS));
    *ret = (struct cfi_register){.number = *last, .kind = head & ((1u << KIND_BITS) - 1)};
    if (ret->kind > CFI_VAL_EXPRESSION)
        return false;
    if (is_expression(ret->kind))
        return get_expression(r, &ret->expression);
    return !has_value(ret->kind) || get_signed(r, &ret->value);
}

bool cfi_rule_decode(const uint8_t *bytes, size_t size, struct cfi_rule *ret)
{
    struct varint_reader r = {bytes, bytes + size};
    uint16_t last = 0;
    uint64_t n;

    if (!get_head(&r, ret) || !varint_get(&r, &n) || n > CFI_REGISTERS_MAX)
        return false;
    ret->n = (size_t)n;
    for (size_t i = 0; i < n; i++)
        if (!get_register(&r, &last, &ret->registers[i]))
            return false;
    return true;
}
