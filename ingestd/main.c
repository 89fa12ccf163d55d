/* SPDX-License-Identifier: Apache-2.0 */
/* corral-ingestd: takes crashes and modules in over HTTP, puts them on stable storage, and only
 * then says so. PostgreSQL and Redis may be away. This file says what it serves, to whom, and how
 * it begins and ends. */
#include "common/base/cleanup.h"
#include "common/daemon/daemon.h"

#include "ingestd/full.h"
#include "ingestd/ingest.h"
#include "ingestd/intake.h"
#include "ingestd/modules.h"
#include "ingestd/status.h"

/* The tag is the scopes of which a token must have one; none: no token needed. */
static const struct route routes[] = {
    {"POST", ROUTE_CRASHES, .sink = &intake_sink, .tag = SCOPE_INGEST},
    {"POST", ROUTE_UPLOAD, .sink = &intake_sink, .tag = SCOPE_INGEST},
    {"HEAD", ROUTE_FULL, .handle = full_head, .tag = SCOPE_INGEST},
    {"PUT", ROUTE_FULL, .sink = &full_sink, .tag = SCOPE_INGEST},
    {"HEAD", ROUTE_MODULE, .handle = modules_head, .tag = SCOPE_INGEST | SCOPE_SYMBOLS},
    {"PUT", ROUTE_MODULE, .sink = &modules_sink, .tag = SCOPE_INGEST | SCOPE_SYMBOLS},
    {"GET", "/healthz", .handle = status_health},
    {"GET", "/readyz", .handle = status_ready},
    {"GET", "/metrics", .handle = status_metrics},
};

static struct ingest_conf conf;
static struct ingest ingest;

static int start(void)
{
    return ingest_start(&ingest, &conf, routes, ARRAY_SIZE(routes));
}

static void stop(void)
{
    ingest_stop(&ingest);
}

int main(int argc, char **argv)
{
    static const struct daemon daemon = {
        .name = "corral-ingestd",
        .summary = "Takes crashes and modules in over HTTP for Corral.",
        .default_conf = "/etc/corral/ingestd.conf",
        .keys = ingest_conf_keys,
        .n_keys = INGEST_CONF_KEYS,
        .conf = &conf,
        .check = ingest_conf_check,
        .start = start,
        .stop = stop,
    };

    return daemon_main(&daemon, argc, argv);
}
