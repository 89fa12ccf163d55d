/* SPDX-License-Identifier: Apache-2.0 */
/* A stack as gdb's `bt` prints it, which is how people have most of theirs: one thread or `thread
 * apply all bt`, with `bt full`'s variables or without, wrapped by a mail program or not. And as
 * others print it: sanitizers, systemd-coredump, lldb, valgrind, LLVM, Chromium, Rust, Go, D, the
 * JVM, minidump_stackwalk, Android, and those that call backtrace_symbols(). Whatever is no frame
 * is passed over, so that any text is a stack, if an empty one.
 *
 * Of several stacks it is the one that crashed: gdb's that stands before any heading, if it is more
 * than the one frame that gdb shows of a core; else another program's, the first that is not said
 * to be something else's ("freed by thread"); else of gdb's threads the one that KDE's handler is
 * in, the current one where gdb said why it stopped, the one that has a signal's trampoline or
 * aborts, the first thread. Also read: the signal, the program, and texts of assertions and the
 * like. Pure. */
#ifndef CORRAL_WORKERD_GROUPING_GDBTEXT_H
#define CORRAL_WORKERD_GROUPING_GDBTEXT_H

#include "common/base/arena.h"
#include "common/base/str.h"
#include "workerd/grouping/fingerprint.h"

#define GDBTEXT_FRAMES_MAX 4096         /* of a stack; those below are passed over */
#define GDBTEXT_FRAME_MAX  (16u * 1024) /* bytes of a frame's text, on one line or several */

void gdbtext_parse(struct str text, struct arena *a, struct crash_stack *ret);

#endif
