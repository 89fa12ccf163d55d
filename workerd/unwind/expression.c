/* SPDX-License-Identifier: Apache-2.0 */
/* Values are words of the process: what an operator leaves is cut to the size of one, and is
 * extended with its sign where an operator is signed. The first thing that goes wrong stays. */
#include "workerd/unwind/expression.h"

#include <dwarf.h>

#include "common/base/cleanup.h"
#include "workerd/index/cursor.h"

struct machine {
    const struct expression_context *x;
    struct cursor c;
    const uint8_t *begin;
    size_t word; /* bytes */
    uint64_t stack[EXPRESSION_STACK_MAX];
    size_t n;
    int outcome;
    uint64_t unread;
};

static void fail(struct machine *m)
{
    if (m->outcome == 0)
        m->outcome = EXPRESSION_BAD;
}

static void push(struct machine *m, uint64_t value)
{
    if (m->n == EXPRESSION_STACK_MAX)
        fail(m);
    else
        m->stack[m->n++] = m->word == 8 ? value : (uint32_t)value;
}

static uint64_t pop(struct machine *m)
{
    if (m->n > 0)
        return m->stack[--m->n];
    fail(m);
    return 0;
}

/* The entry that is `depth` below the top, once more. */
static void push_again(struct machine *m, uint64_t depth)
{
    if (depth < m->n)
        push(m, m->stack[m->n - 1 - depth]);
    else
        fail(m);
}

static int64_t with_sign(uint64_t value, size_t size)
{
    unsigned shift = 64 - 8 * (unsigned)size;

    return (int64_t)(value << shift) >> shift;
}

static void push_register(struct machine *m, uint64_t number, int64_t offset)
{
    uint64_t value;

    if (registers_get(m->x->registers, number, &value))
        push(m, value + (uint64_t)offset);
    else
        fail(m);
}

/* --- Operators; each group says whether it was one of its own --- */

static bool run_constant(struct machine *m, uint8_t op)
{
    static const struct {
        uint8_t op, size;
        bool is_signed;
    } sized[] = {
        {DW_OP_const1u, 1, false}, {DW_OP_const1s, 1, true},  {DW_OP_const2u, 2, false},
        {DW_OP_const2s, 2, true},  {DW_OP_const4u, 4, false}, {DW_OP_const4s, 4, true},
        {DW_OP_const8u, 8, false}, {DW_OP_const8s, 8, true},
    };

    for (size_t i = 0; i < ARRAY_SIZE(sized); i++) {
        if (sized[i].op != op)
            continue;
        uint64_t value = cursor_number(&m->c, sized[i].size);

        push(m, sized[i].is_signed ? (uint64_t)with_sign(value, sized[i].size) : value);
        return true;
    }
    if (op >= DW_OP_lit0 && op <= DW_OP_lit31)
        push(m, op - DW_OP_lit0);
    else if (op == DW_OP_constu)
        push(m, cursor_uleb(&m->c));
    else if (op == DW_OP_consts)
        push(m, (uint64_t)cursor_sleb(&m->c));
    else if (op == DW_OP_addr)
        push(m, cursor_number(&m->c, m->word) + m->x->bias);
    else
        return false;
    return true;
}

static bool run_register(struct machine *m, uint8_t op)
{
    if (op >= DW_OP_breg0 && op <= DW_OP_breg31) {
        push_register(m, op - DW_OP_breg0, cursor_sleb(&m->c));
    } else if (op == DW_OP_bregx) {
        uint64_t number = cursor_uleb(&m->c);

        push_register(m, number, cursor_sleb(&m->c));
    } else if (op == DW_OP_call_frame_cfa && m->x->has_cfa) {
        push(m, m->x->cfa);
    } else {
        return false;
    }
    return true;
}

static bool run_stack(struct machine *m, uint8_t op)
{
    uint64_t top, second, third;

    switch (op) {
    case DW_OP_dup:
        push_again(m, 0);
        return true;
    case DW_OP_drop:
        pop(m);
        return true;
    case DW_OP_over:
        push_again(m, 1);
        return true;
    case DW_OP_pick:
        push_again(m, cursor_u8(&m->c));
        return true;
    case DW_OP_swap:
        top = pop(m);
        second = pop(m);
        push(m, top);
        push(m, second);
        return true;
    case DW_OP_rot:
        top = pop(m);
        second = pop(m);
        third = pop(m);
        push(m, top);
        push(m, third);
        push(m, second);
        return true;
    default:
        return false;
    }
}

static bool run_memory(struct machine *m, uint8_t op)
{
    size_t size = m->word;
    uint64_t value = 0;

    if (op != DW_OP_deref && op != DW_OP_deref_size)
        return false;
    if (op == DW_OP_deref_size)
        size = cursor_u8(&m->c);
    uint64_t address = pop(m);

    if (size == 0 || size > m->word)
        fail(m);
    if (m->outcome != 0)
        return true;
    if (!image_read(m->x->image, address, &value, size)) {
        m->outcome = EXPRESSION_UNREAD;
        m->unread = address;
        return true;
    }
    push(m, value);
    return true;
}

