/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/ingest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"

#include "ingestd/counters.h"

#define RETRY_AFTER_SECONDS "60"
#define GRACE_USEC                                                                                 \
    (25 * USEC_PER_SEC) /* for uploads in flight; the unit's TimeoutStopSec is longer */

/* --- Before each request --- */

static int refuse_token(struct request *q, struct response *r, int why)
{
    switch (why) {
    case AUTH_DENIED:
        response_problem(
            r, q, 403,
            "This token may not do this. Use one with the scope ingest (or symbols, for "
            "modules); corral-dashd --add-token makes one.");
        return 1;
    case AUTH_NOT_READY:
        return ingest_put_off(q, r,
                              "The API tokens are not known yet: PostgreSQL has not been reached "
                              "since the first start.");
    default:
        response_problem(r, q, 401,
                         "Send `Authorization: Bearer TOKEN` with a token that is in force; "
                         "corral-dashd --add-token ingest NAME makes one.");
        response_header(r, "WWW-Authenticate", "Bearer realm=\"corral\"");
        return 1;
    }
}

static int authorize(struct request *q, const struct route *route, struct response *r)
{
    struct ingest *in = request_app(q);
    struct token token;
    int why;

    if (route->tag == 0)
        return 0;
    why = auth_check(in->auth, request_bearer(q), (unsigned)route->tag, &token);
    if (why)
        return refuse_token(q, r, why);
    request_set_identity(q, arena_memdup(request_arena(q), &token, sizeof(token)));
    return 0;
}

const struct token *ingest_token(struct request *q)
{
    return request_identity(q);
}

static void count(void *app, const char *pattern, unsigned status, int64_t usec)
{
    struct ingest *in = app;

    counters_request(in->metrics, pattern, status, usec);
}

/* --- Answers --- */

int ingest_put_off(struct request *q, struct response *r, const char *why)
{
    response_problem(r, q, 503, "%s Try again later.", why);
    response_header(r, "Retry-After", RETRY_AFTER_SECONDS);
    return 1;
}

int ingest_check_quota(struct request *q, struct response *r)
{
    struct ingest *in = request_app(q);
    int64_t wait = quota_take(in->quota, ingest_token(q)->id, clock_mono());

    if (wait == 0)
        return 0;
    response_problem(r, q, 429,
                     "This token has sent more crashes than quota_crashes in ingestd.conf allows a "
                     "minute. Try again later.");
    response_header(r, "Retry-After",
                    arena_printf(request_arena(q), "%lld",
                                 (long long)((wait + USEC_PER_SEC - 1) / USEC_PER_SEC)));
    return 1;
}

int ingest_check_space(struct request *q, struct response *r, uint64_t bytes)
{
    struct ingest *in = request_app(q);
    uint64_t free_bytes = 0;
    int e = blob_free_bytes(in->store, &free_bytes);

    if (e < 0)
        return ingest_put_off(q, r, "The server's storage does not answer.");
    if (free_bytes < in->conf->free_min || free_bytes - in->conf->free_min < bytes)
        return ingest_put_off(q, r, "The server's disk is full.");
    return 0;
}

/* --- Life --- */

static int start_store(struct ingest *in)
{
    int r = blob_open(in->conf->data, true, &in->store);

    if (r < 0)
        log_error("cannot open the blob store; does the folder belong to this daemon's user?",
                  LOG_STR("data", in->conf->data), LOG_ERRNO(r));
    return r;
}

static int start_auth(struct ingest *in)
{
    char path[4096];

    if (snprintf(path, sizeof(path), "%s/tokens.json", in->conf->data) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    return auth_new(in->conf->database, path, in->conf->tokens_refresh, &in->auth);
}

static int start_server(struct ingest *in, const struct route *routes, size_t n_routes)
{
    static struct forwarded proxies;
    struct http_options o = {
        .name = "corral-ingestd",
        .proxies = &proxies,
        .listen = in->conf->listen,
        .base_path = "",
        .threads = (unsigned)in->conf->threads,
        .connections_max = (unsigned)in->conf->connections_max,
        .idle_seconds = (unsigned)(in->conf->idle_timeout / USEC_PER_SEC),
        .routes = routes,
        .n_routes = n_routes,
        .app = in,
        .before = authorize,
        .done = count,
    };
    int r;

    forwarded_parse(in->conf->trusted_proxies, &proxies); /* ingest_conf_check has tried it */
    r = http_start(&o, &in->server);
    if (r < 0)
        log_error("cannot listen", LOG_STR("listen", in->conf->listen), LOG_ERRNO(r));
    return r;
}

/* The configuration was checked. */
static struct appetite *make_appetite(const struct ingest_conf *conf)
{
    enum appetite_policy policy = APPETITE_AUTO;

    (void)appetite_policy_parse(conf->want_core, &policy);
    return appetite_new(policy, conf->want_none_after);
}

int ingest_start(struct ingest *in, const struct ingest_conf *conf, const struct route *routes,
                 size_t n_routes)
{
    int r;

    *in = (struct ingest){.conf = conf, .metrics = counters_new()};
    in->appetite = make_appetite(conf);
    in->quota = quota_new(conf->quota_crashes);
    in->shelf = shelf_new();
    r = start_store(in);
    if (r == 0)
        r = start_auth(in);
    if (r == 0)
        r = feeder_new(conf->redis, in->store, in->metrics, conf->sweep_interval, &in->feeder);
    if (r == 0)
        r = start_server(in, routes, n_routes);
    if (r < 0)
        ingest_stop(in);
    return r;
}

void ingest_stop(struct ingest *in)
{
    if (in->server)
        http_stop(in->server, GRACE_USEC);
    feeder_free(in->feeder);
    auth_free(in->auth);
    appetite_free(in->appetite);
    quota_free(in->quota);
    shelf_free(in->shelf);
    blob_close(in->store);
    metrics_free(in->metrics);
    *in = (struct ingest){0};
}
