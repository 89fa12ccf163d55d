/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/cfiprogram.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

/* --- State --- */

/* Only the registers that it has: there are many states, and few have many. */
static void copy_state(struct cfi_state *to, const struct cfi_state *from)
{
    memcpy(to, from,
           offsetof(struct cfi_state, rule.registers) +
               from->rule.n * sizeof from->rule.registers[0]);
}

static size_t position_of(const struct cfi_rule *r, uint16_t number)
{
    size_t i = 0;

    while (i < r->n && r->registers[i].number < number)
        i++;
    return i;
}

static const struct cfi_register *find_register(const struct cfi_rule *r, uint16_t number)
{
    size_t i = position_of(r, number);

    return i < r->n && r->registers[i].number == number ? &r->registers[i] : NULL;
}

static void drop_register(struct cfi_rule *r, uint16_t number)
{
    size_t i = position_of(r, number);

    if (i == r->n || r->registers[i].number != number)
        return;
    r->n--;
    memmove(&r->registers[i], &r->registers[i + 1], (r->n - i) * sizeof r->registers[0]);
}

/* The numbers that are kept are few enough for all of them to have room. */
static void put_register(struct cfi_program *p, const struct cfi_register *value)
{
    struct cfi_rule *r = &p->now.rule;
    size_t i = position_of(r, value->number);

    if (i == r->n || r->registers[i].number != value->number) {
        if (r->n == CFI_REGISTERS_MAX)
            return;
        memmove(&r->registers[i + 1], &r->registers[i], (r->n - i) * sizeof r->registers[0]);
        r->n++;
    }
    r->registers[i] = *value;
}

/* --- Rows --- */

static bool reserve(struct cfi_rows *rows)
{
    if (rows->n < rows->capacity)
        return true;
    size_t capacity = rows->capacity ? 2 * rows->capacity : 64;
    struct index_writer_row *list = reallocarray(rows->list, capacity, sizeof *list);

    if (!list)
        return false;
    rows->list = list;
    rows->capacity = capacity;
    return true;
}

static uint64_t cost_of(const struct cfi_rule *r)
{
    uint64_t cost = 8 + 4 * r->n + (r->cfa_is_expression ? r->cfa_expression.size : 0);

    for (size_t i = 0; i < r->n; i++)
        cost += r->registers[i].expression.size;
    return cost;
}

/* From here on, what is known now. Of two rows at one address the later holds. */
static bool add_row(struct cfi_program *p, bool known)
{
    struct cfi_rows *rows = &p->rows;
    uint32_t rule = INDEX_NONE;

    if (rows->n > 0 && rows->list[rows->n - 1].address == p->location)
        rows->n--;
    if (known && p->now.has_cfa) {
        rule = index_writer_rule(p->writer, &p->now.rule);
        p->work += cost_of(&p->now.rule);
    }
    if (rows->n > 0 && rows->list[rows->n - 1].rule == rule)
        return true;
    if (!reserve(rows)) {
        p->out_of_memory = true;
        return false;
    }
    rows->list[rows->n++] = (struct index_writer_row){p->location, rule};
    return true;
}

static bool move_to(struct cfi_program *p, uint64_t location)
{
    if (!p->in_function || location < p->location || p->work > p->work_max || !add_row(p, true))
        return false;
    p->location = location;
    return true;
}

/* --- Instructions --- */

struct operands {
    uint64_t first, second; /* signed ones as their bits */
    struct cfi_expression block;
};

static bool nothing(struct cfi_program *p, const struct operands *o)
{
    (void)p, (void)o;
    return true;
}

static bool advance(struct cfi_program *p, const struct operands *o)
{
    uint64_t delta;

    return !__builtin_mul_overflow(o->first, p->code_factor, &delta) &&
           move_to(p, p->location + delta);
}

static bool set_location(struct cfi_program *p, const struct operands *o)
{
    return move_to(p, o->first);
}

static bool set(struct cfi_program *p, uint64_t number, struct cfi_register value)
{
    if (number < p->registers) {
        value.number = (uint16_t)number;
        put_register(p, &value);
    }
    return true;
}

static bool offset(struct cfi_program *p, const struct operands *o)
{
    return set(p, o->first, (struct cfi_register){.kind = CFI_OFFSET, .value = (int64_t)o->second});
}

static bool negative_offset(struct cfi_program *p, const struct operands *o)
{
    return set(p, o->first,
               (struct cfi_register){.kind = CFI_OFFSET, .value = (int64_t)-o->second});
}

