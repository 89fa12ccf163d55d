/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is believed unless the call that the caller's frame stands at is one of this function,
 * and this function could not have been left and entered again by jumps, with other arguments,
 * before it came to where it is (gdb's dwarf_expr_reg_to_entry_parameter and
 * func_verify_no_selftailcall, dwarf2/loc.c). */
#include "workerd/variables/callsite.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/variables/locations.h"
#include "workerd/variables/opened.h"

#define ORIGIN_STEPS_MAX 16u   /* from a DIE to what has its name */
#define JUMPS_MAX        16u   /* functions that are looked at for where they jump to */
#define NAME_COMPARED    4096u /* bytes */

/* --- Calls of a function --- */

/* All DIEs below one, in order. */
struct below {
    const struct entry *top;
    struct cursor c;
    uint64_t depth;
};

static struct below below_of(const struct entry *e)
{
    return (struct below){
        .top = e,
        .c = cursor_of(e->info->dwarf->info.data + e->next, (size_t)(e->unit->end - e->next)),
        .depth = e->die.abbrev->children,
    };
}

static bool is_call_tag(unsigned tag)
{
    return tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site;
}

/* The next one that is a call. */
static bool next_call(struct below *b, struct entry *ret)
{
    const struct entry *e = b->top;

    while (b->depth > 0 && !b->c.bad) {
        uint64_t at = (uint64_t)(b->c.p - e->info->dwarf->info.data);
        const struct abbrev *a = die_abbrev(e->unit, &b->c);

        if (!effort_spend(&e->debug->effort, a ? 1 + a->n_steps : 1))
            return false;
        b->depth = a ? b->depth + a->children : b->depth - 1;
        if (a)
            die_skip(e->unit, a, &b->c);
        if (a && is_call_tag(a->tag) && !b->c.bad)
            return entry_at(e->debug, e->info, at, ret);
    }
    return false;
}

/* DWARF 5's attribute, or the one that GCC used before it. */
static bool return_pc(const struct entry *call, uint64_t *ret)
{
    return entry_address(call, SLOT_RETURN_PC, ret) || entry_address(call, SLOT_LOW_PC, ret);
}

static bool callee_of(const struct entry *call, struct entry *ret)
{
    return entry_follow(call, SLOT_CALL_ORIGIN, ret) ||
           entry_follow(call, SLOT_ABSTRACT_ORIGIN, ret);
}

static bool find_call(struct debug *d, uint64_t address, uint64_t after, struct debug_calls *ret)
{
    uint64_t pc;

    if (!debug_function_at(d, address, &ret->function))
        return false;
    struct below b = below_of(&ret->function);

    while (next_call(&b, &ret->site))
        if (return_pc(&ret->site, &pc) && pc == after)
            return true;
    return false;
}

/* The call that the frame of a caller stands at. */
static const struct debug_calls *call_of(const struct frame_view *caller)
{
    struct debug_calls *c = &caller->debug->calls;
    uint64_t after = caller->pc - caller->bias;

    if (!c->looked_for || c->return_pc != after) {
        c->looked_for = true;
        c->return_pc = after;
        c->found = find_call(caller->debug, caller->address - caller->bias, after, c);
    }
    return c->found ? c : NULL;
}

/* --- Whether it is this function that was called --- */

static bool start_of(const struct entry *function, uint64_t *ret)
{
    if (entry_address(function, SLOT_LOW_PC, ret))
        return true;
    debug_code_of(function);
    if (function->debug->ranges.n == 0)
        return false;
    *ret = function->debug->ranges.list[0].low;
    return true;
}

static const char *text_of(const struct entry *e)
{
    const char *name = entry_text(e, SLOT_LINKAGE_NAME);

    return name ? name : entry_text(e, SLOT_MIPS_LINKAGE_NAME);
}

/* The name that the linker knows a function by, or else its plain one. */
static const char *called(const struct entry *function)
{
    const char *plain = NULL, *name = NULL;
    struct entry e = *function;

    for (unsigned i = 0; i < ORIGIN_STEPS_MAX && !name; i++) {
        name = text_of(&e);
        plain = plain ? plain : entry_text(&e, SLOT_NAME);
        if (!entry_follow(&e, SLOT_ABSTRACT_ORIGIN, &e) &&
            !entry_follow(&e, SLOT_SPECIFICATION, &e))
            break;
    }
    return name ? name : plain;
}

static bool is_same_die(const struct entry *a, const struct entry *b)
{
    return a->info == b->info && a->offset == b->offset;
}

/* Whether a DIE that a call refers to stands for the function. */
static bool is_function(const struct entry *callee, const struct entry *function)
{
    uint64_t a, b;

    if (is_same_die(callee, function))
        return true;
    if (callee->debug == function->debug && start_of(callee, &a) && start_of(function, &b))
        return a == b;
    const char *one = called(callee), *other = called(function);

    return one && other && strncmp(one, other, NAME_COMPARED) == 0;
}

