/* SPDX-License-Identifier: Apache-2.0 */
/* Structures, classes and unions: `{<Base> = {a = 1}, b = 2, static c = 3}`, in the order of the
 * debug information. A virtual base, whose place only the object knows, is shown once. */
#include <string.h>

#include "workerd/unwind/expression.h"
#include "workerd/variables/printer.h"
#include "workerd/variables/secret.h"

#define VIRTUAL_BASES_MAX 16u
/* DIEs that are looked at for where a static member was defined. */
#define DEFINITION_SEARCH_MAX 4000u
#define NAMESPACES_MAX        8u /* in each other */

/* The virtual bases of an object that were shown. */
struct shown {
    struct entry bases[VIRTUAL_BASES_MAX];
    size_t n;
};

static void add_object(struct printer *p, const struct entry *bare, const struct value *v,
                       struct shown *shown);

/* --- Where members are --- */

/* An expression that adds a constant is how DWARF 2 wrote the constant. */
static bool offset_of(const struct entry *member, uint64_t *ret)
{
    struct span e;

    if (!die_value(&member->die, SLOT_MEMBER_LOCATION)) {
        *ret = 0;
        return true;
    }
    if (entry_number(member, SLOT_MEMBER_LOCATION, ret))
        return true;
    if (!entry_bytes(member, SLOT_MEMBER_LOCATION, &e) || e.size < 2 ||
        e.data[0] != DW_OP_plus_uconst)
        return false;
    struct cursor c = cursor_of(e.data + 1, e.size - 1);

    *ret = cursor_uleb(&c);
    return !c.bad && cursor_left(&c) == 0;
}

/* Counted from the least significant bit of the first byte on. DWARF 2 counted from the other end
 * of a unit of so many bytes. */
static bool bit_of(const struct entry *member, const struct entry *bare, uint64_t offset,
                   uint64_t bits, uint64_t *ret)
{
    uint64_t from_top, unit;

    if (entry_number(member, SLOT_DATA_BIT_OFFSET, ret))
        return true;
    if (__builtin_mul_overflow(offset, 8u, ret))
        return false;
    if (!entry_number(member, SLOT_BIT_OFFSET, &from_top))
        return true;
    if (!entry_number(member, SLOT_BYTE_SIZE, &unit) && !type_size(bare, &unit))
        return false;
    *ret += 8 * unit - from_top - bits;
    return unit <= sizeof(unsigned __int128) && from_top <= 8 * unit && bits <= 8 * unit - from_top;
}

bool member_of(struct printer *p, const struct entry *member, const struct value *v,
               struct member *ret)
{
    struct entry bare;
    uint64_t offset;

    (void)p;
    *ret = (struct member){.bits = 0};
    if (!type_of(member, &ret->type) || !offset_of(member, &offset))
        return false;
    if (!entry_number(member, SLOT_BIT_SIZE, &ret->bits))
        return value_at(v, offset, &ret->value);
    if (ret->bits == 0 || ret->bits > 128 || !type_bare(&ret->type, &bare) ||
        !bit_of(member, &bare, offset, ret->bits, &ret->bit) ||
        !value_at(v, ret->bit / 8, &ret->value))
        return false;
    ret->bit %= 8;
    return true;
}

bool struct_member(struct printer *p, const struct entry *bare, const char *name, struct entry *ret)
{
    struct entry c;

    for (bool more = entry_child(bare, &c); more && printer_work(p, 1); more = entry_sibling(&c)) {
        const char *found = entry_tag(&c) == DW_TAG_member ? entry_text(&c, SLOT_NAME) : NULL;

        if (found && strcmp(found, name) == 0) {
            *ret = c;
            return true;
        }
    }
    return false;
}

/* --- Bit-fields --- */

static bool read_bits(struct printer *p, const struct member *m, struct number *ret)
{
    uint8_t bytes[sizeof(unsigned __int128) + 1] = {0};
    size_t n = (size_t)(m->bit + m->bits + 7) / 8;
    unsigned __int128 bits = 0;
    const char *why;

    if (!value_read(p, &m->value, 0, bytes, n, &why)) {
        add_why(p, why);
        return false;
    }
    memcpy(&bits, bytes, sizeof bits);
    bits >>= m->bit;
    if (m->bit > 0)
        bits |= (unsigned __int128)bytes[sizeof bits] << (128 - m->bit);
    if (m->bits < 128)
        bits &= ((unsigned __int128)1 << m->bits) - 1;
    *ret = (struct number){bits, (unsigned)m->bits};
    return true;
}

