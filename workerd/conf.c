/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/conf.h"

#include <stdbool.h>
#include <stddef.h>

#include "common/base/clock.h"
#include "common/store/db.h"
#include "common/store/queue.h"

#define KEY(field, type, value, min, max, help)                                                    \
    {                                                                                              \
#field, (type), offsetof(struct worker_conf, field), (value), (min), (max), (help)         \
    }

#define SECOND ((uint64_t)USEC_PER_SEC)
#define MIB    (1024ull * 1024)

const struct conf_key worker_conf_keys[WORKER_CONF_KEYS] = {
    KEY(listen, CONF_TEXT, "127.0.0.1:8650", 0, 0,
        "Address and port of /healthz, /readyz and /metrics, [address]:port for IPv6, or "
        "unix:/path."),
    KEY(data, CONF_TEXT, "/var/lib/corral/data", 0, 0,
        "Folder of the blob store, the same as corral-ingestd's."),
    KEY(redis, CONF_TEXT, "127.0.0.1:6379", 0, 0, "Redis, as host:port or unix:/path."),
    KEY(database, CONF_TEXT, "host=/run/postgresql dbname=corral user=corral-workerd", 0, 0,
        "PostgreSQL, as a libpq connection string."),
    KEY(workers, CONF_UINT, "2", 1, 256,
        "Worker processes; each analyses one crash at a time, so as many as there are CPUs to "
        "spare."),
    KEY(job_timeout, CONF_DURATION, "60s", SECOND, 3600 * SECOND,
        "An analysis that takes longer is ended; its crash becomes an event without a stack."),
    KEY(job_memory, CONF_SIZE, "4G", 64 * MIB, 0,
        "Address space of one analysis, mapped debug information included."),
    KEY(attempts_max, CONF_UINT, "5", 1, 1000,
        "A job that was begun so often and never finished becomes an event that says so."),
    KEY(module_grace, CONF_DURATION, "30s", 0, 3600 * SECOND,
        "How long after a crash was received its analysis waits for modules that its host still "
        "uploads."),
    KEY(claim_idle, CONF_DURATION, "15s", 2 * SECOND, 3600 * SECOND,
        "A job of which its worker has given no sign for so long is taken over by another one."),
    KEY(log_level, CONF_TEXT, "info", 0, 0, "error, warning, info or debug."),
};

const char *worker_conf_check(const void *conf)
{
    const struct worker_conf *c = conf;

    if (c->data[0] != '/')
        return "data must be an absolute path";
    if (!queue_address_valid(c->redis))
        return "redis must be host:port or unix:/path";
    if (!db_conninfo_valid(c->database))
        return "database must be a libpq connection string, such as host=/run/postgresql "
               "dbname=corral";
    return NULL;
}