/* A call through a pointer may say where that is. */
static bool leads_to(const struct evaluation *in_caller, const struct entry *site,
                     const struct evaluation *e)
{
    struct entry callee;
    struct span target;
    uint64_t start, address;

    if (callee_of(site, &callee))
        return is_function(&callee, e->function);
    return entry_bytes(site, SLOT_CALL_TARGET, &target) && start_of(e->function, &start) &&
           evaluate_value(in_caller, target, &address) == NULL && address == start + e->frame->bias;
}

/* --- Whether it was entered by that call --- */

struct jumps {
    const struct entry *function; /* that must not be come back to */
    struct entry seen[JUMPS_MAX]; /* functions it comes to, itself among them */
    size_t n;
};

static bool is_external(const struct entry *function)
{
    struct entry e = *function;

    for (unsigned i = 0; i < ORIGIN_STEPS_MAX; i++) {
        if (entry_flag(&e, SLOT_EXTERNAL))
            return true;
        if (!entry_follow(&e, SLOT_ABSTRACT_ORIGIN, &e) &&
            !entry_follow(&e, SLOT_SPECIFICATION, &e))
            break;
    }
    return false;
}

/* False when the jump may lead back. What is in another unit, or another file, could only come back
 * to what can be called by name. */
static bool note_jump(struct jumps *j, const struct entry *call)
{
    struct entry callee;
    uint64_t start;

    if (!callee_of(call, &callee) || is_function(&callee, j->function))
        return false;
    if (!start_of(&callee, &start))
        return !is_external(j->function);
    for (size_t i = 0; i < j->n; i++)
        if (is_same_die(&j->seen[i], &callee))
            return true;
    if (j->n == JUMPS_MAX)
        return false;
    j->seen[j->n++] = callee;
    return true;
}

static bool look_for_way_back(struct jumps *j)
{
    struct entry call;

    for (size_t i = 0; i < j->n; i++) {
        struct below b = below_of(&j->seen[i]);

        while (next_call(&b, &call))
            if (entry_flag(&call, SLOT_TAIL_CALL) && !note_jump(j, &call))
                return true;
    }
    return false;
}

static bool is_reliable(const struct entry *function, struct arena *a)
{
    struct debug_calls *c = &function->debug->calls;

    if (!c->judged || c->judged_function != function->offset) {
        struct jumps *j = arena_new(a, struct jumps);

        j->function = function;
        j->seen[j->n++] = *function;
        c->judged = true;
        c->judged_function = function->offset;
        c->reliable = !look_for_way_back(j) && !function->debug->effort.spent;
    }
    return c->reliable;
}

/* --- Its arguments --- */

static bool is_register(const struct entry *parameter, uint64_t reg)
{
    struct span s;
    struct cursor c;

    if (!entry_bytes(parameter, SLOT_LOCATION, &s))
        return false;
    c = cursor_of(s.data, s.size);
    uint8_t op = cursor_u8(&c);
    uint64_t number = op == DW_OP_regx ? cursor_uleb(&c) : (uint64_t)op - DW_OP_reg0;

    return !c.bad && cursor_left(&c) == 0 && number == reg;
}

static bool is_wanted(const struct entry *parameter, const struct callsite_argument *which)
{
    unsigned tag = entry_tag(parameter);
    struct info *info;
    uint64_t offset;

    if (tag != DW_TAG_call_site_parameter && tag != DW_TAG_GNU_call_site_parameter)
        return false;
    if (!which->info)
        return is_register(parameter, which->reg);
    return debug_reference(parameter, SLOT_ABSTRACT_ORIGIN, &info, &offset) &&
           info == which->info && offset == which->offset;
}

static bool find_value(const struct entry *site, const struct callsite_argument *which,
                       struct span *ret)
{
    struct entry p;

    for (bool more = entry_child(site, &p); more; more = entry_sibling(&p))
        if (is_wanted(&p, which))
            return entry_bytes(&p, SLOT_CALL_VALUE, ret);
    return false;
}

const char *callsite_value(const struct evaluation *e, const struct callsite_argument *which,
                           uint64_t *ret)
{
    const struct frame_view *caller = e->frame->caller;
    _cleanup_arena_ struct arena scratch = ARENA_INIT(0);
    struct span value;

    if (!e->function || !caller || !caller->debug || e->depth == EVALUATE_DEPTH_MAX)
        return PLACE_OPTIMIZED_OUT;
    const struct debug_calls *found = call_of(caller);

    if (!found)
        return PLACE_OPTIMIZED_OUT;
    const struct entry site = found->site, function = found->function;
    const struct evaluation in_caller = {caller, &function, &site, e->depth + 1};

    if (!leads_to(&in_caller, &site, e) || !is_reliable(e->function, &scratch) ||
        !find_value(&site, which, &value))
        return PLACE_OPTIMIZED_OUT;
    return evaluate_value(&in_caller, value, ret);
}
