/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/counters.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/version.h"

#include "ingestd/ingest.h"

#define UPLOADS  "corral_uploads_total", METRIC_COUNTER
#define MODULES  "corral_modules_total", METRIC_COUNTER
#define FULL     "corral_full_cores_total", METRIC_COUNTER
#define REQUESTS "corral_http_requests_total", METRIC_COUNTER

static const struct metric table[COUNTER_COUNT] = {
    [COUNTER_BUILD_INFO] = {"corral_build_info", METRIC_GAUGE,
                            "program=\"corral-ingestd\",version=\"" CORRAL_VERSION "\"",
                            "Always 1."},
    [COUNTER_UPLOADS_ACCEPTED] = {UPLOADS, "result=\"accepted\"",
                                  "Uploads of crashes by their end."},
    [COUNTER_UPLOADS_REPEATED] = {UPLOADS, "result=\"repeated\"", NULL},
    [COUNTER_UPLOADS_CONFLICT] = {UPLOADS, "result=\"conflict\"", NULL},
    [COUNTER_UPLOADS_MALFORMED] = {UPLOADS, "result=\"malformed\"", NULL},
    [COUNTER_UPLOADS_DENIED] = {UPLOADS, "result=\"denied\"", NULL},
    [COUNTER_UPLOADS_TOO_LARGE] = {UPLOADS, "result=\"too_large\"", NULL},
    [COUNTER_UPLOADS_NOT_A_CORE] = {UPLOADS, "result=\"not_a_core\"", NULL},
    [COUNTER_UPLOADS_OUT_OF_BOUNDS] = {UPLOADS, "result=\"out_of_bounds\"", NULL},
    [COUNTER_UPLOADS_OVER_QUOTA] = {UPLOADS, "result=\"over_quota\"", NULL},
    [COUNTER_UPLOADS_UNAVAILABLE] = {UPLOADS, "result=\"unavailable\"", NULL},
    [COUNTER_UPLOADS_CUT] = {UPLOADS, "result=\"cut\"", NULL},
    [COUNTER_UPLOAD_BYTES] = {"corral_upload_bytes_total", METRIC_COUNTER, NULL,
                              "Bytes of cores received, also of refused ones."},
    [COUNTER_MODULES_STORED] = {MODULES, "result=\"stored\"", "Uploads of modules by their end."},
    [COUNTER_MODULES_EXISTED] = {MODULES, "result=\"existed\"", NULL},
    [COUNTER_MODULES_REFUSED] = {MODULES, "result=\"refused\"", NULL},
    [COUNTER_MODULES_UNAVAILABLE] = {MODULES, "result=\"unavailable\"", NULL},
    [COUNTER_MODULES_CUT] = {MODULES, "result=\"cut\"", NULL},
    [COUNTER_FULL_COMPLETE] = {FULL, "result=\"complete\"",
                               "Uploads of full cores that come after their crash, by their end."},
    [COUNTER_FULL_CONTINUED] = {FULL, "result=\"continued\"", NULL},
    [COUNTER_FULL_REPEATED] = {FULL, "result=\"repeated\"", NULL},
    [COUNTER_FULL_REFUSED] = {FULL, "result=\"refused\"", NULL},
    [COUNTER_FULL_UNAVAILABLE] = {FULL, "result=\"unavailable\"", NULL},
    [COUNTER_FULL_CUT] = {FULL, "result=\"cut\"", NULL},
    [COUNTER_PUSH_FAILURES] = {"corral_queue_push_failures_total", METRIC_COUNTER, NULL,
                               "Attempts to queue a crash that Redis did not take."},
    [COUNTER_PENDING] = {"corral_pending_jobs", METRIC_GAUGE, NULL,
                         "Crashes accepted and not yet in the database."},
    [COUNTER_FREE_BYTES] = {"corral_blob_free_bytes", METRIC_GAUGE, NULL,
                            "Bytes that the blob store may still use."},
    [COUNTER_REDIS_UP] = {"corral_redis_up", METRIC_GAUGE, NULL,
                          "Whether the last command went through."},
    [COUNTER_DATABASE_UP] = {"corral_database_up", METRIC_GAUGE, NULL,
                             "Whether the last refresh of the tokens went through."},
    [COUNTER_REQUESTS_2XX] = {REQUESTS, "code=\"2xx\"", "Requests answered."},
    [COUNTER_REQUESTS_3XX] = {REQUESTS, "code=\"3xx\"", NULL},
    [COUNTER_REQUESTS_4XX] = {REQUESTS, "code=\"4xx\"", NULL},
    [COUNTER_REQUESTS_5XX] = {REQUESTS, "code=\"5xx\"", NULL},
    [COUNTER_REQUEST_SECONDS] = {"corral_http_request_duration_seconds", METRIC_HISTOGRAM, NULL,
                                 "From the request's headers to the end of its answer."},
};

/* What an answer to the upload of a crash counts as. Those of the cut ones were sent to nobody. */
static const struct {
    unsigned status;
    enum counter counter;
} results[] = {
    {200, COUNTER_UPLOADS_REPEATED},         {202, COUNTER_UPLOADS_ACCEPTED},
    {401, COUNTER_UPLOADS_DENIED},           {403, COUNTER_UPLOADS_DENIED},
    {409, COUNTER_UPLOADS_CONFLICT},         {413, COUNTER_UPLOADS_TOO_LARGE},
    {415, COUNTER_UPLOADS_NOT_A_CORE},       {422, COUNTER_UPLOADS_OUT_OF_BOUNDS},
    {429, COUNTER_UPLOADS_OVER_QUOTA},       {408, COUNTER_UPLOADS_CUT},
    {HTTP_STATUS_GONE, COUNTER_UPLOADS_CUT},
};

struct metrics *counters_new(void)
{
    struct metrics *m = metrics_new(table, COUNTER_COUNT);

    metrics_set(m, COUNTER_BUILD_INFO, 1);
    return m;
}

static enum counter counter_of(unsigned status)
{
    for (size_t i = 0; i < ARRAY_SIZE(results); i++)
        if (results[i].status == status)
            return results[i].counter;
    return status >= 500 ? COUNTER_UPLOADS_UNAVAILABLE : COUNTER_UPLOADS_MALFORMED;
}

void counters_request(struct metrics *m, const char *route, unsigned status, int64_t usec)
{
    if (status >= 200 && status < 600)
        metrics_add(m, COUNTER_REQUESTS_2XX + status / 100 - 2, 1);
    metrics_observe(m, COUNTER_REQUEST_SECONDS, usec);
    if (strcmp(route, ROUTE_CRASHES) == 0 || strcmp(route, ROUTE_UPLOAD) == 0)
        metrics_add(m, counter_of(status), 1);
}
