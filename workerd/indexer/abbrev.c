/* SPDX-License-Identifier: Apache-2.0 */
/* A table is decoded into two lists that are used again for each one, and then copied to where it
 * stays. */
#include "workerd/indexer/abbrev.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

#define COST_PER_BYTE 8u /* of decoding; see effort.h */

void abbrevs_init(struct abbrevs *a, struct span section, enum abbrev_wanted wanted)
{
    *a = (struct abbrevs){.section = section, .wanted = wanted};
    arena_init(&a->arena, ABBREVS_MEMORY_MAX);
}

void abbrevs_fini(struct abbrevs *a)
{
    arena_fini(&a->arena);
    offset_map_fini(&a->known);
    free(a->tables);
}

/* --- What is wanted --- */

static enum die_kind kind_of(uint64_t tag)
{
    switch (tag) {
    case DW_TAG_compile_unit:
    case DW_TAG_partial_unit:
    case DW_TAG_skeleton_unit:
    case DW_TAG_type_unit:
        return DIE_UNIT;
    case DW_TAG_namespace:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_interface_type:
        return DIE_SPACE;
    case DW_TAG_subprogram:
        return DIE_FUNCTION;
    case DW_TAG_inlined_subroutine:
        return DIE_INLINED;
    case DW_TAG_call_site:
    case DW_TAG_GNU_call_site:
        return DIE_CALL;
    case DW_TAG_array_type:
    case DW_TAG_subroutine_type:
    case DW_TAG_formal_parameter:
    case DW_TAG_variable:
    case DW_TAG_GNU_formal_parameter_pack:
    case DW_TAG_GNU_template_parameter_pack:
        return DIE_PASSED;
    default:
        return DIE_OTHER;
    }
}

#define BIT(kind) (1u << (kind))
#define CODE      (BIT(DIE_FUNCTION) | BIT(DIE_INLINED))

/* Where an attribute goes, and the DIEs of which kinds have it for an index. */
struct wanted {
    uint8_t slot, kinds;
};

static const struct wanted standard[] = {
    [DW_AT_sibling] = {SLOT_SIBLING, BIT(DIE_PASSED) | BIT(DIE_CALL)},
    [DW_AT_name] = {SLOT_NAME, BIT(DIE_UNIT) | BIT(DIE_SPACE) | CODE},
    [DW_AT_stmt_list] = {SLOT_STMT_LIST, BIT(DIE_UNIT)},
    [DW_AT_low_pc] = {SLOT_LOW_PC, BIT(DIE_UNIT) | CODE | BIT(DIE_CALL)},
    [DW_AT_high_pc] = {SLOT_HIGH_PC, CODE},
    [DW_AT_language] = {SLOT_LANGUAGE, BIT(DIE_UNIT)},
    [DW_AT_comp_dir] = {SLOT_COMP_DIR, BIT(DIE_UNIT)},
    [DW_AT_abstract_origin] = {SLOT_ABSTRACT_ORIGIN, CODE | BIT(DIE_CALL)},
    [DW_AT_specification] = {SLOT_SPECIFICATION, CODE},
    [DW_AT_entry_pc] = {SLOT_ENTRY_PC, BIT(DIE_UNIT) | BIT(DIE_FUNCTION)},
    [DW_AT_ranges] = {SLOT_RANGES, CODE},
    [DW_AT_call_column] = {SLOT_CALL_COLUMN, BIT(DIE_INLINED)},
    [DW_AT_call_file] = {SLOT_CALL_FILE, BIT(DIE_INLINED)},
    [DW_AT_call_line] = {SLOT_CALL_LINE, BIT(DIE_INLINED)},
    [DW_AT_linkage_name] = {SLOT_LINKAGE_NAME, CODE},
    [DW_AT_str_offsets_base] = {SLOT_STR_OFFSETS_BASE, BIT(DIE_UNIT)},
    [DW_AT_addr_base] = {SLOT_ADDR_BASE, BIT(DIE_UNIT)},
    [DW_AT_rnglists_base] = {SLOT_RNGLISTS_BASE, BIT(DIE_UNIT)},
    [DW_AT_dwo_name] = {SLOT_DWO_NAME, BIT(DIE_UNIT)},
    [DW_AT_call_return_pc] = {SLOT_RETURN_PC, BIT(DIE_CALL)},
    [DW_AT_call_origin] = {SLOT_CALL_ORIGIN, BIT(DIE_CALL)},
    [DW_AT_call_tail_call] = {SLOT_TAIL_CALL, BIT(DIE_CALL)},
    /* For others than an index. */
    [DW_AT_loclists_base] = {SLOT_LOCLISTS_BASE, 0},
    [DW_AT_type] = {SLOT_TYPE, 0},
    [DW_AT_location] = {SLOT_LOCATION, 0},
    [DW_AT_frame_base] = {SLOT_FRAME_BASE, 0},
    [DW_AT_const_value] = {SLOT_CONST_VALUE, 0},
    [DW_AT_call_value] = {SLOT_CALL_VALUE, 0},
    [DW_AT_call_target] = {SLOT_CALL_TARGET, 0},
    [DW_AT_call_parameter] = {SLOT_ABSTRACT_ORIGIN, 0}, /* as GNU has it */
    [DW_AT_declaration] = {SLOT_DECLARATION, 0},
    [DW_AT_external] = {SLOT_EXTERNAL, 0},
    [DW_AT_artificial] = {SLOT_ARTIFICIAL, 0},
    [DW_AT_signature] = {SLOT_SIGNATURE, 0},
    [DW_AT_import] = {SLOT_IMPORT, 0},
    [DW_AT_byte_size] = {SLOT_BYTE_SIZE, 0},
    [DW_AT_bit_size] = {SLOT_BIT_SIZE, 0},
    [DW_AT_bit_offset] = {SLOT_BIT_OFFSET, 0},
    [DW_AT_data_bit_offset] = {SLOT_DATA_BIT_OFFSET, 0},
    [DW_AT_data_member_location] = {SLOT_MEMBER_LOCATION, 0},
    [DW_AT_encoding] = {SLOT_ENCODING, 0},
    [DW_AT_lower_bound] = {SLOT_LOWER_BOUND, 0},
    [DW_AT_upper_bound] = {SLOT_UPPER_BOUND, 0},
    [DW_AT_count] = {SLOT_COUNT, 0},
    [DW_AT_byte_stride] = {SLOT_BYTE_STRIDE, 0},
    [DW_AT_enum_class] = {SLOT_ENUM_CLASS, 0},
    [DW_AT_discr] = {SLOT_DISCRIMINANT, 0},
    [DW_AT_discr_value] = {SLOT_DISCRIMINANT_VALUE, 0},
    [DW_AT_containing_type] = {SLOT_CONTAINING_TYPE, 0},
};

