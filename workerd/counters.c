/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/counters.h"

#include "common/base/version.h"

#define EVENTS     "corral_events_processed_total", METRIC_COUNTER
#define REANALYSED "corral_events_reanalysed_total", METRIC_COUNTER
#define FETCHES    "corral_module_fetches_total", METRIC_COUNTER
#define JOBS       "corral_queue_jobs", METRIC_GAUGE

static const struct metric table[COUNTER_COUNT] = {
    [COUNTER_BUILD_INFO] = {"corral_build_info", METRIC_GAUGE,
                            "program=\"corral-workerd\",version=\"" CORRAL_VERSION "\"",
                            "Always 1."},
    [COUNTER_EVENTS_STACK] = {EVENTS, "result=\"stack\"", "Jobs by their end."},
    [COUNTER_EVENTS_NO_STACK] = {EVENTS, "result=\"no_stack\"", NULL},
    [COUNTER_EVENTS_COUNTED] = {EVENTS, "result=\"counted\"", NULL},
    [COUNTER_EVENTS_REPEATED] = {EVENTS, "result=\"repeated\"", NULL},
    [COUNTER_EVENTS_BURIED] = {EVENTS, "result=\"buried\"", NULL},
    [COUNTER_EVENTS_LEFT] = {EVENTS, "result=\"left\"", NULL},
    [COUNTER_EVENTS_PUT_BACK] = {EVENTS, "result=\"put_back\"", NULL},
    [COUNTER_CRASHES_COUNTED] = {"corral_counted_crashes_total", METRIC_COUNTER, NULL,
                                 "Crashes that their hosts only counted."},
    [COUNTER_JOB_SECONDS] =
        {"corral_processing_duration_seconds", METRIC_HISTOGRAM, NULL,
         "From taking a job to its acknowledgement, without the wait for modules."},
    [COUNTER_ANALYSIS_SECONDS] = {"corral_analysis_duration_seconds", METRIC_HISTOGRAM, NULL,
                                  "Of which in the sandboxed child."},
    [COUNTER_GROUPS_CREATED] = {"corral_groups_created_total", METRIC_COUNTER, NULL,
                                "Crashes that were the first of their kind."},
    [COUNTER_GROUPS_REGRESSED] = {"corral_groups_regressed_total", METRIC_COUNTER, NULL,
                                  "Resolved groups that crashed again."},
    [COUNTER_ANALYSES_FAILED] = {"corral_analyses_failed_total", METRIC_COUNTER, NULL,
                                 "Sandboxed children that crashed, hung or were stopped."},
    [COUNTER_INDEX_SECONDS] = {"corral_index_duration_seconds", METRIC_HISTOGRAM, NULL,
                               "Making the index of a module."},
    [COUNTER_INDEXES_REFUSED] = {"corral_indexes_refused_total", METRIC_COUNTER, NULL,
                                 "Modules of which no index could be made."},
    [COUNTER_INDEX_BYTES] = {"corral_index_bytes", METRIC_GAUGE, NULL,
                             "Disk space of all indexes, looked at hourly."},
    [COUNTER_ENGINE_DEATHS] = {"corral_engine_deaths_total", METRIC_COUNTER, NULL,
                               "Engine processes that ended without being asked."},
    [COUNTER_JOBS_PARKED] = {"corral_jobs_parked_total", METRIC_COUNTER, NULL,
                             "Jobs that had to wait for modules still being uploaded."},
    [COUNTER_REANALYSED_HEALED] = {REANALYSED, "result=\"healed\"",
                                   "Events that were analysed again, by what came of it."},
    [COUNTER_REANALYSED_FAILED] = {REANALYSED, "result=\"failed\"", NULL},
    [COUNTER_REANALYSED_WITHOUT_CORE] = {REANALYSED, "result=\"without_core\"", NULL},
    [COUNTER_GROUPS_MERGED] = {"corral_groups_merged_total", METRIC_COUNTER, NULL,
                               "Groups that turned out to be another one."},
    [COUNTER_FETCHES_STORED] = {FETCHES, "result=\"stored\"",
                                "Files asked of debuginfod servers and folders."},
    [COUNTER_FETCHES_NOT_FOUND] = {FETCHES, "result=\"not_found\"", NULL},
    [COUNTER_FETCHES_REFUSED] = {FETCHES, "result=\"refused\"", NULL},
    [COUNTER_FETCHES_FAILED] = {FETCHES, "result=\"failed\"", NULL},
    [COUNTER_FETCHED_BYTES] = {"corral_module_fetched_bytes_total", METRIC_COUNTER, NULL,
                               "Bytes of the files that were stored."},
    [COUNTER_JOBS_WAITING] = {JOBS, "state=\"waiting\"", "Jobs in Redis."},
    [COUNTER_JOBS_TAKEN] = {JOBS, "state=\"taken\"", NULL},
    [COUNTER_JOBS_DEAD] = {JOBS, "state=\"dead\"", NULL},
    [COUNTER_REDIS_UP] = {"corral_redis_up", METRIC_GAUGE, NULL, "Whether Redis answers."},
    [COUNTER_DATABASE_UP] = {"corral_database_up", METRIC_GAUGE, NULL,
                             "Whether PostgreSQL answers."},
    [COUNTER_WORKERS] = {"corral_workers", METRIC_GAUGE, NULL, "Worker processes alive."},
    [COUNTER_WORKER_DEATHS] = {"corral_worker_deaths_total", METRIC_COUNTER, NULL,
                               "Worker processes that ended without being asked."},
};

struct metrics *counters_new(void)
{
    struct metrics *m = metrics_new(table, COUNTER_COUNT);

    metrics_set(m, COUNTER_BUILD_INFO, 1);
    return m;
}
