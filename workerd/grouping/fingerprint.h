/* SPDX-License-Identifier: Apache-2.0 */
/* Which crashes are the same bug. The fingerprint is SHA-256 over the version of this algorithm,
 * the kind of crash (or else the class of its signal) and the keys of the first KEPT_MAX frames
 * that say something. A frame's key is its normalised function; where no function is known, module,
 * build-id and offset. Which frames say something is decided by frames.def. Line numbers,
 * addresses, paths, the message and the number of times that a recursion went round never take
 * part; of an assertion, its expression does, for one function can hold several. Frames count
 * whether or not their debug information made them inline ones, so that an optimised build groups
 * with a plain one. Every decision is returned, to be stored and shown.
 *
 * A stack overflow dies anywhere in its cycle, so its keys are the functions of the cycle in
 * alphabetical order. A stack with no usable frame groups by executable, signal and the module of
 * its innermost frame. Pure. */
#ifndef CORRAL_WORKERD_GROUPING_FINGERPRINT_H
#define CORRAL_WORKERD_GROUPING_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/report/analysis.h"
#include "workerd/grouping/rules.h"

/* Stored beside each fingerprint: a change of what is hashed is a new version. */
#define FINGERPRINT_VERSION 1
/* Five functions around a crash are specific; callers further out split one bug by the ways that
 * lead to it. */
#define FINGERPRINT_KEPT_MAX 5

enum overflow_evidence { OVERFLOW_UNKNOWN, OVERFLOW_NO, OVERFLOW_YES };

/* What grouping needs to know of a crash; any of it may be missing. */
struct crash_stack {
    int64_t signal;             /* 0: unknown */
    const char *message;        /* abort, assertion, exception or panic text */
    const char *executable;     /* path */
    const struct frame *frames; /* of the crashing thread, innermost first */
    size_t n_frames;
    const char *why; /* of crashes that were only counted: why; part of the kind of those that
                        nothing else is known of. NULL */
    enum overflow_evidence overflow; /* did the fault hit just below the stack pointer? */
};

enum verdict_kind {
    VERDICT_KEPT,     /* takes part */
    VERDICT_SKIPPED,  /* by rule */
    VERDICT_CUT,      /* reporting, or above it: by rule */
    VERDICT_BOTTOM,   /* below the program's first function: by rule */
    VERDICT_REPEATED, /* once more round a recursion */
    VERDICT_LIMIT,    /* below KEPT_MAX kept ones */
};

struct verdict {
    enum verdict_kind kind;
    const char *rule; /* of frames.def or one of this file's own: "no-name"; NULL */
    const char *name; /* the normalised function; NULL when there is none */
    const char *key;  /* what is hashed when it is kept; NULL for a frame without name and module */
};

struct grouping {
    uint8_t fingerprint[SHA256_SIZE];
    enum crash_kind kind;
    struct verdict *verdicts; /* one for each frame */
    size_t n_kept;
    bool has_culprit;
    size_t culprit;    /* index of the frame that a title names */
    bool unsymbolised; /* no kept frame has a function */
};

void fingerprint_make(const struct crash_stack *stack, struct arena *a, struct grouping *ret);

/* "kept", "skipped", … as in JSON. */
const char *verdict_name(enum verdict_kind k);

#endif
