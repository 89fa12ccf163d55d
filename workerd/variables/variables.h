/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments and local variables of a thread's frames: the thread is walked once more for the
 * registers of each frame, and of each function the debug information says where its variables lie.
 * It is read from the modules' files and not from indexes (debug.h), so it is asked for only where
 * it is wanted: in the crashing thread, of crashes that will be looked at. */
#ifndef CORRAL_WORKERD_VARIABLES_VARIABLES_H
#define CORRAL_WORKERD_VARIABLES_VARIABLES_H

#include "common/report/analysis.h"
#include "workerd/unwind/unwind.h"
#include "workerd/variables/debug.h"

#define VARIABLES_FRAMES_MAX 32u /* frames from the innermost on, inlined ones not counted */
#define VARIABLES_MEMORY_MAX ((uint64_t)256 << 20) /* of sections that have to be decompressed */

/* Where files come from. */
struct debug_source {
    /* The files of one of the image's modules, which stay where they are; false: none. */
    bool (*files)(void *arg, const struct image_module *m, struct debug_files *ret);
    void *arg;
};

/* Fills the variables of the frames of t, which is the image's thread of that number as
 * analysis/stacks.h makes it. What cannot be had is left out, or says why. Texts are in the arena.
 */
void variables_fill(struct unwinder *u, size_t thread, const struct debug_source *s,
                    struct arena *a, struct thread *t);

#endif
