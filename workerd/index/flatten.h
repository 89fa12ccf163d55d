/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges that overlap, made into rows that do not: from each address on, which range counts there.
 * A sweep from the lowest address up, over a heap of the ranges that are open: time grows with
 * n log n, rows with 2n, whatever the ranges are like. */
#ifndef CORRAL_WORKERD_INDEX_FLATTEN_H
#define CORRAL_WORKERD_INDEX_FLATTEN_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

struct flat_range {
    uint32_t low, high; /* [low, high) */
    uint64_t priority;  /* of several at an address, the one with the lowest; then the first */
};

struct flat_row {
    uint32_t address;
    uint32_t range; /* index of the one that counts; INDEX_NONE: none */
};

/* Appends struct flat_row to rows, no two neighbours of one range; the last is none. Empty ranges
 * are passed over. -ENOMEM, -E2BIG. */
int flatten(const struct flat_range *ranges, size_t n, struct buf *rows);

/* A priority: the range that begins nearest before an address, then the one that ends first. */
static inline uint64_t flat_nearest(uint32_t low, uint32_t high)
{
    return (uint64_t)~low << 32 | high;
}

#endif
