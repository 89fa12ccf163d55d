/* SPDX-License-Identifier: Apache-2.0 */
/* One event analysed again, from its core to the transaction that changes it. Whatever comes of it
 * stands in event_reanalyses. Doing it twice changes nothing. */
#ifndef CORRAL_WORKERD_HEALING_AGAIN_H
#define CORRAL_WORKERD_HEALING_AGAIN_H

#include "workerd/healing/queries.h"
#include "workerd/job.h"

enum again_outcome {
    AGAIN_LATER =
        1, /* a service is away, this host has no room, or it is to stop: nothing changed */
};

/* build_ids: that have arrived and it lacked; empty: it was asked for by hand. *ret_merged: its
 * group is another one now, and events may have to follow (query_heal_move). */
int again_analyse(struct worker *w, const struct heal_event *e, const struct text_set *build_ids,
                  bool *ret_merged);

#endif
