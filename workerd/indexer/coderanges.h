/* SPDX-License-Identifier: Apache-2.0 */
/* The code of a DIE: one piece, or a list of them in .debug_ranges (before DWARF 5) or
 * .debug_rnglists. What the linker threw away is not among them: it begins at 0, or at an address
 * that linkers put in place of one that is no more. */
#ifndef CORRAL_WORKERD_INDEXER_CODERANGES_H
#define CORRAL_WORKERD_INDEXER_CODERANGES_H

#include "workerd/indexer/info.h"

#define CODE_RANGES_MAX 65536u /* of one DIE */

struct code_range {
    uint64_t low, high; /* [low, high) */
};

/* Kept from one DIE to the next, for its memory. */
struct code_ranges {
    struct code_range *list;
    size_t n, capacity;
    bool keep_zero; /* code of this file may begin at address 0 */
};

void code_ranges_fini(struct code_ranges *r);
/* Replaces what was in r. */
void code_ranges_read(struct code_ranges *r, const struct info *x, const struct unit *u,
                      const struct die *d);

#endif
