/* SPDX-License-Identifier: Apache-2.0 */
/* Values are words of the process: what an operator leaves is cut to the size of one, and is
 * extended with its sign where an operator is signed. The first thing that goes wrong stays. */
#include "workerd/unwind/expression.h"

#include <dwarf.h>

#include "common/base/cleanup.h"
#include "workerd/unwind/effort.h"
#include "workerd/unwind/machine.h"

/* The entry that is `depth` below the top, once more. */
static void push_again(struct machine *m, uint64_t depth)
{
    if (depth < m->n)
        machine_push(m, m->stack[m->n - 1 - depth]);
    else
        machine_fail(m);
}

uint64_t machine_register(struct machine *m, uint64_t number)
{
    uint64_t value = 0;

    if (!registers_get(m->x->registers, number, &value)) {
        m->lost |= m->outcome == 0;
        machine_fail(m);
    }
    return value;
}

static void push_register(struct machine *m, uint64_t number, int64_t offset)
{
    machine_push(m, machine_register(m, number) + (uint64_t)offset);
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

        machine_push(m,
                     sized[i].is_signed ? (uint64_t)machine_signed(value, sized[i].size) : value);
        return true;
    }
    if (op >= DW_OP_lit0 && op <= DW_OP_lit31)
        machine_push(m, op - DW_OP_lit0);
    else if (op == DW_OP_constu)
        machine_push(m, cursor_uleb(&m->c));
    else if (op == DW_OP_consts)
        machine_push(m, (uint64_t)cursor_sleb(&m->c));
    else if (op == DW_OP_addr)
        machine_push(m, cursor_number(&m->c, m->word) + m->x->bias);
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
        machine_push(m, m->x->cfa);
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
        machine_pop(m);
        return true;
    case DW_OP_over:
        push_again(m, 1);
        return true;
    case DW_OP_pick:
        push_again(m, cursor_u8(&m->c));
        return true;
    case DW_OP_swap:
        top = machine_pop(m);
        second = machine_pop(m);
        machine_push(m, top);
        machine_push(m, second);
        return true;
    case DW_OP_rot:
        top = machine_pop(m);
        second = machine_pop(m);
        third = machine_pop(m);
        machine_push(m, top);
        machine_push(m, third);
        machine_push(m, second);
        return true;
    default:
        return false;
    }
}

uint64_t machine_read(struct machine *m, uint64_t address, uint64_t size)
{
    uint64_t value = 0;

    if (size == 0 || size > m->word)
        machine_fail(m);
    if (m->outcome != 0)
        return 0;
    if (!image_read(m->x->image, address, &value, size)) {
        m->outcome = EXPRESSION_UNREAD;
        m->unread = address;
    }
    return value;
}

static bool run_memory(struct machine *m, uint8_t op)
{
    if (op != DW_OP_deref && op != DW_OP_deref_size)
        return false;
    uint64_t size = op == DW_OP_deref_size ? cursor_u8(&m->c) : m->word;

    machine_push(m, machine_read(m, machine_pop(m), size));
    return true;
}

static bool run_unary(struct machine *m, uint8_t op)
{
    uint64_t value;

    switch (op) {
    case DW_OP_abs:
        value = machine_pop(m);
        machine_push(m, machine_signed(value, m->word) < 0 ? -value : value);
        return true;
    case DW_OP_neg:
        machine_push(m, -machine_pop(m));
        return true;
    case DW_OP_not:
        machine_push(m, ~machine_pop(m));
        return true;
    case DW_OP_plus_uconst:
        value = machine_pop(m);
        machine_push(m, value + cursor_uleb(&m->c));
        return true;
    default:
        return false;
    }
}

/* The most negative number has no counterpart: what is divided by -1 is turned without C's /. */
static uint64_t divide(struct machine *m, uint64_t a, uint64_t b)
{
    int64_t divisor = machine_signed(b, m->word);

    if (divisor == 0)
        machine_fail(m);
    if (divisor == 0 || divisor == -1)
        return -a;
    return (uint64_t)(machine_signed(a, m->word) / divisor);
}

static uint64_t modulo(struct machine *m, uint64_t a, uint64_t b)
{
    if (b == 0)
        machine_fail(m);
    return b == 0 ? 0 : a % b;
}

static uint64_t shift(const struct machine *m, uint8_t op, uint64_t a, uint64_t by)
{
    int64_t with = machine_signed(a, m->word);

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
    uint64_t value, b = machine_pop(m);
    uint64_t a = machine_pop(m);

    if (!calculate(m, op, a, b, &value) &&
        !compare(op, machine_signed(a, m->word), machine_signed(b, m->word), &value))
        return false;
    machine_push(m, value);
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

    if (op == DW_OP_bra && machine_pop(m) == 0)
        return true;
    if (offset < m->begin - m->c.p || offset > m->c.end - m->c.p)
        machine_fail(m);
    else
        m->c.p += offset;
    return true;
}

/* What somebody else knows besides. */
static bool run_more(struct machine *m, uint8_t op)
{
    return m->x->more && m->x->more(m, op);
}

void machine_run(struct machine *m)
{
    static bool (*const groups[])(struct machine *, uint8_t) = {
        run_register, run_constant, run_memory, run_stack,
        run_unary,    run_jump,     run_more,   run_binary,
    };
    unsigned steps = 0;

    while (m->outcome == 0 && m->c.p < m->c.end) {
        uint8_t op = *m->c.p++;
        size_t i = 0;

        while (i < ARRAY_SIZE(groups) && !groups[i](m, op))
            i++;
        if (i == ARRAY_SIZE(groups) || m->c.bad || ++steps > EXPRESSION_STEPS_MAX)
            machine_fail(m);
    }
    *m->x->effort += steps * EFFORT_STEP;
}

void machine_init(struct machine *m, const struct expression_context *x,
                  const struct cfi_expression *e)
{
    m->x = x;
    m->c = cursor_of(e->bytes, e->size);
    m->begin = m->c.p;
    m->word = layout_word_size(x->image->layout);
    m->n = 0;
    m->outcome = 0;
    m->lost = false;
}

int expression_evaluate(const struct expression_context *x, const struct cfi_expression *e,
                        uint64_t *ret, uint64_t *ret_unread)
{
    struct machine m;

    machine_init(&m, x, e);
    if (x->has_cfa)
        machine_push(&m, x->cfa);
    machine_run(&m);
    uint64_t value = machine_pop(&m);

    if (m.outcome == 0)
        *ret = value;
    else if (m.outcome == EXPRESSION_UNREAD)
        *ret_unread = m.unread;
    return m.outcome;
}
