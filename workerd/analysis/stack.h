/* SPDX-License-Identifier: Apache-2.0 */
/* A stack as addresses, as an unwinder leaves it: the innermost frames, and when there are more
 * than are kept, the outermost ones. */
#ifndef CORRAL_WORKERD_ANALYSIS_STACK_H
#define CORRAL_WORKERD_ANALYSIS_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/report/analysis.h"

#define STACK_HEAD_MAX    192 /* innermost frames that are kept of one thread */
#define STACK_TAIL_MAX    64  /* … and outermost ones, when there are more */
#define STACK_FRAMES_MAX  (STACK_HEAD_MAX + STACK_TAIL_MAX)
#define STACK_VISITED_MAX 10000000u /* after so many frames a stack is not walked further */

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
    uint64_t visited;    /* frames that were added */
    uint64_t left_out;   /* between head and tail, which then begins at STACK_HEAD_MAX */
    const char *stopped; /* why it ended early, in words; NULL at a real end */
};

/* Without touching the frames: they are many bytes. */
void stack_begin(struct raw_stack *s);
/* Keeps the first STACK_HEAD_MAX and, in a ring behind them, the last STACK_TAIL_MAX. */
void stack_add(struct raw_stack *s, const struct raw_frame *f);
/* Puts the ring's oldest frame first and sets left_out. */
void stack_end(struct raw_stack *s);

/* Where the instruction is that a frame stands for: a return address may be the first byte of the
 * next function, what was called is before it. */
static inline uint64_t raw_frame_address(const struct raw_frame *f)
{
    return f->exact ? f->pc : f->pc - 1;
}

#endif