static bool val_offset(struct cfi_program *p, const struct operands *o)
{
    return set(p, o->first,
               (struct cfi_register){.kind = CFI_VAL_OFFSET, .value = (int64_t)o->second});
}

/* In a register whose value nobody keeps, it is lost. */
static bool in_register(struct cfi_program *p, const struct operands *o)
{
    bool kept = o->second < p->registers;

    return set(p, o->first,
               (struct cfi_register){.kind = kept ? CFI_REGISTER : CFI_UNDEFINED,
                                     .value = kept ? (int64_t)o->second : 0});
}

static bool expression(struct cfi_program *p, const struct operands *o)
{
    return set(p, o->first, (struct cfi_register){.kind = CFI_EXPRESSION, .expression = o->block});
}

static bool val_expression(struct cfi_program *p, const struct operands *o)
{
    return set(p, o->first,
               (struct cfi_register){.kind = CFI_VAL_EXPRESSION, .expression = o->block});
}

static bool undefined(struct cfi_program *p, const struct operands *o)
{
    return set(p, o->first, (struct cfi_register){.kind = CFI_UNDEFINED});
}

/* What has no entry is the same (rules.h). */
static bool same_value(struct cfi_program *p, const struct operands *o)
{
    if (o->first < p->registers)
        drop_register(&p->now.rule, (uint16_t)o->first);
    return true;
}

static bool restore(struct cfi_program *p, const struct operands *o)
{
    if (!p->in_function)
        return false;
    if (o->first >= p->registers)
        return true;
    const struct cfi_register *r = find_register(&p->initial.rule, (uint16_t)o->first);

    if (r)
        put_register(p, r);
    else
        drop_register(&p->now.rule, (uint16_t)o->first);
    return true;
}

static bool remember_state(struct cfi_program *p, const struct operands *o)
{
    (void)o;
    if (p->depth == CFI_STATES_MAX)
        return false;
    copy_state(&p->stack[p->depth++], &p->now);
    return true;
}

static bool restore_state(struct cfi_program *p, const struct operands *o)
{
    (void)o;
    if (p->depth == 0)
        return false;
    copy_state(&p->now, &p->stack[--p->depth]);
    return true;
}

static bool def_cfa_register(struct cfi_program *p, const struct operands *o)
{
    p->now.has_cfa = o->first < p->registers;
    p->now.rule.cfa_is_expression = false;
    p->now.rule.cfa_expression = (struct cfi_expression){NULL, 0};
    p->now.rule.cfa_register = p->now.has_cfa ? (uint16_t)o->first : 0;
    return true;
}

static bool def_cfa(struct cfi_program *p, const struct operands *o)
{
    p->now.rule.cfa_offset = (int64_t)o->second;
    return def_cfa_register(p, o);
}

static bool def_cfa_offset(struct cfi_program *p, const struct operands *o)
{
    p->now.rule.cfa_offset = (int64_t)o->first;
    return true;
}

static bool def_cfa_expression(struct cfi_program *p, const struct operands *o)
{
    p->now.has_cfa = true;
    p->now.rule.cfa_is_expression = true;
    p->now.rule.cfa_expression = o->block;
    p->now.rule.cfa_register = 0;
    p->now.rule.cfa_offset = 0;
    return true;
}

/* The same number is SPARC's DW_CFA_GNU_window_save. */
static bool negate_ra_state(struct cfi_program *p, const struct operands *o)
{
    (void)o;
    if (p->machine == EM_AARCH64)
        p->now.rule.signed_return = !p->now.rule.signed_return;
    return true;
}

/* --- Decoding --- */

enum operand {
    NONE,
    NUMBER,          /* unsigned LEB128 */
    FACTORED,        /* the same, times the data factor */
    SIGNED_FACTORED, /* signed LEB128, times the data factor */
    BLOCK,           /* an expression with its length before it */
    ADDRESS,
    BYTES_1,
    BYTES_2,
    BYTES_4,
    BYTES_8,
};

struct instruction {
    enum operand first, second;
    bool (*apply)(struct cfi_program *p, const struct operands *o); /* false: malformed */
};

/* Those whose first operand lies in the lower six bits of the opcode. */
static const struct instruction packed[] = {
    [1] = {NONE, NONE, advance},
    [2] = {NONE, FACTORED, offset},
    [3] = {NONE, NONE, restore},
};

