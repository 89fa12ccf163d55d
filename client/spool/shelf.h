/* SPDX-License-Identifier: Apache-2.0 */
/* The shelf of modules: copies of executables and shared libraries by build-id, or unwind sidecars
 * of them (client/sidecar), kept because the file may be upgraded, deleted or out of the sender's
 * sight (another user's, a container's) by the time the server asks for it. Once the server has a
 * module the copy makes room for an empty marker, and the next crash copies nothing:
 *
 *     BUILD-ID             the executable or library
 *     BUILD-ID.unwind      its sidecar, a sparse file
 *     BUILD-ID.known       the server has the executable
 *     BUILD-ID.unwind.known
 *                          … the sidecar
 *     BUILD-ID.debuginfo   the host has a separate debug file of it
 *     BUILD-ID.debuginfo.known
 *                          … which the server has, too, or does not take */
#ifndef CORRAL_CLIENT_SPOOL_SHELF_H
#define CORRAL_CLIENT_SPOOL_SHELF_H

#include <stdbool.h>
#include <stdint.h>

#include "client/spool/spool.h"

enum shelf_outcome {
    SHELF_NONE = 1,  /* no copy of that build-id */
    SHELF_TOO_LARGE, /* larger than the limit, or than there is room for */
    SHELF_BAD_NAME,  /* not a build-id: lower-case hexadecimal digits */
};

enum shelf_kind {
    SHELF_EXECUTABLE,
    SHELF_UNWIND,
    SHELF_DEBUGINFO, /* no copy: the path of the host's file, below its folder of debug files */
    SHELF_KIND_COUNT,
};

/* True when a copy is held or the server is known to have it: nothing needs copying. */
bool shelf_has(const struct spool *s, const char *build_id, enum shelf_kind kind);
/* True when the server is known to have it. */
bool shelf_knows(const struct spool *s, const char *build_id, enum shelf_kind kind);
/* Makes a file whole: fill writes it (size bytes of it that are no holes) into an empty one, and
 * its negative result is forwarded. SHELF_TOO_LARGE: there is no room; SHELF_BAD_NAME. */
int shelf_make(const struct spool *s, const char *build_id, enum shelf_kind kind, uint64_t size,
               int (*fill)(void *arg, int fd), void *arg);
/* The whole of a regular file as SHELF_EXECUTABLE, at most max bytes of it. SHELF_TOO_LARGE,
 * SHELF_BAD_NAME. */
int shelf_add(const struct spool *s, const char *build_id, int fd, uint64_t max);
/* The build-ids of which there is a file of that kind, at most max; memory from the arena. */
int shelf_list(const struct spool *s, enum shelf_kind kind, size_t max, struct arena *a,
               char ***ret_ids, size_t *ret_n);
/* SHELF_NONE, SHELF_BAD_NAME. */
int shelf_open(const struct spool *s, const char *build_id, enum shelf_kind kind, int *ret_fd);
/* The server has it: leaves the marker, drops the copy. */
int shelf_mark_known(const struct spool *s, const char *build_id, enum shelf_kind kind);
/* Takes the file away, if there is one. */
int shelf_drop(const struct spool *s, const char *build_id, enum shelf_kind kind);
/* The server lacks it after all: without the marker the next crash makes a copy. */
int shelf_unmark_known(const struct spool *s, const char *build_id, enum shelf_kind kind);

#endif
