/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/status.h"

#include "common/base/cleanup.h"
#include "common/report/jsontext.h"

#include "ingestd/counters.h"
#include "ingestd/ingest.h"

void status_health(struct request *q, struct response *r)
{
    (void)q;
    response_type(r, "text/plain; charset=utf-8");
    buf_adds(response_body(r), "ok\n");
}

/* By doing it: an unnamed file that is gone again when it is closed. */
static bool store_writable(struct ingest *in)
{
    _cleanup_fd_ int fd = -1;

    return blob_module_begin(in->store, &fd) == 0;
}

static bool store_has_room(struct ingest *in)
{
    uint64_t free_bytes = 0;

    return blob_free_bytes(in->store, &free_bytes) == 0 && free_bytes >= in->conf->free_min;
}

void status_ready(struct request *q, struct response *r)
{
    struct ingest *in = request_app(q);
    bool writable = store_writable(in), room = store_has_room(in), tokens = auth_ready(in->auth);
    bool redis = feeder_redis_up(in->feeder), database = auth_database_up(in->auth);
    bool ready = writable && room && tokens;
    struct buf *b = response_body(r);

    response_status(r, ready ? 200 : 503);
    response_type(r, "application/json");
    jsontext_object(b, NULL);
    jsontext_string(b, "status", !ready ? "not ready" : redis && database ? "ready" : "degraded");
    jsontext_string(b, "store", !writable ? "not writable" : room ? "ok" : "full");
    jsontext_string(b, "tokens", tokens ? "ok" : "not known yet");
    jsontext_string(b, "redis", redis ? "ok" : "away");
    jsontext_string(b, "database", database ? "ok" : "away");
    jsontext_end_object(b);
    buf_addc(b, '\n');
}

static int count_one(const char *crash_id, void *arg)
{
    (void)crash_id;
    ++*(int64_t *)arg;
    return 0;
}

/* What is measured when it is asked for. */
static void measure(struct ingest *in)
{
    uint64_t free_bytes;
    int64_t pending = 0;

    if (blob_free_bytes(in->store, &free_bytes) == 0)
        metrics_set(in->metrics, COUNTER_FREE_BYTES, (int64_t)free_bytes);
    if (blob_pending_each(in->store, 0, count_one, &pending) == 0)
        metrics_set(in->metrics, COUNTER_PENDING, pending);
    metrics_set(in->metrics, COUNTER_REDIS_UP, feeder_redis_up(in->feeder));
    metrics_set(in->metrics, COUNTER_DATABASE_UP, auth_database_up(in->auth));
}

void status_metrics(struct request *q, struct response *r)
{
    struct ingest *in = request_app(q);

    measure(in);
    response_type(r, "text/plain; version=0.0.4; charset=utf-8");
    metrics_print(in->metrics, response_body(r));
}
