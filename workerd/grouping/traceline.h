/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the traces that other programs than gdb print: lldb, valgrind, Go, Rust, the JVM,
 * minidump_stackwalk, and the many that call backtrace_symbols(). (Those that number frames with
 * "#0" are told from gdb's by workerd/grouping/frametext.h.) Pure. */
#ifndef CORRAL_WORKERD_GROUPING_TRACELINE_H
#define CORRAL_WORKERD_GROUPING_TRACELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/report/analysis.h"

enum traceline_kind {
    TRACELINE_OTHER,
    TRACELINE_FRAME,
    TRACELINE_PLACE, /* file and line of the frame before */
    TRACELINE_STACK, /* heads a stack */
};

/* What is known from the lines before. */
struct traceline_state {
    bool in_stack; /* frames were read, none of them gdb's */
    bool headed;   /* a line said that a trace follows */
    bool go;       /* within a goroutine's */
    uint64_t next; /* the number that the next frame has */
};

struct traceline {
    struct frame frame;
    bool numbered;
    uint64_t number;
    bool first;   /* it opens a stack, whatever its number */
    bool go;      /* of a heading */
    bool crashed; /* of a heading: it says that this is the thread */
    bool minor;   /* of a heading: other stacks say more of the crash */
};

enum traceline_kind traceline_read(struct str line, const struct traceline_state *state,
                                   struct arena *a, struct traceline *ret);

#endif
