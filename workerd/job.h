/* SPDX-License-Identifier: Apache-2.0 */
/* One job from its crash id to the acknowledgement: read the record, analyse the core in a child,
 * group, write analysis.json, store in one transaction, and only then acknowledge and take the
 * crash off the pending list. Every step can be done twice: what the database has already counts
 * once. Whatever the core is like, the end is an event that says what there is to say; only a crash
 * without a readable record is buried, for nothing is known of it. */
#ifndef CORRAL_WORKERD_JOB_H
#define CORRAL_WORKERD_JOB_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/metrics.h"
#include "common/report/analysis.h"
#include "common/report/record.h"
#include "common/store/blob.h"
#include "common/store/db.h"
#include "common/store/queue.h"

#include "workerd/allowance.h"
#include "workerd/conf.h"
#include "workerd/crew.h"
#include "workerd/stock.h"

/* What a worker process holds for all of its jobs. */
struct worker {
    const struct worker_conf *conf;
    struct metrics *metrics;
    struct blob_store *store;
    struct queue *queue;
    struct db *db;
    struct crew *crew;
    struct stock *stock;
    int scratch_fd;
    struct allowance variables; /* time for them */
    char consumer[128];
    bool (*stopping)(void);
};

enum record_outcome {
    RECORD_DONE = 1,   /* stored before: nothing waits for it */
    RECORD_MISSING,    /* the blob store has no such crash */
    RECORD_UNREADABLE, /* its meta.json is no record */
};

/* Reads what is known of a crash, all memory from the arena. RECORD_MISSING, RECORD_UNREADABLE. */
int job_read_record(struct worker *w, const char *crash_id, struct arena *a,
                    struct crash_record *ret);
/* The same of one that waits for its analysis. RECORD_DONE. */
int job_read(struct worker *w, const char *crash_id, struct arena *a, struct crash_record *ret);
/* Does the job and everything that follows from r, the outcome of job_read. At the end it is
 * acknowledged, or left to be taken again (service away, shutting down, another worker has it). */
void job_run(struct worker *w, const struct queue_job *job, int r,
             const struct crash_record *record, struct arena *a);

/* How much somebody wants the variables of the crashed thread, which cost more than its stack. */
enum job_variables {
    JOB_NO_VARIABLES,
    JOB_VARIABLES_IN_TIME, /* if there is time left for them (variables_share) */
    JOB_VARIABLES_MATTER,  /* even if that time has to be saved later */
};

/* What a core's analysis is to be, and what for. */
struct job_analysis {
    int core_fd;
    enum job_variables variables;
    bool (*tick)(void *arg); /* as in struct child_options */
    void *arg;
};

/* Has a core analysed. Outcomes of child.h. *ret_variables: whether variables were asked for. */
int job_analyse_core(struct worker *w, const struct job_analysis *j, struct arena *a,
                     struct analysis *ret, bool *ret_variables, const char **ret_problem);
/* Writes analysis.json beside the core, for whoever shows the event. It can be made again, so that
 * a full disk is only logged. */
void job_write_analysis(struct worker *w, const char *crash_id, const struct analysis *an);

#endif
