/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as bytes, small ones in one: seven bits a byte, the lowest first, the top bit set on all
 * but the last (DWARF's LEB128). Signed ones are folded first, so that those near zero are short.
 */
#ifndef CORRAL_WORKERD_INDEX_VARINT_H
#define CORRAL_WORKERD_INDEX_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VARINT_MAX 10u /* bytes of one number */

/* Bytes that are read from the front. */
struct varint_reader {
    const uint8_t *p, *end;
};

/* Needs VARINT_MAX bytes; returns where the next one goes. */
static inline uint8_t *varint_put(uint8_t *p, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *p++ = (uint8_t)(value | 0x80);
    *p++ = (uint8_t)value;
    return p;
}

/* False at the end of the bytes, and for what is longer than VARINT_MAX of them, so that a look-up
 * costs the same however an index is made. Inline, so that a reader stays in registers. */
static inline __attribute__((always_inline)) bool varint_get(struct varint_reader *r, uint64_t *ret)
{
    const uint8_t *p = r->p, *end = r->end;
    uint64_t value = 0;

    if (p == end)
        return false;
    if (!(*p & 0x80)) {
        *ret = *p;
        r->p = p + 1;
        return true;
    }
    for (unsigned shift = 0; p < end && shift < 7 * VARINT_MAX; shift += 7) {
        uint8_t byte = *p++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret = value;
            r->p = p;
            return true;
        }
    }
    return false;
}

/* The same for a number that must fit into 32 bits. */
static inline bool varint_get32(struct varint_reader *r, uint32_t *ret)
{
    uint64_t value;

    if (!varint_get(r, &value) || value > UINT32_MAX)
        return false;
    *ret = (uint32_t)value;
    return true;
}

static inline uint64_t varint_fold(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t varint_unfold(uint64_t value)
{
    return (int64_t)((value >> 1) ^ (value & 1 ? UINT64_MAX : 0));
}

#endif
