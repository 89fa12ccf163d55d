/* SPDX-License-Identifier: Apache-2.0 */
/* A value is written from the outside in. What cannot be read is written as the reason in its
 * place, so that a structure of which half is optimized out shows the other half; only when nothing
 * at all could be read there is no text. Hostile types end by depth, by work, or by the text being
 * full. */
#include "workerd/variables/print.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/variables/printer.h"

#define READ_UNIT 64u /* bytes */
#define NO_TYPE   "its type cannot be read"

static_assert(PRINT_VALUE_MAX <= BOUNDED_MAX && PRINT_TYPE_MAX <= BOUNDED_MAX, "texts have room");

/* --- Reading and giving up --- */

bool printer_work(struct printer *p, uint64_t units)
{
    if (units > p->work) {
        p->work = 0;
        p->out.full = true;
        return false;
    }
    p->work -= units;
    return !p->out.full;
}

bool value_at(const struct value *v, uint64_t offset, struct value *ret)
{
    uint64_t sum;

    if (__builtin_add_overflow(v->offset, offset, &sum))
        return false;
    *ret = (struct value){v->place, sum};
    return true;
}

bool value_read(struct printer *p, const struct value *v, uint64_t from, void *to, size_t n,
                const char **ret_why)
{
    const char *why = PLACE_UNREADABLE;
    struct value at;

    if (value_at(v, from, &at) && printer_work(p, 1 + n / READ_UNIT) &&
        place_read(at.place, at.offset, to, n, &why)) {
        p->readings++;
        return true;
    }
    if (!p->why)
        p->why = why;
    *ret_why = why;
    return false;
}

void add_why(struct printer *p, const char *why)
{
    if (!p->why)
        p->why = why;
    bounded_add(&p->out, "<");
    bounded_add(&p->out, why);
    bounded_add(&p->out, ">");
}

void add_no_type(struct printer *p)
{
    add_why(p, NO_TYPE);
}

/* It would point to something that has no place any more. */
static bool is_synthetic(const struct value *v)
{
    uint64_t at = 0; /* bits */

    for (size_t i = 0; i < v->place->n && at <= 8 * v->offset; i++) {
        const struct place_piece *piece = &v->place->pieces[i];

        if (piece->kind == PLACE_POINTER && at == 8 * v->offset)
            return true;
        if (piece->bits == 0 || __builtin_add_overflow(at, piece->bits, &at))
            return false;
    }
    return false;
}

/* Debug information has at most 64 bits of a constant; a larger number has its sign from there on.
 */
static bool read_constant(struct printer *p, const struct value *v, unsigned __int128 *ret)
{
    const char *why;
    int64_t low;

    if (v->place->n != 1 || v->offset != 0 || v->place->pieces[0].kind != PLACE_VALUE ||
        !value_read(p, v, 0, &low, sizeof low, &why))
        return false;
    *ret = (unsigned __int128)(__int128)low;
    return true;
}

bool value_number_or_why(struct printer *p, const struct value *v, uint64_t bytes,
                         struct number *ret)
{
    unsigned __int128 bits = 0;
    const char *why;

    if (bytes == 0 || bytes > sizeof bits) {
        add_why(p, PLACE_UNREADABLE);
        return false;
    }
    if (is_synthetic(v)) {
        p->readings++;
        bounded_add(&p->out, "<synthetic pointer>");
        return false;
    }
    if (!(bytes == sizeof bits && read_constant(p, v, &bits)) &&
        !value_read(p, v, 0, &bits, (size_t)bytes, &why)) {
        add_why(p, why);
        return false;
    }
    *ret = (struct number){bits, (unsigned)(8 * bytes)};
    return true;
}

bool value_address_of(const struct value *v, uint64_t *ret)
{
    uint64_t address;

    if (!place_address(v->place, &address))
        return false;
    *ret = address + v->offset;
    return true;
}

bool memory_read(struct printer *p, const struct value *of, uint64_t address, void *to, size_t n)
{
    struct place_piece piece = {.kind = PLACE_MEMORY, .address = address};
    struct place place = {.frame = of->place->frame, .pieces = &piece, .n = 1};
    const char *why;

    return printer_work(p, 1 + n / READ_UNIT) && place_read(&place, 0, to, n, &why);
}

/* --- Pointers --- */

void add_address(struct printer *p, uint64_t address)
{
    const char *name;
    uint64_t offset;

    bounded_printf(&p->out, "0x%" PRIx64, address);
    if (!p->symbols || address == 0 ||
        !p->symbols->name(p->symbols->arg, address, p->arena, &name, &offset))
        return;
    bounded_add(&p->out, " <");
    bounded_add(&p->out, name);
    if (offset > 0)
        bounded_printf(&p->out, "+%" PRIu64, offset);
    bounded_add(&p->out, ">");
}

static bool pointer_number(struct printer *p, const struct entry *bare, const struct value *v,
                           struct number *ret)
{
    uint64_t size = 0;

    return value_number_or_why(p, v, type_size(bare, &size) ? size : 0, ret);
}

static void add_pointer(struct printer *p, const struct entry *bare, const struct value *v)
{
    struct text_unit unit = {0, ""};
    struct entry target;
    struct number n;

    if (!pointer_number(p, bare, v, &n))
        return;
    uint64_t address = (uint64_t)n.bits;

    add_address(p, address);
    if (address != 0 && type_is_rust(bare))
        add_rust_target(p, bare, v, address);
    if (address == 0 || type_is_rust(bare) || !type_of(bare, &target))
        return;
    unit = type_text_unit(&target);
    if (unit.width > 0) {
        bounded_add(&p->out, " ");
        add_text_at(p, v, address, -1, unit);
    }
}

