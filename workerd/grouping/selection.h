/* SPDX-License-Identifier: Apache-2.0 */
/* Which frames of a stack say something. Rules look at each; then the machinery that reports a
 * crash is cut off, and the callers of main; what only stands in between is skipped, and recursion
 * collapsed. What is left are candidates, of which few count: the innermost always, and then those
 * of the program's own code, or of anybody's when none is. Weak ones count where no other but one
 * does. Frames without a function don't count below one that has one and is the program's own;
 * above it they count by their module alone. Pure. */
#ifndef CORRAL_WORKERD_GROUPING_SELECTION_H
#define CORRAL_WORKERD_GROUPING_SELECTION_H

#include "workerd/grouping/fingerprint.h"

struct selection {
    const struct crash_stack *stack;
    struct arena *arena;
    const struct rule **decided, **own; /* rules of each frame, or NULL */
    struct verdict *verdicts;
    size_t first, end; /* frames between the cut and the bottom */
    bool some_modules; /* a frame with a name has no module: none of them tells whose code it is */
    bool cut;          /* something was */
    bool handled;      /* the cut ended below a signal handler: what it interrupted is the crash */
    size_t kinds_from; /* frames above it are those of a handler that reported the crash */
    size_t *kept;      /* indexes of what is left, innermost first */
    size_t n_kept;
    size_t *repeats; /* how often each frame in kept went round */
    size_t n_repeated;
};

/* All candidates are kept. */
void selection_make(const struct rules *rules, const struct crash_stack *stack, struct arena *a,
                    struct selection *ret);
/* Nothing is known against the frame. */
bool selection_is_candidate(const struct selection *s, size_t frame);
/* Keeps at most max of them. */
void selection_choose(struct selection *s, size_t max);
/* Keeps the functions of a recursion, at most max, in alphabetical order of their keys. The index
 * of the innermost one. Only with something kept. */
size_t selection_keep_cycle(struct selection *s, size_t max);
/* Did the stack run over, by the evidence or by what repeats? Before frames were chosen or after.
 */
bool selection_overflows(const struct selection *s);
/* What the frames that report, and those above the first that counts, say that it is. */
enum crash_kind selection_kind(const struct selection *s);

#endif