/* What was written before the standard had a name for it. */
static struct wanted wanted_before(uint64_t attribute)
{
    switch (attribute) {
    case DW_AT_MIPS_linkage_name:
        return (struct wanted){SLOT_MIPS_LINKAGE_NAME, CODE};
    case DW_AT_GNU_tail_call:
        return standard[DW_AT_call_tail_call];
    case DW_AT_GNU_dwo_name:
        return standard[DW_AT_dwo_name];
    case DW_AT_GNU_addr_base:
        return standard[DW_AT_addr_base];
    case DW_AT_GNU_call_site_value:
        return standard[DW_AT_call_value];
    case DW_AT_GNU_call_site_target:
        return standard[DW_AT_call_target];
    default:
        return (struct wanted){SLOT_NONE, 0};
    }
}

static enum die_slot slot_of(enum die_kind kind, uint64_t attribute, enum abbrev_wanted wanted)
{
    struct wanted w =
        attribute < ARRAY_SIZE(standard) ? standard[attribute] : wanted_before(attribute);

    return wanted == ABBREV_ALL || w.kinds & BIT(kind) ? (enum die_slot)w.slot : SLOT_NONE;
}

/* --- Decoding --- */

struct decoder {
    struct cursor c;
    const struct form_sizes *sizes;
    enum abbrev_wanted wanted;
    struct abbrev *list;
    size_t n, capacity;
    struct abbrev_step *steps;
    size_t n_steps, steps_capacity;
    bool failed; /* malformed, or out of memory */
};

static void decoder_fini(struct decoder *d)
{
    free(d->list);
    free(d->steps);
}

/* Room for one more; false when memory is refused. */
static bool make_room(void **list, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return true;
    size_t larger = *capacity ? 2 * *capacity : 128;
    void *moved = reallocarray(*list, larger, size);

    if (!moved)
        return false;
    *list = moved;
    *capacity = larger;
    return true;
}

static void add_step(struct decoder *d, struct abbrev_step step)
{
    if (!make_room((void **)&d->steps, d->n_steps, &d->steps_capacity, sizeof *d->steps))
        d->failed = true;
    else
        d->steps[d->n_steps++] = step;
}

/* One attribute: more bytes to pass over, or a step of its own. */
static void add_attribute(struct decoder *d, struct abbrev *a, uint64_t *taken, uint32_t *skip)
{
    uint64_t attribute = cursor_uleb(&d->c), form = cursor_uleb(&d->c);
    int64_t constant = form == DW_FORM_implicit_const ? cursor_sleb(&d->c) : 0;
    enum die_slot slot = slot_of((enum die_kind)a->kind, attribute, d->wanted);
    uint32_t size = 0;
    enum form_class class =
        form > UINT16_MAX ? FORM_UNKNOWN : form_measure((uint32_t)form, d->sizes, &size);

    if (class == FORM_UNKNOWN || *skip > UINT32_MAX - size)
        a->kind = DIE_UNKNOWN;
    if (a->kind == DIE_UNKNOWN)
        return;
    if (slot != SLOT_NONE && (*taken & UINT64_C(1) << slot)) /* the first one counts */
        slot = SLOT_NONE;
    *taken |= UINT64_C(1) << slot;
    if (slot == SLOT_NONE && class == FORM_FIXED) {
        *skip += size;
        return;
    }
    add_step(d, (struct abbrev_step){constant, *skip, (uint16_t)form, (uint8_t)slot});
    *skip = 0;
}

