/* SPDX-License-Identifier: Apache-2.0 */
/* What the blob store has of modules: how much of each kind, and what came last. Counted by walking
 * through its folders, which is done again only when the store has changed, and not more often than
 * every INVENTORY_INTERVAL. Thread-safe. */
#ifndef CORRAL_DASHD_INVENTORY_H
#define CORRAL_DASHD_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/report/limits.h"
#include "common/store/blob.h"

#define INVENTORY_INTERVAL    (10 * USEC_PER_SEC)
#define INVENTORY_RECENT      10
#define INVENTORY_MODULES_MAX 200000 /* beyond it, it is not counted on */

struct inventory_file {
    char build_id[BUILD_ID_TEXT_SIZE];
    enum module_kind kind;
    uint64_t bytes;
    int64_t at; /* when it came */
};

struct inventory_facts {
    struct {
        uint64_t files, bytes;
    } kinds[MODULE_KIND_COUNT];
    uint64_t modules;                               /* build-ids with at least one file */
    struct inventory_file recent[INVENTORY_RECENT]; /* the latest first */
    size_t n_recent;
    bool cut;
    int64_t taken_at;
};

struct inventory;

struct inventory *inventory_new(struct blob_store *s);
void inventory_free(struct inventory *i);
/* -errno when the store can't be read. */
int inventory_get(struct inventory *i, struct inventory_facts *ret);

/* The files of one module. at is 0 for those that are not there. */
void inventory_module(struct blob_store *s, const char *build_id,
                      struct inventory_file ret[static MODULE_KIND_COUNT]);

#endif
