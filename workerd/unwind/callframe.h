/* SPDX-License-Identifier: Apache-2.0 */
/* A step to the caller as call frame information says (DWARF 5 section 6.4.3). */
#ifndef CORRAL_WORKERD_UNWIND_CALLFRAME_H
#define CORRAL_WORKERD_UNWIND_CALLFRAME_H

#include "workerd/unwind/rulecache.h"
#include "workerd/unwind/walk.h"

/* The rule must be covered. 0 and the caller in *p; STEP_END, _UNREAD, _LOST. */
int callframe_step(struct walk *w, const struct unwind_rule *r, struct position *p);

#endif
