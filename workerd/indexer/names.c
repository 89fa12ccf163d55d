/* SPDX-License-Identifier: Apache-2.0 */
/* Each name is taken from the first DIE that has it, on the way that libdw's dwarf_attr_integrate
 * goes: DW_AT_abstract_origin, or else DW_AT_specification, for so many steps. */
#include "workerd/indexer/names.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/indexer/spaces.h"

#define STEPS_MAX   16u /* as libdw has it */
#define STEP_COST   24u /* of going to another DIE; see effort.h */
#define BYTE_COST   4u  /* of a name that is kept */
#define BYTES_AGAIN 8u  /* of a name that was kept before cost 1 */
#define TEXT_MAX    (1u << 30)

struct search {
    struct info *info;
    struct unit *unit;
    const char *linkage, *mips_linkage;
    struct names found; /* all but linkage */
};

/* Takes what the DIE has and was not found before. */
static void take_names(struct search *s, const struct die *d)
{
    if (!s->found.plain) {
        s->found.plain = value_text(s->info, s->unit, die_value(d, SLOT_NAME));
        s->found.home = s->info;
        s->found.offset = (uint64_t)(d->at - s->info->dwarf->info.data);
    }
    if (!s->linkage)
        s->linkage = value_text(s->info, s->unit, die_value(d, SLOT_LINKAGE_NAME));
    if (!s->mips_linkage)
        s->mips_linkage = value_text(s->info, s->unit, die_value(d, SLOT_MIPS_LINKAGE_NAME));
}

static const struct form_value *next_of(const struct die *d)
{
    const struct form_value *origin = die_value(d, SLOT_ABSTRACT_ORIGIN);

    return origin ? origin : die_value(d, SLOT_SPECIFICATION);
}

/* Reads the DIE at the offset. */
static bool read_at(struct search *s, struct info *x, uint64_t offset, struct die *ret)
{
    struct unit *u = info_unit(x, offset);

    if (!u || !effort_spend(x->effort, STEP_COST) || !info_open(x, u))
        return false;
    struct cursor c = cursor_of(x->dwarf->info.data + offset, (size_t)(u->end - offset));
    const struct abbrev *a = die_abbrev(u, &c);

    if (!a || !effort_spend(x->effort, a->n_steps))
        return false;
    die_read(u, a, &c, ret);
    s->info = x;
    s->unit = u;
    return !c.bad;
}

/* --- What names cost --- */

/* Where a text lies, as one number for all sections. */
static uint64_t place_of(const struct info *x, const char *text)
{
    const struct dwarf *d = x->dwarf, *shared = x->shared ? x->shared->dwarf : d;
    const struct span *places[] = {&d->str, &d->line_str, &d->info, &shared->str};
    uintptr_t at = (uintptr_t)text;

    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        if (at - (uintptr_t)places[i]->data < places[i]->size)
            return (uint64_t)i << 60 | (at - (uintptr_t)places[i]->data);
    return UINT64_MAX - 1;
}

/* Texts that overlap would make many long ones of a few bytes; so each is paid for by its length
 * when it is first seen. It is not looked at further than can be paid for. */
static uint64_t price_of(struct info *x, const char *text)
{
    const struct effort *e = x->effort;
    uint64_t place = text ? place_of(x, text) : 0;
    uint32_t unused;

    if (!text)
        return 0;
    size_t n = strnlen(text, e->left < TEXT_MAX ? (size_t)e->left + 1 : TEXT_MAX);

    if (offset_map_get(&x->texts, place, &unused))
        return n / BYTES_AGAIN;
    offset_map_add(&x->texts, place, 0);
    return (uint64_t)n * BYTE_COST;
}

static size_t length_of(const char *text)
{
    return text ? strnlen(text, TEXT_MAX) : 0;
}

/* The names, when they can be paid for: they are copied for each DIE that bears them. */
static struct names buy(struct info *x, const struct names *n)
{
    uint64_t price = 1 + price_of(x, n->linkage) + price_of(x, n->plain);

