/* SPDX-License-Identifier: Apache-2.0 */
/* From an address to the unit and the function that hold it. .debug_aranges says which unit, where
 * a compiler writes it; where it does not, each unit's own DIE is asked, once. The functions of a
 * unit are gathered once, too: the frames of a stack come from few units, and a unit that is a
 * whole program has hundreds of thousands of DIEs. */
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "workerd/variables/opened.h"

#define CODES_MAX     (1u << 22) /* of the units, or of the functions of one */
#define CODES_PER_ONE 16u        /* that are searched in a step; see effort.h */
#define UNITS_KEPT    1024u      /* whose functions are remembered */

void debug_codes_fini(struct debug *d)
{
    free(d->units.list);
    for (size_t i = 0; i < d->n_functions; i++)
        free(d->functions[i].codes.list);
    free(d->functions);
}

/* False when there can't be more. */
static bool add_code(struct debug_codes *c, const struct debug_code *code)
{
    if (c->n == c->capacity) {
        size_t larger = c->capacity ? 2 * c->capacity : 64;
        struct debug_code *list =
            larger > CODES_MAX ? NULL : reallocarray(c->list, larger, sizeof *list);

        if (!list)
            return false;
        c->list = list;
        c->capacity = larger;
    }
    c->list[c->n++] = *code;
    return true;
}

/* The smallest piece that holds the address. */
static const struct debug_code *find_code(struct debug *d, const struct debug_codes *c,
                                          uint64_t address)
{
    const struct debug_code *best = NULL;

    if (!effort_spend(&d->effort, c->n / CODES_PER_ONE))
        return NULL;
    for (size_t i = 0; i < c->n; i++) {
        const struct debug_code *at = &c->list[i];

        if (address >= at->low && address < at->high &&
            (!best || at->high - at->low < best->high - best->low))
            best = at;
    }
    return best;
}

static void add_ranges(const struct debug *d, struct debug_codes *c, uint64_t offset)
{
    for (size_t i = 0; i < d->ranges.n; i++) {
        const struct debug_code code = {d->ranges.list[i].low, d->ranges.list[i].high, offset};

        if (!add_code(c, &code))
            return;
    }
}

void debug_code_of(const struct entry *e)
{
    struct debug *d = e->debug;

    if (die_value(&e->die, SLOT_RANGES))
        debug_section(d, e->info, e->unit->sizes.version < 5 ? DEBUG_RANGES : DEBUG_RNGLISTS);
    d->ranges.keep_zero = d->own.keep_zero;
    code_ranges_read(&d->ranges, e->info, e->unit, &e->die);
}

bool debug_code_holds(const struct entry *e, uint64_t address)
{
    const struct code_ranges *r = &e->debug->ranges;

    debug_code_of(e);
    for (size_t i = 0; i < r->n; i++)
        if (address >= r->list[i].low && address < r->list[i].high)
            return true;
    return false;
}

/* --- Units by .debug_aranges (DWARF 5, section 6.1.2) --- */

/* The header of one set; the cursor is then at its pairs. */
static bool read_set_header(struct cursor *c, const uint8_t *start, uint64_t *ret_unit,
                            unsigned *ret_size)
{
    unsigned offset_size = 4, segment;
    uint64_t length = cursor_u32(c);

    if (length == UINT32_MAX) {
        offset_size = 8;
        length = cursor_u64(c);
    }
    if (c->bad || length > cursor_left(c))
        return false;
    c->end = c->p + length;
    bool known = cursor_u16(c) == 2;

    *ret_unit = cursor_number(c, offset_size);
    *ret_size = cursor_u8(c);
    segment = cursor_u8(c);
    if (c->bad || !known || segment != 0 || (*ret_size != 4 && *ret_size != 8)) {
        c->p = c->end; /* the next one may be better */
        return true;
    }
    size_t past = (size_t)(c->p - start) % (2 * *ret_size);

    cursor_bytes(c, past ? 2 * *ret_size - past : 0);
    return true;
}

static void read_set(struct debug *d, struct cursor *c, uint64_t unit, unsigned size)
{
    while (cursor_left(c) >= 2 * (size_t)size && effort_spend(&d->effort, 2)) {
        uint64_t low = cursor_number(c, size), length = cursor_number(c, size);
        const struct debug_code code = {low, low + length, unit};

        if (low == 0 && length == 0)
            return;
        if (code.high > low && (low != 0 || d->own.keep_zero) && !add_code(&d->units, &code))
            return;
    }
}

