/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets in a section, and a small number for each: what was found there before. A hash table
 * with open addressing that doubles up to a limit; beyond it nothing is remembered any more. */
#ifndef CORRAL_WORKERD_INDEXER_OFFSETMAP_H
#define CORRAL_WORKERD_INDEXER_OFFSETMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OFFSET_MAP_MAX (1u << 22) /* offsets */

struct offset_slot {
    uint64_t key; /* offset + 1; 0: free */
    uint32_t value;
};

struct offset_map {
    struct offset_slot *slots;
    size_t n;
    unsigned shift; /* 64 - log2 of the number of slots */
};

void offset_map_fini(struct offset_map *m);
bool offset_map_get(const struct offset_map *m, uint64_t offset, uint32_t *ret);
/* The offset is not in the map yet. False when it is full, or memory is refused. */
bool offset_map_add(struct offset_map *m, uint64_t offset, uint32_t value);

#endif
