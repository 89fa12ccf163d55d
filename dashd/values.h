/* SPDX-License-Identifier: Apache-2.0 */
/* A frame as people read it who look for a bug: with its arguments as gdb writes them, and with
 * what to do about what is missing. Values are a stranger's text: they are cut here and escaped
 * where they are put out; JSON has them whole. Pure. */
#ifndef CORRAL_DASHD_VALUES_H
#define CORRAL_DASHD_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/report/analysis.h"

#define VALUE_IN_LINE 80   /* bytes of an argument in its frame's line */
#define VALUE_SHOWN   400  /* bytes of a value below it */
#define VALUES_SHOWN  48   /* variables of one frame */
#define LINE_SHOWN    1000 /* bytes of all arguments of a line */

/* The text, or its beginning and "…": at most max bytes, cut between characters. */
const char *value_cut(const char *text, size_t max, struct arena *a);
/* The value, or why there is none in angle brackets, as gdb has it: "<optimized out>". */
const char *value_text(const struct variable *v, struct arena *a);
/* "(p=0x0, n=<optimized out>)"; NULL when nothing is known of the frame's variables. */
const char *values_arguments(const struct frame *f, struct arena *a);

/* "call frame information": how the frame was found, and what that is worth. */
const char *value_trust(enum frame_trust t);
/* What is missing of the frame, and what would help; NULL when nothing is. Ours but for names. */
const char *values_remedy(const struct analysis *an, const struct frame *f, struct arena *a);

#endif
