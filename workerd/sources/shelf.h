/* SPDX-License-Identifier: Apache-2.0 */
/* Where the index of a module is had: from the shelf (beside the module in the blob store; or a
 * cache folder, in one-shot use), if it was made by this version of the same files; otherwise made
 * now, by whoever may touch the files' bytes. What is put on the shelf was checked whole and
 * appears by rename, so nobody ever maps a half one. What no index can be made of is noted there
 * too.
 *
 * Several processes may use one shelf. Who finds that another makes the same index waits for it a
 * while. An index that is dropped or replaced stays what it was to those who have it open. */
#ifndef CORRAL_WORKERD_SOURCES_SHELF_H
#define CORRAL_WORKERD_SOURCES_SHELF_H

#include <stdint.h>

#include "common/report/analysis.h"
#include "workerd/index/format.h"
#include "workerd/sources/sources.h"

#define SHELF_PROBLEM_SIZE 256

/* The opened files of one module; -1: not at hand. */
struct shelf_files {
    int module, debuginfo, shared;
};

struct shelf {
    struct module_sources sources;
    const char *folder; /* cache; NULL: modules/xx/<build-id>/index of the store, or none */
    uint64_t quota;     /* bytes of all indexes; the least recently used ones go; 0: no limit */
    /* Makes an index in out_fd, an empty file open for reading and writing. 0; SHELF_REFUSED or
     * SHELF_NOT_NOW with *ret_problem (static, or valid until the next call); or -errno of this
     * host. */
    int (*build)(void *arg, const struct shelf_files *files, int out_fd, const char **ret_problem);
    void *arg;
    char problem[SHELF_PROBLEM_SIZE]; /* what the last call said in ret_problem */
};

enum shelf_outcome {
    SHELF_NO_MODULE = 1, /* the file that was mapped is not at hand, nor a sidecar of it */
    SHELF_REFUSED,       /* no index can be made of it: ret_problem says why. Not tried again for a
                          * day, unless its files change */
    SHELF_NOT_NOW,       /* build alone: as SHELF_REFUSED, but the next may try again */
};

/* Opens the module's index, read-only and whole. What ret_problem says is valid until the next
 * call. An index that cannot be kept (no room, no right to write) is handed out all the same. */
int shelf_open(struct shelf *s, const struct module_wanted *w, int *ret_fd,
               const char **ret_problem);
/* Opens the files of a module that has debug information, for who wants to read it; the caller
 * closes them. SHELF_NO_MODULE also when there is none. */
int shelf_open_files(const struct shelf *s, const struct module_wanted *w, struct shelf_files *ret);
/* What is known of a module that no frame was in, without making its index. */
enum module_status shelf_status(struct shelf *s, const struct module_wanted *w);
/* Drops least recently used indexes until the quota holds, and what interrupted writers left.
 * Returns how many bytes are left. */
uint64_t shelf_prune(struct shelf *s);

#endif
