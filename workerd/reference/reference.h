/* SPDX-License-Identifier: Apache-2.0 */
/* The reference engine: libdwfl unwinds, libdw names. Slow, and what our engine is held against. */
#ifndef CORRAL_WORKERD_REFERENCE_REFERENCE_H
#define CORRAL_WORKERD_REFERENCE_REFERENCE_H

#include "common/base/arena.h"
#include "workerd/analysis/analyse.h"
#include "workerd/sources/sources.h"

/* As analyse(), with this engine. */
int reference_analyse(const struct analyse_input *in, const struct module_sources *sources,
                      struct arena *a, struct analysis *ret);

#endif
