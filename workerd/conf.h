/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of workerd.conf. */
#ifndef CORRAL_WORKERD_CONF_H
#define CORRAL_WORKERD_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/conf.h"

struct worker_conf {
    char *listen;
    char *data;
    char *redis;
    char *database;
    uint64_t workers;
    int64_t job_timeout; /* usec, as all durations */
    uint64_t job_memory;
    uint64_t attempts_max;
    int64_t module_grace;
    int64_t claim_idle;
    int64_t index_timeout;
    uint64_t index_memory;
    uint64_t index_quota;
    int64_t heal_delay;
    uint64_t heal_rate;
    char *debuginfod_urls;
    char *debug_folders;
    int64_t debuginfod_timeout;
    uint64_t debuginfod_max;
    int64_t debuginfod_retry;
    bool debuginfod_private;
    char *fetcher;
    char *source_prefixes;
    char *grouping_rules;
    uint64_t variables_share;
    char *log_level;
};

#define WORKER_CONF_KEYS 26
extern const struct conf_key worker_conf_keys[WORKER_CONF_KEYS];

/* struct daemon's check. */
const char *worker_conf_check(const void *conf);

#endif
