/* SPDX-License-Identifier: Apache-2.0 */
/* On the way over a unit a stack says what is open. A namespace or class is only kept when a
 * function without linkage name turns up in it: among thousands of classes there are a few. They
 * are kept as intervals of the section, in the order in which they begin. */
#include "workerd/indexer/spaces.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/limits.h"

#define DEPTH_MAX  256u /* of DIEs in DIEs; deeper ones are not looked at */
#define NAMES_MAX  32u  /* around one function, from the inside */
#define SPACES_MAX (1u << 20)
#define BYTE_COST  4u /* of a name that is put together; see effort.h */
/* DWARF's list has grown since elfutils' was made. */
#define LANG_C_PLUS_PLUS_17 0x2a
#define LANG_C_PLUS_PLUS_20 0x2b

#define ANONYMOUS "(anonymous namespace)"

/* What is around is not part of the name of what is in it: functions, and classes without names. */
static const char barrier[] = "";

struct open_die {
    uint64_t begin;
    const char *name; /* NULL: not a space, it does not matter */
    uint32_t kept;    /* which of info's spaces it is; INDEX_NONE: not yet */
};

struct walk {
    struct info *info;
    struct unit *unit;
    struct die die;
    struct open_die open[DEPTH_MAX];
    size_t depth, n_kept; /* how many are open; how many of these, from the first on, are kept */
    size_t deeper;        /* than the stack */
    bool failed;
};

static bool has_spaces(const struct unit *u)
{
    switch (u->language) {
    case 0: /* a unit that others share need not say */
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case LANG_C_PLUS_PLUS_17:
    case LANG_C_PLUS_PLUS_20:
    case DW_LANG_D:
    case DW_LANG_Rust:
        return true;
    default:
        return false;
    }
}

static uint64_t position(const struct walk *w, const struct cursor *c)
{
    return (uint64_t)(c->p - w->info->dwarf->info.data);
}

/* --- Keeping --- */

static uint32_t add_space(struct info *x, const struct space *s)
{
    if (x->n_spaces == x->spaces_capacity) {
        size_t larger = x->spaces_capacity ? 2 * x->spaces_capacity : 64;
        struct space *spaces =
            larger > SPACES_MAX ? NULL : reallocarray(x->spaces, larger, sizeof *spaces);

        if (!spaces)
            return INDEX_NONE;
        x->spaces = spaces;
        x->spaces_capacity = larger;
    }
    x->spaces[x->n_spaces] = *s;
    return (uint32_t)x->n_spaces++;
}

/* All that is open: a function was found in it. */
static void keep_open(struct walk *w)
{
    uint32_t parent = w->n_kept > 0 ? w->open[w->n_kept - 1].kept : INDEX_NONE;

    for (; w->n_kept < w->depth; w->n_kept++) {
        struct open_die *o = &w->open[w->n_kept];
        struct space s = {
            .begin = o->begin, .end = w->unit->end, .name = o->name, .parent = parent};

        o->kept = o->name ? add_space(w->info, &s) : parent;
        w->failed |= o->name && o->kept == INDEX_NONE;
        parent = o->kept;
    }
}

/* --- Going over a unit --- */

static void open_die(struct walk *w, const char *name, uint64_t begin)
{
    if (w->depth == DEPTH_MAX)
        w->deeper++;
    else
        w->open[w->depth++] = (struct open_die){begin, name, INDEX_NONE};
}

static void close_die(struct walk *w, uint64_t end)
{
    if (w->deeper > 0) {
        w->deeper--;
        return;
    }
    if (w->depth == 0)
        return;
    const struct open_die *o = &w->open[--w->depth];

    if (o->name && o->kept != INDEX_NONE)
        w->info->spaces[o->kept].end = end;
    if (w->n_kept > w->depth)
        w->n_kept = w->depth;
}

static const char *space_name(const struct walk *w, const struct abbrev *a)
{
    const char *name = value_text(w->info, w->unit, die_value(&w->die, SLOT_NAME));

    if (name && *name)
        return name;
    return a->tag == DW_TAG_namespace ? ANONYMOUS : barrier;
}

