/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/unwind/fallback.h"

#include <string.h>

#include "common/base/str.h"
#include "workerd/unwind/callframe.h"
#include "workerd/unwind/rulecache.h"

bool is_code(struct walk *w, uint64_t address)
{
    struct image_range range;

    return image_module_at(w->image, address) ||
           (image_range(w->image, address, &range) && range.executable);
}

/* What is known of the caller is where it goes on, and two registers at most. */
static void move_to(struct walk *w, struct position *p, uint64_t pc, uint64_t sp)
{
    uint64_t fp;
    bool has_fp = registers_get(&p->registers, w->fp, &fp);

    p->pc = pc;
    p->exact = false;
    p->registers.known = 0;
    registers_set(&p->registers, w->sp, sp);
    if (has_fp)
        registers_set(&p->registers, w->fp, fp);
}

/* --- A call through a wild pointer --- */

bool step_out_of_nowhere(struct walk *w, struct position *p)
{
    uint64_t sp, caller;

    if (!p->exact || is_code(w, p->pc) || !registers_get(&p->registers, w->sp, &sp))
        return false;
    if (w->layout->link >= 0) {
        if (!registers_get(&p->registers, (uint64_t)w->layout->link, &caller))
            return false;
    } else {
        if (!image_word(w->image, sp, &caller)) {
            w->unread = sp;
            return false;
        }
        sp += w->word;
    }
    caller = walk_address(w, caller);
    if (!is_code(w, caller))
        return false;
    p->pc = caller; /* all other registers are still the caller's */
    p->exact = false;
    registers_set(&p->registers, w->sp, sp);
    return true;
}

/* --- Frame pointers --- */

/* A leaf function of an architecture with a link register may have no frame of its own: then the
 * frame pointer is still the caller's. When the link register holds what the frame has, or an
 * address of this function, the function has a frame. */
static bool step_by_link(struct walk *w, struct position *p, uint64_t frame_return)
{
    struct index_symbol here, there;
    uint64_t link;

    if (!p->exact || w->layout->link < 0 ||
        !registers_get(&p->registers, (uint64_t)w->layout->link, &link))
        return false;
    link = walk_address(w, link);
    if (link == frame_return || !is_code(w, link))
        return false;
    if (rule_symbol(rule_at(w, p->pc, true), p->pc, &here) &&
        rule_symbol(rule_at(w, link, false), link - 1, &there) && here.name == there.name)
        return false;
    p->pc = link;
    p->exact = false;
    return true;
}

bool step_by_frame_pointer(struct walk *w, struct position *p)
{
    struct image_range stack;
    uint64_t sp, fp, outer, caller;

    if (!registers_get(&p->registers, w->sp, &sp) || !registers_get(&p->registers, w->fp, &fp) ||
        !image_range(w->image, sp, &stack))
        return false;
    if (fp % w->word != 0 || fp < sp || fp >= stack.end)
        return false;
    if (!image_word(w->image, fp, &outer) || !image_word(w->image, fp + w->word, &caller)) {
        w->unread = fp;
        return false;
    }
    caller = walk_address(w, caller);
    if (step_by_link(w, p, caller))
        return true;
    if (!is_code(w, caller))
        return false;
    registers_set(&p->registers, w->fp, outer);
    move_to(w, p, caller, fp + 2 * w->word);
    return true;
}

/* --- Scanning --- */

/* True when a step from there arrives at code further up, or at the end of a stack. */
static bool leads_on(struct walk *w, const struct position *from, const struct unwind_rule *rule)
{
    struct position p = *from;
    uint64_t sp, outer_sp;
    int outcome;

    if (rule->trampoline)
        return true;
    outcome = callframe_step(w, rule, &p);
    if (outcome != 0)
        return outcome == STEP_END;
    return registers_get(&from->registers, w->sp, &sp) &&
           registers_get(&p.registers, w->sp, &outer_sp) && outer_sp > sp && is_code(w, p.pc);
}

/* A call returns into a function, never to its first byte. */
static bool is_in_function(const struct unwind_rule *rule)
{
    struct index_symbol before, at;

    if (rule->module->index->sections[INDEX_SYMBOLS].n == 0)
        return true;
    return rule_symbol(rule, rule->pc - 1, &before) &&
           (!rule_symbol(rule, rule->pc, &at) || at.start == before.start);
}

/* It ran on the main thread's stack before the program did, and left whole frames behind, deeper
 * than most programs ever go: they look better than what is looked for. */
static bool is_dynamic_linker(const struct image_module *m)
{
    const char *slash = strrchr(m->path, '/'), *name = slash ? slash + 1 : m->path;

    return cstr_starts(name, "ld-") || cstr_starts(name, "ld.so") || cstr_starts(name, "ld64.so");
}

static bool is_by_frame_pointer(const struct walk *w, const struct unwind_rule *rule)
{
    return rule->covered && !rule->cfa_is_expression && rule->cfa_register == w->fp;
}

/* The caller, if the word at sp is the return address. A frame that only lacked its frame pointer
 * has it then: the CFA is behind that word. */
static bool assume_caller(struct walk *w, uint64_t value, uint64_t sp, struct position *p)
{
    const struct unwind_rule *rule = rule_at(w, p->pc, p->exact);
    uint64_t known;

    if (!is_by_frame_pointer(w, rule) || registers_get(&p->registers, w->fp, &known)) {
        move_to(w, p, value, sp + w->word);
        return true;
    }
    registers_set(&p->registers, w->fp, sp + w->word - (uint64_t)rule->cfa_offset);
    return callframe_step(w, rule, p) == 0 && p->pc == value;
}

/* Whether a call can have left this position behind. One whose frame pointer is not known, and is
 * needed, can't be tried. */
static bool is_caller(struct walk *w, struct position *p)
{
    const struct unwind_rule *rule = rule_at(w, p->pc, p->exact);

    if (rule->trampoline)
        return true;
    if (!rule->covered || is_dynamic_linker(rule->mapped) ||
        !(rule->signal || is_in_function(rule)))
        return false;
    w->unwinder->effort += EFFORT_RULE; /* symbols were looked for */
    if (leads_on(w, p, rule))
        return true;
    if (!is_by_frame_pointer(w, rule))
        return false;
    registers_forget(&p->registers, w->fp);
    return true;
}

/* In a module, and executable. */
static bool may_be_code(struct walk *w, uint64_t value)
{
    const struct image_module *first = w->image->modules, *last = first + w->image->n_modules;
    struct image_range range;

    if (first == last || value < first->start || value >= last[-1].end)
        return false;
    w->unwinder->effort += EFFORT_GUESS;
    return image_range(w->image, value, &range) && range.executable &&
           image_module_at(w->image, value);
}

bool step_by_scan(struct walk *w, struct position *p)
{
    uint64_t sp, value;

    if (w->guesses >= SCAN_GUESSES_MAX || w->scans >= SCANS_MAX ||
        !registers_get(&p->registers, w->sp, &sp))
        return false;
    w->scans++;
    sp = (sp + w->word - 1) & -w->word;
    for (unsigned i = 0; i < SCAN_WORDS_MAX && !effort_is_spent(w); i++, sp += w->word) {
        struct position caller;

        w->unwinder->effort += EFFORT_WORD;
        if (!image_word(w->image, sp, &value))
            return false;
        value = walk_address(w, value);
        if (!may_be_code(w, value))
            continue;
        caller = *p;
        if (assume_caller(w, value, sp, &caller) && is_caller(w, &caller)) {
            *p = caller;
            return true;
        }
    }
    return false;
}
