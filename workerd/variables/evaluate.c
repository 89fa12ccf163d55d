/* SPDX-License-Identifier: Apache-2.0 */
/* Where the machine leaves a number, that is an address unless an operator says otherwise; what
 * such operators say is kept beside the stack until a piece, or the end, takes it. Of types on the
 * stack only the last one is known: both operands of an operator must have the same. */
#include "workerd/variables/evaluate.h"

#include <string.h>

#include "workerd/unwind/machine.h"
#include "workerd/variables/callsite.h"
#include "workerd/variables/locations.h"
#include "workerd/variables/opened.h"
#include "workerd/variables/threadlocal.h"

#define STEP_COST 8u /* of an operator of this file, at least; see effort.h */

/* What a number on the stack is; size 0: a word without a type. */
struct number_type {
    unsigned size;
    bool is_signed;
};

struct locating {
    const struct evaluation *e;
    struct place_piece *pieces; /* NULL: a value is wanted, which is in one piece */
    size_t n;
    bool located; /* the operator before this one has said where it is: */
    struct place_piece at;
    struct number_type type;
    const char *problem; /* NULL: the machine knows */
};

static struct locating *locating_of(const struct machine *m)
{
    return m->x->arg;
}

static void give_up(struct machine *m, const char *problem)
{
    struct locating *l = locating_of(m);

    if (m->outcome == 0)
        l->problem = problem;
    machine_fail(m);
}

static void locate(struct machine *m, struct place_piece at)
{
    struct locating *l = locating_of(m);

    l->located = true;
    l->at = at;
}

/* --- Where it is --- */

static void locate_bytes(struct machine *m)
{
    uint64_t size = cursor_uleb(&m->c);
    const uint8_t *p = cursor_bytes(&m->c, size);

    locate(m, (struct place_piece){.kind = PLACE_BYTES, .bytes = {p, p ? (size_t)size : 0}});
}

/* To a DIE, and so many bytes from where it begins. */
static void locate_pointer(struct machine *m)
{
    const struct form_sizes *s = &locating_of(m)->e->home->unit->sizes;

    cursor_number(&m->c, s->version <= 2 ? s->address : s->offset);
    cursor_sleb(&m->c);
    locate(m, (struct place_piece){.kind = PLACE_POINTER});
}

static bool run_location(struct machine *m, uint8_t op)
{
    if (op >= DW_OP_reg0 && op <= DW_OP_reg31) {
        locate(m, (struct place_piece){.kind = PLACE_REGISTER, .reg = op - DW_OP_reg0});
        return true;
    }
    switch (op) {
    case DW_OP_regx:
        locate(m, (struct place_piece){.kind = PLACE_REGISTER});
        uint64_t number = cursor_uleb(&m->c);

        locating_of(m)->at.reg = number < UINT32_MAX ? (unsigned)number : UINT32_MAX;
        return true;
    case DW_OP_stack_value:
        locate(m, (struct place_piece){.kind = PLACE_VALUE, .number = machine_pop(m)});
        return true;
    case DW_OP_implicit_value:
        locate_bytes(m);
        return true;
    case DW_OP_implicit_pointer:
    case DW_OP_GNU_implicit_pointer:
        locate_pointer(m);
        return true;
    case DW_OP_GNU_uninit:
        return true;
    default:
        return false;
    }
}

/* What was located, or is on the stack, as the next piece. */
static void take_piece(struct machine *m, uint64_t bits, uint64_t skip)
{
    struct locating *l = locating_of(m);
    struct place_piece p = {.kind = PLACE_NOWHERE};

    if (l->located)
        p = l->at;
    else if (m->n > 0)
        p = (struct place_piece){.kind = PLACE_MEMORY, .address = machine_pop(m)};
    if (!l->pieces || l->n == PLACE_PIECES_MAX || bits == 0) {
        machine_fail(m);
        return;
    }
    p.bits = bits;
    p.skip = skip;
    l->pieces[l->n++] = p;
    l->located = false;
}