static bool is_function_without(const struct walk *w, const struct abbrev *a)
{
    return a->kind == DIE_FUNCTION && die_value(&w->die, SLOT_NAME) &&
           !die_value(&w->die, SLOT_LINKAGE_NAME) && !die_value(&w->die, SLOT_MIPS_LINKAGE_NAME);
}

static bool is_type(const struct abbrev *a)
{
    return (a->kind == DIE_SPACE && a->tag != DW_TAG_namespace) || a->tag == DW_TAG_typedef ||
           a->tag == DW_TAG_enumeration_type || a->tag == DW_TAG_template_alias;
}

static void visit(struct walk *w, const struct abbrev *a, struct cursor *c)
{
    const char *name = NULL;

    if (a->kind != DIE_SPACE && a->kind != DIE_FUNCTION) {
        die_skip(w->unit, a, c);
    } else {
        die_read(w->unit, a, c, &w->die);
        name = a->kind == DIE_SPACE ? space_name(w, a) : barrier;
    }
    if (is_function_without(w, a) || (w->info->types_in_spaces && is_type(a)))
        keep_open(w);
    if (a->children)
        open_die(w, name, position(w, c));
}

static void walk_unit(struct walk *w)
{
    const uint8_t *info = w->info->dwarf->info.data;
    struct unit *u = w->unit;
    struct cursor c = cursor_of(info + u->first, (size_t)(u->end - u->first));

    do {
        const struct abbrev *a = die_abbrev(u, &c);

        if (a)
            visit(w, a, &c);
        else
            close_die(w, position(w, &c));
    } while (!c.bad && !w->failed && w->depth > 0 && cursor_left(&c) > 0);
}

static void read_spaces(struct info *x, struct unit *u)
{
    _cleanup_free_ struct walk *w = calloc(1, sizeof *w);

    u->spaces_read = true;
    u->first_space = (uint32_t)x->n_spaces;
    if (!w || !has_spaces(u) || !effort_spend(x->effort, u->end - u->first))
        return;
    w->info = x;
    w->unit = u;
    walk_unit(w);
    u->n_spaces = (uint32_t)x->n_spaces - u->first_space;
}

/* --- Asking --- */

/* The innermost one around the offset; NULL. */
static const struct space *space_around(const struct info *x, const struct unit *u, uint64_t offset)
{
    size_t low = u->first_space, high = low + u->n_spaces;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (x->spaces[middle].begin <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    const struct space *s = low > u->first_space ? &x->spaces[low - 1] : NULL;

    while (s && offset >= s->end)
        s = s->parent == INDEX_NONE ? NULL : &x->spaces[s->parent];
    return s;
}

static void put_together(struct info *x, const struct space *s, const char *name, struct buf *ret)
{
    const char *names[NAMES_MAX];
    size_t n = 0;

    for (; s && s->name != barrier && n < NAMES_MAX;
         s = s->parent == INDEX_NONE ? NULL : &x->spaces[s->parent])
        names[n++] = s->name;
    while (n-- > 0) {
        buf_add(ret, names[n], strnlen(names[n], FUNCTION_NAME_MAX));
        buf_adds(ret, "::");
    }
    buf_add(ret, name, strnlen(name, FUNCTION_NAME_MAX));
}

const char *space_qualified(struct info *x, uint64_t offset, const char *name)
{
    _cleanup_buf_ struct buf full = BUF_INIT(FUNCTION_NAME_MAX - 1);
    struct unit *u = info_unit(x, offset);

    if (!u || !info_open(x, u))
        return name;
    if (!u->spaces_read)
        read_spaces(x, u);
    const struct space *s = space_around(x, u, offset);

    if (!s || s->name == barrier)
        return name;
    put_together(x, s, name, &full);
    if (buf_error(&full) || !effort_spend(x->effort, BYTE_COST * full.len))
        return name;
    char *kept = arena_try(&x->full_names, full.len + 1);

    return kept ? memcpy(kept, buf_text(&full), full.len + 1) : name;
}
