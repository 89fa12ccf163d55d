/* SPDX-License-Identifier: Apache-2.0 */
/* Do these bytes begin like an ELF core, as they are or through zstd? Fed from the first byte on,
 * in pieces of any size. Memory and time are bounded whatever the bytes are: of what is compressed
 * no more than the ELF header is ever decompressed. */
#ifndef CORRAL_INGESTD_CORE_HEAD_H
#define CORRAL_INGESTD_CORE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/report/meta.h"

#define CORE_HEAD_SIZE 64 /* sizeof(Elf64_Ehdr); a core of 32 bits is longer than that, too */
/* The first block is decompressed whole before a byte of it comes out; blocks are at most 128 KiB
 * (RFC 8878 section 3.1.1.2.3), and before it there may be a skippable frame or two. */
#define CORE_HEAD_WIRE_MAX (512 * 1024)
#define CORE_HEAD_MAGIC    4

/* All zero to begin with. */
struct core_head {
    uint8_t magic[CORE_HEAD_MAGIC];
    size_t magic_len;
    enum core_encoding encoding; /* once the magic is complete */
    uint8_t head[CORE_HEAD_SIZE];
    size_t len;
    uint64_t wire;              /* bytes looked through for it */
    bool is_core;               /* the head was complete and right */
    struct ZSTD_DCtx_s *reader; /* of the head; NULL before and afterwards */
};

enum core_head_outcome {
    CORE_HEAD_NOT_A_CORE = 1,
};

/* 0: it is one, or more bytes are needed to tell (is_core says which). -ENOMEM. */
int core_head_add(struct core_head *h, const void *p, size_t n);
void core_head_fini(struct core_head *h);

#endif
