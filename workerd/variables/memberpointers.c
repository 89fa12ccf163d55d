/* SPDX-License-Identifier: Apache-2.0 */
/* C++'s pointers to members (Itanium C++ ABI, section 2.3): to data an offset, of which -1 is none;
 * to a function its address, or an odd number that leads into the table of virtual functions, and
 * what is added to `this`. */
#include <inttypes.h>

#include "workerd/variables/printer.h"

/* The member of the class that begins there. */
static bool member_at(struct printer *p, const struct entry *class, uint64_t offset,
                      struct entry *ret)
{
    struct entry c;
    uint64_t at;

    for (bool more = entry_child(class, &c); more && printer_work(p, 1); more = entry_sibling(&c)) {
        if (entry_tag(&c) != DW_TAG_member || entry_flag(&c, SLOT_EXTERNAL) ||
            !entry_number(&c, SLOT_MEMBER_LOCATION, &at) || at != offset)
            continue;
        *ret = c;
        return true;
    }
    return false;
}

static void add_data_pointer(struct printer *p, const struct entry *bare, const struct number *n)
{
    struct entry class, member;

    if (number_signed(n) == -1) {
        bounded_add(&p->out, "NULL");
    } else if (entry_follow(bare, SLOT_CONTAINING_TYPE, &class) && type_bare(&class, &class) &&
               member_at(p, &class, (uint64_t)n->bits, &member)) {
        bounded_add(&p->out, "&");
        add_type_name(&p->out, &class);
        bounded_add(&p->out, "::");
        bounded_add(&p->out, entry_text(&member, SLOT_NAME));
    } else {
        add_decimal(&p->out, n, true);
    }
}

static void add_method_pointer(struct printer *p, const struct entry *bare, const struct number *n)
{
    unsigned half = n->width / 2;
    uint64_t address = (uint64_t)n->bits & (half < 64 ? (UINT64_C(1) << half) - 1 : UINT64_MAX);
    int64_t adjustment = (int64_t)(number_signed(n) >> half);

    if (address == 0) {
        bounded_add(&p->out, "NULL");
        return;
    }
    if (address & 1) {
        bounded_printf(&p->out, "&virtual table offset %" PRIu64, address - 1);
    } else {
        bounded_add(&p->out, "(");
        bounded_add(&p->out, print_type_itself(bare, p->arena));
        bounded_add(&p->out, ") ");
        add_address(p, address);
    }
    if (adjustment != 0)
        bounded_printf(&p->out, ", this adjustment %" PRId64, adjustment);
}

void add_member_pointer(struct printer *p, const struct entry *bare, const struct value *v)
{
    uint64_t word = bare->unit->sizes.address;
    struct entry target;
    struct number n;
    bool method = type_of_bare(bare, &target) && entry_tag(&target) == DW_TAG_subroutine_type;

    if (!value_number_or_why(p, v, method ? 2 * word : word, &n))
        return;
    if (method)
        add_method_pointer(p, bare, &n);
    else
        add_data_pointer(p, bare, &n);
}
