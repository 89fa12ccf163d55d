/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are looked up in other sections: texts, addresses, references (DWARF 5, section
 * 7.5.5). */
#include "workerd/indexer/info.h"

/* Entry `index` of a table of numbers of `size` bytes that begins at base. */
static bool table_entry(const struct span *s, uint64_t base, uint64_t index, unsigned size,
                        uint64_t *ret)
{
    uint64_t offset;

    if (__builtin_mul_overflow(index, (uint64_t)size, &offset) ||
        __builtin_add_overflow(base, offset, &offset) || s->size < size || offset > s->size - size)
        return false;
    struct cursor c = cursor_of(s->data + offset, size);

    *ret = cursor_number(&c, size);
    return true;
}

static const char *text_at(const struct span *s, size_t end, uint64_t offset)
{
    return offset < end ? (const char *)s->data + offset : NULL;
}

const char *value_text(const struct info *x, const struct unit *u, const struct form_value *v)
{
    const struct dwarf *d = x->dwarf;
    uint64_t offset;

    if (!v)
        return NULL;
    switch (v->form) {
    case DW_FORM_string:
        return v->text;
    case DW_FORM_strp:
        return text_at(&d->str, x->str_end, v->number);
    case DW_FORM_line_strp:
        return text_at(&d->line_str, x->line_str_end, v->number);
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_strp_alt:
        return x->shared ? text_at(&x->shared->dwarf->str, x->shared->str_end, v->number) : NULL;
    case DW_FORM_strx:
    case DW_FORM_strx1:
    case DW_FORM_strx2:
    case DW_FORM_strx3:
    case DW_FORM_strx4:
    case DW_FORM_GNU_str_index:
        if (!table_entry(&d->str_offsets, u->str_offsets_base, v->number, u->sizes.offset, &offset))
            return NULL;
        return text_at(&d->str, x->str_end, offset);
    default:
        return NULL;
    }
}

bool unit_address(const struct info *x, const struct unit *u, uint64_t index, uint64_t *ret)
{
    return table_entry(&x->dwarf->addr, u->addr_base, index, u->sizes.address, ret);
}

bool value_address(const struct info *x, const struct unit *u, const struct form_value *v,
                   uint64_t *ret)
{
    uint64_t address;

    if (!v)
        return false;
    switch (v->form) {
    case DW_FORM_addr:
        *ret = v->number;
        return true;
    case DW_FORM_addrx:
    case DW_FORM_addrx1:
    case DW_FORM_addrx2:
    case DW_FORM_addrx3:
    case DW_FORM_addrx4:
    case DW_FORM_GNU_addr_index:
        return unit_address(x, u, v->number, ret);
    case FORM_LLVM_ADDRX_OFFSET:
        if (!unit_address(x, u, v->number, &address))
            return false;
        *ret = address + v->addend;
        return true;
    default:
        return false;
    }
}

uint32_t value_number(const struct form_value *v)
{
    uint64_t number;

    return v && form_number(v, &number) && number <= INT32_MAX ? (uint32_t)number : 0;
}

bool value_reference(struct info *x, const struct unit *u, const struct form_value *v,
                     struct info **ret_info, uint64_t *ret)
{
    struct info *info = x;
    uint64_t offset;

    if (!v)
        return false;
    switch (v->form) {
    case DW_FORM_ref1:
    case DW_FORM_ref2:
    case DW_FORM_ref4:
    case DW_FORM_ref8:
    case DW_FORM_ref_udata:
        if (v->number >= u->end - u->offset)
            return false;
        offset = u->offset + v->number;
        break;
    case DW_FORM_ref_addr:
        offset = v->number;
        break;
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_ref_sup4:
    case DW_FORM_ref_sup8:
        info = x->shared;
        offset = v->number;
        break;
    default: /* DW_FORM_ref_sig8 leads to a type */
        return false;
    }
    if (!info)
        return false;
    *ret_info = info;
    *ret = offset;
    return true;
}

bool value_ranges(const struct info *x, const struct unit *u, const struct form_value *v,
                  uint64_t *ret)
{
    uint64_t offset;

    if (!v)
        return false;
    switch (v->form) {
    case DW_FORM_sec_offset:
    case DW_FORM_data4:
    case DW_FORM_data8:
        *ret = v->number;
        return true;
    case DW_FORM_rnglistx:
        if (!table_entry(&x->dwarf->rnglists, u->rnglists_base, v->number, u->sizes.offset,
                         &offset) ||
            __builtin_add_overflow(u->rnglists_base, offset, ret))
            return false;
        return true;
    default:
        return false;
    }
}
