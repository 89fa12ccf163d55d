/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that take turns, one of which waits whenever the other works, stay on one processor: to
 * wake another one, with nothing of theirs in its caches, costs more than what is done in a turn.
 */
#ifndef CORRAL_WORKERD_ENGINE_TURNS_H
#define CORRAL_WORKERD_ENGINE_TURNS_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

struct turns {
    bool taken;
    cpu_set_t all; /* where they may run otherwise */
};

/* This process, and the children that it has from now on, stay where it is. Where that cannot be
 * had nothing changes. */
void turns_begin(struct turns *t);
/* They go wherever there is room again: it has become work. `other`: a child, or 0. */
void turns_end(struct turns *t, pid_t other);

#endif
