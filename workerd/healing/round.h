/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that some marks ask for: the events that lacked what has arrived, each analysed again,
 * the oldest group first, no faster than heal_rate and with all patience while new crashes wait.
 * Cut off at any point, it is begun anew and does what is left. */
#ifndef CORRAL_WORKERD_HEALING_ROUND_H
#define CORRAL_WORKERD_HEALING_ROUND_H

#include "common/search/query.h"

#include "workerd/job.h"

enum round_outcome {
    ROUND_CUT = 1, /* something is away, or it is to stop: the marks stay, try again later */
};

/* Does what the taken marks (arrivals_taken) ask for, and is done with them. */
int round_run(struct worker *w);

/* Analyses all events of a group again that were not since that time (usec), with the same
 * patience. each is called behind every event, and ends the round when it returns false. */
int round_group(struct worker *w, int64_t group, int64_t since, bool (*each)(void *arg), void *arg);
/* How many of them a query names; ROUND_CUT. */
int round_query_count(struct worker *w, const struct search_query *q, int64_t since, int64_t *ret);
/* The same as round_group for all events that a query names and that were received before that
 * time. */
int round_query(struct worker *w, const struct search_query *q, int64_t since,
                bool (*each)(void *arg), void *arg);

#endif
