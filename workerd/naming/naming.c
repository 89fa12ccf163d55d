/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/naming/naming.h"

#include <string.h>

#include "workerd/unwind/effort.h"

#define CAPACITY_FIRST 64u /* a power of 2 */

void naming_init(struct naming *n, struct unwinder *u)
{
    *n = (struct naming){.unwinder = u};
}

bool place_find(struct unwinder *u, uint64_t address, struct place *ret)
{
    const struct image_module *m = image_module_at(u->image, address);

    if (!m)
        return false;
    *ret = (struct place){.module = m};
    const struct unwind_module *found = u->module(u->arg, m);

    if (!found || !found->index)
        return true;
    uint64_t relative = address - found->bias - found->index->header->base;

    ret->bias = found->bias + found->index->header->base;
    ret->address = (uint32_t)relative;
    if (relative <= UINT32_MAX)
        ret->index = found->index;
    return true;
}

/* --- Naming one address --- */

static const char *source_file(const char *folder, const char *file, struct arena *a)
{
    if (!file || !folder || *folder == '\0')
        return file;
    size_t n = strlen(folder), m = strlen(file);
    char *path = arena_raw(a, n + m + 2);

    memcpy(path, folder, n);
    path[n] = '/';
    memcpy(path + n + 1, file, m + 1);
    return path;
}

/* Innermost first; a frame's place is that of the call to the one inside of it. */
static size_t name_scopes(const struct place *p, struct arena *a, const struct frame *blank,
                          struct frame **ret)
{
    struct index_function chain[INDEX_CHAIN_MAX];
    size_t n = index_functions(p->index, p->address, chain);
    struct frame *list = arena_array(a, struct frame, n ? n : 1);

    list[0] = *blank;
    for (size_t i = 0; i < n; i++) {
        list[i] = *blank;
        list[i].function = chain[i].name;
        list[i].inlined = chain[i].inlined && i + 1 < n;
        if (i == 0)
            continue;
        list[i].file = source_file(chain[i - 1].call_folder, chain[i - 1].call_file, a);
        list[i].line = chain[i - 1].call_line;
        list[i].column = chain[i - 1].call_column;
    }
    if (n > 0 && !chain[n - 1].inlined)
        list[n - 1].function_offset = blank->pc - p->bias - chain[n - 1].start;
    *ret = list;
    return n ? n : 1;
}

static void name_line(const struct place *p, struct arena *a, struct frame *f)
{
    struct index_line line;

    if (!index_line(p->index, p->address, &line) || line.line == 0)
        return;
    f->file = source_file(line.folder, line.file, a);
    f->line = line.line;
    f->column = line.column;
}

/* Where DWARF says nothing, the symbol tables do. */
static void name_by_symbol(const struct place *p, struct frame *f)
{
    struct index_symbol symbol;

    if (!index_symbol(p->index, p->address, &symbol))
        return;
    f->function = symbol.name;
    f->function_offset = f->pc - p->bias - symbol.start;
}

static void name_place(const struct place *p, struct arena *a, struct named_frames *ret)
{
    struct frame blank = ret->list[0];

    ret->n = name_scopes(p, a, &blank, &ret->list);
    name_line(p, a, &ret->list[0]);
    struct frame *outermost = &ret->list[ret->n - 1];

    if (!outermost->function)
        name_by_symbol(p, outermost);
}

static bool has_effort(struct naming *n)
{
    n->left_out |= n->effort >= EFFORT_NAMES_MAX;
    return n->effort < EFFORT_NAMES_MAX;
}

static void name_raw_frame(struct naming *n, const struct raw_frame *f, struct named_frames *ret)
{
    struct arena *a = n->unwinder->image->arena;
    size_t memory = a->used;
    struct place p;

    *ret = (struct named_frames){.pc = f->pc, .exact = f->exact, .signal = f->signal, .n = 1};
    ret->list = arena_array(a, struct frame, 1);
    ret->list[0] = (struct frame){.pc = f->pc};
    if (place_find(n->unwinder, raw_frame_address(f), &p)) {
        ret->list[0].module = p.module->path;
        ret->list[0].build_id = p.module->build_id;
        ret->list[0].offset = f->pc - p.module->start;
        if (p.index && !f->signal && has_effort(n))
            name_place(&p, a, ret);
    }
    if (f->signal) {
        ret->list[0].function = SIGNAL_FRAME_NAME;
        ret->list[0].signal = true;
    }
    n->effort += EFFORT_NAME + ret->n * EFFORT_FUNCTION + (a->used - memory);
}

/* --- What is known already --- */

static struct named_frames *slot_for(struct named_frames *table, size_t capacity,
                                     const struct raw_frame *f)
{
    size_t i = (size_t)((f->pc * 0x9e3779b97f4a7c15u) >> 32) & (capacity - 1); /* Fibonacci's */

    while (table[i].list &&
           (table[i].pc != f->pc || table[i].exact != f->exact || table[i].signal != f->signal))
        i = (i + 1) & (capacity - 1);
    return &table[i];
}

static void grow(struct naming *n)
{
    size_t capacity = n->capacity ? 2 * n->capacity : CAPACITY_FIRST;
    struct named_frames *table =
        arena_array(n->unwinder->image->arena, struct named_frames, capacity);

    for (size_t i = 0; i < n->capacity; i++) {
        const struct named_frames *old = &n->known[i];
        const struct raw_frame key = {.pc = old->pc, .exact = old->exact, .signal = old->signal};

        if (old->list)
            *slot_for(table, capacity, &key) = *old;
    }
    n->known = table;
    n->capacity = capacity;
}

const struct named_frames *naming_frame(struct naming *n, const struct raw_frame *f)
{
    if (2 * n->n_known >= n->capacity)
        grow(n);
    struct named_frames *slot = slot_for(n->known, n->capacity, f);

    if (!slot->list) {
        name_raw_frame(n, f, slot);
        n->n_known++;
    }
    return slot;
}