    return effort_spend(x->effort, price) ? *n : (struct names){.start = n->start};
}

/* --- Names of other DIEs --- */

static struct names names_found(const struct search *s)
{
    struct names n = s->found;

    n.linkage = s->linkage ? s->linkage : s->mips_linkage;
    return n;
}

/* Where a function is entered that is all in one piece. */
static uint64_t start_of(const struct search *s, const struct die *d)
{
    uint64_t start;

    if (d->abbrev->kind != DIE_FUNCTION ||
        !value_address(s->info, s->unit, die_value(d, SLOT_LOW_PC), &start))
        return 0;
    return start;
}

static struct names look_up(struct info *x, uint64_t offset)
{
    struct search s = {0};
    struct die d;
    for (unsigned i = 0; i < STEPS_MAX && read_at(&s, x, offset, &d); i++) {
        take_names(&s, &d);
        if (i == 0)
            s.found.start = start_of(&s, &d);
        if (s.found.plain && s.linkage)
            break;
        if (!value_reference(s.info, s.unit, next_of(&d), &x, &offset))
            break;
    }
    return names_found(&s);
}

/* What was remembered, or NULL when nothing could be. */
static struct names *remember(struct info *x, uint64_t offset, const struct names *n)
{
    if (x->n_names == x->names_capacity) {
        size_t larger = x->names_capacity ? 2 * x->names_capacity : 256;
        struct names *names =
            larger > OFFSET_MAP_MAX ? NULL : reallocarray(x->names, larger, sizeof *names);

        if (!names)
            return NULL;
        x->names = names;
        x->names_capacity = larger;
    }
    if (!offset_map_add(&x->named, offset, (uint32_t)x->n_names))
        return NULL;
    x->names[x->n_names] = *n;
    return &x->names[x->n_names++];
}

/* A function with a linkage name needs no other. */
static void complete(struct names *n)
{
    if (n->linkage || !n->plain || n->full)
        return;
    n->full = space_qualified(n->home, n->offset, n->plain);
    n->price_again += (uint32_t)(length_of(n->full) / BYTES_AGAIN);
}

/* in_full: as they are shown, and not only as they are called. */
static struct names names_at(struct info *x, uint64_t offset, bool in_full)
{
    struct names n, *known;
    uint32_t i;

    if (offset_map_get(&x->named, offset, &i)) {
        known = &x->names[i];
        if (!effort_spend(x->effort, known->price_again))
            return (struct names){.start = known->start};
    } else {
        n = look_up(x, offset);
        n = buy(x, &n);
        n.price_again = 1 + (uint32_t)((length_of(n.linkage) + length_of(n.plain)) / BYTES_AGAIN);
        known = remember(x, offset, &n);
        known = known ? known : &n;
    }
    if (in_full)
        complete(known);
    return *known;
}

static struct names names_referred(struct info *x, struct unit *u, const struct form_value *v,
                                   bool in_full)
{
    struct info *info;
    uint64_t offset;

    if (!value_reference(x, u, v, &info, &offset))
        return (struct names){0};
    return names_at(info, offset, in_full);
}

struct names names_of_reference(struct info *x, struct unit *u, const struct form_value *v)
{
    return names_referred(x, u, v, false);
}

static bool has_none(const struct search *s)
{
    return !s->found.plain && !s->linkage && !s->mips_linkage;
}

struct names names_of_die(struct info *x, struct unit *u, const struct die *d)
{
    struct search s = {.info = x, .unit = u};

    take_names(&s, d);
    if (has_none(&s))
        return names_referred(x, u, next_of(d), true);
    if (!(s.found.plain && s.linkage)) {
        struct names other = names_referred(x, u, next_of(d), false);

        if (!s.found.plain)
            s.found = other;
        if (!s.linkage)
            s.linkage = other.linkage;
    }
    struct names n = names_found(&s);

    n = buy(x, &n);
    complete(&n);
    return n;
}
