/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/reference/symbolise.h"

#include <string.h>

#include "workerd/reference/debuginfo.h"
#include "workerd/indexer/demangle.h"
#include "workerd/reference/symbols.h"

#define CAPACITY_FIRST 256u /* a power of 2 */

void symboliser_init(struct symboliser *s, struct modules *modules)
{
    *s = (struct symboliser){.modules = modules};
}

/* --- Naming one address --- */

static const char *symbol_name(struct mapped_module *m, uint64_t address)
{
    const struct symbol *found = symbol_table_find(module_symbols(m), address);

    return found ? found->name : NULL;
}

static size_t find_source(struct mapped_module *m, uint64_t address, struct arena *a,
                          struct source_frame ret[static SOURCE_FRAMES_MAX])
{
    struct debug_index *x = module_debug_index(m);

    return x ? debug_index_find(x, address, a, ret) : 0;
}

static void name_function(struct frame *f, const char *linkage, const char *plain, struct arena *a)
{
    if (linkage)
        f->function = demangle(linkage, a);
    else
        f->function = plain ? arena_strdup(a, plain) : NULL;
    if (linkage && strcmp(linkage, f->function) != 0)
        f->symbol = arena_strdup(a, linkage);
}

static void name_from_source(struct frame *f, const struct source_frame *s, struct arena *a)
{
    name_function(f, s->linkage, s->function, a);
    f->file = s->file;
    f->line = s->line;
    f->column = s->column;
    f->inlined = s->inlined;
}

/* What is known of the address itself, before any name. */
static struct frame blank_frame(const struct mapped_module *m, uint64_t pc)
{
    struct frame f = {.pc = pc};

    if (m) {
        f.module = m->path;
        f.build_id = m->build_id;
        f.offset = pc - m->start;
    }
    return f;
}

static void name_address(struct arena *a, struct mapped_module *m, uint64_t address,
                         struct named_frames *ret)
{
    struct source_frame sources[SOURCE_FRAMES_MAX];
    size_t n = find_source(m, address, a, sources);
    struct frame blank = ret->list[0];

    if (n > 1)
        ret->list = arena_array(a, struct frame, n);
    for (size_t i = 0; i < n; i++) {
        ret->list[i] = blank;
        name_from_source(&ret->list[i], &sources[i], a);
    }
    if (n > 0)
        ret->n = n;
    struct frame *outermost = &ret->list[ret->n - 1];

    outermost->inlined = false;
    if (!outermost->function)
        name_function(outermost, symbol_name(m, address), NULL, a);
}

static void name_raw_frame(struct symboliser *s, const struct raw_frame *f,
                           struct named_frames *ret)
{
    struct arena *a = s->modules->arena;
    uint64_t address = f->exact ? f->pc : f->pc - 1;
    struct mapped_module *m = modules_at(s->modules, address);

    *ret = (struct named_frames){.pc = f->pc, .exact = f->exact, .signal = f->signal, .n = 1};
    ret->list = arena_array(a, struct frame, 1);
    ret->list[0] = blank_frame(m, f->pc);
    if (f->signal) {
        ret->list[0].function = SIGNAL_FRAME_NAME;
        ret->list[0].signal = true;
    } else if (m && module_open(m)) {
        name_address(a, m, address - m->bias, ret);
    }
}

/* --- What is known already --- */

static struct named_frames *slot_for(struct named_frames *table, size_t capacity, uint64_t pc,
                                     bool exact, bool signal)
{
    size_t i = (size_t)((pc * 0x9e3779b97f4a7c15u) >> 32) & (capacity - 1); /* Fibonacci hashing */

    while (table[i].list &&
           (table[i].pc != pc || table[i].exact != exact || table[i].signal != signal))
        i = (i + 1) & (capacity - 1);
    return &table[i];
}

static void grow(struct symboliser *s)
{
    size_t capacity = s->capacity ? 2 * s->capacity : CAPACITY_FIRST;
    struct named_frames *table = arena_array(s->modules->arena, struct named_frames, capacity);

    for (size_t i = 0; i < s->capacity; i++) {
        const struct named_frames *old = &s->known[i];

        if (old->list)
            *slot_for(table, capacity, old->pc, old->exact, old->signal) = *old;
    }
    s->known = table;
    s->capacity = capacity;
}

const struct named_frames *symbolise(struct symboliser *s, const struct raw_frame *f)
{
    if (2 * s->n_known >= s->capacity)
        grow(s);
    struct named_frames *slot = slot_for(s->known, s->capacity, f->pc, f->exact, f->signal);

    if (!slot->list) {
        name_raw_frame(s, f, slot);
        s->n_known++;
    }
    return slot;
}