static void add_bit_field(struct printer *p, const struct member *m)
{
    struct entry bare;
    struct number n;

    if (!type_bare(&m->type, &bare) || !read_bits(p, m, &n))
        return;
    if (entry_tag(&bare) == DW_TAG_enumeration_type)
        add_enum(p, &bare, &n);
    else
        add_number(p, &m->type, &bare, &n);
}

void add_member_value(struct printer *p, const struct member *m)
{
    if (m->bits > 0)
        add_bit_field(p, m);
    else
        add_inner_value(p, &m->type, &m->value);
}

/* --- Static members --- */

static bool is_static(const struct entry *member)
{
    return entry_tag(member) == DW_TAG_variable || entry_flag(member, SLOT_EXTERNAL) ||
           entry_flag(member, SLOT_DECLARATION);
}

struct search {
    const struct entry *member;
    size_t left; /* DIEs that may be looked at */
};

static bool defines(const struct entry *variable, const struct entry *member)
{
    const struct form_value *v = die_value(&variable->die, SLOT_SPECIFICATION);
    struct info *info;
    uint64_t offset;

    return entry_tag(variable) == DW_TAG_variable &&
           value_reference(variable->info, variable->unit, v, &info, &offset) &&
           info == member->info && offset == member->offset;
}

static bool find_among(struct search *s, const struct entry *children_of, unsigned nested,
                       struct entry *ret)
{
    struct entry c;

    for (bool more = entry_child(children_of, &c); more && s->left > 0; more = entry_sibling(&c)) {
        s->left--;
        if (defines(&c, s->member)) {
            *ret = c;
            return true;
        }
        if (entry_tag(&c) == DW_TAG_namespace && nested < NAMESPACES_MAX &&
            find_among(s, &c, nested + 1, ret))
            return true;
    }
    return false;
}

/* The variable that is the definition of the declaration in the class; not further than among
 * those of the unit and its namespaces. */
static bool find_definition(struct printer *p, const struct entry *member, struct entry *ret)
{
    struct search s = {member, DEFINITION_SEARCH_MAX};
    struct entry unit;

    return entry_at(member->debug, member->info, member->unit->first, &unit) &&
           find_among(&s, &unit, 0, ret) && printer_work(p, DEFINITION_SEARCH_MAX - s.left);
}

static void add_static(struct printer *p, const struct entry *member)
{
    struct entry variable = *member, type;
    struct place place;

    if (!die_value(&member->die, SLOT_CONST_VALUE) && !find_definition(p, member, &variable)) {
        add_why(p, PLACE_OPTIMIZED_OUT);
        return;
    }
    place_of_variable(p->frame, &variable, &variable, p->arena, &place);
    if (place.problem) {
        add_why(p, place.problem);
        return;
    }
    if (!type_of(member, &type)) {
        add_no_type(p);
        return;
    }
    struct value v = {&place, 0};

    add_inner_value(p, &type, &v);
}

/* --- Bases --- */

/* Its place is computed from where the object is. */
static bool virtual_base(struct printer *p, const struct entry *base, const struct value *v,
                         uint64_t *ret)
{
    uint64_t effort = 0, unread;
    struct expression_context x = {.image = p->frame->image,
                                   .registers = p->frame->registers,
                                   .has_cfa = true,
                                   .effort = &effort};
    struct cfi_expression e;
    struct span bytes;

    if (!entry_bytes(base, SLOT_MEMBER_LOCATION, &bytes) || !value_address_of(v, &x.cfa))
        return false;
    e = (struct cfi_expression){bytes.data, bytes.size};
    return expression_evaluate(&x, &e, ret, &unread) == 0;
}

static bool was_shown(struct shown *shown, const struct entry *base)
{
    for (size_t i = 0; i < shown->n; i++)
        if (type_same(&shown->bases[i], base))
            return true;
    if (shown->n < VIRTUAL_BASES_MAX)
        shown->bases[shown->n++] = *base;
    return false;
}

