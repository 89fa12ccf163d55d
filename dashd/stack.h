/* SPDX-License-Identifier: Apache-2.0 */
/* A stack as pages show it: frames with what the grouping made of each. PostgreSQL has the frames
 * of crashing threads as JSON, without absolute addresses; analysis.json has all threads with them.
 * Pure. */
#ifndef CORRAL_DASHD_STACK_H
#define CORRAL_DASHD_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/report/analysis.h"

struct frame_details;

struct frame_view {
    const struct frame *frame;
    const char *verdict;   /* of the grouping: "kept", "skipped", …; NULL: none is known */
    const char *rule;      /* that gave the verdict; NULL */
    const char *name;      /* the function as it was grouped by; NULL */
    const char *missing;   /* why there is no function name, in words; NULL when there is one */
    const char *arguments; /* "(p=0x0)"; NULL: nothing is known of them */
    const struct frame_details *details; /* NULL: the frame has none */
};

struct stack_view {
    struct frame_view *frames; /* innermost first */
    size_t n;
    uint64_t left_out;
    size_t gap_after;
    const char *recursion; /* what the missing frames repeat; NULL */
    const char *stopped;
};

/* The frames column of table stacks. -EBADMSG. */
int stack_parse(struct str json, struct arena *a, struct stack_view *ret);
/* A thread of an analysis. Verdicts come from `judged` (may be NULL) when it has the same
 * functions. */
void stack_of_thread(const struct analysis *an, const struct thread *t,
                     const struct stack_view *judged, struct arena *a, struct stack_view *ret);

/* The frame's function in any build: name, or else function, or else the module; NULL. */
const char *frame_label(const struct frame_view *f, struct arena *a);
/* Labels of all frames, or of those that say something of the bug: kept ones and those behind them.
 */
const char **stack_labels(const struct stack_view *s, bool usable_only, struct arena *a,
                          size_t *ret_n);

/* The number of frames[i] as gdb counts it: what is left out counts. */
uint64_t stack_number(const struct stack_view *s, size_t i);
/* How many frames from i on are said by the grouping to repeat others, without one missing between
 * them; 0 when it is too few to fold, or when i stands amidst them. */
size_t stack_run(const struct stack_view *s, size_t i);
/* The frame that a crash is named after: the first with a name that the grouping kept, else the
 * first with a name; s->n when none has one. */
size_t stack_culprit(const struct stack_view *s);
/* Gives the frames of s, from the database, the arguments of the thread, if it has the same
 * functions. */
void stack_take_arguments(const struct thread *t, struct arena *a, struct stack_view *s);

/* Threads with the same return addresses, folded: the first one stands for all. */
struct thread_fold {
    const struct thread *first;
    const struct thread **threads;
    size_t n;
};
struct thread_folds {
    struct thread_fold *folds;
    size_t n;
};
/* All threads but those that crashed. */
void stack_fold(const struct analysis *an, struct arena *a, struct thread_folds *ret);

/* The last component of a path: "libc.so.6"; NULL gives "". */
const char *path_base(const char *path);
/* The last two: "src/app.c". */
const char *path_tail(const char *path);

#endif
