/* SPDX-License-Identifier: Apache-2.0 */
/* The same stack is looked at three times: with all its names, without the frames that were made
 * inline, and without any name. */
#include "workerd/grouping/keyset.h"

#include <signal.h>
#include <string.h>

#include "workerd/grouping/digests.h"
#include "workerd/grouping/place.h"

/* --- Choosing --- */

static void choose(struct selection *s, bool overflow, size_t max, struct grouping *g)
{
    g->has_culprit = s->n_kept > 0;
    if (s->n_kept == 0)
        return;
    if (overflow && s->n_repeated > 0) {
        g->culprit = selection_keep_cycle(s, FINGERPRINT_CYCLE);
    } else {
        selection_choose(s, max);
        g->culprit = s->kept[0];
    }
}

/* An assertion is one place of its function, whatever was made inline above it. */
static size_t symbol_depth(const struct grouping *g)
{
    return g->kind == CRASH_ASSERTION ? FINGERPRINT_ASSERTION : FINGERPRINT_SYMBOLS;
}

static bool is_unsymbolised(const struct selection *s)
{
    for (size_t i = 0; i < s->n_kept; i++) {
        if (s->verdicts[s->kept[i]].name)
            return false;
    }
    return s->n_kept > 0;
}

static void add_key(struct grouping *g, struct grouping_key key)
{
    g->keys[g->n_keys++] = key;
}

/* --- Without what was made inline --- */

/* ret_index has the place of each frame in the whole stack. */
static struct crash_stack without_inline(const struct crash_stack *stack, struct arena *a,
                                         size_t **ret_index)
{
    struct frame *frames = arena_array(a, struct frame, stack->n_frames);
    struct crash_stack outer = *stack;
    size_t n = 0;

    *ret_index = arena_array(a, size_t, stack->n_frames);
    for (size_t i = 0; i < stack->n_frames; i++) {
        if (stack->frames[i].inlined)
            continue;
        (*ret_index)[n] = i;
        frames[n++] = stack->frames[i];
    }
    outer.frames = frames;
    outer.n_frames = n;
    return outer;
}

/* What is made inline in one function are often several culprits: then only what an assertion or an
 * exception says tells them apart. */
static bool is_told_apart(const struct grouping *g)
{
    return g->detail && (g->kind == CRASH_ASSERTION || g->kind == CRASH_EXCEPTION);
}

/* A build without debug information has these frames alone, and they are its symbol key. */
static void add_outer_key(const struct rules *rules, const struct selection *s, struct grouping *g)
{
    struct grouping other = {.n_keys = 0};
    struct selection outer;
    struct grouping_key key;
    struct crash_stack stack;
    size_t *index;

    stack = without_inline(s->stack, s->arena, &index);
    if (stack.n_frames == s->stack->n_frames)
        return;
    selection_make(rules, &stack, s->arena, &outer);
    choose(&outer, g->kind == CRASH_STACK_OVERFLOW, symbol_depth(g), &other);
    if (outer.n_kept == 0 || is_unsymbolised(&outer) ||
        (index[other.culprit] != g->culprit && !is_told_apart(g)))
        return;
    key = key_of_symbols(&outer, g);
    if (memcmp(key.digest, g->keys[0].digest, SHA256_SIZE) != 0)
        add_key(g, key);
}

/* --- Without names --- */

/* The stack without names. */
struct bare {
    struct crash_stack stack;
    struct selection selection;
    size_t *index;        /* of its frames in the whole stack */
    const size_t *usable; /* its frames of which nothing speaks against */
    size_t n_usable;
};

/* A frame that is made inline has the address of the one that it is made inline in. ret_index has
 * the place of each in the whole stack. */
static struct crash_stack without_names(const struct crash_stack *stack, struct arena *a,
                                        size_t **ret_index)
{
    struct frame *frames = arena_array(a, struct frame, stack->n_frames);
    struct crash_stack bare = *stack;
    size_t n = 0;

    *ret_index = arena_array(a, size_t, stack->n_frames);
    for (size_t i = 0; i < stack->n_frames; i++) {
        const struct frame *f = &stack->frames[i];

        if (f->inlined)
            continue;
        (*ret_index)[n] = i;
        frames[n++] = (struct frame){
            .module = f->module, .build_id = f->build_id, .offset = f->offset, .signal = f->signal};
    }
    bare.frames = frames;
    bare.n_frames = n;
    return bare;
}

static void make_bare(const struct rules *rules, const struct selection *s, struct bare *ret)
{
    ret->stack = without_names(s->stack, s->arena, &ret->index);
    selection_make(rules, &ret->stack, s->arena, &ret->selection);
    ret->n_usable = ret->selection.n_kept;
    ret->usable = arena_memdup(s->arena, ret->selection.kept, ret->n_usable * sizeof(size_t));
}

/* The frame's own address is that of the next one that is not made inline. */
static size_t container(const struct crash_stack *stack, size_t frame)
{
    while (frame + 1 < stack->n_frames && stack->frames[frame].inlined)
        frame++;
    return frame;
}

/* Rust and Go, and C in static programs, have what aborts inside the program: its frames are the
 * same for every crash, and without names they are not told from others. */
static size_t address_depth(const struct crash_stack *s)
{
    return s->signal == SIGABRT ? FINGERPRINT_ABORT_ADDRESSES : FINGERPRINT_ADDRESSES;
}

static bool has_build_ids(const struct selection *s)
{
    for (size_t i = 0; i < s->n_kept; i++) {
        const struct frame *f = &s->stack->frames[s->kept[i]];

        if (!f->build_id || f->offset == 0)
            return false;
    }
    return s->n_kept > 0;
}

