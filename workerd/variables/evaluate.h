/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions that say where a variable lies, or what its value is (DWARF 5, sections 2.5 and 2.6):
 * unwind's machine with the operators that only they may have. */
#ifndef CORRAL_WORKERD_VARIABLES_EVALUATE_H
#define CORRAL_WORKERD_VARIABLES_EVALUATE_H

#include "workerd/variables/place.h"

#define EVALUATE_DEPTH_MAX 8u /* of values at a function's entry that hang on other such values */

/* In which frame, and whose numbers an expression speaks of. */
struct evaluation {
    const struct frame_view *frame;
    const struct entry *function; /* the frame's DW_TAG_subprogram; NULL: there must be no need */
    const struct entry *home;     /* in whose unit the expression stands */
    unsigned depth;
};

/* Always fills *ret. */
void evaluate_place(const struct evaluation *e, struct span expression, struct arena *a,
                    struct place *ret);
/* What it computes, or what is in the register that it names. NULL and the value, or a problem. */
const char *evaluate_value(const struct evaluation *e, struct span expression, uint64_t *ret);

#endif
