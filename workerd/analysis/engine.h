/* SPDX-License-Identifier: Apache-2.0 */
/* What analysis asks of an engine: stacks as addresses, and names for addresses. There are two:
 * ours, over module indexes (workerd/engine), and libdwfl, which it is held against
 * (workerd/reference). */
#ifndef CORRAL_WORKERD_ANALYSIS_ENGINE_H
#define CORRAL_WORKERD_ANALYSIS_ENGINE_H

#include "common/report/analysis.h"
#include "workerd/analysis/stack.h"
#include "workerd/image/image.h"

#define SIGNAL_FRAME_NAME "<signal handler called>" /* gdb's words */
#define TAIL_CALLS_MAX    8 /* functions in a row that are missing between two frames */

/* The frames at one address, innermost first; the last one is not inlined. */
struct named_frames {
    uint64_t pc;
    bool exact, signal;
    struct frame *list;
    size_t n;
};

/* Called for each thread in order; negative ends the walk and is returned. */
typedef int stack_handler(size_t thread, const struct raw_stack *stack, void *arg);

struct engine {
    const char *name; /* "corral 1", "libdwfl 0.188" */
    struct image *image;
    void *arg; /* of all below */
    /* Unwinds the first `threads` threads. -errno, or what the handler said. */
    int (*unwind)(void *arg, size_t threads, stack_handler *handler, void *handler_arg);
    /* The list lives in the image's arena, the struct until the next call. Trust is the caller's.
     */
    const struct named_frames *(*name_frame)(void *arg, const struct raw_frame *f);
    /* Functions between two frames that left by a jump: their addresses, innermost first. */
    size_t (*tail_calls)(void *arg, const struct raw_frame *inner, const struct raw_frame *outer,
                         uint64_t ret[static TAIL_CALLS_MAX]);
    /* What is known of the image's module i: status, a build-id that the image lacked. */
    void (*describe)(void *arg, size_t i, struct module *ret);
    /* Where the module has the data symbol, in the process. */
    bool (*variable)(void *arg, size_t i, const char *name, uint64_t *ret);
    /* Memory of the process; also what a mapped file has of it. */
    bool (*read)(void *arg, uint64_t address, void *p, size_t n);
};

#endif
