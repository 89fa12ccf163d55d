/* SPDX-License-Identifier: Apache-2.0 */
/* The walk: a frame is noted down with what is known of its address, then the first way to its
 * caller that leads somewhere is taken. Call frame information is believed alone where there is
 * some; guesses are for where there is none, or where an earlier guess lost the registers that it
 * needs. */
#include "workerd/unwind/unwind.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "workerd/unwind/callframe.h"
#include "workerd/unwind/fallback.h"
#include "workerd/unwind/rulecache.h"
#include "workerd/unwind/walk.h"

#define TURNS_MAX 64u /* changes to a stack that lies lower */

/* --- One step --- */

/* Where no rule is. What is no code at all was never called: something has overwritten the stack,
 * and what a scan finds beyond is no caller. */
static int step_without_rule(struct walk *w, enum frame_trust *ret_trust)
{
    *ret_trust = TRUST_FRAME_POINTER;
    if (step_out_of_nowhere(w, &w->at) || step_by_frame_pointer(w, &w->at))
        return 0;
    *ret_trust = TRUST_SCAN;
    return is_code(w, w->at.pc) && step_by_scan(w, &w->at) ? 0 : STEP_LOST;
}

static int step_by_trampoline(struct walk *w, const struct trampoline *t)
{
    uint64_t sp;

    if (!registers_get(&w->at.registers, w->sp, &sp))
        return STEP_LOST;
    w->unwinder->effort += UNWIND_REGISTERS_MAX * EFFORT_REGISTER;
    if (!trampoline_registers(t, w->image, sp, &w->at.registers, &w->at.pc, &w->unread))
        return STEP_UNREAD;
    w->at.exact = true;
    w->unread = 0;
    return 0;
}

/* Where the kernel begins a program: nobody has called that, and not every C library says so in
 * call frame information. */
static bool is_beginning(const struct unwind_rule *rule)
{
    struct index_symbol symbol;

    return rule_symbol(rule, rule->exact ? rule->pc : rule->pc - 1, &symbol) &&
           strcmp(symbol.name, "_start") == 0;
}

static int take_step(struct walk *w, const struct unwind_rule *rule, enum frame_trust *ret_trust)
{
    int outcome;

    w->unread = 0;
    if (rule->trampoline) {
        *ret_trust = TRUST_CONTEXT;
        return step_by_trampoline(w, rule->trampoline);
    }
    if (!rule->covered) {
        w->unwinder->effort += EFFORT_RULE; /* symbols and ranges are looked for */
        return is_beginning(rule) ? STEP_END : step_without_rule(w, ret_trust);
    }
    *ret_trust = TRUST_CFI;
    outcome = callframe_step(w, rule, &w->at);
    if (outcome != STEP_LOST || !w->guessed)
        return outcome;
    *ret_trust = TRUST_SCAN;
    return step_by_scan(w, &w->at) ? 0 : STEP_LOST;
}

static uint64_t stack_pointer(const struct walk *w)
{
    uint64_t sp = 0;

    registers_get(&w->at.registers, w->sp, &sp);
    return sp;
}

/* The stack pointer rises: callers' frames lie above. A function that was interrupted need not have
 * pushed anything; a signal handler may have had a stack of its own, and code that switches stacks
 * knows where it came from. */
static bool may_lie_there(struct walk *w, uint64_t sp, bool was_exact, bool was_signal)
{
    struct image_range stack;
    uint64_t caller_sp = stack_pointer(w);

    if (caller_sp > sp || (caller_sp == sp && was_exact))
        return true;
    if (!was_signal && image_range(w->image, sp, &stack) && caller_sp >= stack.start)
        return false;
    return w->turns++ < TURNS_MAX;
}

/* 0, with the walk at the caller. */
static inline int step(struct walk *w, const struct unwind_rule *rule, enum frame_trust *ret_trust)
{
    uint64_t pc = w->at.pc, sp = stack_pointer(w);
    bool exact = w->at.exact, signal = rule->signal;

    w->unwinder->effort += EFFORT_FRAME;
    if (effort_is_spent(w))
        return STEP_SPENT;
    int outcome = take_step(w, rule, ret_trust);

    if (outcome != 0)
        return outcome;
    if (w->at.pc == pc && stack_pointer(w) == sp)
        return STEP_CIRCLE;
    if (!may_lie_there(w, sp, exact, signal))
        return STEP_BACKWARDS;
    w->guesses = *ret_trust == TRUST_SCAN ? w->guesses + 1 : 0;
    w->guessed |= *ret_trust >= TRUST_FRAME_POINTER;
    return 0;
}

/* --- Why it stopped --- */

static const char *missing_text(struct arena *a, const struct image_module *m)
{
    if (!m->build_id)
        return arena_printf(a, "the file %s is not at hand", m->path);
    return arena_printf(a, "the file %s (build-id %s) is not at hand", m->path, m->build_id);
}