static void add_virtual_base(struct printer *p, const struct entry *base, const struct entry *type,
                             const struct value *v, struct shown *shown)
{
    uint64_t address;

    if (!virtual_base(p, base, v, &address)) {
        bounded_add(&p->out, "<invalid address>");
        return;
    }
    struct place_piece piece = {.kind = PLACE_MEMORY, .address = address};
    struct place place = {.frame = p->frame, .pieces = &piece, .n = 1};
    struct value at = {&place, 0};

    add_object(p, type, &at, shown);
}

static void add_base_class(struct printer *p, const struct entry *base, const struct value *v,
                           struct shown *shown)
{
    struct entry type;
    struct value at;
    uint64_t offset;

    if (!type_of_bare(base, &type))
        return;
    bool fixed = offset_of(base, &offset);

    if (!fixed && was_shown(shown, &type))
        return;
    bounded_add(&p->out, "<");
    add_type_name(&p->out, &type);
    bounded_add(&p->out, "> = ");
    if (!fixed)
        add_virtual_base(p, base, &type, v, shown);
    else if (value_at(v, offset, &at))
        add_object(p, &type, &at, shown);
    bounded_add(&p->out, ", ");
}

/* Compilers list them before the members. */
static void add_bases(struct printer *p, const struct entry *bare, const struct value *v,
                      struct shown *shown)
{
    struct entry c;

    for (bool more = entry_child(bare, &c);
         more && entry_tag(&c) != DW_TAG_member && printer_work(p, 1); more = entry_sibling(&c))
        if (entry_tag(&c) == DW_TAG_inheritance)
            add_base_class(p, &c, v, shown);
}

/* --- Members --- */

static bool is_member(const struct entry *c)
{
    return entry_tag(c) == DW_TAG_member ||
           (entry_tag(c) == DW_TAG_variable && entry_text(c, SLOT_NAME));
}

void hide_secret(struct printer *p, const char *name, size_t begin)
{
    const struct str value = {p->out.bytes + begin, p->out.n - begin};

    if (!name || !secret_value(name, value))
        return;
    bounded_cut(&p->out, begin);
    bounded_add(&p->out, "<" SECRET_WHY ">");
}

static void add_member(struct printer *p, const struct entry *c, const struct value *v)
{
    const char *name = entry_text(c, SLOT_NAME);
    struct member m;

    bounded_add(&p->out, is_static(c) ? "static " : "");
    if (name && *name) {
        bounded_add(&p->out, name);
        bounded_add(&p->out, " = ");
    }
    size_t begin = p->out.n;

    if (is_static(c))
        add_static(p, c);
    else if (member_of(p, c, v, &m))
        add_member_value(p, &m);
    else
        add_why(p, PLACE_UNREADABLE);
    hide_secret(p, name, begin);
}

static void add_object(struct printer *p, const struct entry *bare, const struct value *v,
                       struct shown *shown)
{
    struct entry c;
    size_t n = 0;

    if (p->nesting == PRINT_NESTING_MAX) {
        bounded_add(&p->out, "{...}");
        return;
    }
    p->nesting++;
    bounded_add(&p->out, "{");
    add_bases(p, bare, v, shown);
    for (bool more = entry_child(bare, &c); more && printer_work(p, 1); more = entry_sibling(&c)) {
        if (!is_member(&c))
            continue;
        bounded_add(&p->out, n++ > 0 ? ", " : "");
        add_member(p, &c, v);
    }
    bounded_add(&p->out, n == 0 ? "<No data fields>}" : "}");
    p->nesting--;
}

void add_struct(struct printer *p, const struct entry *bare, const struct value *v)
{
    struct shown shown;

    if (add_std_string(p, bare, v))
        return;
    if (entry_flag(bare, SLOT_DECLARATION)) {
        bounded_add(&p->out, "<incomplete type>");
        return;
    }
    if (p->depth == PRINT_DEPTH_MAX) {
        bounded_add(&p->out, "{...}");
        return;
    }
    p->depth++;
    shown.n = 0;
    if (type_is_rust(bare))
        add_rust_struct(p, bare, v);
    else
        add_object(p, bare, v, &shown);
    p->depth--;
}
