/* SPDX-License-Identifier: Apache-2.0 */
/* Rust's values as gdb writes them in that language (gdb/rust-lang.c): `Point {x: 1, y: 2}`,
 * `(1, 2)`, `Option<i32>::Some(5)`, `&[i32] [1, 2]`. rustc describes texts, slices, tuples and
 * enumerations as structures; the first three are known by their names, the last by its variants. A
 * String is shown as its text, as rust-gdb does it. */
#include <inttypes.h>
#include <string.h>

#include "workerd/variables/printer.h"

#define POINTER_DEPTH_MAX 8u /* of structures around a String's pointer */

static const struct text_unit utf8_unit = {1, ""};

/* --- Characters --- */

void add_rust_character(struct bounded *t, uint32_t c)
{
    char byte = (char)c;

    if (c == '\n' || c == '\r' || c == '\t' || c == '\0')
        bounded_add(t, c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : "\\0");
    else if (c == '\\' || c == '\'' || c == '"')
        bounded_printf(t, "\\%c", byte);
    else if (c >= 0x20 && c < 0x7f)
        bounded_slice(t, (struct str){&byte, 1});
    else if (c <= 0xff)
        bounded_printf(t, "\\x%02" PRIx32, c);
    else
        bounded_printf(t, "\\u{%06" PRIx32 "}", c);
}

/* --- Members --- */

static bool read_member(struct printer *p, const struct entry *bare, const char *name,
                        const struct value *v, struct member *ret, uint64_t *ret_number)
{
    struct entry member, type;
    uint64_t number = 0, size;
    const char *why;

    if (!struct_member(p, bare, name, &member) || !member_of(p, &member, v, ret) || ret->bits > 0 ||
        !type_bare(&ret->type, &type) || !type_size(&type, &size) || size == 0 ||
        size > sizeof number || !value_read(p, &ret->value, 0, &number, (size_t)size, &why))
        return false;
    *ret_number = number;
    return true;
}

/* "__0", "__1": of a tuple. */
static bool is_tuple_field(const char *name)
{
    return name_starts(name, "__") && name[2] >= '0' && name[2] <= '9';
}

struct fields {
    size_t n;
    bool tuple;
};

static struct fields count_fields(struct printer *p, const struct entry *bare)
{
    struct fields f = {0, false};
    struct entry c;

    for (bool more = entry_child(bare, &c); more && printer_work(p, 1); more = entry_sibling(&c)) {
        if (entry_tag(&c) != DW_TAG_member || entry_flag(&c, SLOT_ARTIFICIAL))
            continue;
        f.n++;
        f.tuple |= is_tuple_field(entry_text(&c, SLOT_NAME));
    }
    return f;
}

static void add_fields(struct printer *p, const struct entry *bare, const struct value *v,
                       bool tuple)
{
    struct entry c;
    struct member m;
    size_t n = 0;

    bounded_add(&p->out, tuple ? "(" : "{");
    for (bool more = entry_child(bare, &c); more && printer_work(p, 1); more = entry_sibling(&c)) {
        if (entry_tag(&c) != DW_TAG_member || entry_flag(&c, SLOT_ARTIFICIAL))
            continue;
        bounded_add(&p->out, n++ > 0 ? ", " : "");
        if (!tuple) {
            bounded_add(&p->out, entry_text(&c, SLOT_NAME));
            bounded_add(&p->out, ": ");
        }
        size_t begin = p->out.n;

        if (member_of(p, &c, v, &m))
            add_member_value(p, &m);
        else
            add_why(p, PLACE_UNREADABLE);
        hide_secret(p, entry_text(&c, SLOT_NAME), begin);
    }
    bounded_add(&p->out, tuple ? ")" : "}");
}

/* --- Enumerations with values --- */

static bool find_variant_part(struct printer *p, const struct entry *bare, struct entry *ret)
{
    struct entry c;

    for (bool more = entry_child(bare, &c); more && printer_work(p, 1); more = entry_sibling(&c)) {
        if (entry_tag(&c) != DW_TAG_variant_part)
            continue;
        *ret = c;
        return true;
    }
    return false;
}

