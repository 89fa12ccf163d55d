/* SPDX-License-Identifier: Apache-2.0 */
/* The one place on a shelf where a module's index lies, and what may lie there: an index made of
 * given sources by this version, a note that none can be made, or something of no use. Private to
 * the shelf.
 *
 * The time of modification has two uses. Its seconds are when the index was last asked for, to the
 * hour: the shelf drops the oldest. Its nanoseconds are those of the checksum, if whoever set them
 * had read the file whole and found it so: then it is not read again in that hour. */
#ifndef CORRAL_WORKERD_SOURCES_SHELFSLOT_H
#define CORRAL_WORKERD_SOURCES_SHELFSLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/store/blob.h"
#include "workerd/index/index.h"
#include "workerd/sources/shelf.h"

#define SHELF_TEMPORARY ".new-" /* prefix in the root: what is on its way to its slot */

/* What an index has to be made of. */
struct shelf_identity {
    struct index_source sources[INDEX_SOURCES_MAX];
    size_t n;
    const char *build_id; /* "" when the module has none */
    uint64_t inode;       /* of the module */
};

struct shelf_slot {
    int root;                  /* folder of all slots; -1: there is no place for this index */
    char path[BLOB_PATH_SIZE]; /* below it */
};

/* The folder of all slots; -ENOENT when there is none, -EPERM for a cache that everybody may write
 * to. */
int shelf_root(const struct shelf *s, int *ret_fd);
/* What a slot's path is below the folder that is named after an index's first two digits: two
 * levels in the store, one in a cache. */
const char *shelf_suffix(const struct shelf *s);

/* `path` is the module's as it was mapped: of a file without a build-id nothing else tells it from
 * others. Never fails: at worst there is no place. */
void shelf_slot_find(const struct shelf *s, const struct shelf_identity *i, const char *path,
                     struct shelf_slot *ret);
void shelf_slot_fini(struct shelf_slot *slot);

enum slot_outcome {
    SLOT_EMPTY = 1, /* there is nothing, or nothing that fits */
    SLOT_REFUSED,   /* a note that no index can be made: problem is filled */
};

/* Opens what lies there, and notes that it was asked for. */
int shelf_slot_open(const struct shelf_slot *slot, const struct shelf_identity *i, int *ret_fd,
                    char ret_problem[static SHELF_PROBLEM_SIZE]);
/* The status of the index that lies there; false when there is none that fits. */
bool shelf_slot_status(const struct shelf_slot *slot, const struct shelf_identity *i,
                       enum module_status *ret);

/* An unnamed file for a new index, on the same file system as its slot if there is one. */
int shelf_slot_begin(const struct shelf_slot *slot, int *ret_fd);
/* 0 when the file is a whole index of these sources; SLOT_EMPTY. */
int shelf_slot_check(int fd, const struct shelf_identity *i);
/* Puts the checked file into its slot. Nothing is lost when that fails: it can be made again. */
void shelf_slot_keep(const struct shelf_slot *slot, int fd);
/* Puts a note there. */
void shelf_slot_refuse(const struct shelf_slot *slot, const struct shelf_identity *i,
                       const char *problem);

/* Makes others who want to fill the slot wait until the descriptor is closed; -1 after a while, and
 * where there is no slot. */
int shelf_slot_lock(const struct shelf_slot *slot);

#endif
