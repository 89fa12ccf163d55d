/* SPDX-License-Identifier: Apache-2.0 */
/* Address ranges and whose they are: filled, sorted once, then searched by halving. Ranges may
 * overlap (identical functions are folded into one by some linkers): the one that begins nearest
 * before an address wins, the smaller of two that begin at one. Pure. */
#ifndef CORRAL_WORKERD_REFERENCE_RANGES_H
#define CORRAL_WORKERD_REFERENCE_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
    uint64_t low, high; /* [low, high) */
    uint64_t owner;     /* whatever the caller says */
};

struct ranges {
    struct range *list;
    size_t n, capacity;
};

/* Empty ranges are passed over, and so is everything beyond a limit. */
void ranges_add(struct ranges *r, uint64_t low, uint64_t high, uint64_t owner);
void ranges_sort(struct ranges *r);
/* NULL when no range holds the address. */
const struct range *ranges_find(const struct ranges *r, uint64_t address);
void ranges_fini(struct ranges *r);

#endif
