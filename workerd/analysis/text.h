/* SPDX-License-Identifier: Apache-2.0 */
/* An analysis for people at a terminal, in the words of gdb's `thread apply all bt`, the crashed
 * thread first. All texts come from a stranger's program: control characters are shown as '?'.
 * Pure. */
#ifndef CORRAL_WORKERD_ANALYSIS_TEXT_H
#define CORRAL_WORKERD_ANALYSIS_TEXT_H

#include "common/base/buf.h"
#include "common/report/analysis.h"

#define TEXT_MAX (64u * 1024 * 1024) /* bytes */

void text_format(const struct analysis *an, struct buf *b);

#endif
