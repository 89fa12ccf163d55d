/* SPDX-License-Identifier: Apache-2.0 */
/* full.json beside full.zst: what is known of a full core that came after its crash. Written by
 * ingestd, shown by dashd. Pure. */
#ifndef CORRAL_REPORT_FULLCORE_H
#define CORRAL_REPORT_FULLCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/str.h"

#define FULLCORE_JSON_MAX (16u * 1024)

struct fullcore {
    int64_t core_bytes;    /* before compression, as the host received it from its kernel; or
                              META_UNKNOWN */
    int64_t core_expected; /* what its program headers promise; the same */
    bool core_truncated;
    const char *core_problem;      /* why it is truncated, in the host's words; NULL */
    int64_t received;              /* bytes as they came */
    int64_t stored;                /* bytes of full.zst */
    char sha256[SHA256_TEXT_SIZE]; /* of the bytes as they came */
};

/* -EBADMSG. */
int fullcore_parse(struct str json, struct arena *a, struct fullcore *ret);
void fullcore_format(const struct fullcore *f, struct buf *b);

#endif
