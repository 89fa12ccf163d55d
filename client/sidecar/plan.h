/* SPDX-License-Identifier: Apache-2.0 */
/* Within client/sidecar: the plan while it is made. Pieces are added in any order, also overlapping
 * ones; plan_settle sorts and joins them. */
#ifndef CORRAL_CLIENT_SIDECAR_PLAN_H
#define CORRAL_CLIENT_SIDECAR_PLAN_H

#include "client/sidecar/sidecar.h"

struct plan {
    struct bytes file;
    struct arena *arena;
    struct elf_view view; /* over the header alone */
    const uint8_t *segments;
    struct sidecar_piece *pieces;
    size_t n, capacity;
};

/* Keeps a range in its place. Nothing of it when it does not lie within the file. */
void plan_keep(struct plan *p, uint64_t offset, uint64_t size);
/* Sorts, and joins what touches. */
void plan_settle(struct plan *p);
/* Where the bytes of an address lie in the file, and how many follow in that segment; 0: none do.
 */
uint64_t plan_locate(const struct plan *p, uint64_t address, uint64_t *ret_offset);
/* Without section headers: unwind tables and dynamic symbols as PT_GNU_EH_FRAME and PT_DYNAMIC tell
 * of them. */
void plan_bare(struct plan *p);

#endif