static bool run_piece(struct machine *m, uint8_t op)
{
    uint64_t size, skip;

    switch (op) {
    case DW_OP_piece:
        size = cursor_uleb(&m->c);
        take_piece(m, size <= UINT64_MAX / 8 ? 8 * size : 0, 0);
        return true;
    case DW_OP_bit_piece:
        size = cursor_uleb(&m->c);
        skip = cursor_uleb(&m->c);
        take_piece(m, size, skip);
        return true;
    default:
        return false;
    }
}

/* --- What other parts of the debug information say --- */

static void push_frame_base(struct machine *m)
{
    const struct evaluation *e = locating_of(m)->e;
    const struct evaluation base = {e->frame, NULL, e->function, e->depth};
    int64_t offset = cursor_sleb(&m->c);
    struct location location;
    uint64_t value = 0;
    const char *problem = PLACE_UNREADABLE;

    if (e->function)
        problem = location_at(e->function, SLOT_FRAME_BASE, e->frame, &location);
    if (!problem)
        problem = evaluate_value(&base, location.expression, &value);
    if (problem)
        give_up(m, problem);
    else
        machine_push(m, value + (uint64_t)offset);
}

static void push_argument(struct machine *m, const struct callsite_argument *which)
{
    uint64_t value = 0;
    const char *problem = callsite_value(locating_of(m)->e, which, &value);

    if (problem)
        give_up(m, problem);
    else
        machine_push(m, value);
}

/* An expression that names a register, and nothing else. */
static bool parse_register(struct span s, uint64_t *ret)
{
    struct cursor c = cursor_of(s.data, s.size);
    uint8_t op = cursor_u8(&c);

    if (op >= DW_OP_reg0 && op <= DW_OP_reg31)
        *ret = op - DW_OP_reg0;
    else if (op == DW_OP_regx)
        *ret = cursor_uleb(&c);
    else
        return false;
    return !c.bad && cursor_left(&c) == 0;
}

static void push_entry_value(struct machine *m)
{
    uint64_t size = cursor_uleb(&m->c);
    const uint8_t *p = cursor_bytes(&m->c, size);
    struct callsite_argument which = {0};

    if (p && parse_register((struct span){p, (size_t)size}, &which.reg))
        push_argument(m, &which);
    else
        machine_fail(m);
}

static void push_parameter(struct machine *m)
{
    const struct entry *home = locating_of(m)->e->home;
    uint64_t offset = cursor_u32(&m->c);

    push_argument(
        m, &(struct callsite_argument){.info = home->info, .offset = home->unit->offset + offset});
}

static void push_indexed(struct machine *m, uint64_t bias)
{
    const struct entry *home = locating_of(m)->e->home;
    uint64_t value = 0;

    if (unit_address(home->info, home->unit, cursor_uleb(&m->c), &value))
        machine_push(m, value + bias);
    else
        machine_fail(m);
}

static void push_threadlocal(struct machine *m)
{
    uint64_t address = 0;

    if (threadlocal_address(locating_of(m)->e->frame, machine_pop(m), &address))
        machine_push(m, address);
    else
        machine_fail(m);
}

static bool run_looked_up(struct machine *m, uint8_t op)
{
    switch (op) {
    case DW_OP_fbreg:
        push_frame_base(m);
        return true;
    case DW_OP_entry_value:
    case DW_OP_GNU_entry_value:
        push_entry_value(m);
        return true;
    case DW_OP_GNU_parameter_ref:
        push_parameter(m);
        return true;
    case DW_OP_form_tls_address:
    case DW_OP_GNU_push_tls_address:
        push_threadlocal(m);
        return true;
    case DW_OP_addrx:
    case DW_OP_GNU_addr_index:
        push_indexed(m, m->x->bias);
        return true;
    case DW_OP_constx:
    case DW_OP_GNU_const_index:
        push_indexed(m, 0);
        return true;
    default:
        return false;
    }
}

/* --- Numbers with a type --- */

