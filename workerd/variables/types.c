/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/variables/types.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/indexer/spaces.h"
#include "workerd/variables/opened.h"

#define LANG_C17 0x2cu /* of DWARF's list after elfutils' was made; C++20 is 0x2b */

/* --- From one to the next --- */

bool type_of(const struct entry *of, struct entry *ret)
{
    struct entry t;

    if (!entry_follow(of, SLOT_TYPE, &t))
        return false;
    *ret = t;
    return true;
}

static bool is_wrapper(unsigned tag)
{
    switch (tag) {
    case DW_TAG_typedef:
    case DW_TAG_const_type:
    case DW_TAG_volatile_type:
    case DW_TAG_restrict_type:
    case DW_TAG_atomic_type:
    case DW_TAG_immutable_type:
    case DW_TAG_packed_type:
    case DW_TAG_shared_type:
    case DW_TAG_template_alias:
        return true;
    default:
        return false;
    }
}

bool type_bare(const struct entry *type, struct entry *ret)
{
    struct entry t = *type, definition;

    for (unsigned i = 0; is_wrapper(entry_tag(&t)); i++)
        if (i == TYPE_CHAIN_MAX || !type_of(&t, &t))
            return false;
    if (entry_follow(&t, SLOT_SIGNATURE, &definition))
        t = definition;
    *ret = t;
    return true;
}

bool type_of_bare(const struct entry *of, struct entry *ret)
{
    struct entry t;

    return type_of(of, &t) && type_bare(&t, ret);
}

bool type_same(const struct entry *a, const struct entry *b)
{
    return a->info == b->info && a->offset == b->offset;
}

/* --- Languages --- */

/* dwz puts what units share into one that does not say what language it is in. */
static unsigned language_of(const struct entry *e)
{
    return e->unit->language ? e->unit->language : e->debug->language;
}

bool type_is_rust(const struct entry *e)
{
    return language_of(e) == DW_LANG_Rust;
}

bool type_is_c(const struct entry *e)
{
    switch (language_of(e)) {
    case 0:
    case DW_LANG_C:
    case DW_LANG_C89:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case LANG_C17:
        return true;
    default:
        return false;
    }
}

bool name_starts(const char *name, const char *start)
{
    return name && cstr_starts(name, start);
}

/* --- Names --- */

/* Names around it may lie in sections that its own name does not. */
static void load_names(const struct entry *e)
{
    debug_section(e->debug, e->info, DEBUG_STR);
    debug_section(e->debug, e->info, DEBUG_STR_OFFSETS);
    if (e->info->shared)
        debug_section(e->debug, e->info->shared, DEBUG_STR);
    e->info->types_in_spaces = true;
}

const char *type_qualified(const struct entry *e, const char *name)
{
    if (!e->info->types_in_spaces)
        load_names(e);
    return name ? space_qualified(e->info, e->offset, name) : NULL;
}

static const char *name_of_definition(const struct entry *type)
{
    const char *name = entry_text(type, SLOT_NAME);
    struct entry declaration;

    if (entry_follow(type, SLOT_SPECIFICATION, &declaration)) {
        if (!name)
            name = entry_text(&declaration, SLOT_NAME);
        return name && *name ? type_qualified(&declaration, name) : NULL;
    }
    return name && *name ? type_qualified(type, name) : NULL;
}

const char *type_name(const struct entry *type)
{
    struct entry definition;

    if (entry_follow(type, SLOT_SIGNATURE, &definition))
        return name_of_definition(&definition);
    return name_of_definition(type);
}

/* --- Numbers --- */

enum number_kind type_number_kind(const struct entry *base)
{
    uint64_t encoding;

    if (!entry_number(base, SLOT_ENCODING, &encoding))
        return NUMBER_OTHER;
    switch (encoding) {
    case DW_ATE_signed:
    case DW_ATE_signed_char:
        return NUMBER_SIGNED;
    case DW_ATE_unsigned:
    case DW_ATE_unsigned_char:
    case DW_ATE_UTF:
    case DW_ATE_ASCII:
    case DW_ATE_UCS:
    case DW_ATE_address:
        return NUMBER_UNSIGNED;
    case DW_ATE_boolean:
        return NUMBER_BOOL;
    case DW_ATE_float:
        return NUMBER_FLOAT;
    case DW_ATE_complex_float:
        return NUMBER_COMPLEX;
    default:
        return NUMBER_OTHER;
    }
}

static struct text_unit unit_by_name(const char *name)
{
    static const struct {
        const char *name;
        struct text_unit unit;
    } wide[] = {
        {"wchar_t", {4, "L"}},
        {"char16_t", {2, "u"}},
        {"char32_t", {4, "U"}},
    };

    for (size_t i = 0; name && i < ARRAY_SIZE(wide); i++)
        if (strcmp(name, wide[i].name) == 0)
            return wide[i].unit;
    return (struct text_unit){0, ""};
}

static struct text_unit unit_of_base(const struct entry *base)
{
    enum number_kind kind = type_number_kind(base);
    uint64_t size = 0;