/* The number that tells which variant it is; of how many bytes. False when there is none. */
static bool read_discriminant(struct printer *p, const struct entry *part, const struct value *v,
                              uint64_t *ret, uint64_t *ret_size)
{
    struct entry member, type;
    struct member m;
    uint64_t size, number = 0;
    const char *why;

    if (!entry_follow(part, SLOT_DISCRIMINANT, &member) || !member_of(p, &member, v, &m) ||
        m.bits > 0 || !type_bare(&m.type, &type) || !type_size(&type, &size) || size == 0 ||
        size > sizeof number || !value_read(p, &m.value, 0, &number, (size_t)size, &why))
        return false;
    *ret = number;
    *ret_size = size;
    return true;
}

static bool variant_has(const struct entry *variant, uint64_t number, uint64_t size)
{
    uint64_t value, mask = size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
    int64_t with_sign;

    if (entry_number(variant, SLOT_DISCRIMINANT_VALUE, &value))
        return (value & mask) == number;
    return entry_signed(variant, SLOT_DISCRIMINANT_VALUE, &with_sign) &&
           ((uint64_t)with_sign & mask) == number;
}

/* The one that says no number is any other. */
static bool find_variant(struct printer *p, const struct entry *part, const struct value *v,
                         struct entry *ret)
{
    bool told = die_value(&part->die, SLOT_DISCRIMINANT), other = false;
    uint64_t number = 0, size = 0;
    struct entry c;

    if (told && !read_discriminant(p, part, v, &number, &size))
        return false;
    for (bool more = entry_child(part, &c); more && printer_work(p, 1); more = entry_sibling(&c)) {
        if (entry_tag(&c) != DW_TAG_variant)
            continue;
        if (!die_value(&c.die, SLOT_DISCRIMINANT_VALUE)) {
            *ret = c;
            other = true;
        } else if (told && variant_has(&c, number, size)) {
            *ret = c;
            return true;
        }
    }
    return other;
}

static void add_variant(struct printer *p, const struct entry *bare, const struct entry *part,
                        const struct value *v)
{
    struct entry variant, member, type;
    const char *why = p->why;
    struct member m;

    p->why = NULL;
    if (!find_variant(p, part, v, &variant) || !entry_child(&variant, &member) ||
        !member_of(p, &member, v, &m) || !type_bare(&m.type, &type)) {
        add_why(p, p->why ? p->why : PLACE_UNREADABLE);
        p->why = p->why ? p->why : why;
        return;
    }
    p->why = why ? why : p->why;
    p->readings++;
    struct fields f = count_fields(p, &type);

    bounded_add(&p->out, type_name(bare));
    bounded_add(&p->out, "::");
    bounded_add(&p->out, entry_text(&member, SLOT_NAME));
    if (f.n > 0)
        add_fields(p, &type, &m.value, f.tuple);
}

/* --- Texts and slices --- */

static bool add_str(struct printer *p, const struct entry *bare, const struct value *v)
{
    uint64_t address, n;
    struct member m;

    if (!read_member(p, bare, "data_ptr", v, &m, &address) ||
        !read_member(p, bare, "length", v, &m, &n) || n > INT64_MAX)
        return false;
    add_text_at(p, v, address, (int64_t)n, utf8_unit);
    return true;
}

static bool add_slice(struct printer *p, const struct entry *bare, const struct value *v)
{
    uint64_t address, size;
    struct elements e = {.type = NULL};
    struct entry pointer, type, element;
    struct member m;

    if (!read_member(p, bare, "length", v, &m, &e.count) ||
        !read_member(p, bare, "data_ptr", v, &m, &address) || !type_bare(&m.type, &pointer) ||
        !type_of(&pointer, &type) || !type_bare(&type, &element) || !type_size(&element, &size))
        return false;
    struct place_piece piece = {.kind = PLACE_MEMORY, .address = address};
    struct place place = {.frame = p->frame, .pieces = &piece, .n = 1};

    e.type = &type;
    e.size = size;
    e.first = (struct value){&place, 0};
    bounded_add(&p->out, type_name(bare));
    bounded_add(&p->out, " ");
    add_elements(p, &e);
    return true;
}

