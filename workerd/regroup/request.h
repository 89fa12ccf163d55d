/* SPDX-License-Identifier: Apache-2.0 */
/* One request, and the parts that its steps are made of. Outcomes of db.h, of settle.h, and: */
#ifndef CORRAL_WORKERD_REGROUP_REQUEST_H
#define CORRAL_WORKERD_REGROUP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "workerd/job.h"
#include "workerd/regroup/restack.h"

enum request_outcome {
    REQUEST_REFUSED = 95, /* it cannot be done, and request.problem says why */
};

#define REQUEST_PROBLEM_MAX 256

struct request {
    struct worker *w;
    struct arena *arena;
    int64_t id, step;
    const char *kind, *actor;
    /* Of its detail; 0 and NULL where it has none. */
    int64_t group, into, decision, keep;
    const char *selector, *build_id, *query;
    bool preview;
    bool asked;       /* by a person: also when there seems to be nothing to do */
    int64_t began_at; /* usec */
    struct regroup_way way;
    int64_t moved, merged, made; /* what was done */
    char problem[REQUEST_PROBLEM_MAX];
};

/* REQUEST_REFUSED, after having written why. */
int request_refuse(struct request *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Inside of the transaction of a step: the next one is due. */
int request_advance(struct request *r);
int request_set_total(struct request *r, int64_t total);
/* So much is left beside what is done. */
int request_set_left(struct request *r, int64_t n);
int request_add_done(struct request *r, int64_t n);
/* Gives new crashes precedence, for a while. False when it is to stop, or another one leads. */
bool request_turn(void *request);

/* --- Steps (decisions.c, steps.c, remove.c): each says whether it is through by 0 --- */

int step_merge(struct request *r);
int step_split(struct request *r);
int step_undo_merge(struct request *r);
int step_undo_split(struct request *r);
int step_unsplit(struct request *r);
int step_inherit(struct request *r);
int step_keys(struct request *r);
int step_owners(struct request *r);
int step_settle(struct request *r);
int step_reprocess(struct request *r);
int step_remove_events(struct request *r);
int step_remove_group(struct request *r);
/* Instead of all steps: what it would do, as JSON. A merge: {"groups": [{"id", "events", "stacks",
 * "hosts"}], "hosts": of both together}; a split: {"values": [{"value", "events", "stacks"}]}, most
 * events first. */
int step_preview(struct request *r, const char **ret);
/* 0 when the selector says different things of the group's stacks. */
int preview_tells_apart(struct request *r, int64_t group, const struct selector *selector);

#endif
