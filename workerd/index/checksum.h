/* SPDX-License-Identifier: Apache-2.0 */
/* XXH64, as its specification has it (xxhash_spec.md, "XXH64 algorithm"): about 8 bytes a cycle, a
 * few GB/s, with no library. Tells damage, not malice. */
#ifndef CORRAL_WORKERD_INDEX_CHECKSUM_H
#define CORRAL_WORKERD_INDEX_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t xxh64(const void *data, size_t size, uint64_t seed);

/* A hash over several pieces of bytes: begin, add in any cut, end. */
struct xxh64 {
    uint64_t lanes[4];
    uint64_t total, seed;
    uint8_t pending[32];
    size_t n_pending;
};

void xxh64_begin(struct xxh64 *x, uint64_t seed);
void xxh64_add(struct xxh64 *x, const void *data, size_t size);
uint64_t xxh64_end(const struct xxh64 *x);

#endif
