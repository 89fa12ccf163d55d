/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that a stranger wrote, for a terminal: control characters (C0, DEL, C1), what turns the
 * direction of writing or has no width, and bytes that are no UTF-8 become visible as \x1b, \u202e
 * and so on. Pure. */
#ifndef CORRAL_CLIENT_CTL_OUTPUT_TEXT_H
#define CORRAL_CLIENT_CTL_OUTPUT_TEXT_H

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/str.h"

void text_add_visible(struct buf *b, struct str s);
/* The same, but line breaks stay. */
void text_add_visible_lines(struct buf *b, struct str s);

/* Columns that a visible text takes. */
size_t text_width(struct str visible);
/* At most so many columns of it; where it is cut stands "…". from_end keeps its end, which is what
 * tells C++ names and paths apart. */
void text_add_cut(struct buf *b, struct str visible, size_t width, bool from_end);

#endif
