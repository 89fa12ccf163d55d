/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a core on their way from the wire to core.zst: counted, digested as they came, seen
 * to be the start of an ELF core (through zstd where they are compressed), compressed where they
 * are not. Memory and time are bounded whatever the bytes are: of what is compressed no more than
 * the ELF header is ever decompressed. What is missing at the end of a core, and what a zstd stream
 * would expand to, are questions for the analysis. */
#ifndef CORRAL_INGESTD_CORE_PART_H
#define CORRAL_INGESTD_CORE_PART_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/report/meta.h"

enum core_part_outcome {
    CORE_PART_NOT_A_CORE = 1,
    CORE_PART_TOO_LARGE,
};

struct core_part;

/* Makes core.zst in the folder; takes at most max bytes. */
int core_part_new(int dir_fd, uint64_t max, struct core_part **ret);
void core_part_free(struct core_part *c);
int core_part_add(struct core_part *c, const void *p, size_t n);

struct core_summary {
    enum core_encoding encoding; /* as it came */
    uint64_t received, stored;   /* bytes on the wire, bytes of core.zst */
    char sha256[SHA256_TEXT_SIZE];
};

/* At the end of the bytes: core.zst is complete and fsynced. CORE_PART_NOT_A_CORE: they were too
 * few to tell. */
int core_part_finish(struct core_part *c, struct core_summary *ret);

#endif
