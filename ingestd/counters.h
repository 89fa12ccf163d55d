/* SPDX-License-Identifier: Apache-2.0 */
/* What ingestd counts. The rows of the metrics table, by this enum, are in counters.c. */
#ifndef CORRAL_INGESTD_COUNTERS_H
#define CORRAL_INGESTD_COUNTERS_H

#include "common/base/metrics.h"

enum counter {
    COUNTER_BUILD_INFO,
    COUNTER_UPLOADS_ACCEPTED, /* corral_uploads_total, by result */
    COUNTER_UPLOADS_REPEATED,
    COUNTER_UPLOADS_CONFLICT,
    COUNTER_UPLOADS_MALFORMED,
    COUNTER_UPLOADS_DENIED,
    COUNTER_UPLOADS_TOO_LARGE,
    COUNTER_UPLOADS_NOT_A_CORE,
    COUNTER_UPLOADS_OUT_OF_BOUNDS,
    COUNTER_UPLOADS_OVER_QUOTA,
    COUNTER_UPLOADS_UNAVAILABLE,
    COUNTER_UPLOADS_CUT,
    COUNTER_UPLOAD_BYTES,
    COUNTER_MODULES_STORED, /* corral_modules_total, by result */
    COUNTER_MODULES_EXISTED,
    COUNTER_MODULES_REFUSED,
    COUNTER_MODULES_UNAVAILABLE,
    COUNTER_MODULES_CUT,
    COUNTER_FULL_COMPLETE, /* corral_full_cores_total, by result: requests */
    COUNTER_FULL_CONTINUED,
    COUNTER_FULL_REPEATED,
    COUNTER_FULL_REFUSED,
    COUNTER_FULL_UNAVAILABLE,
    COUNTER_FULL_CUT,
    COUNTER_PUSH_FAILURES,
    COUNTER_PENDING,
    COUNTER_FREE_BYTES,
    COUNTER_REDIS_UP,
    COUNTER_DATABASE_UP,
    COUNTER_REQUESTS_2XX, /* corral_http_requests_total, by class */
    COUNTER_REQUESTS_3XX,
    COUNTER_REQUESTS_4XX,
    COUNTER_REQUESTS_5XX,
    COUNTER_REQUEST_SECONDS,
    COUNTER_COUNT
};

struct metrics *counters_new(void);
/* One finished request; route is its pattern. */
void counters_request(struct metrics *m, const char *route, unsigned status, int64_t usec);

#endif
