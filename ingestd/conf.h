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
    char *dashboard_url; /* "": answers have no Location */
    char *log_level;
    uint64_t core_max, module_max; /* bytes on the wire */
    uint64_t free_min;             /* bytes */
    uint64_t threads, connections_max;
    int64_t tokens_refresh, sweep_interval, idle_timeout; /* usec */
};

#define INGEST_CONF_KEYS 14

extern const struct conf_key ingest_conf_keys[INGEST_CONF_KEYS];

/* For daemon_main: what is wrong beyond the table, or NULL. */
const char *ingest_conf_check(const void *conf);

#endif
