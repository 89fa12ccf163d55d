/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/info.h"

#include <stdlib.h>
#include <string.h>

#define FULL_NAMES_MAX ((size_t)256 << 20)

/* --- Units --- */

/* What the header says of length, version and sizes (DWARF 5, section 7.5.1; DWARF 4 for
 * .debug_types). False when it cannot be read; then `end` is where the next one begins, or 0 when
 * nobody knows. */
static bool read_header(struct cursor *c, const struct dwarf *d, struct unit *u)
{
    const uint8_t *section = d->info.data;
    uint64_t length = cursor_u32(c);

    u->sizes.offset = length == UINT32_MAX ? 8 : 4;
    if (length == UINT32_MAX)
        length = cursor_u64(c);
    if (c->bad || length > cursor_left(c))
        return false;
    c->end = c->p + length;
    u->end = (uint64_t)(c->end - section);
    u->sizes.version = cursor_u16(c);
    u->type = u->sizes.version >= 5 ? cursor_u8(c) : d->types ? DW_UT_type : DW_UT_compile;
    if (u->sizes.version >= 5)
        u->sizes.address = cursor_u8(c);
    u->abbrev_offset = cursor_number(c, u->sizes.offset);
    if (u->sizes.version < 5)
        u->sizes.address = cursor_u8(c);
    if (u->type == DW_UT_skeleton || u->type == DW_UT_split_compile)
        cursor_u64(c);
    else if (u->type == DW_UT_type || u->type == DW_UT_split_type)
        cursor_bytes(c, 8u + u->sizes.offset);
    u->first = (uint64_t)(c->p - section);
    return !c->bad && u->sizes.version >= 2 && u->sizes.version <= 5 &&
           (u->sizes.address == 4 || u->sizes.address == 8);
}

static void note_flaw(struct info *x, const char *text)
{
    if (!x->flaw)
        x->flaw = text;
}

static bool add_unit(struct info *x, const struct unit *u, size_t *capacity)
{
    if (x->n == *capacity) {
        size_t larger = *capacity ? 2 * *capacity : 64;
        struct unit *units = larger > UNITS_MAX ? NULL : reallocarray(x->units, larger, sizeof *u);

        if (!units)
            return false;
        x->units = units;
        *capacity = larger;
    }
    x->units[x->n++] = *u;
    return true;
}

static void find_units(struct info *x)
{
    const struct span *info = &x->dwarf->info;
    size_t at = 0, capacity = 0;

    while (at < info->size) {
        struct cursor c = cursor_of(info->data + at, info->size - at);
        struct unit u = {.offset = at};
        bool read = read_header(&c, x->dwarf, &u);

        if (!read)
            note_flaw(x, u.sizes.version > 5
                             ? "a unit of its debug information has a version that is not known"
                             : "the header of a unit of its debug information is damaged");
        if (read && !add_unit(x, &u, &capacity)) {
            note_flaw(x, "its debug information has too many units");
            return;
        }
        if (u.end <= at)
            return;
        at = u.end;
    }
}

/* How much of a section of texts ends with NUL. */
static size_t texts_end(const struct span *s)
{
    const uint8_t *nul = s->size > 0 ? memrchr(s->data, 0, s->size) : NULL;

    return nul ? (size_t)(nul - s->data) + 1 : 0;
}

void info_take_texts(struct info *x)
{
    x->str_end = texts_end(&x->dwarf->str);
    x->line_str_end = texts_end(&x->dwarf->line_str);
}

void info_init(struct info *x, const struct dwarf *d, enum abbrev_wanted wanted,
               struct info *shared, struct effort *e)
{
    *x = (struct info){.dwarf = d, .shared = shared, .effort = e};
    abbrevs_init(&x->abbrevs, d->abbrev, wanted);
    arena_init(&x->full_names, FULL_NAMES_MAX);
    info_take_texts(x);
    find_units(x);
}

void info_fini(struct info *x)
{
    free(x->units);
    free(x->names);
    free(x->spaces);
    arena_fini(&x->full_names);
    offset_map_fini(&x->named);
    offset_map_fini(&x->texts);
    abbrevs_fini(&x->abbrevs);
}

struct unit *info_unit(struct info *x, uint64_t offset)
{
    size_t low = 0, high = x->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (x->units[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    struct unit *u = low > 0 ? &x->units[low - 1] : NULL;

    return u && offset >= u->first && offset < u->end ? u : NULL;
}

/* --- A unit's own DIE --- */

/* An offset that the unit names, or where its part of the section begins when there is only one:
 * behind the header that version 5 has there. */
static uint64_t base_of(const struct unit *u, const struct die *d, enum die_slot slot,
                        unsigned more)
{
    const struct form_value *v = die_value(d, slot);
    uint64_t base;

    if (v && form_number(v, &base))
        return base;
    if (u->sizes.version < 5)
        return 0;
    return (u->sizes.offset == 8 ? 16u : 8u) + more;
}

/* As libdw does it: GCC once wrote DW_AT_entry_pc for units in several pieces. */
static uint64_t base_address(const struct info *x, const struct unit *u, const struct die *d)
{
    uint64_t address;

    if (value_address(x, u, die_value(d, SLOT_LOW_PC), &address) ||
        value_address(x, u, die_value(d, SLOT_ENTRY_PC), &address))
        return address;
    return 0;
}

bool info_open(struct info *x, struct unit *u)
{
    struct die d;

    if (u->opened)
        return u->abbrevs;
    u->opened = true;
    u->abbrevs = abbrevs_table(&x->abbrevs, u->abbrev_offset, &u->sizes, x->effort);
    if (!u->abbrevs)
        return false;
    struct cursor c = cursor_of(x->dwarf->info.data + u->first, (size_t)(u->end - u->first));
    const struct abbrev *a = die_abbrev(u, &c);

    if (!a || a->kind != DIE_UNIT)
        return !c.bad;
    die_read(u, a, &c, &d);
    u->str_offsets_base = base_of(u, &d, SLOT_STR_OFFSETS_BASE, 0);
    u->addr_base = base_of(u, &d, SLOT_ADDR_BASE, 0);
    u->rnglists_base = base_of(u, &d, SLOT_RNGLISTS_BASE, 4);
    u->loclists_base = base_of(u, &d, SLOT_LOCLISTS_BASE, 4);
    u->base_address = base_address(x, u, &d);
    u->language = (uint16_t)value_number(die_value(&d, SLOT_LANGUAGE));
    return !c.bad;
}

/* --- DIEs --- */

void die_skip(const struct unit *u, const struct abbrev *a, struct cursor *c)
{
    for (uint32_t i = 0; i < a->n_steps; i++) {
        cursor_bytes(c, a->steps[i].skip);
        if (a->steps[i].form != 0)
            form_skip(a->steps[i].form, &u->sizes, c);
    }
}

void die_read(const struct unit *u, const struct abbrev *a, struct cursor *c, struct die *ret)
{
    ret->abbrev = a;
    ret->at = c->p;
    ret->present = 0;
    for (uint32_t i = 0; i < a->n_steps; i++) {
        const struct abbrev_step *s = &a->steps[i];

        cursor_bytes(c, s->skip);
        if (s->form == 0)
            continue;
        if (s->slot == SLOT_NONE) {
            form_skip(s->form, &u->sizes, c);
            continue;
        }
        form_read(s->form, s->constant, &u->sizes, c, &ret->values[s->slot]);
        ret->present |= UINT64_C(1) << s->slot;
    }
    if (c->bad)
        ret->present = 0;
}
