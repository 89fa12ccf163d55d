/* SPDX-License-Identifier: Apache-2.0 */
/* Cores are stored compressed; analysis needs to read them anywhere. */
#ifndef CORRAL_WORKERD_ANALYSIS_UNPACK_H
#define CORRAL_WORKERD_ANALYSIS_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/core/bytes.h"

struct unpacked_core {
    struct bytes bytes;
    int owned_fd; /* of the unnamed file that was made; -1: none */
    bool cut;     /* at the limit, or where it would have taken too much of the disk */
    bool damaged; /* the compressed stream ended early or is not one: bytes has what came before */
};

enum unpack_outcome {
    UNPACK_NOT_REGULAR = 1, /* the core is not a regular file */
};

/* A core that is not zstd is used as it lies. Otherwise it is decompressed into scratch_fd, or into
 * memory when that is -1, at most max bytes (0: all); runs of zeros become holes. */
int unpack_core(int core_fd, int scratch_fd, uint64_t max, struct unpacked_core *ret);
void unpacked_core_fini(struct unpacked_core *u);

#endif