/* No function is known of the key's frames: they are what is kept, and what else the names of
 * libraries told stays. */
static void show_bare(const struct selection *bare, const size_t *index, struct grouping *g,
                      size_t n_frames)
{
    for (size_t i = 0; i < n_frames; i++) {
        if (g->verdicts[i].kind == VERDICT_KEPT)
            g->verdicts[i].kind = VERDICT_SKIPPED; /* inline, without a name */
    }
    for (size_t i = 0; i < bare->stack->n_frames; i++) {
        const struct verdict *v = &bare->verdicts[i];
        struct verdict *shown = &g->verdicts[index[i]];

        if (v->kind != VERDICT_KEPT && shown->kind != VERDICT_SKIPPED)
            continue;
        shown->kind = v->kind;
        shown->rule = v->rule;
        shown->key = v->key;
    }
    g->n_kept = bare->n_kept;
}

static void add_address_key(struct bare *bare, const struct selection *s, struct grouping *g)
{
    struct selection *b = &bare->selection;
    struct grouping other;

    choose(b, selection_overflows(b), address_depth(&bare->stack), &other);
    if (b->n_kept == 0)
        return;
    if (!g->unsymbolised &&
        (!has_build_ids(b) || bare->index[other.culprit] != container(s->stack, g->culprit)))
        return;
    if (g->unsymbolised && g->n_keys == 0) {
        g->culprit = bare->index[other.culprit];
        show_bare(b, bare->index, g, s->stack->n_frames);
    }
    add_key(g, key_of_addresses(b, KEY_ADDRESSES));
}

/* Who calls __stack_chk_fail() is one place of one function, and its callers are often lost. */
static size_t call_depth(enum crash_kind kind)
{
    return kind == CRASH_STACK_SMASH ? 1 : FINGERPRINT_ADDRESSES;
}

/* Of all that can be said of it, the frames from the culprit on. */
static void choose_calls(const struct bare *bare, size_t culprit, size_t max, struct selection *b)
{
    for (size_t i = 0; i < bare->n_usable; i++) {
        size_t frame = bare->usable[i];

        b->verdicts[frame].kind = VERDICT_LIMIT;
        if (bare->index[frame] >= culprit && b->n_kept < max) {
            b->verdicts[frame].kind = VERDICT_KEPT;
            b->kept[b->n_kept++] = frame;
        }
    }
}

/* Who reports the crash is known by name, so the first frame below is the program's, whatever is
 * known of that. Of Rust and Go nothing but abort() may be known by name: that is not enough. */
static void add_call_key(const struct bare *bare, const struct selection *s, struct grouping *g)
{
    enum crash_kind kind = selection_kind(s);
    size_t from = container(s->stack, g->culprit), depth = call_depth(kind);
    struct selection b = bare->selection;

    if (!s->cut || s->handled || (kind == CRASH_NONE && g->unsymbolised))
        return;
    b.verdicts = arena_memdup(s->arena, b.verdicts, b.stack->n_frames * sizeof(*b.verdicts));
    b.kept = arena_array(s->arena, size_t, depth);
    b.n_kept = 0;
    choose_calls(bare, from, depth, &b);
    if (b.n_kept < depth || bare->index[b.kept[0]] != from || !has_build_ids(&b))
        return;
    if (g->unsymbolised) {
        g->culprit = from;
        show_bare(&b, bare->index, g, s->stack->n_frames);
    }
    add_key(g, key_of_addresses(&b, KEY_CALL));
}

/* --- By the message --- */

/* A place in a library's header is that of all its users. */
static bool is_place_of_program(const struct rules *rules, const struct message_place *place,
                                struct arena *a)
{
    struct frame f = {.file = arena_strndup(a, place->file.p, place->file.n)};
    const struct rule *rule = rules_own(rules, &f, NULL);

    return !rules_decide(rules, &f, NULL) && (!rule || rule->action != RULE_SYSTEM);
}

/* Of an unnamed stack the innermost frame is that of the machinery: of the same module, where it is
 * linked into the program. */
static void add_place_key(const struct rules *rules, const struct selection *s, struct grouping *g)
{
    const struct frame *f = &s->stack->frames[container(s->stack, g->culprit)];
    struct message_place place;

    if ((g->kind != CRASH_ASSERTION && g->kind != CRASH_PANIC) || !s->stack->message ||
        !f->build_id || !message_place(s->stack->message, &place) ||
        !is_place_of_program(rules, &place, s->arena))
        return;
    add_key(g, key_of_place(s, g, f->build_id, place.whole));
}

/* --- All of them --- */

static void add_keys(const struct rules *rules, const struct selection *s, struct grouping *g)
{
    struct bare bare;

    if (!g->unsymbolised) {
        add_key(g, key_of_symbols(s, g));
        add_outer_key(rules, s, g);
    }
    make_bare(rules, s, &bare);
    add_call_key(&bare, s, g);
    add_address_key(&bare, s, g);
    add_place_key(rules, s, g);
}

void keyset_make(const struct rules *rules, struct selection *s, struct grouping *g)
{
    choose(s, g->kind == CRASH_STACK_OVERFLOW, symbol_depth(g), g);
    g->verdicts = s->verdicts;
    g->n_kept = s->n_kept;
    g->unsymbolised = is_unsymbolised(s);
    if (s->n_kept > 0)
        add_keys(rules, s, g);
    if (g->n_keys == 0)
        add_key(g, key_of_program(s, g));
}
