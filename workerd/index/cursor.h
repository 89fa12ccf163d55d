/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor over little-endian bytes that were written by a stranger: each read moves forward and
 * stays within the bytes. The first read past the end marks the cursor as bad and leaves it at the
 * end; all reads after it give 0, so that a parser may look once, after a group of reads. */
#ifndef CORRAL_WORKERD_INDEX_CURSOR_H
#define CORRAL_WORKERD_INDEX_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
    const uint8_t *p, *end;
    bool bad;
};

static inline struct cursor cursor_of(const uint8_t *bytes, size_t size)
{
    static const uint8_t none[1]; /* no bytes may have no address, which nothing can be added to */

    return bytes ? (struct cursor){.p = bytes, .end = bytes + size}
                 : (struct cursor){.p = none, .end = none};
}

static inline size_t cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->p);
}

static inline void cursor_fail(struct cursor *c)
{
    c->p = c->end;
    c->bad = true;
}

/* n bytes, and the cursor behind them; NULL when there are fewer. */
static inline const uint8_t *cursor_bytes(struct cursor *c, uint64_t n)
{
    const uint8_t *p = c->p;

    if (n > cursor_left(c)) {
        cursor_fail(c);
        return NULL;
    }
    c->p += n;
    return p;
}

/* A number of 1 to 8 bytes. */
static inline uint64_t cursor_number(struct cursor *c, size_t size)
{
    const uint8_t *p = cursor_bytes(c, size);
    uint64_t v = 0;

    if (p)
        memcpy(&v, p, size);
    return v;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
    if (c->p == c->end) {
        c->bad = true;
        return 0;
    }
    return *c->p++;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
    return (uint16_t)cursor_number(c, 2);
}

static inline uint32_t cursor_u32(struct cursor *c)
{
    return (uint32_t)cursor_number(c, 4);
}

static inline uint64_t cursor_u64(struct cursor *c)
{
    return cursor_number(c, 8);
}

/* Bits beyond 64 are dropped. */
static inline uint64_t cursor_uleb(struct cursor *c)
{
    uint64_t v = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = cursor_u8(c);
        if (shift < 64)
            v |= (uint64_t)(byte & 0x7f) << shift;
        shift += shift < 64 ? 7 : 0;
    } while (byte & 0x80);
    return v;
}

static inline int64_t cursor_sleb(struct cursor *c)
{
    uint64_t v = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = cursor_u8(c);
        if (shift < 64)
            v |= (uint64_t)(byte & 0x7f) << shift;
        shift += shift < 64 ? 7 : 0;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40))
        v |= UINT64_MAX << shift;
    return (int64_t)v;
}

/* A text that ends with NUL before the bytes do; NULL when it does not. */
static inline const char *cursor_text(struct cursor *c)
{
    const uint8_t *p = c->p, *nul = cursor_left(c) > 0 ? memchr(p, 0, cursor_left(c)) : NULL;

    if (!nul) {
        cursor_fail(c);
        return NULL;
    }
    c->p = nul + 1;
    return (const char *)p;
}

#endif