static void read_aranges(struct debug *d)
{
    struct span s = debug_section(d, &d->own.info, DEBUG_ARANGES);
    struct cursor all = cursor_of(s.data, s.size);

    d->has_aranges = true;
    while (cursor_left(&all) > 0) {
        struct cursor c = all;
        uint64_t unit = 0;
        unsigned size = 0;

        if (!read_set_header(&c, all.p, &unit, &size))
            return;
        read_set(d, &c, unit, size);
        all.p = c.end;
    }
}

/* --- Units by themselves --- */

static int compare_offsets(const void *x, const void *y)
{
    const uint64_t *a = x, *b = y;

    return (*a > *b) - (*a < *b);
}

/* The units that .debug_aranges has told of, in order; NULL without memory. */
static uint64_t *covered_units(const struct debug *d)
{
    uint64_t *list = calloc(d->units.n + 1, sizeof *list);

    for (size_t i = 0; list && i < d->units.n; i++)
        list[i] = d->units.list[i].offset;
    if (list)
        qsort(list, d->units.n, sizeof *list, compare_offsets);
    return list;
}

static void read_roots(struct debug *d)
{
    _cleanup_free_ uint64_t *covered = covered_units(d);
    size_t n = d->units.n;
    struct entry e;

    d->has_roots = true;
    for (size_t i = 0; covered && i < d->own.info.n; i++) {
        const struct unit *u = &d->own.info.units[i];

        if (u->type == DW_UT_type || u->type == DW_UT_partial ||
            bsearch(&u->offset, covered, n, sizeof *covered, compare_offsets) ||
            !entry_at(d, &d->own.info, u->first, &e))
            continue;
        debug_code_of(&e);
        add_ranges(d, &d->units, u->offset);
    }
}

/* The unit that begins there. */
static bool unit_entry(struct debug *d, const struct debug_code *code, struct entry *ret)
{
    const struct info *x = &d->own.info;
    size_t low = 0, high = code ? x->n : 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (x->units[middle].offset < code->offset)
            low = middle + 1;
        else
            high = middle;
    }
    return code && low < x->n && x->units[low].offset == code->offset &&
           entry_at(d, &d->own.info, x->units[low].first, ret);
}

bool debug_unit_of(struct debug *d, uint64_t address, struct entry *ret)
{
    if (!d->has_aranges)
        read_aranges(d);
    if (unit_entry(d, find_code(d, &d->units, address), ret))
        return true;
    if (d->has_roots)
        return false;
    read_roots(d);
    return unit_entry(d, find_code(d, &d->units, address), ret);
}

/* --- Functions of a unit --- */

/* All that have code, wherever they are. */
static void gather(struct debug *d, struct unit *u, struct debug_codes *ret)
{
    struct info *x = &d->own.info;
    const uint8_t *info = x->dwarf->info.data;
    struct cursor c = cursor_of(info + u->first, (size_t)(u->end - u->first));
    struct entry e = {.debug = d, .info = x, .unit = u};
    uint64_t depth = 0;

    do {
        uint64_t at = (uint64_t)(c.p - info);
        const struct abbrev *a = die_abbrev(u, &c);

        if (!effort_spend(&d->effort, a ? 1 + a->n_steps : 1))
            return;
        if (!a) {
            depth -= depth > 0;
            continue;
        }
        depth += a->children;
        if (a->tag != DW_TAG_subprogram) {
            die_skip(u, a, &c);
            continue;
        }
        die_read(u, a, &c, &e.die);
        debug_code_of(&e);
        add_ranges(d, ret, at);
    } while (!c.bad && depth > 0 && cursor_left(&c) > 0);
}

static const struct debug_functions *functions_of(struct debug *d, struct unit *u)
{
    for (size_t i = 0; i < d->n_functions; i++)
        if (d->functions[i].unit == u)
            return &d->functions[i];
    if (d->n_functions == d->functions_capacity) {
        size_t larger = d->functions_capacity ? 2 * d->functions_capacity : 16;
        struct debug_functions *list =
            larger > UNITS_KEPT ? NULL : reallocarray(d->functions, larger, sizeof *list);

        if (!list)
            return NULL;
        d->functions = list;
        d->functions_capacity = larger;
    }
    struct debug_functions *f = &d->functions[d->n_functions++];

    *f = (struct debug_functions){.unit = u};
    gather(d, u, &f->codes);
    return f;
}

bool debug_function_at(struct debug *d, uint64_t address, struct entry *ret)
{
    struct entry unit;

    if (!debug_unit_of(d, address, &unit))
        return false;
    if (unit.unit->language)
        d->language = unit.unit->language;
    const struct debug_functions *f = functions_of(d, unit.unit);
    const struct debug_code *code = f ? find_code(d, &f->codes, address) : NULL;

    return code && entry_at(d, &d->own.info, code->offset, ret);
}
