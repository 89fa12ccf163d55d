/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/app.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/version.h"
#include "common/report/jsontext.h"
#include "common/report/prefixes.h"
#include "dashd/access/access.h"
#include "dashd/neighbour.h"
#include "dashd/page.h"
#include "dashd/queries.h"

#define CONNECTIONS_MAX 1000
#define IDLE_SECONDS    30
#define GRACE_USEC      (10 * USEC_PER_SEC)

/* --- Configuration --- */

#define AT(member) offsetof(struct dashd_conf, member)

const struct conf_key dashd_keys[] = {
    {"listen", CONF_TEXT, AT(listen), "127.0.0.1:8700", 0, 0,
     "Address and port, or unix:/path, on which people and programs are served."},
    {"data", CONF_TEXT, AT(data), "/var/lib/corral/data", 0, 0,
     "The blob store that corral-ingestd writes: only read here."},
    {"database", CONF_TEXT, AT(database), "dbname=corral user=corral-dashd", 0, 0,
     "PostgreSQL, in libpq's words."},
    {"base_path", CONF_TEXT, AT(base_path), "", 0, 0,
     "Sub-path under which a proxy passes requests on, such as /corral; empty for none."},
    {"public_url", CONF_TEXT, AT(public_url), "http://127.0.0.1:8700", 0, 0,
     "Where people reach the dashboard, base_path included; https:// makes cookies secure."},
    {"tracker", CONF_TEXT, AT(tracker), "", 0, 0,
     "Address of a form for new tickets, in which {title}, {body} and {url} are filled in; empty: "
     "none."},
    {"source_roots", CONF_TEXT, AT(source_roots), "", 0, 0,
     "Checkouts of the programs' sources, as PREFIX=FOLDER pairs with colons between them: lines "
     "of a file below PREFIX, as the compiler or source_prefixes of corral-workerd has it, are "
     "shown from FOLDER to whoever may see the stack."},
    {"ingestd_url", CONF_TEXT, AT(ingestd_url), "http://127.0.0.1:8600", 0, 0,
     "Where corral-ingestd answers, http://address:port or unix:/path, for the page about the "
     "system; empty: not asked."},
    {"workerd_url", CONF_TEXT, AT(workerd_url), "http://127.0.0.1:8650", 0, 0,
     "The same of corral-workerd."},
    {"trusted_proxies", CONF_TEXT, AT(trusted_proxies), "", 0, 0,
     "Proxies whose X-Forwarded-For is believed, as addresses, networks (10.0.0.0/8) or unix for "
     "whoever "
     "comes through a unix socket; empty: none."},
    {"session_lifetime", CONF_DURATION, AT(session_lifetime), "7d", 60000000, 31536000000000,
     "A sign-in ends after this time, or after a day without a request."},
    {"api_rate", CONF_UINT, AT(api_rate), "6000", 0, 1000000,
     "Requests that one token may make of the REST API a minute; those over it are answered 429. "
     "0: "
     "no limit."},
    {"threads", CONF_UINT, AT(threads), "4", 1, 64,
     "Requests that are worked on at a time; each has a connection to PostgreSQL."},
    {"log_level", CONF_TEXT, AT(log_level), "info", 0, 0, "error, warning, info or debug."},
};
const size_t dashd_keys_n = ARRAY_SIZE(dashd_keys);

const char *dashd_conf_check(const void *conf)
{
    const struct dashd_conf *c = conf;
    struct forwarded proxies;

    if (!db_conninfo_valid(c->database))
        return "database must be a libpq connection string, such as host=/run/postgresql "
               "dbname=corral";
    if (*c->base_path && (c->base_path[0] != '/' || cstr_ends(c->base_path, "/")))
        return "base_path must begin with a slash and not end with one";
    if (strpbrk(c->base_path, "\"'<>;\\ ?#"))
        return "base_path must not hold quotes, blanks or any of <>;?#\\";
    if (!cstr_starts(c->public_url, "http://") && !cstr_starts(c->public_url, "https://"))
        return "public_url must begin with http:// or https://";
    if (cstr_ends(c->public_url, "/") || strpbrk(c->public_url, "\"'<>\\ "))
        return "public_url must not end with a slash nor hold quotes or blanks";
    if (*c->tracker &&
        (!cstr_starts(c->tracker, "https://") && !cstr_starts(c->tracker, "http://")))
        return "tracker must begin with http:// or https://";
    if (!prefixes_valid(c->source_roots))
        return "source_roots must be PREFIX=FOLDER pairs of absolute paths with colons between "
               "them";
    if (forwarded_parse(c->trusted_proxies, &proxies) < 0)
        return "trusted_proxies must be up to 32 addresses, networks such as 10.0.0.0/8, or unix";
    if ((*c->ingestd_url && !neighbour_valid(c->ingestd_url)) ||
        (*c->workerd_url && !neighbour_valid(c->workerd_url)))
        return "ingestd_url and workerd_url must be like http://127.0.0.1:8600 or unix:/path";
    return NULL;
}

/* --- Metrics --- */

