/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen at an address of a function: its arguments, the variables of the blocks around
 * the address, and the same of each call that was expanded inline there. */
#ifndef CORRAL_WORKERD_VARIABLES_SCOPE_H
#define CORRAL_WORKERD_VARIABLES_SCOPE_H

#include "workerd/variables/debug.h"

#define SCOPE_DEPTH_MAX     64u  /* of blocks and inlined calls around one address */
#define SCOPE_VARIABLES_MAX 128u /* of one function */

struct scope_variable {
    struct entry entry; /* with the location */
    struct entry named; /* with name and type: what entry's abstract origin leads to, or entry */
    bool argument;
};

/* A function at the address, or a call that was expanded inline. */
struct scope {
    struct entry function;            /* DW_TAG_inlined_subroutine or DW_TAG_subprogram */
    struct scope_variable *variables; /* arguments in their order, then the variables of the
                                       * innermost block, of the one around it, and so on; one that
                                       * is hidden by a further one of its name is left out */
    size_t n;
    size_t left_out; /* that were too many */
};

struct scopes {
    struct scope *list; /* innermost first; the last one is the DW_TAG_subprogram */
    size_t n;
};

/* At the address of the file; in the arena. False when no function is there. */
bool scopes_at(struct debug *d, uint64_t address, struct arena *a, struct scopes *ret);

#endif