static const struct instruction instructions[] = {
    [0x00] = {NONE, NONE, nothing},
    [0x01] = {ADDRESS, NONE, set_location},
    [0x02] = {BYTES_1, NONE, advance},
    [0x03] = {BYTES_2, NONE, advance},
    [0x04] = {BYTES_4, NONE, advance},
    [0x05] = {NUMBER, FACTORED, offset},
    [0x06] = {NUMBER, NONE, restore},
    [0x07] = {NUMBER, NONE, undefined},
    [0x08] = {NUMBER, NONE, same_value},
    [0x09] = {NUMBER, NUMBER, in_register},
    [0x0a] = {NONE, NONE, remember_state},
    [0x0b] = {NONE, NONE, restore_state},
    [0x0c] = {NUMBER, NUMBER, def_cfa},
    [0x0d] = {NUMBER, NONE, def_cfa_register},
    [0x0e] = {NUMBER, NONE, def_cfa_offset},
    [0x0f] = {BLOCK, NONE, def_cfa_expression},
    [0x10] = {NUMBER, BLOCK, expression},
    [0x11] = {NUMBER, SIGNED_FACTORED, offset},
    [0x12] = {NUMBER, SIGNED_FACTORED, def_cfa},
    [0x13] = {SIGNED_FACTORED, NONE, def_cfa_offset},
    [0x14] = {NUMBER, FACTORED, val_offset},
    [0x15] = {NUMBER, SIGNED_FACTORED, val_offset},
    [0x16] = {NUMBER, BLOCK, val_expression},
    [0x1d] = {BYTES_8, NONE, advance},            /* DW_CFA_MIPS_advance_loc8 */
    [0x2c] = {NONE, NONE, negate_ra_state},       /* DW_CFA_AARCH64_negate_ra_state_with_pc */
    [0x2d] = {NONE, NONE, negate_ra_state},       /* DW_CFA_AARCH64_negate_ra_state */
    [0x2e] = {NUMBER, NONE, nothing},             /* DW_CFA_GNU_args_size */
    [0x2f] = {NUMBER, FACTORED, negative_offset}, /* DW_CFA_GNU_negative_offset_extended */
};

static bool read_block(struct cursor *c, struct cfi_expression *ret)
{
    uint64_t size = cursor_uleb(c);

    if (size == 0 || size > CFI_EXPRESSION_MAX)
        return false;
    *ret = (struct cfi_expression){cursor_bytes(c, size), size};
    return ret->bytes != NULL;
}

static bool read_operand(const struct cfi_program *p, enum operand kind, struct cursor *c,
                         uint64_t *ret, struct cfi_expression *ret_block)
{
    switch (kind) {
    case NONE:
        return true;
    case NUMBER:
        *ret = cursor_uleb(c);
        return true;
    case FACTORED:
        *ret = cursor_uleb(c) * (uint64_t)p->data_factor;
        return true;
    case SIGNED_FACTORED:
        *ret = (uint64_t)cursor_sleb(c) * (uint64_t)p->data_factor;
        return true;
    case BLOCK:
        return read_block(c, ret_block);
    case ADDRESS:
        return eh_pointer(c, p->encoding, &p->bases, ret);
    default:
        *ret = cursor_number(c, (size_t)1 << (kind - BYTES_1));
        return true;
    }
}

/* False when it is unknown or malformed. */
static bool step(struct cfi_program *p, struct cursor *c)
{
    uint8_t opcode = cursor_u8(c);
    struct operands o = {.first = opcode & 0x3f};
    const struct instruction *i = &packed[opcode >> 6];

    if (opcode < 0x40)
        i = opcode < ARRAY_SIZE(instructions) ? &instructions[opcode] : &packed[0];
    return i->apply && read_operand(p, i->first, c, &o.first, &o.block) &&
           read_operand(p, i->second, c, &o.second, &o.block) && !c->bad && i->apply(p, &o);
}

void cfi_program_reset(struct cfi_program *p)
{
    p->now.has_cfa = false;
    memset(&p->now.rule, 0, offsetof(struct cfi_rule, registers));
    p->in_function = false;
    p->depth = 0;
}

bool cfi_program_begin(struct cfi_program *p, struct cursor c)
{
    while (cursor_left(&c) > 0)
        if (!step(p, &c))
            return false;
    copy_state(&p->initial, &p->now);
    return true;
}

void cfi_program_run(struct cfi_program *p, struct cursor c, uint64_t start, uint64_t end)
{
    bool good = true;

    copy_state(&p->now, &p->initial);
    p->in_function = true;
    p->location = start;
    p->depth = 0;
    p->rows.n = 0;
    while (good && cursor_left(&c) > 0 && p->location < end)
        good = step(p, &c);
    if (p->location < end && !p->out_of_memory)
        add_row(p, good);
}
