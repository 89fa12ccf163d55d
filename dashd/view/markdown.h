/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile texts into Markdown (CommonMark, and what trackers make of it). Escaping character by
 * character would depend on whose Markdown it is: mentions and bare addresses have no escape. So
 * what a crash says stands in code, where nothing has a meaning, behind fences that are longer than
 * any in it. Invisible characters become visible. Pure. */
#ifndef CORRAL_DASHD_VIEW_MARKDOWN_H
#define CORRAL_DASHD_VIEW_MARKDOWN_H

#include "common/base/buf.h"
#include "common/base/str.h"

/* A code span on one line; "-" for an empty text or NULL. */
void markdown_code(struct buf *out, const char *text);
/* One line of a block that is being gathered: line feeds become visible, too. */
void markdown_line(struct buf *block, const char *text);
/* The gathered block between fences, each on a line of its own. */
void markdown_block(struct buf *out, struct str block);

#endif
