/* SPDX-License-Identifier: Apache-2.0 */
/* An analysis for people at a terminal, in the words of gdb's `thread apply all bt`, the crashed
 * thread first. All texts come from a stranger's program: control, bidirectional and zero-width
 * characters are shown as '?'.
 * Pure. */
#ifndef CORRAL_REPORT_BACKTRACE_H
#define CORRAL_REPORT_BACKTRACE_H

#include "common/base/buf.h"
#include "common/report/analysis.h"

#define BACKTRACE_MAX (64u * 1024 * 1024) /* bytes */

void backtrace_format(const struct analysis *an, struct buf *b);

#endif
