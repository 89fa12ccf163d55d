/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables by form: its size, where that is the same everywhere, and for the rest what its size
 * hangs on. */
#include "workerd/indexer/forms.h"

#define INDIRECT_MAX 4 /* forms that name a form that names a form */

enum form_shape {
    SHAPE_UNKNOWN,
    SHAPE_0,
    SHAPE_1,
    SHAPE_2,
    SHAPE_3,
    SHAPE_4,
    SHAPE_8,
    SHAPE_16,
    SHAPE_ADDRESS,
    SHAPE_OFFSET,
    SHAPE_REF_ADDR,
    SHAPE_TEXT,
    SHAPE_ULEB,
    SHAPE_SLEB,
    SHAPE_BLOCK1,
    SHAPE_BLOCK2,
    SHAPE_BLOCK4,
    SHAPE_BLOCK,
    SHAPE_ULEB_4,
    SHAPE_INDIRECT,
};

static const uint8_t shapes[] = {
    [DW_FORM_addr] = SHAPE_ADDRESS,
    [DW_FORM_block2] = SHAPE_BLOCK2,
    [DW_FORM_block4] = SHAPE_BLOCK4,
    [DW_FORM_data2] = SHAPE_2,
    [DW_FORM_data4] = SHAPE_4,
    [DW_FORM_data8] = SHAPE_8,
    [DW_FORM_string] = SHAPE_TEXT,
    [DW_FORM_block] = SHAPE_BLOCK,
    [DW_FORM_block1] = SHAPE_BLOCK1,
    [DW_FORM_data1] = SHAPE_1,
    [DW_FORM_flag] = SHAPE_1,
    [DW_FORM_sdata] = SHAPE_SLEB,
    [DW_FORM_strp] = SHAPE_OFFSET,
    [DW_FORM_udata] = SHAPE_ULEB,
    [DW_FORM_ref_addr] = SHAPE_REF_ADDR,
    [DW_FORM_ref1] = SHAPE_1,
    [DW_FORM_ref2] = SHAPE_2,
    [DW_FORM_ref4] = SHAPE_4,
    [DW_FORM_ref8] = SHAPE_8,
    [DW_FORM_ref_udata] = SHAPE_ULEB,
    [DW_FORM_indirect] = SHAPE_INDIRECT,
    [DW_FORM_sec_offset] = SHAPE_OFFSET,
    [DW_FORM_exprloc] = SHAPE_BLOCK,
    [DW_FORM_flag_present] = SHAPE_0,
    [DW_FORM_strx] = SHAPE_ULEB,
    [DW_FORM_addrx] = SHAPE_ULEB,
    [DW_FORM_ref_sup4] = SHAPE_4,
    [DW_FORM_strp_sup] = SHAPE_OFFSET,
    [DW_FORM_data16] = SHAPE_16,
    [DW_FORM_line_strp] = SHAPE_OFFSET,
    [DW_FORM_ref_sig8] = SHAPE_8,
    [DW_FORM_implicit_const] = SHAPE_0,
    [DW_FORM_loclistx] = SHAPE_ULEB,
    [DW_FORM_rnglistx] = SHAPE_ULEB,
    [DW_FORM_ref_sup8] = SHAPE_8,
    [DW_FORM_strx1] = SHAPE_1,
    [DW_FORM_strx2] = SHAPE_2,
    [DW_FORM_strx3] = SHAPE_3,
    [DW_FORM_strx4] = SHAPE_4,
    [DW_FORM_addrx1] = SHAPE_1,
    [DW_FORM_addrx2] = SHAPE_2,
    [DW_FORM_addrx3] = SHAPE_3,
    [DW_FORM_addrx4] = SHAPE_4,
};

static enum form_shape shape_of(uint32_t form)
{
    if (form < sizeof shapes)
        return (enum form_shape)shapes[form];
    switch (form) {
    case DW_FORM_GNU_addr_index:
    case DW_FORM_GNU_str_index:
        return SHAPE_ULEB;
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt:
        return SHAPE_OFFSET;
    case FORM_LLVM_ADDRX_OFFSET:
        return SHAPE_ULEB_4;
    default:
        return SHAPE_UNKNOWN;
    }
}

/* Bytes of a shape that does not vary; -1 for the others. */
static int fixed_size(enum form_shape shape, const struct form_sizes *s)
{
    static const int8_t sizes[] = {
        [SHAPE_1] = 1, [SHAPE_2] = 2, [SHAPE_3] = 3, [SHAPE_4] = 4, [SHAPE_8] = 8, [SHAPE_16] = 16,
    };

    switch (shape) {
    case SHAPE_0:
        return 0;
    case SHAPE_ADDRESS:
        return s->address;
    case SHAPE_OFFSET:
        return s->offset;
    case SHAPE_REF_ADDR: /* DWARF 2 took it for an address */
        return s->version <= 2 ? s->address : s->offset;
    default:
        return (size_t)shape < sizeof sizes && sizes[shape] > 0 ? sizes[shape] : -1;
    }
}

