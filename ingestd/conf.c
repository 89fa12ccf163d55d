/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/conf.h"

#include <stddef.h>

#include "common/http/forwarded.h"
#include "common/store/db.h"
#include "common/store/queue.h"

#include "ingestd/appetite.h"
#include "ingestd/quota.h"

#define KEY(field, type, value, min, max, help)                                                    \
    {                                                                                              \
#field, (type), offsetof(struct ingest_conf, field), (value), (min), (max), (help)         \
    }

#define SECOND 1000000ull
#define DAY    (86400 * SECOND)
#define MIB    (1024ull * 1024)

const struct conf_key ingest_conf_keys[INGEST_CONF_KEYS] = {
    KEY(listen, CONF_TEXT, "127.0.0.1:8600", 0, 0,
        "Address and port, [address]:port for IPv6, or unix:/path. TLS is a proxy's work."),
    KEY(data, CONF_TEXT, "/var/lib/corral/data", 0, 0,
        "Folder of the blob store. ext4 or xfs; the daemons share it by their group."),
    KEY(redis, CONF_TEXT, "127.0.0.1:6379", 0, 0, "Redis, as host:port or unix:/path."),
    KEY(database, CONF_TEXT, "host=/run/postgresql dbname=corral user=corral-ingestd", 0, 0,
        "PostgreSQL, as a libpq connection string. Read for API tokens only."),
    KEY(dashboard_url, CONF_TEXT, "", 0, 0,
        "Where people see the dashboard; then answers carry the event's address in Location."),
    KEY(trusted_proxies, CONF_TEXT, "", 0, 0,
        "Proxies whose X-Forwarded-For is believed, as addresses, networks (10.0.0.0/8) or unix "
        "for whoever "
        "comes through a unix socket; empty: none."),
    KEY(tokens_refresh, CONF_DURATION, "5s", SECOND / 10, DAY,
        "How often API tokens are read from PostgreSQL; a revoked one is accepted for as long."),
    KEY(core_max, CONF_SIZE, "4G", 64 * 1024, 0, "Largest core taken, as it comes over the wire."),
    KEY(module_max, CONF_SIZE, "2G", 64 * 1024, 0,
        "Largest executable or debug information file taken, decompressed."),
    KEY(want_core, CONF_TEXT, "auto", 0, 0,
        "How much of a core clients are told to send of the next crash of a kind: full, slim or "
        "none. "
        "auto: full until there is one of that kind, then slim, none of those that come by the "
        "thousand."),
    KEY(want_none_after, CONF_UINT, "1000", 0, 0,
        "With auto, crashes of one kind within an hour after which no core is wanted; 0: never."),
    KEY(quota_crashes, CONF_UINT, "60000", 0, QUOTA_MAX,
        "Crashes that one token may send a minute; those over it are put off (429). 0: no limit."),
    KEY(free_min, CONF_SIZE, "1G", MIB, 0,
        "With less free space than this, uploads are put off (503) and the daemon is not ready."),
    KEY(sweep_interval, CONF_DURATION, "30s", SECOND / 10, DAY,
        "How often jobs are looked for that Redis has lost."),
    KEY(threads, CONF_UINT, "8", 1, 256,
        "Threads that serve requests. Each waits for the disk, so more than there are CPUs is "
        "fine."),
    KEY(connections_max, CONF_UINT, "512", 1, 65536, "Connections open at a time."),
    KEY(idle_timeout, CONF_DURATION, "30s", SECOND, DAY, "A silent connection is closed after it."),
    KEY(log_level, CONF_TEXT, "info", 0, 0, "error, warning, info or debug."),
};

const char *ingest_conf_check(const void *conf)
{
    const struct ingest_conf *c = conf;
    enum appetite_policy ignored;
    struct forwarded proxies;

    if (!queue_address_valid(c->redis))
        return "redis must be host:port or unix:/path";
    if (!db_conninfo_valid(c->database))
        return "database must be a libpq connection string, such as host=/run/postgresql "
               "dbname=corral";
    if (appetite_policy_parse(c->want_core, &ignored) < 0)
        return "want_core must be auto, full, slim or none";
    if (forwarded_parse(c->trusted_proxies, &proxies) < 0)
        return "trusted_proxies must be up to 32 addresses, networks such as 10.0.0.0/8, or unix";
    if (*c->data != '/')
        return "data must be an absolute path";
    if (*c->dashboard_url && !cstr_starts(c->dashboard_url, "http://") &&
        !cstr_starts(c->dashboard_url, "https://"))
        return "dashboard_url must begin with http:// or https://";
    return NULL;
}