/* The pointer that a structure has in it, however deep. */
static bool first_pointer(struct printer *p, const struct entry *bare, const struct value *v,
                          unsigned depth, uint64_t *ret)
{
    struct entry c, type;
    const char *why;
    struct member m;

    for (bool more = depth < POINTER_DEPTH_MAX && entry_child(bare, &c); more && printer_work(p, 1);
         more = entry_sibling(&c)) {
        if (entry_tag(&c) != DW_TAG_member || !member_of(p, &c, v, &m) ||
            !type_bare(&m.type, &type))
            continue;
        *ret = 0;
        if (entry_tag(&type) == DW_TAG_pointer_type)
            return value_read(p, &m.value, 0, ret, type.unit->sizes.address, &why);
        if (entry_tag(&type) == DW_TAG_structure_type &&
            first_pointer(p, &type, &m.value, depth + 1, ret))
            return true;
    }
    return false;
}

static bool add_string(struct printer *p, const struct entry *bare, const struct value *v)
{
    size_t readings = p->readings;
    uint64_t address, n;
    struct entry member, vec;
    struct member m, length;
    char first;

    if (struct_member(p, bare, "vec", &member) && member_of(p, &member, v, &m) &&
        type_bare(&m.type, &vec) && read_member(p, &vec, "len", &m.value, &length, &n) &&
        n <= INT64_MAX && first_pointer(p, &vec, &m.value, 0, &address) &&
        (n == 0 || memory_read(p, v, address, &first, 1))) {
        add_text_at(p, v, address, (int64_t)n, utf8_unit);
        return true;
    }
    p->readings = readings;
    return false;
}

/* A text of bytes, b"…", is a pointer to an array of them. */
void add_rust_target(struct printer *p, const struct entry *bare, const struct value *v,
                     uint64_t address)
{
    struct entry array, element;
    struct dimension d;
    const char *name;

    if (!type_of_bare(bare, &array) || entry_tag(&array) != DW_TAG_array_type ||
        !type_of_bare(&array, &element) || type_dimensions(&array, &d, 1) != 1 || d.count < 0)
        return;
    name = entry_text(&element, SLOT_NAME);
    if (!name || strcmp(name, "u8") != 0)
        return;
    bounded_add(&p->out, " b");
    add_text_at(p, v, address, d.count, utf8_unit);
}

/* --- Structures --- */

static bool add_special(struct printer *p, const struct entry *bare, const char *name,
                        const struct value *v)
{
    if (strcmp(name, "&str") == 0 || strcmp(name, "&mut str") == 0)
        return add_str(p, bare, v);
    if (name_starts(name, "&[") || name_starts(name, "&mut ["))
        return add_slice(p, bare, v);
    if (strcmp(name, "String") == 0)
        return add_string(p, bare, v);
    return false;
}

void add_rust_struct(struct printer *p, const struct entry *bare, const struct value *v)
{
    const char *name = entry_text(bare, SLOT_NAME);
    struct entry part;

    if (name && add_special(p, bare, name, v))
        return;
    if (find_variant_part(p, bare, &part)) {
        add_variant(p, bare, &part, v);
        return;
    }
    struct fields f = count_fields(p, bare);
    bool plain_tuple = name_starts(name, "(");

    if (!plain_tuple)
        bounded_add(&p->out, type_name(bare));
    if (f.n == 0) {
        p->readings++;
        return;
    }
    bounded_add(&p->out, plain_tuple ? "" : " ");
    add_fields(p, bare, v, f.tuple || plain_tuple);
}
