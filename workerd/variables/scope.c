/* SPDX-License-Identifier: Apache-2.0 */
/* From the function down: of each block the variables, and then the block in it that holds the
 * address. What is listed follows gdb's new_symbol and inherit_abstract_dies (dwarf2/read.c): a
 * copy of a function, inlined or not, has the variables of the original of which it says nothing,
 * too; nothing is left of these. */
#include "workerd/variables/scope.h"

#include <string.h>

#include "workerd/variables/opened.h"

#define ORIGIN_STEPS_MAX 16u   /* from a variable to what has its name */
#define CHILDREN_MAX     512u  /* of one block, that are known again in the original */
#define OPEN_BLOCKS_MAX  16u   /* without code of their own, in each other */
#define ALL_MAX          1024u /* variables around one address */
#define NAME_MAX_SEEN    256u  /* bytes of names that are compared */

struct listed {
    struct scope_variable *variable;
    const char *name;
    unsigned depth; /* of the block it is in; within the function */
};

struct walk {
    struct debug *debug;
    uint64_t address;
    struct arena *arena;
    struct scope *scopes; /* outermost first */
    size_t n_scopes;
    struct listed listed[SCOPE_VARIABLES_MAX]; /* of the function that is read */
    size_t n, left_out, all;
    unsigned depth;
    bool silent; /* in a copy that counts for nothing: see is_call */
    bool has_inner;
    struct entry inner; /* the block, in the one that is read, that holds the address */
};

/* --- One variable --- */

/* What is known of it, with what its copies refer to. */
struct known {
    bool external, declaration, specified;
    bool has_type, has_location;
};

static bool has(const struct entry *e, enum die_slot slot)
{
    return die_value(&e->die, slot);
}

static void look_at(const struct entry *e, struct known *k, struct scope_variable *v)
{
    k->external |= entry_flag(e, SLOT_EXTERNAL);
    k->declaration |= entry_flag(e, SLOT_DECLARATION);
    k->specified |= has(e, SLOT_SPECIFICATION);
    k->has_type |= has(e, SLOT_TYPE);
    if (!k->has_location && (has(e, SLOT_LOCATION) || has(e, SLOT_CONST_VALUE))) {
        k->has_location = true;
        v->entry = *e;
    }
}

/* Goes to the DIE that has the name. NULL when none has. */
static const char *resolve(const struct entry *e, struct known *k, struct scope_variable *v)
{
    const char *name = NULL;

    v->entry = v->named = *e;
    for (unsigned i = 0; i < ORIGIN_STEPS_MAX; i++) {
        look_at(&v->named, k, v);
        name = entry_text(&v->named, SLOT_NAME);
        if (name || (!entry_follow(&v->named, SLOT_ABSTRACT_ORIGIN, &v->named) &&
                     !entry_follow(&v->named, SLOT_SPECIFICATION, &v->named)))
            break;
    }
    return name && *name ? name : NULL;
}

/* The linker threw it away. */
static bool is_gone(const struct entry *e)
{
    static const uint8_t zero[8];
    struct span s;

    return !e->debug->own.keep_zero && entry_bytes(e, SLOT_LOCATION, &s) && s.size == 9 &&
           s.data[0] == DW_OP_addr && memcmp(s.data + 1, zero, 8) == 0;
}

/* Whether it is a variable of the block, and not only named there. */
static bool is_local(const struct known *k, const struct scope_variable *v)
{
    if (k->has_location)
        return !k->external && !is_gone(&v->entry);
    return !(k->external && k->has_type) && (!k->declaration || k->specified);
}

static void add_variable(struct walk *w, const struct entry *e, bool argument)
{
    struct scope_variable v = {.argument = argument};
    struct known k = {0};
    const char *name = w->silent ? NULL : resolve(e, &k, &v);

    if (!name || (!argument && !is_local(&k, &v)))
        return;
    if (w->n == SCOPE_VARIABLES_MAX || w->all == ALL_MAX) {
        w->left_out++;
        return;
    }
    w->all++;
    w->listed[w->n++] = (struct listed){arena_memdup(w->arena, &v, sizeof v), name, w->depth};
}

/* --- One block --- */

/* A call that was expanded and does not say where it stood is no frame: the index takes what is in
 * it for the function's own, and gdb does not look at its variables. */
static bool is_call(const struct entry *e)
{
    return entry_tag(e) == DW_TAG_inlined_subroutine && has(e, SLOT_CALL_FILE) &&
           has(e, SLOT_CALL_LINE);
}

static bool has_bounds(const struct entry *e)
{
    return has(e, SLOT_HIGH_PC) || has(e, SLOT_RANGES);
}

static void read_open_block(struct walk *w, const struct entry *block, unsigned nested);

/* nested: how many blocks without code are around it. */
static void visit(struct walk *w, const struct entry *e, unsigned nested)
{
    switch (entry_tag(e)) {
    case DW_TAG_formal_parameter:
        add_variable(w, e, true);
        return;
    case DW_TAG_variable:
        add_variable(w, e, false);
        return;
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
        if (!has_bounds(e)) {
            read_open_block(w, e, nested + 1);
            return;
        }
        break;
    case DW_TAG_inlined_subroutine:
        break;
    default:
        return;
    }
    if (!w->has_inner && debug_code_holds(e, w->address)) {
        w->has_inner = true;
        w->inner = *e;
    }
}

