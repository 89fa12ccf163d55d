/* SPDX-License-Identifier: Apache-2.0 */
/* A line of a stack without what a terminal, a mail, a log or a tracker put around and into it:
 * colours, marks of quotation, gdb's prompt, entities of HTML and escapes of Markdown. Pure. */
#ifndef CORRAL_WORKERD_GROUPING_TEXTLINE_H
#define CORRAL_WORKERD_GROUPING_TEXTLINE_H

#include "common/base/arena.h"
#include "common/base/str.h"

/* Trimmed; of the line itself, or of the arena. */
struct str textline_clean(struct str line, struct arena *a);

/* Cuts *rest at the first line's end, which in a system log may be written "#012". */
bool textline_split(struct str *rest, struct str *ret_line);

#endif
