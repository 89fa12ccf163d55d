/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks as addresses, from an image and the indexes of its modules: call frame information where
 * there is some; where there is none, the chain of frame pointers; and where that leads nowhere, a
 * scan of the stack for return addresses. How each frame was found is marked on it. Hostile memory
 * and hostile rules end in a stack with a reason: the stack pointer must rise (but for a few cases
 * that rules know), expressions have a bounded number of steps, and all of it together costs no
 * more than effort.h says. */
#ifndef CORRAL_WORKERD_UNWIND_UNWIND_H
#define CORRAL_WORKERD_UNWIND_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workerd/analysis/stack.h"
#include "workerd/image/image.h"
#include "workerd/index/index.h"
#include "workerd/unwind/registers.h"

/* A module's index, as whoever holds them hands it out. */
struct unwind_module {
    const struct index *index; /* NULL: it has none */
    uint64_t bias;             /* process address = file address + bias */
    const char *problem;       /* why it has none, when not because its file is missing; NULL */
};

struct rule_cache;

struct unwinder {
    struct image *image;
    /* The module's index, fetched on first use; NULL index when there is none. `m` is one of the
     * image's modules. The answer stays valid. */
    const struct unwind_module *(*module)(void *arg, const struct image_module *m);
    void *arg;
    struct rule_cache *rules; /* NULL until the first use: made in the image's arena */
    uint64_t effort;          /* that was spent (effort.h), but for what the image has read */
};

/* Unwinds the image's thread. Always fills *ret. Words in ret->stopped are in the image's arena. */
void unwind_thread(struct unwinder *u, size_t thread, struct raw_stack *ret);

/* A frame with what is known of it, for who asks where its variables are. */
struct unwound_frame {
    struct raw_frame frame;
    struct registers registers;
    const struct image_module *mapped; /* NULL: in no module */
    uint64_t bias;                     /* of the module */
    bool has_cfa;
    uint64_t cfa;
};

/* The thread's innermost frames, max at most. Returns how many. */
size_t unwind_frames(struct unwinder *u, size_t thread, struct unwound_frame *ret, size_t max);

#endif
