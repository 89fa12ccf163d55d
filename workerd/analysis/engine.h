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
    /* Whether names were left out, for they would have cost too much, since this was last asked.
     * NULL: they never are. */
    bool (*names_left_out)(void *arg);
    /* What is known of the image's module i: status, a build-id that the image lacked. */
    void (*describe)(void *arg, size_t i, struct module *ret);
    /* Where the module has the data symbol, in the process. */
    bool (*variable)(void *arg, size_t i, const char *name, uint64_t *ret);
    /* Memory of the process; also what a mapped file has of it. */
    bool (*read)(void *arg, uint64_t address, void *p, size_t n);
    /* Adds variables to the frames of the image's thread, as stacks.h has made them. NULL: it
     * can't.
     */
    void (*fill_variables)(void *arg, size_t thread, struct thread *t);
    /* Sets the cause, once all else of the analysis is there. NULL: it can't. */
    void (*explain)(void *arg, struct analysis *an);
};

#endif
