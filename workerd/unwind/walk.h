/* SPDX-License-Identifier: Apache-2.0 */
/* One thread's walk from frame to frame, as the files of this folder share it. A step takes the
 * position of a frame to that of its caller; it leaves the position alone when it fails. */
#ifndef CORRAL_WORKERD_UNWIND_WALK_H
#define CORRAL_WORKERD_UNWIND_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "workerd/unwind/effort.h"
#include "workerd/unwind/registers.h"
#include "workerd/unwind/unwind.h"

struct position {
    uint64_t pc;
    bool exact; /* as struct raw_frame's */
    struct registers registers;
};

struct walk {
    struct unwinder *unwinder;
    struct image *image;
    const struct core_layout *layout;
    unsigned sp, fp; /* DWARF's numbers of these registers */
    uint64_t word;   /* bytes */
    struct position at;
    bool has_cfa;            /* of the last step's frame: it is known */
    uint64_t cfa;            /* … and is this */
    uint64_t unread;         /* the address that the last step could not read; 0: none */
    bool guessed;            /* a frame was found without a rule: registers are missing since */
    unsigned turns;          /* how often the stack pointer did not rise */
    unsigned scans, guesses; /* scans of this thread; frames in a row that were found by them */
    uint64_t effort_max;     /* that all walks may have spent when this one ends */
};

enum step_outcome {
    STEP_END = 1,   /* there is no caller */
    STEP_UNREAD,    /* memory is missing, at walk's unread */
    STEP_LOST,      /* what is known does not suffice */
    STEP_CIRCLE,    /* the caller is the frame itself */
    STEP_BACKWARDS, /* the caller's stack is one that was walked already */
    STEP_SPENT      /* the effort is */
};

static inline uint64_t effort_spent(const struct unwinder *u)
{
    return u->effort + u->image->reads * EFFORT_READ;
}

static inline bool effort_is_spent(const struct walk *w)
{
    return effort_spent(w->unwinder) >= w->effort_max;
}

/* A process's address, whatever a signed or 32-bit word has above it. */
static inline uint64_t walk_address(const struct walk *w, uint64_t value)
{
    return value & w->layout->address_mask;
}

#endif
