/* SPDX-License-Identifier: Apache-2.0 */
/* What workerd counts. The rows of the metrics table, in the order of this enum, are in counters.c.
 * The cells are shared by all processes of the daemon. */
#ifndef CORRAL_WORKERD_COUNTERS_H
#define CORRAL_WORKERD_COUNTERS_H

#include "common/base/metrics.h"

enum counter {
    COUNTER_BUILD_INFO,
    COUNTER_EVENTS_STACK, /* corral_events_processed_total, by result */
    COUNTER_EVENTS_NO_STACK,
    COUNTER_EVENTS_COUNTED,
    COUNTER_EVENTS_REPEATED,
    COUNTER_EVENTS_BURIED,
    COUNTER_EVENTS_LEFT,
    COUNTER_EVENTS_PUT_BACK,
    COUNTER_CRASHES_COUNTED,
    COUNTER_JOB_SECONDS,
    COUNTER_ANALYSIS_SECONDS,
    COUNTER_GROUPS_CREATED,
    COUNTER_GROUPS_REGRESSED,
    COUNTER_ANALYSES_FAILED,
    COUNTER_INDEX_SECONDS,
    COUNTER_INDEXES_REFUSED,
    COUNTER_INDEX_BYTES,
    COUNTER_ENGINE_DEATHS,
    COUNTER_JOBS_PARKED,
    COUNTER_REANALYSED_HEALED, /* corral_events_reanalysed_total, by result */
    COUNTER_REANALYSED_FAILED,
    COUNTER_REANALYSED_WITHOUT_CORE,
    COUNTER_GROUPS_MERGED,
    COUNTER_FETCHES_STORED, /* corral_module_fetches_total, by result */
    COUNTER_FETCHES_NOT_FOUND,
    COUNTER_FETCHES_REFUSED,
    COUNTER_FETCHES_FAILED,
    COUNTER_FETCHED_BYTES,
    COUNTER_JOBS_WAITING, /* corral_queue_jobs, by state */
    COUNTER_JOBS_TAKEN,
    COUNTER_JOBS_DEAD,
    COUNTER_REDIS_UP,
    COUNTER_DATABASE_UP,
    COUNTER_WORKERS,
    COUNTER_WORKER_DEATHS,
    COUNTER_COUNT
};

struct metrics *counters_new(void);

#endif
