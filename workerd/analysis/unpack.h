/* SPDX-License-Identifier: Apache-2.0 */
/* Cores are stored compressed; analysis needs to read them anywhere. */
#ifndef CORRAL_WORKERD_ANALYSIS_UNPACK_H
#define CORRAL_WORKERD_ANALYSIS_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/core/bytes.h"

#define UNPACK_MEMORY_MAX (64u << 20)
#define UNPACK_MEMFD_MAX  (4ull << 30) /* without the holes */

struct unpacked_core {
    struct bytes bytes;
    void *owned;  /* the memory that they lie in; NULL: none */
    int owned_fd; /* of the unnamed file that was made; -1: none */
    bool cut;     /* at the limit, or where it would have taken too much of the disk */
    bool damaged; /* the compressed stream ended early or is not one: bytes has what came before */
};

enum unpack_outcome {
    UNPACK_NOT_REGULAR = 1, /* the core is not a regular file */
};

/* A core that is not zstd is used as it lies. One that decompresses to at most UNPACK_MEMORY_MAX
 * bytes, as slim cores do, is decompressed into memory. Any other, and one that is damaged, goes
 * into scratch_fd, or an unnamed file in memory (memfd_create(2)) when that is -1; runs of zeros
 * become holes. At most max bytes of it (0: all), and no more than UNPACK_MEMFD_MAX of memory or
 * half of a disk's room. */
int unpack_core(int core_fd, int scratch_fd, uint64_t max, struct unpacked_core *ret);
void unpacked_core_fini(struct unpacked_core *u);
/* How many bytes at most, without the holes, are put into a file that lies where this one does. */
uint64_t unpack_share(int scratch_fd);
/* Whether it is one that is unpacked at all. */
bool unpack_is_packed(int core_fd);

#endif
