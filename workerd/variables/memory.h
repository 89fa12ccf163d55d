/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of the process: what the dump has, and else what was mapped from a file and never
 * could be written to. A kernel leaves the latter out of a core (core(5)), and texts that a program
 * consists of lie there. Private to workerd/variables. */
#ifndef CORRAL_WORKERD_VARIABLES_MEMORY_H
#define CORRAL_WORKERD_VARIABLES_MEMORY_H

#include "workerd/variables/place.h"

/* False when the bytes are not all at hand. */
bool memory_of_process(const struct frame_view *f, uint64_t address, void *to, size_t n);

#endif
