/* SPDX-License-Identifier: Apache-2.0 */
/* Two stacks side by side: the longest sequence of functions that both have in the same order, with
 * what only one of them has between. Pure. */
#ifndef CORRAL_DASHD_GROUPING_ALIGNMENT_H
#define CORRAL_DASHD_GROUPING_ALIGNMENT_H

#include <stddef.h>

#include "common/base/arena.h"

/* Frames of a stack that are aligned; a stored one has no more. */
#define ALIGNMENT_FRAMES_MAX 256

enum alignment_side { ALIGNED_BOTH, ALIGNED_LEFT, ALIGNED_RIGHT };

struct aligned {
    enum alignment_side side;
    size_t left, right; /* indexes of the frames; only that of the side, or both */
};

struct alignment {
    struct aligned *rows;
    size_t n;
    size_t n_both;
};

/* Names of functions, innermost first; NULL is like no other. In each gap the left one's frames
 * come first. */
void alignment_make(const char *const *left, size_t n_left, const char *const *right,
                    size_t n_right, struct arena *a, struct alignment *ret);

#endif
