/* SPDX-License-Identifier: Apache-2.0 */
/* All rules speak of the registers of the frame, so the caller's are gathered before the first is
 * changed. A register that can't be had is unknown in the caller; only the CFA and the return
 * address are needed. */
#include "workerd/unwind/callframe.h"

#include "workerd/unwind/expression.h"

struct callframe {
    struct walk *w;
    const struct unwind_rule *rule;
    const struct registers *registers;
    uint64_t cfa;
};

static int evaluate(const struct callframe *f, const struct cfi_expression *e, bool has_cfa,
                    uint64_t *ret)
{
    const struct expression_context x = {
        .image = f->w->image,
        .registers = f->registers,
        .bias = f->rule->module->bias,
        .has_cfa = has_cfa,
        .cfa = f->cfa,
        .effort = &f->w->unwinder->effort,
    };
    int r = expression_evaluate(&x, e, ret, &f->w->unread);

    if (r == 0)
        return 0;
    return r == EXPRESSION_UNREAD ? STEP_UNREAD : STEP_LOST;
}

static int compute_cfa(struct callframe *f)
{
    const struct unwind_rule *r = f->rule;
    uint64_t value;

    if (r->cfa_is_expression)
        return evaluate(f, &r->cfa_expression, false, &f->cfa);
    if (!registers_get(f->registers, r->cfa_register, &value))
        return STEP_LOST;
    f->cfa = value + (uint64_t)r->cfa_offset;
    if (!f->w->layout->is64)
        f->cfa = (uint32_t)f->cfa;
    return 0;
}

static int read_saved(const struct callframe *f, uint64_t address, uint64_t *ret)
{
    if (image_word(f->w->image, address, ret))
        return 0;
    f->w->unread = address;
    return STEP_UNREAD;
}

/* STEP_LOST when the register can't be had. */
static int caller_value(const struct callframe *f, const struct cfi_register *r, uint64_t *ret)
{
    uint64_t address;
    int outcome;

    switch (r->kind) {
    case CFI_OFFSET:
        return read_saved(f, f->cfa + (uint64_t)r->value, ret);
    case CFI_VAL_OFFSET:
        *ret = f->cfa + (uint64_t)r->value;
        return 0;
    case CFI_SAME:
        return registers_get(f->registers, r->number, ret) ? 0 : STEP_LOST;
    case CFI_REGISTER:
        return registers_get(f->registers, (uint64_t)r->value, ret) ? 0 : STEP_LOST;
    case CFI_EXPRESSION:
        outcome = evaluate(f, &r->expression, true, &address);
        return outcome ? outcome : read_saved(f, address, ret);
    case CFI_VAL_EXPRESSION:
        return evaluate(f, &r->expression, true, ret);
    default: /* CFI_UNDEFINED */
        return STEP_LOST;
    }
}

/* The return address, which has a rule of its own or is where the call left it: in a link register,
 * unless the function has made a call since. */
static int return_address(const struct callframe *f, uint64_t *ret)
{
    const struct unwind_rule *r = f->rule;
    struct cfi_register same = {.number = r->return_column, .kind = CFI_SAME};
    const struct cfi_register *found = &same;
    int outcome;

    for (size_t i = 0; i < r->n; i++)
        if (r->registers[i].number == r->return_column)
            found = &r->registers[i];
    if (found->kind == CFI_UNDEFINED)
        return STEP_END;
    if (found->kind == CFI_SAME && (f->w->layout->link != r->return_column || !r->exact))
        return STEP_LOST;
    outcome = caller_value(f, found, ret);
    if (outcome == 0 && (r->signed_return || !f->w->layout->is64))
        *ret = walk_address(f->w, *ret);
    return outcome;
}

/* The CFA is the caller's stack pointer, unless a rule says otherwise. */
static void fill_caller(const struct callframe *f, uint64_t pc, struct registers *registers)
{
    const struct unwind_rule *r = f->rule;
    uint64_t values[CFI_REGISTERS_MAX], lost = 0;

    f->w->unwinder->effort += r->n * EFFORT_REGISTER;
    for (size_t i = 0; i < r->n; i++) {
        values[i] = pc; /* of the return address, which is there already */
        if (r->registers[i].number != r->return_column &&
            caller_value(f, &r->registers[i], &values[i]) != 0)
            lost |= UINT64_C(1) << i;
    }
    registers_set(registers, f->w->sp, f->cfa);
    for (size_t i = 0; i < r->n; i++)
        if (lost >> i & 1)
            registers_forget(registers, r->registers[i].number);
        else
            registers_set(registers, r->registers[i].number, values[i]);
}

int callframe_step(struct walk *w, const struct unwind_rule *r, struct position *p)
{
    struct callframe f = {.w = w, .rule = r, .registers = &p->registers};
    uint64_t pc;
    int outcome = compute_cfa(&f);

    if (outcome == 0) {
        w->has_cfa = true;
        w->cfa = f.cfa;
        outcome = return_address(&f, &pc);
    }
    if (outcome != 0)
        return outcome;
    if (pc == 0 && !r->signal) /* a signal may have come of a call to it */
        return STEP_END;
    fill_caller(&f, pc, &p->registers);
    w->unread = 0;
    p->pc = pc;
    p->exact = r->signal;
    return 0;
}
