/* SPDX-License-Identifier: Apache-2.0 */
/* What an argument was when its function was entered, as the caller's debug information has it
 * (DW_TAG_call_site_parameter): computed in the caller's frame from what has outlived the call. */
#ifndef CORRAL_WORKERD_VARIABLES_CALLSITE_H
#define CORRAL_WORKERD_VARIABLES_CALLSITE_H

#include "workerd/variables/evaluate.h"

/* Which argument: what was in a register, or (info not NULL) which DW_TAG_formal_parameter. */
struct callsite_argument {
    uint64_t reg;
    const struct info *info;
    uint64_t offset;
};

/* Of the function of the frame that e is in. NULL and the value, or a problem. */
const char *callsite_value(const struct evaluation *e, const struct callsite_argument *which,
                           uint64_t *ret);

#endif
