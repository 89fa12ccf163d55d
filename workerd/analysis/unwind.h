/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks as addresses: libdwfl follows the call frame information, and where there is none, the
 * chain of frame pointers. libdwfl is told everything (modules, memory, registers) by callbacks of
 * ours and finds nothing by itself: left alone, it opens the paths that a core names and reads
 * memory in quadratic time. */
#ifndef CORRAL_WORKERD_ANALYSIS_UNWIND_H
#define CORRAL_WORKERD_ANALYSIS_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/report/analysis.h"
#include "workerd/analysis/memory.h"
#include "workerd/analysis/modules.h"

#define STACK_HEAD_MAX    192 /* innermost frames that are kept of one thread */
#define STACK_TAIL_MAX    64  /* … and outermost ones, when there are more */
#define STACK_FRAMES_MAX  (STACK_HEAD_MAX + STACK_TAIL_MAX)
#define STACK_VISITED_MAX 2000000u /* after so many frames a stack is not walked further */

struct raw_frame {
    uint64_t pc;
    bool exact;  /* pc is where execution stood; else it is a return address, one past the call */
    bool signal; /* a signal handler's trampoline */
    enum frame_trust trust;
};

/* The head and, when the stack is deeper than STACK_FRAMES_MAX, its tail. */
struct raw_stack {
    struct raw_frame frames[STACK_FRAMES_MAX];
    size_t n;
    uint64_t left_out;   /* between head and tail, which then begins at STACK_HEAD_MAX */
    const char *stopped; /* why it ended early, in words; NULL at a real end */
};

/* Called for each of the core's threads in order; negative ends the walk and is returned. */
typedef int stack_handler(size_t thread, const struct raw_stack *stack, void *arg);

/* Unwinds the first `threads` threads. -ENOMEM; a thread that can't be unwound is a stack with a
 * reason. */
int unwind_threads(struct modules *modules, struct memory *memory, size_t threads,
                   stack_handler *handler, void *arg);

/* "libdwfl 0.188" */
const char *unwind_engine(void);

#endif