    if (entry_tag(base) != DW_TAG_base_type || kind > NUMBER_UNSIGNED ||
        !entry_number(base, SLOT_BYTE_SIZE, &size))
        return (struct text_unit){0, ""};
    struct text_unit u = unit_by_name(entry_text(base, SLOT_NAME));

    if (u.width > 0)
        return u.width == size ? u : (struct text_unit){0, ""};
    return (struct text_unit){size == 1, ""};
}

/* C has no type for wide characters but typedefs of known names. */
struct text_unit type_text_unit(const struct entry *type)
{
    struct text_unit named = {0, ""};
    struct entry t = *type;
    uint64_t size = 0;

    for (unsigned i = 0; is_wrapper(entry_tag(&t)); i++) {
        if (named.width == 0 && entry_tag(&t) == DW_TAG_typedef)
            named = unit_by_name(entry_text(&t, SLOT_NAME));
        if (i == TYPE_CHAIN_MAX || !type_of(&t, &t))
            return (struct text_unit){0, ""};
    }
    if (named.width > 0 && entry_tag(&t) == DW_TAG_base_type &&
        entry_number(&t, SLOT_BYTE_SIZE, &size) && size == named.width)
        return named;
    return unit_of_base(&t);
}

/* --- Arrays --- */

static bool bound(const struct entry *range, enum die_slot slot, int64_t *ret)
{
    uint64_t n;

    if (entry_number(range, slot, &n)) {
        *ret = (int64_t)n;
        return n <= INT64_MAX;
    }
    return entry_signed(range, slot, ret);
}

/* Of `int a[0]` the upper bound is one below the lower one, as a number of 4 or 8 bytes without a
 * sign, with some compilers. */
static int64_t count_between(int64_t lower, int64_t upper)
{
    int64_t n;

    if (upper == UINT32_MAX || __builtin_sub_overflow(upper, lower, &n) || n < -1 || n == INT64_MAX)
        return upper == UINT32_MAX || upper < lower ? 0 : -1;
    return n + 1;
}

/* Whether the number is found out at run time. */
static bool is_computed(const struct entry *range, enum die_slot slot)
{
    struct span location;
    struct entry variable;

    return entry_bytes(range, slot, &location) || entry_follow(range, slot, &variable);
}

static void read_dimension(const struct entry *range, struct dimension *ret)
{
    int64_t upper, lower = 0;

    ret->range = *range;
    ret->count = -1;
    ret->computed = SLOT_NONE;
    if (bound(range, SLOT_COUNT, &ret->count) && ret->count >= 0)
        return;
    ret->count = -1;
    bound(range, SLOT_LOWER_BOUND, &lower);
    if (is_computed(range, SLOT_COUNT))
        ret->computed = SLOT_COUNT;
    else if (is_computed(range, SLOT_UPPER_BOUND))
        ret->computed = SLOT_UPPER_BOUND;
    else if (bound(range, SLOT_UPPER_BOUND, &upper))
        ret->count = count_between(lower, upper);
}

/* An index may also be of an enumeration, as many as that has. */
size_t type_dimensions(const struct entry *array, struct dimension *ret, size_t max)
{
    struct entry c;
    size_t n = 0;

    for (bool more = entry_child(array, &c); more && n < max; more = entry_sibling(&c))
        if (entry_tag(&c) == DW_TAG_subrange_type || entry_tag(&c) == DW_TAG_generic_subrange)
            read_dimension(&c, &ret[n++]);
    return n;
}

/* --- Sizes --- */

static bool size_of_array(const struct entry *array, struct entry *ret_element, uint64_t *ret)
{
    struct dimension d[TYPE_DIMENSIONS_MAX];
    size_t n = type_dimensions(array, d, TYPE_DIMENSIONS_MAX);
    uint64_t count = 1;

    for (size_t i = 0; i < n; i++)
        if (d[i].count < 0 || __builtin_mul_overflow(count, (uint64_t)d[i].count, &count))
            return false;
    *ret = count;
    return n > 0 && type_of_bare(array, ret_element);
}

bool type_size(const struct entry *bare, uint64_t *ret)
{
    struct entry t = *bare;
    uint64_t count, times = 1;

    for (unsigned i = 0; i < TYPE_DIMENSIONS_MAX; i++) {
        if (entry_number(&t, SLOT_BYTE_SIZE, &count))
            return !__builtin_mul_overflow(count, times, ret);
        switch (entry_tag(&t)) {
        case DW_TAG_pointer_type:
        case DW_TAG_reference_type:
        case DW_TAG_rvalue_reference_type:
            return !__builtin_mul_overflow((uint64_t)t.unit->sizes.address, times, ret);
        case DW_TAG_array_type:
            if (!size_of_array(&t, &t, &count) || __builtin_mul_overflow(times, count, &times))
                return false;
            break;
        case DW_TAG_enumeration_type:
        case DW_TAG_subrange_type:
            if (!type_of_bare(&t, &t))
                return false;
            break;
        default:
            return false;
        }
    }
    return false;
}
