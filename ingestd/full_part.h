/* SPDX-License-Identifier: Apache-2.0 */
/* A full core on its way to the folder of its crash, over any number of requests: full.part grows
 * by appending, full.offset says how many of its bytes are on stable storage.
 *
 * The offset is written, and fsynced, after the bytes that it counts were fsynced; it is the only
 * number that is ever told. After kill -9 there may be more bytes than it counts, after a power cut
 * also wrong ones: they were acknowledged to nobody, and whoever opens the part next cuts them off.
 * A part whose fsync failed is thrown away, for the kernel may have forgotten what it could not
 * write.
 *
 * One writer at a time: flock(2) on full.part, which ends with the process. The sweep takes the
 * same lock, so it never takes a part away from under a writer. Complete is: full.zst is there. */
#ifndef CORRAL_INGESTD_FULL_PART_H
#define CORRAL_INGESTD_FULL_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/report/fullcore.h"
#include "common/store/blob.h"

#include "ingestd/core_head.h"
#include "ingestd/shelf.h"

enum full_part_outcome {
    FULL_PART_UNKNOWN = 1, /* no such crash */
    FULL_PART_BUSY,        /* somebody else writes it now */
    FULL_PART_COMPLETE,    /* there is nothing left to write */
    FULL_PART_NOT_A_CORE,  /* the bytes do not begin like one; the part is gone */
};

/* How far it is: bytes as they came, on stable storage. FULL_PART_UNKNOWN; 0 also for one that was
 * never begun. */
int full_part_look(struct blob_store *s, const char *crash_id, uint64_t *ret_offset,
                   bool *ret_complete);

struct full_part;

/* Opens it for writing, making it where it is missing. The shelf (borrowed) may hold its digest. */
int full_part_open(struct blob_store *s, struct shelf *shelf, const char *crash_id,
                   struct full_part **ret);
/* Bytes that the next ones are appended to. */
uint64_t full_part_size(const struct full_part *p);
/* Appends. -ENOSPC and the like: nothing of these bytes was added. FULL_PART_NOT_A_CORE. */
int full_part_add(struct full_part *p, const void *bytes, size_t n);
/* All of it is on stable storage when this returns 0; otherwise the part is gone. */
int full_part_sync(struct full_part *p);
/* The last byte is there: makes full.json (received, stored and sha256 of *facts are filled in) and
 * full.zst, compressing what came uncompressed. Afterwards the part can only be closed.
 * FULL_PART_NOT_A_CORE. */
int full_part_finish(struct full_part *p, struct fullcore *facts);
/* Closes without a sync. NULL is fine. */
void full_part_close(struct full_part *p);

/* Removes the parts that nobody has gone on with for so long. */
int full_part_sweep(struct blob_store *s, int64_t age_usec);

#endif
