/* SPDX-License-Identifier: Apache-2.0 */
/* What people may ask for: that two groups be one, that one be split, that either be undone, that
 * events be analysed again. Page and API read the same fields and get the same answers. Nothing is
 * changed here: what is in order becomes a row of grouping_requests, with its audit row. */
#ifndef CORRAL_DASHD_GROUPING_DECIDE_H
#define CORRAL_DASHD_GROUPING_DECIDE_H

#include "common/http/request.h"
#include "dashd/grouping/queries.h"

struct decided {
    unsigned status;     /* 0: asked for; or why not, as HTTP has it */
    const char *problem; /* in words */
    const char *field;   /* which is wrong; NULL: none */
    int64_t request;     /* id in grouping_requests; 0: it is done */
    int64_t group;       /* then: of this group */
};

/* Each reads the route's {id} and the form, and returns an outcome of db.h. Fields: into=G-142;
 * by=frame-2, signal or executable; decision=7; build_id=… (none: events of the group); query=… (no
 * group is named). */
typedef int decide(struct request *q, struct decided *ret);
decide decide_merge, decide_split, decide_undo, decide_reprocess, decide_reprocess_query,
    decide_remove;
/* The group's hint is wrong: it is one bug. Done at once, also where there is no hint any more. */
decide decide_one_bug;

/* The group that a text names, whatever it was merged into; 0 when it names none. */
int decide_group(struct request *q, const char *text, int64_t *ret);

/* "Merge G-9 into G-1", "Undo the split of G-1". Pure. */
const char *request_words(const struct request_row *r, struct arena *a);
/* "user:anna" → "anna", "token:3" → "program 3", else as it is. Pure. */
const char *actor_words(const char *actor, struct arena *a);

#endif
