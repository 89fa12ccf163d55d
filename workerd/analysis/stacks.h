/* SPDX-License-Identifier: Apache-2.0 */
/* From an engine's raw stacks to the threads of an analysis: frames named, with those that were
 * expanded inline and those that left by a jump, and no more of them than are kept. */
#ifndef CORRAL_WORKERD_ANALYSIS_STACKS_H
#define CORRAL_WORKERD_ANALYSIS_STACKS_H

#include "common/base/arena.h"
#include "common/report/analysis.h"
#include "workerd/analysis/engine.h"

/* Fills out's threads; -ENOMEM, or what the engine says. */
int stacks_make(const struct engine *e, struct arena *a, struct analysis *out);

#endif
