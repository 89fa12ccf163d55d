/* SPDX-License-Identifier: Apache-2.0 */
/* Enumerations by the name of the value. When all names stand for single bits, several of them may
 * be set, and what is left is a number: "(A | B | unknown: 0x8)". */
#include <inttypes.h>
#include <string.h>

#include "workerd/variables/printer.h"

struct enumerator {
    struct entry entry;
    uint64_t bits; /* within the enumeration's size */
    bool negative;
};

/* What is known when all of them were gone over. */
struct enumerators {
    bool flags; /* single bits only, or none */
    bool negative;
    bool found;
    struct enumerator value; /* the one that is looked for, when it was found */
};

static uint64_t mask_of(const struct number *n)
{
    return n->width >= 64 ? UINT64_MAX : (UINT64_C(1) << n->width) - 1;
}

static bool read_enumerator(const struct entry *e, const struct number *n, struct enumerator *ret)
{
    uint64_t value;
    int64_t with_sign = 0;

    if (entry_tag(e) != DW_TAG_enumerator)
        return false;
    if (!entry_number(e, SLOT_CONST_VALUE, &value)) {
        if (!entry_signed(e, SLOT_CONST_VALUE, &with_sign))
            return false;
        value = (uint64_t)with_sign;
    }
    ret->entry = *e;
    ret->bits = value & mask_of(n);
    ret->negative = with_sign < 0;
    return true;
}

static void look_up(struct printer *p, const struct entry *bare, const struct number *n,
                    struct enumerators *ret)
{
    struct enumerator e;
    struct entry c;

    ret->flags = true;
    ret->negative = ret->found = false;
    for (bool more = entry_child(bare, &c); more && printer_work(p, 1); more = entry_sibling(&c)) {
        if (!read_enumerator(&c, n, &e))
            continue;
        ret->negative |= e.negative;
        ret->flags &= !e.negative && __builtin_popcountll(e.bits) < 2;
        if (e.bits != (uint64_t)n->bits)
            continue;
        ret->value = e;
        ret->found = true;
        return;
    }
}

/* What is around the enumeration; it may have been declared there and defined elsewhere. */
static const char *qualified(const struct entry *bare, const char *name)
{
    struct entry declaration;

    if (entry_follow(bare, SLOT_SPECIFICATION, &declaration))
        return type_qualified(&declaration, name);
    return type_qualified(bare, name);
}

/* Of a scoped enumeration the name has its own name before it, of another one only what is around
 * it. */
static void add_name(struct printer *p, const struct entry *bare, const struct entry *enumerator)
{
    const char *name = entry_text(enumerator, SLOT_NAME);
    bool scoped = entry_flag(bare, SLOT_ENUM_CLASS) || type_is_rust(bare);

    if (scoped && type_name(bare)) {
        add_type_name(&p->out, bare);
        bounded_add(&p->out, "::");
        bounded_add(&p->out, name);
    } else {
        bounded_add(&p->out, name ? qualified(bare, name) : "?");
    }
}

static void add_flags(struct printer *p, const struct entry *bare, const struct number *n)
{
    uint64_t left = (uint64_t)n->bits;
    struct enumerator e;
    struct entry c;
    bool any = false;

    for (bool more = entry_child(bare, &c); more && printer_work(p, 1); more = entry_sibling(&c)) {
        if (!read_enumerator(&c, n, &e) || !(left & e.bits))
            continue;
        bounded_add(&p->out, any ? " | " : "(");
        add_name(p, bare, &c);
        left &= ~e.bits;
        any = true;
    }
    if (left != 0)
        bounded_printf(&p->out, "%sunknown: 0x%" PRIx64 ")", any ? " | " : "(", left);
    else
        bounded_add(&p->out, any ? ")" : "0");
}

void add_enum(struct printer *p, const struct entry *bare, const struct number *n)
{
    struct enumerators known;

    look_up(p, bare, n, &known);
    if (known.found)
        add_name(p, bare, &known.value.entry);
    else if (known.flags)
        add_flags(p, bare, n);
    else
        add_decimal(&p->out, n, known.negative);
}