/* --- References --- */

static void add_referred(struct printer *p, const struct entry *target, const struct value *v,
                         uint64_t address)
{
    struct place_piece piece = {.kind = PLACE_MEMORY, .address = address};
    struct place place = {.frame = v->place->frame, .pieces = &piece, .n = 1};
    struct value referred = {&place, 0};
    size_t begin = p->out.n, readings = p->readings;
    bool full = p->out.full;

    add_value(p, target, &referred);
    if (p->readings > readings || !p->why || full)
        return;
    bounded_cut(&p->out, begin);
    bounded_printf(&p->out, "<error: Cannot access memory at address 0x%" PRIx64 ">", address);
}

static bool add_referred_string(struct printer *p, const struct entry *target,
                                const struct value *v, uint64_t address)
{
    struct place_piece piece = {.kind = PLACE_MEMORY, .address = address};
    struct place place = {.frame = v->place->frame, .pieces = &piece, .n = 1};
    struct value referred = {&place, 0};

    return add_std_string(p, target, &referred);
}

/* What a variable refers to is shown, what a member refers to is not: that is gdb's way, and keeps
 * a list that refers to itself from being shown without end. */
static void add_reference(struct printer *p, const struct entry *bare, const struct value *v)
{
    struct entry target;
    struct number n;

    if (!pointer_number(p, bare, v, &n))
        return;
    uint64_t address = (uint64_t)n.bits;
    bool known = type_of_bare(bare, &target);

    if (known && add_referred_string(p, &target, v, address))
        return;
    bounded_add(&p->out, "@");
    add_address(p, address);
    if (p->depth > 0 || !known)
        return;
    bounded_add(&p->out, ": ");
    if (!type_of(bare, &target))
        return;
    add_referred(p, &target, v, address);
}

/* --- Functions --- */

static void add_function(struct printer *p, const struct entry *bare, const struct value *v)
{
    uint64_t address;

    bounded_add(&p->out, "{");
    bounded_add(&p->out, print_type_itself(bare, p->arena));
    bounded_add(&p->out, "}");
    if (value_address_of(v, &address)) {
        p->readings++;
        bounded_add(&p->out, " ");
        add_address(p, address);
    }
}

/* --- Any value --- */

static void add_enum_value(struct printer *p, const struct entry *bare, const struct value *v)
{
    uint64_t size = 0;
    struct number n;

    if (value_number_or_why(p, v, type_size(bare, &size) ? size : 0, &n))
        add_enum(p, bare, &n);
}

static void add_unspecified(struct printer *p, const struct entry *bare)
{
    const char *name = entry_text(bare, SLOT_NAME);

    p->readings++;
    bounded_add(&p->out, name && strcmp(name, "decltype(nullptr)") == 0 ? "nullptr" : "void");
}

static void add_bare(struct printer *p, const struct entry *type, const struct entry *bare,
                     const struct value *v)
{
    struct entry base;

    switch (entry_tag(bare)) {
    case DW_TAG_base_type:
        add_base(p, type, bare, v);
        break;
    case DW_TAG_subrange_type:
        if (type_of_bare(bare, &base))
            add_base(p, type, &base, v);
        break;
    case DW_TAG_enumeration_type:
        add_enum_value(p, bare, v);
        break;
    case DW_TAG_pointer_type:
        add_pointer(p, bare, v);
        break;
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
        add_reference(p, bare, v);
        break;
    case DW_TAG_ptr_to_member_type:
        add_member_pointer(p, bare, v);
        break;
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_interface_type:
        add_struct(p, bare, v);
        break;
    case DW_TAG_array_type:
        add_array(p, bare, v);
        break;
    case DW_TAG_subroutine_type:
        add_function(p, bare, v);
        break;
    case DW_TAG_unspecified_type:
        add_unspecified(p, bare);
        break;
    default:
        add_no_type(p);
        break;
    }
}

void add_value(struct printer *p, const struct entry *type, const struct value *v)
{
    struct entry bare;

    if (p->nesting == PRINT_NESTING_MAX) {
        bounded_add(&p->out, "{...}");
        return;
    }
    if (!printer_work(p, 1))
        return;
    p->nesting++;
    if (type_bare(type, &bare))
        add_bare(p, type, &bare, v);
    else
        add_no_type(p);
    p->nesting--;
}

void add_inner_value(struct printer *p, const struct entry *type, const struct value *v)
{
    size_t begin = p->out.n, readings = p->readings;
    const char *why = p->why;

    p->why = NULL;
    add_value(p, type, v);
    if (p->readings == readings && p->why && !p->out.full) {
        bounded_cut(&p->out, begin);
        add_why(p, p->why);
    }
    p->why = why ? why : p->why;
}

const char *print_value_with(const struct entry *of, const struct place *place,
                             const struct print_symbols *symbols, struct arena *a,
                             const char **ret_why)
{
    struct printer p = {
        .arena = a, .symbols = symbols, .frame = place->frame, .work = PRINT_WORK_MAX};
    struct value v = {place, 0};
    struct entry type;

    bounded_init(&p.out, PRINT_VALUE_MAX);
    if (place->problem || !type_of(of, &type)) {
        *ret_why = place->problem ? place->problem : NO_TYPE;
        return NULL;
    }
    add_value(&p, &type, &v);
    if (p.readings > 0 || !p.why)
        return bounded_keep(&p.out, a);
    *ret_why = p.why;
    return NULL;
}

const char *print_value(const struct entry *of, const struct place *place, struct arena *a,
                        const char **ret_why)
{
    return print_value_with(of, place, NULL, a, ret_why);
}
