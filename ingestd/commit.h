/* SPDX-License-Identifier: Apache-2.0 */
/* The moment of acceptance: a checked upload in tmp/ becomes a crash of the store, and what is
 * answered is true from then on. */
#ifndef CORRAL_INGESTD_COMMIT_H
#define CORRAL_INGESTD_COMMIT_H

#include "common/report/record.h"
#include "common/store/blob.h"

struct arena;

enum commit_outcome {
    COMMIT_REPEATED = 1, /* that id is stored, with the same core */
    COMMIT_CONFLICT,     /* … with another core */
};

/* A crash in the making. */
struct upload {
    const char *folder; /* name in the store */
    int folder_fd;      /* core.zst in it is complete and fsynced, or missing */
    const char *crash_id;
    struct str meta_json;
    struct receipt receipt;
};

/* Writes meta.json and publishes the folder; after 0 it is not the caller's any more. scratch is
 * for a comparison. */
int commit_upload(struct blob_store *store, const struct upload *u, struct arena *scratch);

#endif
