/* SPDX-License-Identifier: Apache-2.0 */
/* The three compressions that ELF files have inside: sections by zlib or zstd, whose size is
 * announced, and .gnu_debugdata by xz, whose size is not. Pure; what is announced is believed only
 * as far as the budget and the format's best ratio go, and must turn out to be true. */
#ifndef CORRAL_WORKERD_INDEXER_DECOMPRESS_H
#define CORRAL_WORKERD_INDEXER_DECOMPRESS_H

#include <stdint.h>

#include "workerd/indexer/container.h"

enum compression {
    COMPRESSION_ZLIB,
    COMPRESSION_ZSTD,
};

/* `size` bytes on the heap, spent from the budget whether or not it works; NULL when there are not
 * exactly that many, or when memory or budget is refused. Size 0 gives NULL. */
void *decompress_known(enum compression how, struct span in, uint64_t size,
                       struct memory_budget *budget);
/* One xz file of any size below the budget, which what came of it is spent from. Empty when it is
 * damaged, too large, or needs more than DECOMPRESS_XZ_MEMORY. free() its data. */
#define DECOMPRESS_XZ_MEMORY (80ull << 20) /* xz -9 needs 65 MiB */
struct span decompress_xz(struct span in, struct memory_budget *budget);

#endif
