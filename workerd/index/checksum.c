/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/index/checksum.h"

#include <string.h>

#include "workerd/index/index.h"

#define PRIME_1 0x9E3779B185EBCA87ull
#define PRIME_2 0xC2B2AE3D27D4EB4Full
#define PRIME_3 0x165667B19E3779F9ull
#define PRIME_4 0x85EBCA77C2B2AE63ull
#define PRIME_5 0x27D4EB2F165667C5ull

#define STRIPE 32 /* bytes that four lanes take at once */

static uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static uint64_t read64(const uint8_t *p)
{
    uint64_t x;

    memcpy(&x, p, sizeof x);
    return x;
}

static uint32_t read32(const uint8_t *p)
{
    uint32_t x;

    memcpy(&x, p, sizeof x);
    return x;
}

static uint64_t mix(uint64_t lane, uint64_t input)
{
    return rotate(lane + input * PRIME_2, 31) * PRIME_1;
}

static uint64_t merge(uint64_t hash, uint64_t lane)
{
    return (hash ^ mix(0, lane)) * PRIME_1 + PRIME_4;
}

static void begin_lanes(uint64_t lanes[static 4], uint64_t seed)
{
    lanes[0] = seed + PRIME_1 + PRIME_2;
    lanes[1] = seed + PRIME_2;
    lanes[2] = seed;
    lanes[3] = seed - PRIME_1;
}

/* Takes whole stripes; returns where the rest begins. */
static const uint8_t *take_stripes(uint64_t lanes[static 4], const uint8_t *p, size_t size)
{
    uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];

    for (; size >= STRIPE; size -= STRIPE, p += STRIPE) {
        a = mix(a, read64(p));
        b = mix(b, read64(p + 8));
        c = mix(c, read64(p + 16));
        d = mix(d, read64(p + 24));
    }
    lanes[0] = a, lanes[1] = b, lanes[2] = c, lanes[3] = d;
    return p;
}

static uint64_t join_lanes(const uint64_t lanes[static 4])
{
    uint64_t hash =
        rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);

    for (size_t i = 0; i < 4; i++)
        hash = merge(hash, lanes[i]);
    return hash;
}

/* What is left after the stripes, and the last mixing. */
static uint64_t finish(uint64_t hash, const uint8_t *p, size_t size)
{
    for (; size >= 8; size -= 8, p += 8)
        hash = rotate(hash ^ mix(0, read64(p)), 27) * PRIME_1 + PRIME_4;
    for (; size >= 4; size -= 4, p += 4)
        hash = rotate(hash ^ read32(p) * PRIME_1, 23) * PRIME_2 + PRIME_3;
    for (; size > 0; size--, p++)
        hash = rotate(hash ^ *p * PRIME_5, 11) * PRIME_1;
    hash = (hash ^ hash >> 33) * PRIME_2;
    hash = (hash ^ hash >> 29) * PRIME_3;
    return hash ^ hash >> 32;
}

uint64_t xxh64(const void *data, size_t size, uint64_t seed)
{
    const uint8_t *p = data;
    uint64_t hash = seed + PRIME_5;

    if (size >= STRIPE) {
        uint64_t lanes[4];

        begin_lanes(lanes, seed);
        p = take_stripes(lanes, p, size);
        hash = join_lanes(lanes);
    }
    return finish(hash + size, p, size % STRIPE);
}

void xxh64_begin(struct xxh64 *x, uint64_t seed)
{
    *x = (struct xxh64){.seed = seed};
    begin_lanes(x->lanes, seed);
}

/* Fills the pending stripe and takes it when it is whole. Returns how many bytes went there. */
static size_t fill_pending(struct xxh64 *x, const uint8_t *p, size_t size)
{
    size_t n = STRIPE - x->n_pending;

    if (n > size)
        n = size;
    if (n > 0)
        memcpy(x->pending + x->n_pending, p, n);
    x->n_pending += n;
    if (x->n_pending == STRIPE) {
        take_stripes(x->lanes, x->pending, STRIPE);
        x->n_pending = 0;
    }
    return n;
}

void xxh64_add(struct xxh64 *x, const void *data, size_t size)
{
    const uint8_t *p = data;
    size_t n = x->n_pending > 0 ? fill_pending(x, p, size) : 0;

    x->total += size;
    p = take_stripes(x->lanes, p + n, size - n);
    fill_pending(x, p, (size_t)((const uint8_t *)data + size - p));
}

uint64_t xxh64_end(const struct xxh64 *x)
{
    uint64_t hash = x->total >= STRIPE ? join_lanes(x->lanes) : x->seed + PRIME_5;

    return finish(hash + x->total, x->pending, x->n_pending);
}

uint64_t index_checksum(const void *data, size_t size)
{
    static const uint64_t zero = 0;
    const size_t at = offsetof(struct index_header, checksum), after = at + sizeof zero;
    struct xxh64 x;

    xxh64_begin(&x, 0);
    xxh64_add(&x, data, size < at ? size : at);
    if (size > after) {
        xxh64_add(&x, &zero, sizeof zero);
        xxh64_add(&x, (const uint8_t *)data + after, size - after);
    }
    return xxh64_end(&x);
}
