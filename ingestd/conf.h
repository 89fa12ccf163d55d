/* SPDX-License-Identifier: Apache-2.0 */
/* What ingestd.conf may say. */
#ifndef CORRAL_INGESTD_CONF_H
#define CORRAL_INGESTD_CONF_H

#include <stdint.h>

#include "common/base/conf.h"

struct ingest_conf {
    char *listen;
    char *data; /* root of the blob store; tokens.json is kept there, too */
    char *redis;
    char *database;
    char *dashboard_url;   /* "": answers have no Location */
    char *want_core;       /* auto, full, slim, none */
    char *trusted_proxies; /* as in forwarded.h */
    char *log_level;
    uint64_t core_max;        /* bytes on the wire */
    uint64_t module_max;      /* bytes as stored */
    uint64_t want_none_after; /* crashes of a kind within an hour; 0: never */
    uint64_t quota_crashes;   /* of a token, a minute; 0: no limit */
    uint64_t free_min;        /* bytes */
    uint64_t threads, connections_max;
    int64_t tokens_refresh, sweep_interval, idle_timeout; /* usec */
};

#define INGEST_CONF_KEYS 18

extern const struct conf_key ingest_conf_keys[INGEST_CONF_KEYS];

/* For daemon_main: what is wrong beyond the table, or NULL. */
const char *ingest_conf_check(const void *conf);

#endif
