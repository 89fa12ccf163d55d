/* SPDX-License-Identifier: Apache-2.0 */
/* The shelf of modules: copies of executables and shared libraries by build-id, kept because the
 * file may be upgraded, deleted or out of the sender's sight (another user's, a container's) by the
 * time the server asks for it. Once the server has a module the copy makes room for an empty
 * marker, BUILD-ID.known, and the next crash copies nothing. */
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

/* True when a copy is held or the server is known to have it: nothing needs copying. */
bool shelf_has(const struct spool *s, const char *build_id);
/* Copies the whole of a regular file, at most max bytes of it. SHELF_TOO_LARGE, SHELF_BAD_NAME. */
int shelf_add(const struct spool *s, const char *build_id, int fd, uint64_t max);
/* SHELF_NONE, SHELF_BAD_NAME. */
int shelf_open(const struct spool *s, const char *build_id, int *ret_fd);
/* The server has it: leaves the marker, drops the copy. */
int shelf_mark_known(const struct spool *s, const char *build_id);
/* The server lacks it after all: without the marker the next crash makes a copy. */
int shelf_unmark_known(const struct spool *s, const char *build_id);

#endif
