/* SPDX-License-Identifier: Apache-2.0 */
/* One thread serves, so that its connections to Redis and PostgreSQL need no lock. */
#include "workerd/status.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/http/server.h"
#include "common/report/jsontext.h"
#include "common/store/db.h"
#include "common/store/queue.h"

#include "workerd/counters.h"
#include "workerd/migrate.h"
#include "workerd/queries.h"

static struct {
    struct metrics *metrics;
    struct queue *queue;
    struct db *db;
    struct http_server *server;
} status;

static void serve_health(struct request *q, struct response *r)
{
    (void)q;
    response_type(r, "text/plain; charset=utf-8");
    buf_adds(response_body(r), "ok\n");
}

static const char *database_state(void)
{
    int64_t version = 0;
    int r = query_schema_version(status.db, &version);

    metrics_set(status.metrics, COUNTER_DATABASE_UP, r != DB_UNAVAILABLE);
    if (r == DB_UNAVAILABLE)
        return "away";
    return r == 0 && version >= migrations[n_migrations - 1].version ? "ok" : "not migrated";
}

static bool redis_up(void)
{
    bool up = queue_ping(status.queue) == 0;

    metrics_set(status.metrics, COUNTER_REDIS_UP, up);
    return up;
}

static void serve_ready(struct request *q, struct response *r)
{
    const char *database = database_state();
    bool redis = redis_up();
    int64_t workers = metrics_get(status.metrics, COUNTER_WORKERS);
    bool ready = redis && workers > 0 && str_eq(str_from(database), STR("ok"));
    struct buf *b = response_body(r);

    (void)q;
    response_status(r, ready ? 200 : 503);
    response_type(r, "application/json");
    jsontext_object(b, NULL);
    jsontext_string(b, "status", ready ? "ready" : "not ready");
    jsontext_string(b, "redis", redis ? "ok" : "away");
    jsontext_string(b, "database", database);
    jsontext_int(b, "workers", workers);
    jsontext_end_object(b);
    buf_addc(b, '\n');
}

static void serve_metrics(struct request *q, struct response *r)
{
    struct queue_stats jobs;

    (void)q;
    (void)database_state();
    if (redis_up() && queue_stats(status.queue, &jobs) == 0) {
        metrics_set(status.metrics, COUNTER_JOBS_WAITING, (int64_t)jobs.waiting);
        metrics_set(status.metrics, COUNTER_JOBS_TAKEN, (int64_t)jobs.taken);
        metrics_set(status.metrics, COUNTER_JOBS_DEAD, (int64_t)jobs.dead);
    }
    response_type(r, "text/plain; version=0.0.4; charset=utf-8");
    metrics_print(status.metrics, response_body(r));
}

static const struct route routes[] = {
    {"GET", "/healthz", .handle = serve_health},
    {"GET", "/readyz", .handle = serve_ready},
    {"GET", "/metrics", .handle = serve_metrics},
};

int status_start(const struct worker_conf *conf, struct metrics *m)
{
    static struct http_options options = {
        .name = "corral-workerd",
        .base_path = "",
        .threads = 1,
        .connections_max = 32,
        .idle_seconds = 30,
        .routes = routes,
        .n_routes = ARRAY_SIZE(routes),
    };
    int r = queue_new(conf->redis, &status.queue);

    options.listen = conf->listen;
    status.metrics = m;
    if (r == 0)
        r = db_new(conf->database, &status.db);
    if (r == 0)
        r = http_start(&options, &status.server);
    if (r < 0)
        log_error("cannot listen", LOG_STR("listen", conf->listen), LOG_ERRNO(r));
    return r;
}

void status_stop(void)
{
    http_stop(status.server, USEC_PER_SEC);
    db_free(status.db);
    queue_free(status.queue);
}
