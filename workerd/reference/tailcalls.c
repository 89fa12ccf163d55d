/* SPDX-License-Identifier: Apache-2.0 */
/* All addresses here are those of the callee's file, except the caller's return address: a path of
 * tail calls is only followed within one file. */
#include "workerd/reference/tailcalls.h"

#include <dwarf.h>

#include "workerd/reference/debuginfo.h"
#include "workerd/reference/symbols.h"

#define TREE_DEPTH_MAX 512 /* of blocks and inlined calls within a function */
#define VISITS_MAX     256 /* functions that are looked into for one pair of frames */

struct call_site {
    uint64_t return_pc;
    bool tail;
    const char *target; /* the called function's symbol */
};

/* --- Call sites of a function --- */

static bool is_call_site(int tag)
{
    return tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site;
}

static bool may_hold_calls(int tag)
{
    return tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine ||
           tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

/* DWARF 5's attribute, or the one that GCC used before it. */
static Dwarf_Attribute *either(Dwarf_Die *die, unsigned name, unsigned older, Dwarf_Attribute *a)
{
    return dwarf_attr(die, name, a) ? a : dwarf_attr(die, older, a);
}

static const char *symbol_of(Dwarf_Die *function)
{
    Dwarf_Attribute a;
    const char *linkage = dwarf_formstring(dwarf_attr_integrate(function, DW_AT_linkage_name, &a));

    return linkage ? linkage : dwarf_diename(function);
}

/* False for calls through a pointer: nothing tells where they go. */
static bool read_call_site(Dwarf_Die *die, struct call_site *ret)
{
    Dwarf_Attribute a;
    Dwarf_Die target;
    Dwarf_Addr pc;
    bool tail = false;

    if (dwarf_formaddr(either(die, DW_AT_call_return_pc, DW_AT_low_pc, &a), &pc) != 0)
        return false;
    if (!dwarf_formref_die(either(die, DW_AT_call_origin, DW_AT_abstract_origin, &a), &target))
        return false;
    if (either(die, DW_AT_call_tail_call, DW_AT_GNU_tail_call, &a))
        dwarf_formflag(&a, &tail);
    *ret = (struct call_site){.return_pc = pc, .tail = tail, .target = symbol_of(&target)};
    return ret->target != NULL;
}

/* Calls visit for each call site until it returns true. */
static bool each_call_site(Dwarf_Die *parent, int depth,
                           bool (*visit)(const struct call_site *c, void *arg), void *arg)
{
    struct call_site c;
    Dwarf_Die die;

    if (depth == TREE_DEPTH_MAX || dwarf_child(parent, &die) != 0)
        return false;
    do {
        int tag = dwarf_tag(&die);

        if (is_call_site(tag) && read_call_site(&die, &c) && visit(&c, arg))
            return true;
        if (may_hold_calls(tag) && each_call_site(&die, depth + 1, visit, arg))
            return true;
    } while (dwarf_siblingof(&die, &die) == 0);
    return false;
}

/* --- The way from a call to the frame that was found --- */

struct search {
    struct debug_index *index;
    struct symbol_table *symbols;
    uint64_t goal; /* where the function begins that has the next inner frame */
    uint64_t path[TAIL_CALLS_MAX];
    size_t depth;
    uint64_t found[TAIL_CALLS_MAX];
    size_t n_found, ways, visits;
};

static void search_from(struct search *s, uint64_t function);

static bool follow(const struct call_site *c, void *arg)
{
    struct search *s = arg;
    uint64_t target;

    if (!c->tail || !symbol_table_address(s->symbols, c->target, &target))
        return false;
    s->path[s->depth++] = c->return_pc;
    if (target == s->goal) {
        s->ways++;
        s->n_found = s->depth;
        for (size_t i = 0; i < s->depth; i++)
            s->found[i] = s->path[s->depth - 1 - i];
    } else if (s->depth < TAIL_CALLS_MAX) {
        search_from(s, target);
    }
    s->depth--;
    return s->ways > 1 || s->visits > VISITS_MAX;
}

static void search_from(struct search *s, uint64_t function)
{
    Dwarf_Die die;

    if (s->visits++ > VISITS_MAX || !debug_index_function(s->index, function, &die))
        return;
    each_call_site(&die, 0, follow, s);
}

struct wanted_site {
    uint64_t return_pc;
    const char *target;
};

static bool is_wanted(const struct call_site *c, void *arg)
{
    struct wanted_site *w = arg;

    if (c->tail || c->return_pc != w->return_pc)
        return false;
    w->target = c->target;
    return true;
}

/* The symbol that is called before the return address; NULL. */
static const char *called_before(struct mapped_module *caller, uint64_t return_address)
{
    struct wanted_site w = {.return_pc = return_address - caller->bias};
    struct debug_index *x = module_debug_index(caller);
    Dwarf_Die function;

    if (!x || !debug_index_function(x, w.return_pc - 1, &function))
        return NULL;
    each_call_site(&function, 0, is_wanted, &w);
    return w.target;
}

size_t tail_calls_find(struct modules *m, uint64_t return_address, uint64_t callee_address,
                       uint64_t ret[static TAIL_CALLS_MAX])
{
    struct mapped_module *caller = modules_at(m, return_address - 1);
    struct mapped_module *callee = modules_at(m, callee_address);
    Dwarf_Die function;
    uint64_t first;

    if (!caller || !callee)
        return 0;
    struct search s = {.index = module_debug_index(callee), .symbols = module_symbols(callee)};
    const char *target = s.index ? called_before(caller, return_address) : NULL;

    if (!target || !symbol_table_address(s.symbols, target, &first))
        return 0;
    if (!debug_index_function(s.index, callee_address - callee->bias, &function) ||
        dwarf_entrypc(&function, &s.goal) != 0 || first == s.goal)
        return 0;
    search_from(&s, first);
    if (s.ways != 1 || s.visits > VISITS_MAX)
        return 0;
    for (size_t i = 0; i < s.n_found; i++)
        ret[i] = s.found[i] + callee->bias;
    return s.n_found;
}
