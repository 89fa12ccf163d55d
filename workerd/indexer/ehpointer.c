/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/ehpointer.h"

/* Without what it is relative to. An unknown format makes the cursor bad. */
static uint64_t read_value(struct cursor *c, uint8_t format, uint8_t word)
{
    switch (format) {
    case EH_ABSOLUTE:
        return cursor_number(c, word);
    case EH_ULEB128:
        return cursor_uleb(c);
    case EH_UDATA2:
        return cursor_u16(c);
    case EH_UDATA4:
        return cursor_u32(c);
    case EH_UDATA8:
    case EH_SDATA8:
        return cursor_u64(c);
    case EH_SLEB128:
        return (uint64_t)cursor_sleb(c);
    case EH_SDATA2:
        return (uint64_t)(int16_t)cursor_u16(c);
    case EH_SDATA4:
        return (uint64_t)(int32_t)cursor_u32(c);
    default:
        cursor_fail(c);
        return 0;
    }
}

static uint64_t base_of(uint8_t encoding, uint64_t here, const struct eh_bases *b)
{
    switch (encoding & EH_BASE) {
    case EH_PCREL:
        return here;
    case EH_TEXTREL:
        return b->text;
    case EH_DATAREL:
        return b->data;
    case EH_FUNCREL:
        return b->function;
    default:
        return 0;
    }
}

bool eh_pointer(struct cursor *c, uint8_t encoding, const struct eh_bases *b, uint64_t *ret)
{
    if (encoding == EH_OMIT)
        return false;
    uint64_t here = b->address + (uint64_t)(c->p - b->start);

    if ((encoding & EH_BASE) == EH_ALIGNED) {
        uint64_t padding = -here & (b->word - 1u);

        cursor_bytes(c, padding);
        encoding = EH_ABSOLUTE;
    }
    uint64_t value = read_value(c, encoding & EH_FORMAT, b->word);

    if (c->bad || (encoding & EH_BASE) > EH_ALIGNED || (encoding & EH_INDIRECT))
        return false;
    if (value != 0) /* 0 is no pointer at all, whatever it would be relative to */
        value += base_of(encoding, here, b);
    *ret = b->word == 4 ? (uint32_t)value : value;
    return true;
}
