/* SPDX-License-Identifier: Apache-2.0 */
/* Entries are filled in the order in which addresses come, so that a short stack touches little
 * memory; buckets lead to them. Where two addresses share a bucket the later one takes it. */
#include "workerd/unwind/rulecache.h"

#include <string.h>

struct rule_cache {
    uint8_t buckets[RULE_CACHE_BUCKETS]; /* number of an entry plus 1; 0: empty */
    size_t n, n_registers;
    const struct image_module *last_mapped; /* the one that was found last */
    const struct unwind_module *last_module;
    struct unwind_rule entries[RULE_CACHE_MAX];
    struct cfi_register registers[RULE_CACHE_REGISTERS];
};

static struct rule_cache *cache_of(struct walk *w)
{
    struct unwinder *u = w->unwinder;

    if (!u->rules) {
        u->rules = arena_raw(w->image->arena, sizeof *u->rules);
        memset(u->rules, 0, offsetof(struct rule_cache, entries));
    }
    return u->rules;
}

static uint8_t *bucket_of(struct rule_cache *c, uint64_t pc)
{
    return &c->buckets[pc * UINT64_C(0x9e3779b97f4a7c15) >> 56];
}

static struct unwind_rule *new_entry(struct rule_cache *c, uint64_t pc)
{
    if (c->n == RULE_CACHE_MAX || c->n_registers > RULE_CACHE_REGISTERS - CFI_REGISTERS_MAX) {
        memset(c->buckets, 0, sizeof c->buckets);
        c->n = c->n_registers = 0;
    }
    *bucket_of(c, pc) = (uint8_t)(c->n + 1);
    return &c->entries[c->n++];
}

static void find_module(struct walk *w, struct rule_cache *c, uint64_t address,
                        struct unwind_rule *r)
{
    const struct image_module *m = c->last_mapped;

    if (!m || address < m->start || address >= m->end) {
        m = image_module_at(w->image, address);
        if (!m)
            return;
        c->last_mapped = m;
        c->last_module = w->unwinder->module(w->unwinder->arg, m);
    }
    r->mapped = m;
    r->module = c->last_module;
}

/* Relative to the index's base, as all of its addresses are. False without an index. */
static bool index_address(const struct unwind_rule *r, uint64_t address, uint32_t *ret)
{
    const struct unwind_module *m = r->module;

    if (!m || !m->index)
        return false;
    address -= m->bias + m->index->header->base;
    if (address >= UINT32_MAX)
        return false;
    *ret = (uint32_t)address;
    return true;
}

bool rule_symbol(const struct unwind_rule *r, uint64_t address, struct index_symbol *ret)
{
    uint32_t relative;

    return index_address(r, address, &relative) && index_symbol(r->module->index, relative, ret);
}

/* Only the registers that are followed. */
static void keep_rule(struct walk *w, struct rule_cache *c, const struct cfi_rule *from,
                      struct unwind_rule *r)
{
    struct cfi_register *to = c->registers + c->n_registers;

    r->covered = true;
    r->signal = from->signal;
    r->signed_return = from->signed_return;
    r->return_column = from->return_column;
    r->cfa_is_expression = from->cfa_is_expression;
    r->cfa_register = from->cfa_register;
    r->cfa_offset = from->cfa_offset;
    r->cfa_expression = from->cfa_expression;
    r->registers = to;
    for (size_t i = 0; i < from->n; i++)
        if (from->registers[i].number < w->layout->unwind_registers)
            to[r->n++] = from->registers[i];
    c->n_registers += r->n;
}

/* A handler returns to the first byte of its trampoline, where nothing was called: the address
 * before it may well belong to something else. */
static const struct trampoline *find_trampoline(struct walk *w, const struct unwind_rule *r)
{
    struct index_symbol symbol;
    uint32_t relative;
    bool begins = index_address(r, r->pc, &relative) &&
                  index_symbol(r->module->index, relative, &symbol) && symbol.start == relative;

    if (r->exact || r->signal || (r->covered && !begins))
        return NULL;
    return trampoline_at(w->image, r->pc, begins ? symbol.name : NULL);
}

static void fill(struct walk *w, struct rule_cache *c, struct unwind_rule *r)
{
    uint64_t address = r->exact ? r->pc : r->pc - 1;
    struct cfi_rule rule;
    uint32_t relative;

    w->unwinder->effort += EFFORT_RULE;
    find_module(w, c, address, r);
    if (index_address(r, address, &relative) && index_rule(r->module->index, relative, &rule))
        keep_rule(w, c, &rule, r);
    r->trampoline = find_trampoline(w, r);
    if (r->trampoline) {
        r->covered = false;
        r->signal = true;
    }
}

const struct unwind_rule *rule_at(struct walk *w, uint64_t pc, bool exact)
{
    struct rule_cache *c = cache_of(w);
    uint8_t entry = *bucket_of(c, pc);
    struct unwind_rule *r = entry ? &c->entries[entry - 1] : NULL;

    if (r && r->pc == pc && r->exact == exact)
        return r;
    r = new_entry(c, pc);
    *r = (struct unwind_rule){.pc = pc, .exact = exact};
    fill(w, c, r);
    return r;
}
