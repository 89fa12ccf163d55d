/* SPDX-License-Identifier: Apache-2.0 */
/* Where the files of a crashed program come from: the module store, by build-id; or, in one-shot
 * use, this machine's files: --exe, the mapped paths below --sysroot, and folders of separate debug
 * information. Whatever is opened is a regular file, and its build-id is the one asked for when
 * both are known. */
#ifndef CORRAL_WORKERD_SOURCES_SOURCES_H
#define CORRAL_WORKERD_SOURCES_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/store/blob.h"

struct module_sources {
    struct blob_store *store;         /* NULL: none */
    bool local;                       /* the members below count */
    const char *executable;           /* the crashed program's file; NULL: by its path */
    const char *sysroot;              /* "/" is this machine */
    const char *const *debug_folders; /* or single files */
    size_t n_debug_folders;
};

/* What is known about a module before its file is at hand. */
struct module_wanted {
    const char *path;     /* as mapped in the crashed process */
    const char *build_id; /* NULL: unknown */
    bool main;            /* it is the crashed program itself */
};

enum source_outcome {
    SOURCE_NOT_FOUND = 1,
};

/* Opens the file that was mapped, or an unwind sidecar of it. SOURCE_NOT_FOUND. */
int source_open_module(const struct module_sources *s, const struct module_wanted *w, int *ret_fd);
/* Copies what the file that was mapped has from offset on, n bytes at most; a sidecar has none of
 * it. How many, 0 when there are none at hand, or -errno of this host. */
ssize_t source_read_module(const struct module_sources *s, const struct module_wanted *w,
                           uint64_t offset, void *p, size_t n);
/* Opens its separate debug information; debug_link is the name in .gnu_debuglink or NULL.
 * SOURCE_NOT_FOUND. */
int source_open_debug(const struct module_sources *s, const struct module_wanted *w,
                      const char *debug_link, int *ret_fd);
/* Opens the debug file that it shares with others (dwz(1)), of that build-id; name is the one in
 * .gnu_debugaltlink. SOURCE_NOT_FOUND. */
int source_open_shared(const struct module_sources *s, const char *build_id, const char *name,
                       int *ret_fd);

/* Opens FOLDER/.build-id/xx/….debug of a folder that was configured (never one that a core names).
 * SOURCE_NOT_FOUND. */
int source_open_by_build_id(const char *folder, const char *build_id, int *ret_fd);

#endif
