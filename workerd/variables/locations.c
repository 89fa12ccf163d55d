/* SPDX-License-Identifier: Apache-2.0 */
/* Entries are pieces of code with an expression each. The pairs of view numbers that GCC writes
 * before a list, or into it, distinguish instructions that a debugger may stop at; they are passed
 * over. */
#include "workerd/variables/locations.h"

#include "workerd/variables/opened.h"

#define ENTRY_COST 4u /* see effort.h */

struct list {
    const struct entry *of;
    struct cursor c;
    uint64_t base;
    uint64_t address, pc; /* that is looked for; where the frame goes on */
    uint64_t low, high;
    struct span bytes;
    bool fallback, has_default; /* this entry is the default; there was one, with … */
    struct span default_bytes;
};

static uint64_t read_address(struct list *l)
{
    return l->of->unit->sizes.address == 8 ? cursor_u64(&l->c) : cursor_u32(&l->c);
}

static void read_bytes(struct list *l, uint64_t size)
{
    const uint8_t *p = cursor_bytes(&l->c, size);

    l->bytes = (struct span){p, p ? (size_t)size : 0};
}

static uint64_t read_indexed(struct list *l)
{
    uint64_t address = 0, index = cursor_uleb(&l->c);

    if (!unit_address(l->of->info, l->of->unit, index, &address))
        cursor_fail(&l->c);
    return address;
}

/* --- .debug_loc --- */

/* False at the end. An entry that is none is left empty. */
static bool read_pair(struct list *l)
{
    uint64_t largest = l->of->unit->sizes.address == 4 ? UINT32_MAX : UINT64_MAX;
    uint64_t low = read_address(l), high = read_address(l);

    l->low = l->high = 0;
    if (l->c.bad || (low == 0 && high == 0))
        return false;
    if (low == largest) {
        l->base = high;
        return true;
    }
    read_bytes(l, cursor_u16(&l->c));
    if (low < largest - 1 && l->base < largest - 1) { /* what linkers write for code that is gone */
        l->low = l->base + low;
        l->high = l->base + high;
    }
    return true;
}

/* --- .debug_loclists --- */

static void read_bounds(struct list *l, uint8_t kind)
{
    switch (kind) {
    case DW_LLE_startx_endx:
        l->low = read_indexed(l);
        l->high = read_indexed(l);
        return;
    case DW_LLE_startx_length:
        l->low = read_indexed(l);
        l->high = l->low + cursor_uleb(&l->c);
        return;
    case DW_LLE_offset_pair:
        l->low = l->base + cursor_uleb(&l->c);
        l->high = l->base + cursor_uleb(&l->c);
        return;
    case DW_LLE_start_end:
        l->low = read_address(l);
        l->high = read_address(l);
        return;
    case DW_LLE_start_length:
        l->low = read_address(l);
        l->high = l->low + cursor_uleb(&l->c);
        return;
    case DW_LLE_default_location:
        l->fallback = true;
        return;
    default:
        cursor_fail(&l->c);
    }
}

static bool read_entry(struct list *l)
{
    uint8_t kind = cursor_u8(&l->c);

    l->low = l->high = 0;
    l->fallback = false;
    switch (kind) {
    case DW_LLE_end_of_list:
        return false;
    case DW_LLE_base_addressx:
        l->base = read_indexed(l);
        return true;
    case DW_LLE_base_address:
        l->base = read_address(l);
        return true;
    case DW_LLE_GNU_view_pair:
        cursor_uleb(&l->c);
        cursor_uleb(&l->c);
        return true;
    default:
        read_bounds(l, kind);
        read_bytes(l, cursor_uleb(&l->c));
        if (l->fallback) {
            l->has_default = true;
            l->default_bytes = l->bytes;
        }
        return true;
    }
}

/* --- Choosing --- */

/* Where the list begins, in the section of the unit's version. */
static bool list_offset(const struct entry *e, const struct form_value *v, struct span s,
                        uint64_t *ret)
{
    unsigned size = e->unit->sizes.offset;
    uint64_t at, base = e->unit->loclists_base;

    switch (v->form) {
    case DW_FORM_sec_offset:
    case DW_FORM_data4:
    case DW_FORM_data8:
        *ret = v->number;
        return true;
    case DW_FORM_loclistx:
        if (__builtin_mul_overflow(v->number, (uint64_t)size, &at) ||
            __builtin_add_overflow(base, at, &at) || s.size < size || at > s.size - size)
            return false;
        struct cursor c = cursor_of(s.data + at, size);

        return !__builtin_add_overflow(base, cursor_number(&c, size), ret);
    default:
        return false;
    }
}

static const char *search(struct list *l, struct location *ret)
{
    bool old = l->of->unit->sizes.version < 5;
    struct effort *e = &l->of->debug->effort;

    while (effort_spend(e, ENTRY_COST) && (old ? read_pair(l) : read_entry(l)) && !l->c.bad) {
        if (l->address < l->low || l->address >= l->high)
            continue;
        ret->expression = l->bytes;
        ret->ends_with_call = l->pc != l->address && l->pc >= l->high;
        return NULL;
    }
    if (l->c.bad || e->spent)
        return PLACE_UNREADABLE;
    if (!l->has_default)
        return PLACE_OPTIMIZED_OUT;
    ret->expression = l->default_bytes;
    ret->ends_with_call = false;
    return NULL;
}

const char *location_at(const struct entry *e, enum die_slot slot, const struct frame_view *f,
                        struct location *ret)
{
    const struct form_value *v = die_value(&e->die, slot);
    uint64_t offset;

    ret->ends_with_call = false;
    if (!v)
        return PLACE_OPTIMIZED_OUT;
    if (entry_bytes(e, slot, &ret->expression))
        return NULL;
    struct span s =
        debug_section(e->debug, e->info, e->unit->sizes.version < 5 ? DEBUG_LOC : DEBUG_LOCLISTS);

    if (!list_offset(e, v, s, &offset) || offset >= s.size)
        return PLACE_UNREADABLE;
    struct list l = {.of = e,
                     .base = e->unit->base_address,
                     .address = f->address - f->bias,
                     .pc = f->pc - f->bias};

    l.c = cursor_of(s.data + offset, s.size - (size_t)offset);
    return search(&l, ret);
}