static bool at_attributes_end(struct cursor *c)
{
    if (cursor_left(c) < 2 || c->p[0] != 0 || c->p[1] != 0)
        return c->bad || cursor_left(c) == 0;
    c->p += 2;
    return true;
}

/* False at the end of the table. */
static bool decode_one(struct decoder *d)
{
    struct abbrev a = {.code = cursor_uleb(&d->c)};
    uint64_t taken = 0;
    uint32_t skip = 0;
    size_t first = d->n_steps;

    if (a.code == 0)
        return false;
    uint64_t tag = cursor_uleb(&d->c);

    a.kind = (uint8_t)kind_of(tag);
    a.tag = tag > UINT16_MAX ? 0 : (uint16_t)tag;
    a.children = cursor_u8(&d->c) != 0;
    if (a.kind == DIE_PASSED && !a.children)
        a.kind = DIE_OTHER;
    while (!at_attributes_end(&d->c))
        add_attribute(d, &a, &taken, &skip);
    if (skip > 0)
        add_step(d, (struct abbrev_step){.skip = skip});
    a.n_steps = (uint32_t)(d->n_steps - first);
    if (!make_room((void **)&d->list, d->n, &d->capacity, sizeof *d->list) || d->c.bad)
        d->failed = true;
    else
        d->list[d->n++] = a;
    return !d->failed;
}

static int compare_codes(const void *x, const void *y)
{
    const struct abbrev *a = x, *b = y;

    if (a->code != b->code)
        return a->code < b->code ? -1 : 1;
    return (a->steps > b->steps) - (a->steps < b->steps); /* the first one first */
}

const struct abbrev *abbrev_search(const struct abbrev_table *t, uint64_t code)
{
    size_t low = 0, high = t->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->list[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->n && t->list[low].code == code ? &t->list[low] : NULL;
}

static void sort_by_code(struct abbrev *list, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (list[i - 1].code < list[i].code)
            continue;
        qsort(list, n, sizeof *list, compare_codes);
        return;
    }
}

/* Copies what was decoded to where it stays. */
static const struct abbrev_table *keep(struct decoder *d, struct arena *arena)
{
    struct abbrev_table *t = arena_try(arena, sizeof *t);
    struct abbrev *list = arena_try(arena, d->n * sizeof *list);
    struct abbrev_step *steps = arena_try(arena, d->n_steps * sizeof *steps);

    if (!t || !list || !steps)
        return NULL;
    if (d->n_steps > 0)
        memcpy(steps, d->steps, d->n_steps * sizeof *steps);
    for (size_t i = 0; i < d->n; i++) {
        list[i] = d->list[i];
        list[i].steps = steps;
        steps += list[i].n_steps;
    }
    sort_by_code(list, d->n);
    *t = (struct abbrev_table){list, d->n};
    return t;
}

static const struct abbrev_table *decode(struct abbrevs *a, uint64_t offset,
                                         const struct form_sizes *s, struct effort *e)
{
    _cleanup_(decoder_fini) struct decoder d = {.sizes = s, .wanted = a->wanted};
    size_t size = a->section.size - (size_t)offset;

    if (size > e->left / COST_PER_BYTE)
        size = (size_t)(e->left / COST_PER_BYTE);
    d.c = cursor_of(a->section.data + offset, size);
    while (decode_one(&d))
        continue;
    effort_spend(e, COST_PER_BYTE * (size - cursor_left(&d.c)));
    return d.failed || d.c.bad ? NULL : keep(&d, &a->arena);
}

/* --- Tables that were decoded before --- */

static uint64_t key_of(uint64_t offset, const struct form_sizes *s)
{
    return offset << 3 | (uint64_t)(s->version <= 2) << 2 | (uint64_t)(s->address == 8) << 1 |
           (uint64_t)(s->offset == 8);
}

const struct abbrev_table *abbrevs_table(struct abbrevs *a, uint64_t offset,
                                         const struct form_sizes *s, struct effort *e)
{
    uint32_t i;

    if (offset >= a->section.size)
        return NULL;
    if (offset_map_get(&a->known, key_of(offset, s), &i))
        return a->tables[i];
    const struct abbrev_table *t = decode(a, offset, s, e);

    if (make_room((void **)&a->tables, a->n, &a->capacity, sizeof *a->tables) &&
        offset_map_add(&a->known, key_of(offset, s), (uint32_t)a->n))
        a->tables[a->n++] = t;
    return t;
}
