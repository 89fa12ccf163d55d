/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/report/prefixes.h"
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
        "Address space of one analysis, mapped indexes of modules included."),
    KEY(attempts_max, CONF_UINT, "5", 1, 1000,
        "A job that was begun so often and never finished becomes an event that says so."),
    KEY(module_grace, CONF_DURATION, "30s", 0, 3600 * SECOND,
        "How long after a crash was received its analysis waits for modules that its host still "
        "uploads."),
    KEY(claim_idle, CONF_DURATION, "15s", 2 * SECOND, 3600 * SECOND,
        "A job of which its worker has given no sign for so long is taken over by another one."),
    KEY(index_timeout, CONF_DURATION, "60s", SECOND, 3600 * SECOND,
        "Making the index of a module, once for each build, that takes longer is ended; the frames "
        "in it are then found as if its file were missing."),
    KEY(index_memory, CONF_SIZE, "4G", 64 * MIB, 0,
        "Address space of making one index, the module's files included."),
    KEY(index_quota, CONF_SIZE, "2G", 0, 0,
        "Disk space of all indexes; those not used for longest are dropped, and made again when "
        "they are needed. 0: no limit."),
    KEY(heal_delay, CONF_DURATION, "2s", 0, 3600 * SECOND,
        "How long after a module has arrived the events that lacked it are analysed again: others "
        "of the same program come with it."),
    KEY(heal_rate, CONF_UINT, "50", 1, 100000,
        "Events a second that are analysed again; one a second while new crashes wait."),
    KEY(debuginfod_urls, CONF_TEXT, "", 0, 0,
        "Servers that are asked for files that crashes lack, by build-id, separated by spaces. "
        "Empty: those of $DEBUGINFOD_URLS, or none."),
    KEY(debug_folders, CONF_TEXT, "", 0, 0,
        "Folders that are asked first, such as /usr/lib/debug, separated by colons: what they hold "
        "under .build-id is copied to the module store."),
    KEY(debuginfod_timeout, CONF_DURATION, "90s", SECOND, 3600 * SECOND,
        "A file that takes longer is given up, and so is one of which nothing comes for a quarter "
        "of it."),
    KEY(debuginfod_max, CONF_SIZE, "2G", MIB, 0, "Largest file that is fetched."),
    KEY(debuginfod_retry, CONF_DURATION, "1d", SECOND, 0,
        "What nobody had is not asked for again before this is over."),
    KEY(debuginfod_private, CONF_BOOL, "no", 0, 0,
        "Whether servers at loopback, private and link-local addresses may be asked. Otherwise no "
        "name and no redirect leads there."),
    KEY(fetcher, CONF_TEXT, "", 0, 0,
        "Unix socket behind which corral-fetcher runs as a service of its own; empty: it is "
        "started "
        "here."),
    KEY(source_prefixes, CONF_TEXT, "", 0, 0,
        "What the folders of source files that a compiler wrote are called where people have them, "
        "as "
        "FROM=TO pairs with colons between them."),
    KEY(grouping_rules, CONF_TEXT, "/etc/corral/grouping.d", 0, 0,
        "Folder of a site's rules for grouping, NAME.rules, which come before the shipped ones; "
        "see "
        "docs/grouping.md."),
    KEY(variables_share, CONF_UINT, "10", 0, 100,
        "How much of its time, in percent, a worker gives to the arguments and local variables of "
        "crashed threads, which cost more than their stacks; the first crash with a new stack has "
        "them in any case. 0: none has."),
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
    for (const char *p = c->debug_folders; *p; p = strchr(p, ':') ? strchr(p, ':') + 1 : "")
        if (*p != '/')
            return "debug_folders must be absolute paths with colons between them";
    if (!prefixes_valid(c->source_prefixes))
        return "source_prefixes must be FROM=TO pairs of absolute paths with colons between them";
    if (c->fetcher[0] && c->fetcher[0] != '/')
        return "fetcher must be an absolute path";
    if (c->grouping_rules[0] && c->grouping_rules[0] != '/')
        return "grouping_rules must be an absolute path";
    return NULL;
}
