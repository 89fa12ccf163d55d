/* SPDX-License-Identifier: Apache-2.0 */
/* A stored crash: crashes/…/<crash-id>/meta.json holds what the client said, word for word, under
 * "meta", and what the server saw of it under "receipt". Written once by ingestd before it answers
 * 202; the truth from which queue and database can be made again. Pure. */
#ifndef CORRAL_REPORT_RECORD_H
#define CORRAL_REPORT_RECORD_H

#include "common/base/digest.h"
#include "common/report/meta.h"

struct receipt {
    int64_t received_at; /* usec since the epoch, the server's clock: partitions and retention go by
                            it */
    const char *token_id;               /* of the API token that was shown */
    const char *remote;                 /* address of the peer */
    char core_sha256[SHA256_TEXT_SIZE]; /* of the core part's bytes as they came */
    uint64_t core_received;             /* bytes as they came */
    uint64_t core_stored;               /* bytes of core.zst */
};

struct crash_record {
    struct crash_meta meta;
    struct receipt receipt;
};

/* -EBADMSG when the text is not a record. */
int record_parse(struct str json, struct arena *a, struct crash_record *ret);
/* meta_json is the client's own text, already checked by meta_parse. */
void record_format(struct str meta_json, const struct receipt *r, struct buf *b);

#endif