static bool is_integer(uint64_t encoding, bool *ret_signed)
{
    switch (encoding) {
    case DW_ATE_signed:
    case DW_ATE_signed_char:
        *ret_signed = true;
        return true;
    case DW_ATE_unsigned:
    case DW_ATE_unsigned_char:
    case DW_ATE_address:
    case DW_ATE_boolean:
    case DW_ATE_UTF:
        *ret_signed = false;
        return true;
    default:
        return false;
    }
}

/* The DIE there in the unit; 0: a word. What is no integer of at most a word is given up. */
static void read_type(struct machine *m)
{
    struct locating *l = locating_of(m);
    const struct entry *home = l->e->home;
    uint64_t offset = cursor_uleb(&m->c), size, encoding;
    struct entry type;

    l->type = (struct number_type){0};
    if (m->c.bad || offset == 0)
        return;
    if (offset < home->unit->end - home->unit->offset &&
        entry_at(home->debug, home->info, home->unit->offset + offset, &type) &&
        entry_number(&type, SLOT_BYTE_SIZE, &size) && size > 0 && size <= m->word &&
        entry_number(&type, SLOT_ENCODING, &encoding) && is_integer(encoding, &l->type.is_signed))
        l->type.size = (unsigned)size;
    else
        give_up(m, PLACE_UNREADABLE);
}

/* The number as one of the type. */
static uint64_t typed(const struct number_type *t, uint64_t value)
{
    if (t->size == 0 || t->size == 8)
        return value;
    if (t->is_signed)
        return (uint64_t)machine_signed(value, t->size);
    return value & (UINT64_MAX >> (64 - 8 * t->size));
}

static void push_typed(struct machine *m, uint64_t value)
{
    machine_push(m, typed(&locating_of(m)->type, value));
}

static bool run_type(struct machine *m, uint8_t op)
{
    uint64_t value, size;

    switch (op) {
    case DW_OP_const_type:
    case DW_OP_GNU_const_type:
        read_type(m);
        size = cursor_u8(&m->c);
        if (size > 8)
            machine_fail(m);
        else
            push_typed(m, cursor_number(&m->c, size));
        return true;
    case DW_OP_regval_type:
    case DW_OP_GNU_regval_type:
        value = machine_register(m, cursor_uleb(&m->c));
        read_type(m);
        push_typed(m, value);
        return true;
    case DW_OP_deref_type:
    case DW_OP_GNU_deref_type:
        size = cursor_u8(&m->c);
        read_type(m);
        push_typed(m, machine_read(m, machine_pop(m), size));
        return true;
    case DW_OP_convert:
    case DW_OP_GNU_convert:
    case DW_OP_reinterpret:
    case DW_OP_GNU_reinterpret:
        read_type(m);
        push_typed(m, machine_pop(m));
        return true;
    default:
        return false;
    }
}

static uint64_t divide(struct machine *m, const struct number_type *t, uint64_t a, uint64_t b,
                       bool rest)
{
    if (b == 0) {
        machine_fail(m);
        return 0;
    }
    if (!t->is_signed)
        return rest ? a % b : a / b;
    if (b == UINT64_MAX) /* C has no quotient for the least number */
        return rest ? 0 : -a;
    return (uint64_t)(rest ? (int64_t)a % (int64_t)b : (int64_t)a / (int64_t)b);
}

static bool compare(const struct number_type *t, uint8_t op, uint64_t a, uint64_t b)
{
    bool less = t->is_signed ? (int64_t)a < (int64_t)b : a < b;

    switch (op) {
    case DW_OP_lt:
        return less;
    case DW_OP_le:
        return less || a == b;
    case DW_OP_gt:
        return !less && a != b;
    default:
        return !less;
    }
}

