/* SPDX-License-Identifier: Apache-2.0 */
/* The unwind sidecar of an ELF file: the same file with everything left out but what it takes to
 * walk a stack through it and to name the functions that it exports: headers, notes, .eh_frame,
 * dynamic symbols, the link to its debug information. What stays lies where it was (unloaded
 * sections may move), all else is a hole, and its section headers say that there is nothing
 * (SHT_NOBITS), as in a separate debug file. A hundredth of a library in bytes that say nothing of
 * its code or data.
 *
 * The file is hostile: every number in it is checked before it is used, and what is planned never
 * has more bytes than the file itself. Planning reads headers alone; writing copies piece by piece,
 * so that memory does not grow with the file. Pure over struct bytes. */
#ifndef CORRAL_CLIENT_SIDECAR_SIDECAR_H
#define CORRAL_CLIENT_SIDECAR_SIDECAR_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/core/bytes.h"
#include "common/core/elf.h"

#define SIDECAR_SECTIONS_MAX 65536u /* of one file; one with more is taken as if it had none */
#define SIDECAR_SEGMENTS_MAX 1024u  /* programs have a dozen */

enum sidecar_outcome {
    SIDECAR_NOT_ELF = 1,
    SIDECAR_MALFORMED, /* its headers contradict themselves or point outside of it */
};

/* A run of the file, and where it goes. */
struct sidecar_piece {
    uint64_t from, to, size;
};

struct sidecar {
    struct bytes file; /* borrowed */
    uint64_t size;     /* of the sidecar with its holes */
    uint64_t kept;     /* bytes that are no holes */
    struct sidecar_piece *pieces;
    size_t n_pieces;
    const uint8_t *header, *sections; /* changed ones, which go over the pieces */
    size_t header_size, sections_size;
    uint64_t sections_at;
};

/* What goes into it. Memory from the arena, for as long as *ret. SIDECAR_NOT_ELF,
 * SIDECAR_MALFORMED. */
int sidecar_plan(struct bytes file, struct arena *a, struct sidecar *ret);
/* Hands over each piece, in no order; what is not written is a hole. Forwards what write fails
 * with. */
int sidecar_write(const struct sidecar *s,
                  int (*write)(void *arg, uint64_t at, const void *p, size_t n), void *arg);
/* Into an empty regular file, sparse. */
int sidecar_write_fd(const struct sidecar *s, int fd);

#endif