enum form_class form_measure(uint32_t form, const struct form_sizes *s, uint32_t *ret_size)
{
    enum form_shape shape = shape_of(form);
    int size = fixed_size(shape, s);

    if (shape == SHAPE_UNKNOWN)
        return FORM_UNKNOWN;
    if (size < 0)
        return FORM_VARIES;
    *ret_size = (uint32_t)size;
    return FORM_FIXED;
}

/* The form that DW_FORM_indirect stands for; 0 when there is none. What has its value in the table
 * of abbreviations cannot be named from outside of it. */
static uint32_t indirect_form(struct cursor *c)
{
    for (int i = 0; i < INDIRECT_MAX; i++) {
        uint64_t form = cursor_uleb(c);

        if (form == DW_FORM_implicit_const || form > UINT32_MAX)
            return 0;
        if (form != DW_FORM_indirect)
            return (uint32_t)form;
    }
    return 0;
}

/* How long the block is that begins here, behind its length. */
static uint64_t block_size(enum form_shape shape, struct cursor *c)
{
    switch (shape) {
    case SHAPE_BLOCK1:
        return cursor_u8(c);
    case SHAPE_BLOCK2:
        return cursor_u16(c);
    case SHAPE_BLOCK4:
        return cursor_u32(c);
    default:
        return cursor_uleb(c);
    }
}

/* Moves behind a value of a shape that varies. */
static void read_varying(enum form_shape shape, struct cursor *c, struct form_value *ret)
{
    switch (shape) {
    case SHAPE_TEXT:
        ret->text = cursor_text(c);
        return;
    case SHAPE_ULEB:
        ret->number = cursor_uleb(c);
        return;
    case SHAPE_SLEB:
        ret->number = (uint64_t)cursor_sleb(c);
        return;
    case SHAPE_BLOCK1:
    case SHAPE_BLOCK2:
    case SHAPE_BLOCK4:
    case SHAPE_BLOCK:
        ret->number = block_size(shape, c);
        ret->bytes = cursor_bytes(c, ret->number);
        return;
    case SHAPE_ULEB_4:
        ret->number = cursor_uleb(c);
        ret->addend = cursor_u32(c);
        return;
    default:
        cursor_fail(c);
    }
}

void form_skip(uint32_t form, const struct form_sizes *s, struct cursor *c)
{
    struct form_value unused;

    if (form == DW_FORM_indirect)
        form = indirect_form(c);
    enum form_shape shape = shape_of(form);
    int size = fixed_size(shape, s);

    if (size >= 0)
        cursor_bytes(c, (uint64_t)size);
    else
        read_varying(shape, c, &unused);
}

/* cursor_number for each size by itself, which is several times faster. */
static uint64_t read_fixed(int size, struct cursor *c)
{
    switch (size) {
    case 1:
        return cursor_u8(c);
    case 2:
        return cursor_u16(c);
    case 4:
        return cursor_u32(c);
    case 8:
        return cursor_u64(c);
    default:
        return cursor_number(c, (size_t)size);
    }
}

void form_read(uint32_t form, int64_t constant, const struct form_sizes *s, struct cursor *c,
               struct form_value *ret)
{
    if (form == DW_FORM_indirect)
        form = indirect_form(c);
    enum form_shape shape = shape_of(form);
    int size = fixed_size(shape, s);

    ret->form = form;
    ret->number = 0;
    if (size > 8) {
        ret->number = (uint64_t)size;
        ret->bytes = cursor_bytes(c, ret->number);
    } else if (size > 0) {
        ret->number = read_fixed(size, c);
    } else if (size == 0) {
        ret->number = form == DW_FORM_implicit_const ? (uint64_t)constant : 1;
    } else {
        read_varying(shape, c, ret);
    }
}

bool form_is_bytes(const struct form_value *v)
{
    switch (v->form) {
    case DW_FORM_block:
    case DW_FORM_block1:
    case DW_FORM_block2:
    case DW_FORM_block4:
    case DW_FORM_exprloc:
    case DW_FORM_data16:
        return true;
    default:
        return false;
    }
}

bool form_is_constant(const struct form_value *v)
{
    switch (v->form) {
    case DW_FORM_data1:
    case DW_FORM_data2:
    case DW_FORM_data4:
    case DW_FORM_data8:
    case DW_FORM_udata:
    case DW_FORM_sdata:
    case DW_FORM_implicit_const:
        return true;
    default:
        return false;
    }
}

bool form_number(const struct form_value *v, uint64_t *ret)
{
    bool is_signed = v->form == DW_FORM_sdata || v->form == DW_FORM_implicit_const;

    if (!form_is_constant(v) && v->form != DW_FORM_sec_offset)
        return false;
    if (is_signed && v->number > INT64_MAX)
        return false;
    *ret = v->number;
    return true;
}
