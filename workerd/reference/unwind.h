/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks as addresses: libdwfl follows the call frame information, and where there is none, the
 * chain of frame pointers. libdwfl is told everything (modules, memory, registers) by callbacks of
 * ours and finds nothing by itself: left alone, it opens the paths that a core names and reads
 * memory in quadratic time. */
#ifndef CORRAL_WORKERD_REFERENCE_UNWIND_H
#define CORRAL_WORKERD_REFERENCE_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workerd/analysis/engine.h"
#include "workerd/reference/memory.h"
#include "workerd/reference/modules.h"

/* Unwinds the first `threads` threads. -ENOMEM; a thread that can't be unwound is a stack with a
 * reason. */
int unwind_threads(struct modules *modules, struct memory *memory, size_t threads,
                   stack_handler *handler, void *arg);

/* "libdwfl 0.188" */
const char *unwind_engine(void);

#endif
