/* SPDX-License-Identifier: Apache-2.0 */
/* Which functions a deep stack consists of: a hundred thousand frames of one function, or of three
 * that call one another in a circle, are told in a few words. */
#ifndef CORRAL_WORKERD_ANALYSIS_RECURSION_H
#define CORRAL_WORKERD_ANALYSIS_RECURSION_H

#include "common/base/arena.h"
#include "common/report/analysis.h"

/* "walk()", or "parse() → descend() → visit()", caller first: what repeats before the gap of a
 * stack of which frames were left out. NULL when nothing does. */
const char *recursion_name(const struct thread *t, struct arena *a);

#endif
