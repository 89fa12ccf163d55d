/* SPDX-License-Identifier: Apache-2.0 */
/* What the program holds while it runs: configuration, blob store, metrics, one connection to
 * PostgreSQL for each thread of the server. Made once before the server starts; handlers reach it
 * by request_app(). */
#ifndef CORRAL_DASHD_APP_H
#define CORRAL_DASHD_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/conf.h"
#include "common/base/metrics.h"
#include "common/http/server.h"
#include "common/store/blob.h"
#include "common/store/db.h"
#include "dashd/access/attempts.h"
#include "dashd/access/rate.h"
#include "dashd/inventory.h"

struct dashd_conf {
    char *listen, *data, *database, *base_path, *public_url, *source_roots, *tracker, *log_level;
    char *ingestd_url, *workerd_url, *trusted_proxies;
    int64_t session_lifetime;
    uint64_t threads;
    uint64_t api_rate; /* requests of a token, a minute; 0: no limit */
};

extern const struct conf_key dashd_keys[];
extern const size_t dashd_keys_n;
/* struct daemon's check. */
const char *dashd_conf_check(const void *conf);

enum dashd_metric {
    METRIC_BUILD,
    METRIC_HTTP_2XX,
    METRIC_HTTP_3XX,
    METRIC_HTTP_4XX,
    METRIC_HTTP_5XX,
    METRIC_HTTP_SECONDS,
    METRIC_LOGIN_OK,
    METRIC_LOGIN_WRONG,
    METRIC_LOGIN_LIMITED,
    METRIC_CORE_DOWNLOADS,
    METRIC_DATABASE_FAILURES,
    METRIC_COUNT,
};

struct app {
    const struct dashd_conf *conf;
    struct blob_store *blobs;
    struct inventory *inventory;
    struct metrics *metrics;
    struct attempts *attempts;
    struct rate *rate;
    struct http_server *server;
};

/* The routes are main.c's. Logs why it failed. */
int app_start(struct app *app, const struct dashd_conf *conf, const struct route *routes,
              size_t n_routes);
void app_stop(struct app *app);

/* The calling thread's connection; made on first use, released when the thread ends. */
struct db *app_db(struct app *app);

/* /healthz, /readyz, /metrics */
void handle_healthz(struct request *q, struct response *r);
void handle_readyz(struct request *q, struct response *r);
void handle_metrics(struct request *q, struct response *r);

#endif
