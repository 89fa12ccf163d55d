/* SPDX-License-Identifier: Apache-2.0 */
/* The text of one frame, as debuggers and symbolizers print it. gdb's is
 *
 *     0xADDRESS in NAME (ARGUMENTS) at FILE:LINE from LIBRARY
 *
 * with any part but the name missing; the name may hold blanks and brackets, its end is the first
 * " (" whose group is followed by nothing, " at ", " from " or " [". A symbolizer's (of sanitizers,
 * LLVM, systemd-coredump, Chromium, backtrace_symbols(), ...) is
 *
 *     0xADDRESS in NAME FILE:LINE:COLUMN (MODULE+0xOFFSET) (BuildId: HEX) [0xADDRESS]
 *
 * where what stands behind the name comes in any order and most is missing. Pure. */
#ifndef CORRAL_WORKERD_GROUPING_FRAMETEXT_H
#define CORRAL_WORKERD_GROUPING_FRAMETEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/report/analysis.h"

/* What else the text of gdb's frame tells. */
struct frametext {
    struct frame frame;
    int64_t argument;    /* the first argument, when it is a small number: a handler's signal */
    const char *message; /* what a function that reports was told; NULL */
};

/* Does gdb's frame need further lines? *ret_placed: all of it is there, but a place may follow. */
bool gdbframe_is_open(struct str text, bool *ret_placed);
/* gdb's frame. Any text is one. */
void gdbframe_parse(struct str text, struct arena *a, struct frametext *ret);

/* Is the text, behind a frame's number, that of a symbolizer and not of gdb? */
bool symbolized_is(struct str text);
void symbolized_parse(struct str text, struct arena *a, struct frame *ret);
/* "FILE:LINE" or "FILE:LINE:COLUMN", or gdb's "at LIBRARY"; false when it is neither. */
bool place_parse(struct str text, struct arena *a, struct frame *f);

/* Is the path a shared library's, by its name? */
bool path_names_library(struct str path);
/* "??", "n/a", "<unknown>", ...: how tools say that they know no function. */
bool function_is_unknown(struct str name);

#endif
