/* SPDX-License-Identifier: Apache-2.0 */
/* What was asked for (grouping_requests), one after the other: merges, splits, their undoing,
 * grouping all stacks anew, analysing a group anew. A request goes through steps, each of which is
 * noted with what it changed; one that was cut off goes on with the step that it was at, and every
 * step can be done twice. */
#ifndef CORRAL_WORKERD_REGROUP_REQUESTS_H
#define CORRAL_WORKERD_REGROUP_REQUESTS_H

#include <stdbool.h>

#include "workerd/job.h"

enum requests_outcome {
    REQUESTS_CUT = 1, /* something is away, or it is to stop: try again later */
};

/* At the start of a healer: asks for all stacks to be grouped anew if another algorithm or other
 * rules were asked for last. Of several hosts with different rules, the one that started last is
 * right. */
int requests_wish(struct worker *w);
/* Whether there is anything to do. */
bool requests_due(struct worker *w);
/* Does all of it. Only for the one that leads. */
int requests_run(struct worker *w);

#endif
