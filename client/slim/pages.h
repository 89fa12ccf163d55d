/* SPDX-License-Identifier: Apache-2.0 */
/* A set of pages with a fixed maximum: each page of the process is chosen, and counted, once,
 * however often it is pointed at. A hash table with open addressing; its seed is not the process'
 * to know. */
#ifndef CORRAL_CLIENT_SLIM_PAGES_H
#define CORRAL_CLIENT_SLIM_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES 4096u

enum pages_outcome {
    PAGES_HAD = 1, /* it was in the set before */
    PAGES_FULL,
};

struct pages {
    uint64_t *list; /* addresses, in the order they were added until pages_sort */
    size_t n, max;
    uint64_t *slots; /* an address | 1; 0: free */
    unsigned shift;  /* 64 - log2 of the number of slots */
    uint64_t seed;
};

static inline uint64_t page_of(uint64_t address)
{
    return address & ~(uint64_t)(PAGE_BYTES - 1);
}

/* max: at most 2^28. -ENOMEM. */
int pages_init(struct pages *p, size_t max);
void pages_fini(struct pages *p);
/* The page that starts at the address. */
int pages_add(struct pages *p, uint64_t page);
bool pages_have(const struct pages *p, uint64_t page);
/* Sorts list[from..n). */
void pages_sort(struct pages *p, size_t from);

#endif