/* A block without code of its own belongs to the one around it. */
static void read_open_block(struct walk *w, const struct entry *block, unsigned nested)
{
    struct entry e;

    if (nested > OPEN_BLOCKS_MAX)
        return;
    for (bool more = entry_child(block, &e); more; more = entry_sibling(&e))
        visit(w, &e, nested);
}

/* The DIEs of the original that a block's children are copies of. */
struct originals {
    uint64_t offsets[CHILDREN_MAX];
    size_t n;
};

static bool is_among(const struct originals *o, uint64_t offset)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->offsets[i] == offset)
            return true;
    return false;
}

static void note_original(struct originals *o, const struct entry *child, const struct info *home)
{
    unsigned tag = entry_tag(child);
    struct info *x;
    uint64_t offset;

    if (tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site || o->n == CHILDREN_MAX)
        return;
    if (debug_reference(child, SLOT_ABSTRACT_ORIGIN, &x, &offset) && x == home)
        o->offsets[o->n++] = offset;
}

/* What the original has and the copy says nothing of. */
static void inherit(struct walk *w, const struct entry *original, const struct originals *o)
{
    bool had_inner = w->has_inner;
    struct entry e;

    w->has_inner = true; /* the address is in the copy */
    for (bool more = entry_child(original, &e); more; more = entry_sibling(&e)) {
        if (!effort_spend(&w->debug->effort, o->n / 8))
            break;
        if (!is_among(o, e.offset))
            visit(w, &e, 0);
    }
    w->has_inner = had_inner;
}

static void read_block(struct walk *w, const struct entry *block)
{
    struct originals originals = {.n = 0};
    struct entry original, e;
    bool copy = entry_follow(block, SLOT_ABSTRACT_ORIGIN, &original);

    w->has_inner = false;
    for (bool more = entry_child(block, &e); more; more = entry_sibling(&e)) {
        visit(w, &e, 0);
        if (copy)
            note_original(&originals, &e, original.info);
    }
    if (copy)
        inherit(w, &original, &originals);
}

/* --- One function --- */

static bool is_same_name(const struct listed *a, const struct listed *b)
{
    return strncmp(a->name, b->name, NAME_MAX_SEEN) == 0;
}

/* By a variable further in, or by one of the same block when nothing is left of this one: copies of
 * functions have variables of their originals twice. */
static bool is_hidden(const struct walk *w, const struct listed *l)
{
    bool lost =
        !has(&l->variable->entry, SLOT_LOCATION) && !has(&l->variable->entry, SLOT_CONST_VALUE);

    for (size_t i = 0; i < w->n; i++) {
        const struct listed *other = &w->listed[i];

        if ((other->depth > l->depth || (lost && other->depth == l->depth && other < l)) &&
            is_same_name(other, l))
            return true;
    }
    return false;
}

static void take_listed(struct walk *w, struct scope *s, unsigned depth, bool arguments)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct listed *l = &w->listed[i];

        if (l->variable->argument == arguments && (arguments || l->depth == depth) &&
            !is_hidden(w, l))
            s->variables[s->n++] = *l->variable;
    }
}

/* Puts the list in order. */
static void finish_function(struct walk *w)
{
    struct scope *s = &w->scopes[w->n_scopes - 1];

    s->left_out = w->left_out;
    s->variables = arena_array(w->arena, struct scope_variable, w->n + 1);
    take_listed(w, s, 0, true);
    for (unsigned depth = w->depth + 1; depth-- > 0;)
        take_listed(w, s, depth, false);
}

static void begin_function(struct walk *w, const struct entry *e)
{
    w->scopes[w->n_scopes++] = (struct scope){.function = *e};
    w->n = w->left_out = 0;
    w->depth = 0;
    w->silent = false;
}

static void descend(struct walk *w)
{
    struct entry block;

    for (unsigned i = 0; i < SCOPE_DEPTH_MAX && w->has_inner; i++) {
        block = w->inner;
        if (is_call(&block)) {
            finish_function(w);
            begin_function(w, &block);
        } else {
            w->depth++;
            w->silent = entry_tag(&block) == DW_TAG_inlined_subroutine || w->silent;
        }
        read_block(w, &block);
    }
    finish_function(w);
}

bool scopes_at(struct debug *d, uint64_t address, struct arena *a, struct scopes *ret)
{
    struct walk *w = arena_new(a, struct walk);
    struct entry function;

    if (!debug_function_at(d, address, &function))
        return false;
    w->debug = d;
    w->address = address;
    w->arena = a;
    w->scopes = arena_array(a, struct scope, SCOPE_DEPTH_MAX + 1);
    begin_function(w, &function);
    read_block(w, &function);
    descend(w);
    ret->n = w->n_scopes;
    ret->list = arena_array(a, struct scope, w->n_scopes);
    for (size_t i = 0; i < w->n_scopes; i++)
        ret->list[i] = w->scopes[w->n_scopes - 1 - i];
    return true;
}