/* What it is that the next frame would have needed. */
static const char *needed_text(struct walk *w, uint64_t pc, bool exact)
{
    struct arena *a = w->image->arena;
    const struct unwind_rule *rule = rule_at(w, pc, exact);

    if (!rule->mapped)
        return arena_printf(a, "0x%" PRIx64 " is in no mapped file", pc);
    if (!rule->module || !rule->module->index) {
        if (rule->module && rule->module->problem)
            return arena_printf(a, "%s can't be used: %s", rule->mapped->path,
                                rule->module->problem);
        return missing_text(a, rule->mapped);
    }
    if (w->unread)
        return arena_printf(a, "the core lacks the stack's memory at 0x%" PRIx64, w->unread);
    return arena_printf(a, "%s has no usable unwind information for 0x%" PRIx64, rule->mapped->path,
                        pc);
}

static const char *stopped_text(struct walk *w, int outcome, const struct raw_frame *last)
{
    switch (outcome) {
    case STEP_END:
        return NULL;
    case STEP_CIRCLE:
        return "the unwind information leads in a circle";
    case STEP_BACKWARDS:
        return "the unwind information leads back into frames that were left";
    case STEP_SPENT:
        return "to follow it further costs more than is spent on one core";
    default:
        return needed_text(w, last->pc, last->exact);
    }
}

/* --- The walk --- */

static bool begin(struct walk *w, struct unwinder *u, size_t thread)
{
    const struct core_layout *l = u->image->layout;
    const uint64_t *values =
        thread < u->image->n_threads ? u->image->threads[thread].registers : NULL;

    if (!values)
        return false;
    assert(l->unwind_registers <= UNWIND_REGISTERS_MAX);
    memset(w, 0, sizeof *w);
    w->unwinder = u;
    w->image = u->image;
    w->layout = l;
    w->sp = (unsigned)l->registers[l->sp].dwarf;
    w->fp = (unsigned)l->registers[l->fp].dwarf;
    w->word = layout_word_size(l);
    w->at.pc = values[l->pc];
    w->at.exact = true;
    w->effort_max = effort_spent(u) + EFFORT_AGAIN_MAX;
    for (size_t i = 0; i < l->n_registers; i++)
        if (l->registers[i].dwarf >= 0 && (unsigned)l->registers[i].dwarf < l->unwind_registers)
            registers_set(&w->at.registers, (uint64_t)l->registers[i].dwarf, values[i]);
    return true;
}

static const char *walk(struct walk *w, struct raw_stack *stack)
{
    uint64_t spent = effort_spent(w->unwinder);
    enum frame_trust trust = TRUST_CONTEXT;

    w->effort_max = spent < EFFORT_STACKS_MAX ? spent + (EFFORT_STACKS_MAX - spent) / 2 : 0;
    while (stack->visited < STACK_VISITED_MAX) {
        const struct unwind_rule *rule = rule_at(w, w->at.pc, w->at.exact);
        const struct raw_frame f = {
            .pc = w->at.pc, .exact = w->at.exact, .signal = rule->signal, .trust = trust};

        stack_add(stack, &f);
        int outcome = step(w, rule, &trust);

        if (outcome != 0)
            return stopped_text(w, outcome, &f);
    }
    return "the stack is deeper than is followed";
}

void unwind_thread(struct unwinder *u, size_t thread, struct raw_stack *ret)
{
    struct walk w;

    stack_begin(ret);
    ret->stopped = begin(&w, u, thread) ? walk(&w, ret) : "its registers can't be used";
    stack_end(ret);
}

/* --- With registers --- */

static void describe_frame(const struct walk *w, const struct unwind_rule *rule,
                           enum frame_trust trust, struct unwound_frame *ret)
{
    *ret = (struct unwound_frame){
        .frame = {.pc = w->at.pc, .exact = w->at.exact, .signal = rule->signal, .trust = trust},
        .registers = w->at.registers,
        .mapped = rule->mapped,
        .bias = rule->module ? rule->module->bias : 0,
    };
}

size_t unwind_frames(struct unwinder *u, size_t thread, struct unwound_frame *ret, size_t max)
{
    enum frame_trust trust = TRUST_CONTEXT;
    struct walk w;
    size_t n = 0;
    bool more = begin(&w, u, thread);

    while (more && n < max) {
        const struct unwind_rule *rule = rule_at(&w, w.at.pc, w.at.exact);

        describe_frame(&w, rule, trust, &ret[n]);
        w.has_cfa = false;
        more = step(&w, rule, &trust) == 0;
        ret[n].has_cfa = w.has_cfa;
        ret[n++].cfa = w.cfa;
    }
    return n;
}
