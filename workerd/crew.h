/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's own zygote (engine/zygote.h): started when it is first needed, and again when it died.
 * Jobs are handed to it and waited for; whatever happens to a job's child is told by its report.
 * One worker, one thread. */
#ifndef CORRAL_WORKERD_CREW_H
#define CORRAL_WORKERD_CREW_H

#include <stdint.h>

#include "common/base/metrics.h"
#include "workerd/wire/orders.h"
#include "workerd/wire/vigil.h"

struct crew;

enum crew_outcome {
    CREW_TOO_LATE = VIGIL_TOO_LATE,
    CREW_UNWANTED = VIGIL_UNWANTED,
    CREW_DIED, /* the zygote, and so all of its children: do the job again */
};

/* engine is the program's path, metrics may be NULL; both must outlive the crew. */
struct crew *crew_new(const char *engine, struct metrics *m);
/* Ends all of it. NULL is fine. */
void crew_free(struct crew *c);

/* Starts the zygote unless it runs. CREW_DIED when it does not come up, or died too often lately.
 */
int crew_ready(struct crew *c);
/* A number that changes with each start: what was kept before is not any more. */
unsigned crew_generation(const struct crew *c);

/* Hands a job over; o->job is set. CREW_DIED. The descriptors stay open here. */
int crew_begin(struct crew *c, struct order *o, const struct parcel_fds *fds);
/* Waits for the end of its child. */
int crew_wait(struct crew *c, uint32_t job, struct vigil *v, struct report *ret);
/* Ends the child when it is not gone by itself within the grace (usec), and takes its report.
 * CREW_DIED. */
int crew_end(struct crew *c, uint32_t job, int64_t grace, struct report *ret);

/* Later children have the index without asking. */
void crew_keep(struct crew *c, const char *build_id, int fd);
void crew_forget(struct crew *c);

#endif