static const struct metric metrics_table[METRIC_COUNT] = {
    [METRIC_BUILD] = {"corral_build_info", METRIC_GAUGE,
                      "program=\"corral-dashd\",version=\"" CORRAL_VERSION "\"", "Always 1."},
    [METRIC_HTTP_2XX] = {"corral_http_requests_total", METRIC_COUNTER, "code=\"2xx\"",
                         "Requests by class of status."},
    [METRIC_HTTP_3XX] = {"corral_http_requests_total", METRIC_COUNTER, "code=\"3xx\"", NULL},
    [METRIC_HTTP_4XX] = {"corral_http_requests_total", METRIC_COUNTER, "code=\"4xx\"", NULL},
    [METRIC_HTTP_5XX] = {"corral_http_requests_total", METRIC_COUNTER, "code=\"5xx\"", NULL},
    [METRIC_HTTP_SECONDS] = {"corral_http_request_duration_seconds", METRIC_HISTOGRAM, NULL,
                             "From the end of a request's headers to its answer."},
    [METRIC_LOGIN_OK] = {"corral_logins_total", METRIC_COUNTER, "result=\"ok\"",
                         "Sign-ins by result."},
    [METRIC_LOGIN_WRONG] = {"corral_logins_total", METRIC_COUNTER, "result=\"wrong\"", NULL},
    [METRIC_LOGIN_LIMITED] = {"corral_logins_total", METRIC_COUNTER, "result=\"limited\"", NULL},
    [METRIC_CORE_DOWNLOADS] = {"corral_core_downloads_total", METRIC_COUNTER, NULL,
                               "Cores that people and programs fetched."},
    [METRIC_DATABASE_FAILURES] = {"corral_database_failures_total", METRIC_COUNTER, NULL,
                                  "Requests that failed because of PostgreSQL."},
};

static void count_request(void *arg, const char *pattern, unsigned status, int64_t usec)
{
    struct app *app = arg;

    (void)pattern;
    if (status >= 200 && status < 600)
        metrics_add(app->metrics, METRIC_HTTP_2XX + status / 100 - 2, 1);
    metrics_observe(app->metrics, METRIC_HTTP_SECONDS, usec);
}

/* --- One connection to PostgreSQL for each thread --- */

static pthread_key_t db_key;

static void release_db(void *db)
{
    db_free(db);
}

struct db *app_db(struct app *app)
{
    struct db *db = pthread_getspecific(db_key);

    if (db)
        return db;
    if (db_new(app->conf->database, &db) < 0 || pthread_setspecific(db_key, db) != 0)
        abort(); /* dashd_conf_check has tried it */
    return db;
}

/* --- Start and stop --- */

static int serve(struct app *app, const struct route *routes, size_t n_routes)
{
    const struct http_options options = {
        .name = "corral-dashd",
        .listen = app->conf->listen,
        .base_path = app->conf->base_path,
        .threads = (unsigned)app->conf->threads,
        .connections_max = CONNECTIONS_MAX,
        .idle_seconds = IDLE_SECONDS,
        .routes = routes,
        .n_routes = n_routes,
        .app = app,
        .compress = true,
        .before = access_before,
        .error_page = page_error,
        .done = count_request,
    };
    static struct http_options kept; /* the server borrows it */
    static struct forwarded proxies;

    kept = options;
    forwarded_parse(app->conf->trusted_proxies, &proxies); /* dashd_conf_check has tried it */
    kept.proxies = &proxies;
    return http_start(&kept, &app->server);
}

int app_start(struct app *app, const struct dashd_conf *conf, const struct route *routes,
              size_t n_routes)
{
    int r;

    *app = (struct app){.conf = conf};
    if (sodium_init() < 0 || pthread_key_create(&db_key, release_db) != 0)
        return -EIO;
    r = blob_open(conf->data, false, &app->blobs);
    if (r < 0) {
        log_error("cannot open the blob store", LOG_STR("data", conf->data), LOG_ERRNO(r));
        return r;
    }
    app->inventory = inventory_new(app->blobs);
    app->metrics = metrics_new(metrics_table, METRIC_COUNT);
    app->attempts = attempts_new();
    app->rate = rate_new();
    metrics_set(app->metrics, METRIC_BUILD, 1);
    r = serve(app, routes, n_routes);
    if (r < 0)
        log_error("cannot listen", LOG_STR("listen", conf->listen), LOG_ERRNO(r));
    return r;
}

void app_stop(struct app *app)
{
    http_stop(app->server, GRACE_USEC);
    rate_free(app->rate);
    attempts_free(app->attempts);
    metrics_free(app->metrics);
    inventory_free(app->inventory);
    blob_close(app->blobs);
}

/* --- For machines that watch us --- */

void handle_healthz(struct request *q, struct response *r)
{
    (void)q;
    response_type(r, "text/plain; charset=utf-8");
    buf_adds(response_body(r), "ok\n");
}

void handle_readyz(struct request *q, struct response *r)
{
    struct app *app = request_app(q);
    uint64_t bytes;
    bool database = query_ping(app_db(app)) == 0;
    bool store = blob_free_bytes(app->blobs, &bytes) == 0;
    struct buf *b = response_body(r);

    response_status(r, database && store ? 200 : 503);
    response_type(r, "application/json");
    jsontext_object(b, NULL);
    jsontext_string(b, "status", database && store ? "ready" : "not ready");
    jsontext_string(b, "store", store ? "ok" : "not readable");
    jsontext_string(b, "database", database ? "ok" : "away");
    jsontext_end_object(b);
    buf_addc(b, '\n');
}

void handle_metrics(struct request *q, struct response *r)
{
    struct app *app = request_app(q);

    response_type(r, "text/plain; version=0.0.4; charset=utf-8");
    metrics_print(app->metrics, response_body(r));
}
