/* SPDX-License-Identifier: Apache-2.0 */
/* What the program, or a library for it, said before it gave up, as far as memory still has it.
 * What it wrote to its standard error is no dump's. */
#ifndef CORRAL_WORKERD_ANALYSIS_MESSAGE_H
#define CORRAL_WORKERD_ANALYSIS_MESSAGE_H

#include "workerd/analysis/engine.h"

/* In the arena; NULL: nothing was found. */
const char *message_find(const struct engine *e, struct arena *a);

#endif
