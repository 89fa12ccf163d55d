/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/coderanges.h"

#include <stdlib.h>

#define RANGE_COST 64u /* of keeping it; see effort.h */

void code_ranges_fini(struct code_ranges *r)
{
    free(r->list);
    r->list = NULL;
    r->n = r->capacity = 0;
}

/* What lld and gold write for code that is not in the file (in .debug_ranges -1 already has another
 * meaning). */
static bool is_tombstone(uint64_t address, const struct unit *u)
{
    return address >= (u->sizes.address == 4 ? UINT32_MAX : UINT64_MAX) - 1;
}

static void add(struct code_ranges *r, const struct info *x, const struct unit *u, uint64_t low,
                uint64_t high)
{
    if (low >= high || (low == 0 && !r->keep_zero) || is_tombstone(low, u))
        return;
    if (!effort_spend(x->effort, RANGE_COST))
        return;
    if (r->n == r->capacity) {
        size_t larger = r->capacity ? 2 * r->capacity : 64;
        struct code_range *list = reallocarray(r->list, larger, sizeof *list);

        if (!list)
            return;
        r->list = list;
        r->capacity = larger;
    }
    r->list[r->n++] = (struct code_range){low, high};
}

/* A base that is a tombstone makes all that is counted from it one. */
static void add_to_base(struct code_ranges *r, const struct info *x, const struct unit *u,
                        uint64_t base, struct code_range from_base)
{
    if (!is_tombstone(base, u))
        add(r, x, u, base + from_base.low, base + from_base.high);
}

static uint64_t read_address(const struct unit *u, struct cursor *c)
{
    return u->sizes.address == 8 ? cursor_u64(c) : cursor_u32(c);
}

/* .debug_ranges: pairs that are counted from a base (DWARF 4, section 2.17.3). */
static void read_pairs(struct code_ranges *r, const struct info *x, const struct unit *u,
                       struct cursor *c)
{
    uint64_t largest = u->sizes.address == 4 ? UINT32_MAX : UINT64_MAX;
    uint64_t base = u->base_address;

    while (r->n < CODE_RANGES_MAX && effort_spend(x->effort, 1)) {
        uint64_t low = read_address(u, c);
        uint64_t high = read_address(u, c);

        if (c->bad || (low == 0 && high == 0))
            return;
        if (low == largest)
            base = high;
        else if (low < largest - 1)
            add_to_base(r, x, u, base, (struct code_range){low, high});
    }
}

/* One entry of .debug_rnglists (DWARF 5, section 2.17.3); false at the end. */
static bool read_entry(struct code_ranges *r, const struct info *x, const struct unit *u,
                       struct cursor *c, uint64_t *base)
{
    uint64_t a, b, low, high;

    switch (cursor_u8(c)) {
    case DW_RLE_base_addressx:
        return unit_address(x, u, cursor_uleb(c), base);
    case DW_RLE_startx_endx:
        a = cursor_uleb(c);
        b = cursor_uleb(c);
        if (unit_address(x, u, a, &low) && unit_address(x, u, b, &high))
            add(r, x, u, low, high);
        return true;
    case DW_RLE_startx_length:
        a = cursor_uleb(c);
        b = cursor_uleb(c);
        if (unit_address(x, u, a, &low))
            add(r, x, u, low, low + b);
        return true;
    case DW_RLE_offset_pair:
        a = cursor_uleb(c);
        b = cursor_uleb(c);
        add_to_base(r, x, u, *base, (struct code_range){a, b});
        return true;
    case DW_RLE_base_address:
        *base = read_address(u, c);
        return true;
    case DW_RLE_start_end:
        a = read_address(u, c);
        b = read_address(u, c);
        add(r, x, u, a, b);
        return true;
    case DW_RLE_start_length:
        a = read_address(u, c);
        b = cursor_uleb(c);
        add(r, x, u, a, a + b);
        return true;
    default: /* DW_RLE_end_of_list, and what is not known */
        return false;
    }
}

static void read_list(struct code_ranges *r, const struct info *x, const struct unit *u,
                      uint64_t offset)
{
    const struct span *s = u->sizes.version < 5 ? &x->dwarf->ranges : &x->dwarf->rnglists;
    uint64_t base = u->base_address;

    if (offset >= s->size)
        return;
    struct cursor c = cursor_of(s->data + offset, s->size - (size_t)offset);

    if (u->sizes.version < 5)
        read_pairs(r, x, u, &c);
    else
        while (!c.bad && r->n < CODE_RANGES_MAX && effort_spend(x->effort, 2) &&
               read_entry(r, x, u, &c, &base))
            continue;
}

/* False when the DIE is not one piece. */
static bool read_piece(struct code_ranges *r, const struct info *x, const struct unit *u,
                       const struct die *d)
{
    const struct form_value *end = die_value(d, SLOT_HIGH_PC);
    uint64_t low, high;

    if (!end || !value_address(x, u, die_value(d, SLOT_LOW_PC), &low))
        return false;
    if (form_is_constant(end)) /* its length */
        add(r, x, u, low, low + end->number);
    else if (value_address(x, u, end, &high))
        add(r, x, u, low, high);
    else
        return false;
    return true;
}

void code_ranges_read(struct code_ranges *r, const struct info *x, const struct unit *u,
                      const struct die *d)
{
    uint64_t offset;

    r->n = 0;
    if (!read_piece(r, x, u, d) && value_ranges(x, u, die_value(d, SLOT_RANGES), &offset))
        read_list(r, x, u, offset);
}