static bool run_unary(struct machine *m, uint8_t op)
{
    uint64_t value;

    switch (op) {
    case DW_OP_abs:
        value = pop(m);
        push(m, with_sign(value, m->word) < 0 ? -value : value);
        return true;
    case DW_OP_neg:
        push(m, -pop(m));
        return true;
    case DW_OP_not:
        push(m, ~pop(m));
        return true;
    case DW_OP_plus_uconst:
        value = pop(m);
        push(m, value + cursor_uleb(&m->c));
        return true;
    default:
        return false;
    }
}

/* The most negative number has no counterpart: what is divided by -1 is turned without C's /. */
static uint64_t divide(struct machine *m, uint64_t a, uint64_t b)
{
    int64_t divisor = with_sign(b, m->word);

    if (divisor == 0)
        fail(m);
    if (divisor == 0 || divisor == -1)
        return -a;
    return (uint64_t)(with_sign(a, m->word) / divisor);
}

static uint64_t modulo(struct machine *m, uint64_t a, uint64_t b)
{
    if (b == 0)
        fail(m);
    return b == 0 ? 0 : a % b;
}

static uint64_t shift(const struct machine *m, uint8_t op, uint64_t a, uint64_t by)
{
    int64_t with = with_sign(a, m->word);

    if (op == DW_OP_shra)
        return (uint64_t)(with >> (by < 63 ? by : 63));
    if (by > 63)
        return 0;
    return op == DW_OP_shl ? a << by : a >> by;
}

static bool calculate(struct machine *m, uint8_t op, uint64_t a, uint64_t b, uint64_t *ret)
{
    switch (op) {
    case DW_OP_plus:
        *ret = a + b;
        return true;
    case DW_OP_minus:
        *ret = a - b;
        return true;
    case DW_OP_mul:
        *ret = a * b;
        return true;
    case DW_OP_div:
        *ret = divide(m, a, b);
        return true;
    case DW_OP_mod:
        *ret = modulo(m, a, b);
        return true;
    case DW_OP_and:
        *ret = a & b;
        return true;
    case DW_OP_or:
        *ret = a | b;
        return true;
    case DW_OP_xor:
        *ret = a ^ b;
        return true;
    case DW_OP_shl:
    case DW_OP_shr:
    case DW_OP_shra:
        *ret = shift(m, op, a, b);
        return true;
    default:
        return false;
    }
}

static bool compare(uint8_t op, int64_t a, int64_t b, uint64_t *ret)
{
    switch (op) {
    case DW_OP_eq:
        *ret = a == b;
        return true;
    case DW_OP_ne:
        *ret = a != b;
        return true;
    case DW_OP_ge:
        *ret = a >= b;
        return true;
    case DW_OP_gt:
        *ret = a > b;
        return true;
    case DW_OP_le:
        *ret = a <= b;
        return true;
    case DW_OP_lt:
        *ret = a < b;
        return true;
    default:
        return false;
    }
}

/* Takes its operands first, so it must be asked last. */
static bool run_binary(struct machine *m, uint8_t op)
{
    uint64_t value, b = pop(m);
    uint64_t a = pop(m);

    if (!calculate(m, op, a, b, &value) &&
        !compare(op, with_sign(a, m->word), with_sign(b, m->word), &value))
        return false;
    push(m, value);
    return true;
}

/* Jumps are relative to what is behind them. */
static bool run_jump(struct machine *m, uint8_t op)
{
    if (op == DW_OP_nop)
        return true;
    if (op != DW_OP_bra && op != DW_OP_skip)
        return false;
    int64_t offset = (int16_t)cursor_u16(&m->c);

    if (op == DW_OP_bra && pop(m) == 0)
        return true;
    if (offset < m->begin - m->c.p || offset > m->c.end - m->c.p)
        fail(m);
    else
        m->c.p += offset;
    return true;
}

static void run(struct machine *m)
{
    static bool (*const groups[])(struct machine *, uint8_t) = {
        run_register, run_constant, run_memory, run_stack, run_unary, run_jump, run_binary,
    };
    unsigned steps = 0;

    while (m->outcome == 0 && m->c.p < m->c.end) {
        uint8_t op = *m->c.p++;
        size_t i = 0;

        while (i < ARRAY_SIZE(groups) && !groups[i](m, op))
            i++;
        if (i == ARRAY_SIZE(groups) || m->c.bad || ++steps > EXPRESSION_STEPS_MAX ||
            ++*m->x->steps > m->x->steps_max)
            fail(m);
    }
}

int expression_evaluate(const struct expression_context *x, const struct cfi_expression *e,
                        uint64_t *ret, uint64_t *ret_unread)
{
    struct machine m;

    m.x = x;
    m.c = cursor_of(e->bytes, e->size);
    m.begin = e->bytes;
    m.word = layout_word_size(x->image->layout);
    m.n = 0;
    m.outcome = 0;
    if (x->has_cfa)
        push(&m, x->cfa);
    run(&m);
    uint64_t value = pop(&m);

    if (m.outcome == 0)
        *ret = value;
    else if (m.outcome == EXPRESSION_UNREAD)
        *ret_unread = m.unread;
    return m.outcome;
}
