/* SPDX-License-Identifier: Apache-2.0 */
/* The stacks of all threads, from a little below the stack pointer outwards, and the memory that
 * the thread library keeps about each thread. Where a stack ends is not written anywhere: the
 * thread's own data (above its stack, glibc and musl alike), the end of the mapping, or a cap. */
#ifndef CORRAL_CLIENT_SLIM_STACKS_H
#define CORRAL_CLIENT_SLIM_STACKS_H

#include "client/slim/choice.h"

/* Of a thread: from its stack pointer, or just above it when that is in the guard page, to the end.
 * */
struct stack {
    uint64_t start, end;
    bool sure; /* that is where it ends; otherwise the mapping may go on with other things */
};

/* False when the stack pointer leads nowhere. */
bool stack_find(const struct corefile *core, uint64_t sp, uint64_t thread_pointer,
                struct stack *ret);

/* The index of the register that points at the thread's own data; SIZE_MAX: the layout has none. */
size_t stack_thread_pointer(const struct core_layout *l);
uint64_t stack_register(const struct corefile *c, size_t thread, size_t index);

/* Chooses the stack around sp, as far as max goes: the innermost part and, of one that is longer,
 * the outermost part too. Takes half of the room that is left at most. */
void stacks_keep_one(struct choice *c, uint64_t sp, uint64_t thread_pointer, uint64_t max);
/* The stacks of all but the crashing thread, each at most `max`, or an equal share of the room that
 * is left, less `spare`. */
void stacks_keep_others(struct choice *c, uint64_t max, uint64_t spare);
/* What the thread library keeps about each thread, for libthread_db. */
void stacks_keep_thread_data(struct choice *c);

#endif
