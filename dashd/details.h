/* SPDX-License-Identifier: Apache-2.0 */
/* What unfolds below a frame of the crashing thread: values, where it is in memory, how it was
 * found, the lines of its source, and what to do about what is missing. Only of events whose
 * details may be shown: it is made of the analysis, which the others do not get. */
#ifndef CORRAL_DASHD_DETAILS_H
#define CORRAL_DASHD_DETAILS_H

#include <stdbool.h>

#include "common/report/analysis.h"
#include "common/report/prefixes.h"
#include "dashd/source/excerpt.h"
#include "dashd/stack.h"

#define DETAILS_EXCERPTS 32 /* frames of a page with lines of their source */

struct frame_details {
    bool open;                     /* the frame that the crash is named after */
    const char *remedy;            /* what would help, when something is missing; NULL */
    const char *instruction;       /* that faulted, of the frame that it is in; NULL */
    const struct excerpt *excerpt; /* NULL: no checkout has the file, or … */
    const char *no_excerpt;        /* … why its lines are not shown; NULL */
};

/* For the frames of s, which is thread 0 of the analysis. Returns how many have an excerpt. */
size_t details_add(const struct analysis *an, const struct prefixes *roots, struct arena *a,
                   struct stack_view *s);

#endif
