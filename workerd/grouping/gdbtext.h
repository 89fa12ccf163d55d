/* SPDX-License-Identifier: Apache-2.0 */
/* A stack as gdb's `bt` prints it, which is how people have most of theirs: one thread or `thread
 * apply all bt`, with `bt full`'s variables or without, wrapped by a mail program or not. Whatever
 * is no frame is passed over, so that any text is a stack, if an empty one. Of several threads it
 * is the one that crashed: the stack that stands before any heading, else the one that KDE's
 * handler or a signal's trampoline is in, else the one that is said to be current, else the first
 * thread. Also read: the signal, the program and the texts of assertions. Pure. */
#ifndef CORRAL_WORKERD_GROUPING_GDBTEXT_H
#define CORRAL_WORKERD_GROUPING_GDBTEXT_H

#include "common/base/arena.h"
#include "common/base/str.h"
#include "workerd/grouping/fingerprint.h"

#define GDBTEXT_FRAMES_MAX 4096         /* of a stack; those below are passed over */
#define GDBTEXT_FRAME_MAX  (16u * 1024) /* bytes of a frame's text, on one line or several */

void gdbtext_parse(struct str text, struct arena *a, struct crash_stack *ret);

#endif
