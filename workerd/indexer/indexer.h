/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the index of a module from its files: ELF segments and symbols, call frame information,
 * DWARF. Reads hostile bytes with code of its own, so that one pass over the DWARF does what
 * thousands of questions to libdw would; still, it runs in a sandboxed child. Everything is bounded
 * by the size of the input times a constant. */
#ifndef CORRAL_WORKERD_INDEXER_INDEXER_H
#define CORRAL_WORKERD_INDEXER_INDEXER_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "workerd/index/format.h"

/* One file, mapped or in memory; size 0: not at hand. */
struct indexer_file {
    const uint8_t *data;
    size_t size;
    struct index_source source; /* what the index remembers of it; kind is set by the indexer */
};

struct indexer_input {
    struct indexer_file module;    /* the file that was mapped, or an unwind sidecar of it */
    struct indexer_file debuginfo; /* its separate debug file */
    struct indexer_file shared;    /* dwz(1)'s */
    uint64_t memory_max;           /* bytes that sections may take when they are decompressed */
};

enum indexer_outcome {
    INDEXER_NOT_ELF = 1, /* the module is not an ELF file of a kind that is read */
    INDEXER_MALFORMED,   /* its headers are damaged */
    INDEXER_TOO_LARGE,   /* 4 GiB of addresses or more, or a limit was exceeded */
};

/* Fills buf with an index. What is wrong with debug information alone ends up as the index's
 * debug_problem: the rest is made all the same. Negative: -ENOMEM. */
int indexer_build(const struct indexer_input *in, struct buf *ret);
const char *indexer_outcome_text(int outcome);

#endif