/* Operators that depend on the sign of a type, or on its size; the word's do for all others. */
static bool run_typed(struct machine *m, uint8_t op)
{
    struct locating *l = locating_of(m);
    const struct number_type t = l->type, bits = {t.size, false}, with_sign = {t.size, true};
    uint64_t a, b;

    if (t.size == 0)
        return false;
    if (op != DW_OP_div && op != DW_OP_mod && op != DW_OP_shr && op != DW_OP_shra &&
        op != DW_OP_lt && op != DW_OP_le && op != DW_OP_gt && op != DW_OP_ge)
        return false;
    b = machine_pop(m);
    a = machine_pop(m);
    switch (op) {
    case DW_OP_div:
    case DW_OP_mod:
        push_typed(m, divide(m, &t, typed(&t, a), typed(&t, b), op == DW_OP_mod));
        return true;
    case DW_OP_shr:
        push_typed(m, b > 63 ? 0 : typed(&bits, a) >> b);
        return true;
    case DW_OP_shra:
        push_typed(m, (uint64_t)((int64_t)typed(&with_sign, a) >> (b > 63 ? 63 : b)));
        return true;
    default:
        l->type = (struct number_type){0};
        machine_push(m, compare(&t, op, typed(&t, a), typed(&t, b)));
        return true;
    }
}

/* --- All of it --- */

static bool run_more(struct machine *m, uint8_t op)
{
    return run_location(m, op) || run_piece(m, op) || run_looked_up(m, op) || run_type(m, op) ||
           run_typed(m, op);
}

/* NULL, or why it could not be run to the end. */
static const char *run(struct locating *l, struct machine *m, struct span expression)
{
    const struct frame_view *f = l->e->frame;
    struct debug *d = l->e->home->debug;
    const struct cfi_expression bytes = {expression.data, expression.size};
    uint64_t effort = STEP_COST;
    const struct expression_context x = {
        .image = f->image,
        .registers = f->registers,
        .bias = f->bias,
        .has_cfa = f->has_cfa,
        .cfa = f->cfa,
        .effort = &effort,
        .more = run_more,
        .arg = l,
    };

    if (expression.size == 0)
        return PLACE_OPTIMIZED_OUT;
    if (d->effort.left == 0)
        return PLACE_UNREADABLE;
    machine_init(m, &x, &bytes);
    machine_run(m);
    m->x = NULL;
    effort_spend(&d->effort, effort);
    if (m->outcome == 0)
        return NULL;
    if (m->outcome == EXPRESSION_UNREAD)
        return PLACE_NOT_IN_CORE;
    return l->problem ? l->problem : m->lost ? PLACE_OPTIMIZED_OUT : PLACE_UNREADABLE;
}

/* What is left at the end, when it is in one piece. */
static const char *take_rest(const struct locating *l, const struct machine *m,
                             struct place_piece *ret)
{
    if (l->located)
        *ret = l->at;
    else if (m->n > 0)
        *ret = (struct place_piece){.kind = PLACE_MEMORY, .address = m->stack[m->n - 1]};
    else
        return PLACE_UNREADABLE;
    return NULL;
}

void evaluate_place(const struct evaluation *e, struct span expression, struct arena *a,
                    struct place *ret)
{
    struct place_piece pieces[PLACE_PIECES_MAX];
    struct locating l = {.e = e, .pieces = pieces};
    struct machine m;
    const char *problem = run(&l, &m, expression);

    if (!problem && l.n == 0)
        problem = take_rest(&l, &m, &pieces[l.n++]);
    *ret = (struct place){.frame = e->frame, .problem = problem};
    if (problem)
        return;
    ret->n = l.n;
    ret->pieces = arena_memdup(a, pieces, l.n * sizeof *pieces);
}

const char *evaluate_value(const struct evaluation *e, struct span expression, uint64_t *ret)
{
    struct locating l = {.e = e};
    struct place_piece piece = {0};
    struct machine m;
    const char *problem = run(&l, &m, expression);

    if (!problem)
        problem = take_rest(&l, &m, &piece);
    if (problem)
        return problem;
    switch (piece.kind) {
    case PLACE_MEMORY: /* the address itself */
        *ret = piece.address;
        return NULL;
    case PLACE_VALUE:
        *ret = piece.number;
        return NULL;
    case PLACE_REGISTER:
        return registers_get(e->frame->registers, piece.reg, ret) ? NULL : PLACE_OPTIMIZED_OUT;
    default:
        return PLACE_UNREADABLE;
    }
}
