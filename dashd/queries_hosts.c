/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/queries_hosts.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "dashd/rows.h"

#define HOUR (3600 * USEC_PER_SEC)
#define DAY  (24 * HOUR)

static void read_host(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct host_row *)ret = (struct host_row){
        .id = db_int(res, row, 0),
        .hostname = text_at(a, res, row, 1),
        .first_seen = db_int(res, row, 2),
        .last_seen = db_int(res, row, 3),
        .recent = count_at(res, row, 4),
        .events = count_at(res, row, 5),
        .groups = count_at(res, row, 6),
    };
}

/* Of the hosts in table h: events of the last 24 hours lie in two partitions, which are read as a
 * whole; all others are counted by group. */
#define HOST_ROWS(since)                                                                           \
    "SELECT h.id, h.hostname, " USEC("h.first_seen") ", " USEC(                                    \
        "h.last_seen") ", coalesce(r.n, 0), coalesce(s.n, 0), coalesce(s.groups, 0) FROM h "       \
                       "LEFT JOIN (SELECT host_id, count(*) AS n FROM crash_events "               \
                       "  WHERE received_at >= " TIME(                                             \
                           since) " AND host_id = ANY (ARRAY(SELECT id FROM h)) "                  \
                                  "  GROUP BY host_id) r ON r.host_id = h.id "                     \
                                  "LEFT JOIN (SELECT host_id, sum(events::float8)::bigint AS n, "  \
                                  "  count(*) AS groups FROM group_hosts "                         \
                                  "  WHERE host_id = ANY (ARRAY(SELECT id FROM h)) "               \
                                  "  GROUP BY host_id) s ON s.host_id = h.id "

int query_hosts(struct db *d, struct arena *a, const struct filter *f, unsigned limit, int64_t now,
                struct host_list *ret)
{
    /* clang-format off */
    static const struct db_query q = {
        "hosts",
        "WITH h AS MATERIALIZED (SELECT id, hostname, first_seen, last_seen FROM hosts "
        "  WHERE ($1 = '' OR strpos(lower(hostname), lower($1)) > 0) "
        "  AND ($2::bigint IS NULL OR (" USEC("last_seen") ", id) < ($2::bigint, $3::int)) "
        "  ORDER BY last_seen DESC, id DESC LIMIT $4::int) "
        HOST_ROWS("$5") "ORDER BY h.last_seen DESC, h.id DESC"};
    /* clang-format on */
    struct number key = number(f->after_key), id = number(f->after_id), rows = number(limit + 1);
    struct number since = number(now - DAY);
    const char *const params[] = {f->text, f->has_after ? key.text : NULL, id.text, rows.text,
                                  since.text};
    int r = FETCH(d, q, params, a, read_host, ret);

    if (r)
        return r;
    ret->more = ret->n > limit;
    ret->n -= ret->more;
    return 0;
}

int query_host(struct db *d, struct arena *a, const char *hostname, int64_t now,
               struct host_row *ret)
{
    static const struct db_query q = {
        "host", "WITH h AS MATERIALIZED (SELECT id, hostname, first_seen, last_seen FROM hosts "
                "  WHERE hostname = $1) " HOST_ROWS("$2")};
    struct number since = number(now - DAY);
    const char *const params[] = {hostname, since.text};

    return FETCH_ONE(d, q, params, a, read_host, ret);
}

static void read_host_group(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct host_group *)ret = (struct host_group){
        .id = db_int(res, row, 0),
        .title = text_at(a, res, row, 1),
        .executable = text_at(a, res, row, 2),
        .status = text_at(a, res, row, 3),
        .events = count_at(res, row, 4),
        .first_seen = db_int(res, row, 5),
        .last_seen = db_int(res, row, 6),
        .hosts = count_at(res, row, 7),
    };
}

int query_host_groups(struct db *d, struct arena *a, int64_t host, unsigned limit,
                      struct host_groups *ret)
{
    static const struct db_query q = {
        "host-groups",
        "SELECT g.id, g.title, g.executable, g.status, s.events, " USEC("s.first_seen") ", " USEC(
            "s.last_seen") ", g.host_count FROM group_hosts s "
                           "JOIN crash_groups g ON g.id = s.group_id WHERE s.host_id = $1 "
                           "ORDER BY s.last_seen DESC, g.id LIMIT $2::int"};
    struct number id = number(host), rows = number(limit);
    const char *const params[] = {id.text, rows.text};

    return FETCH(d, q, params, a, read_host_group, ret);
}

static void read_host_event(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct event_row *)ret = (struct event_row){
        .crash_id = text_at(a, res, row, 0),
        .crashed_at = db_int(res, row, 1),
        .group_id = db_int(res, row, 2),
        .executable = text_at(a, res, row, 3),
        .version = text_at(a, res, row, 4),
        .group_title = text_at(a, res, row, 5),
        .flags = db_int(res, row, 6),
    };
}

int query_host_events(struct db *d, struct arena *a, int64_t host, int64_t last_seen,
                      unsigned limit, struct event_list *ret)
{
    static const struct db_query q = {
        "host-events",
        "SELECT e.crash_id, " USEC(
            "e.crashed_at") ", g.id, p.executable, p.version, g.title, "
                            "e.flags FROM crash_events e JOIN programs p ON p.id = e.program_id "
                            "LEFT JOIN crash_groups own ON own.id = e.group_id "
                            "LEFT JOIN crash_groups g ON g.id = coalesce(own.merged_into, own.id) "
                            "WHERE e.host_id = $1 AND e.received_at > " TIME(
                                "$2") " AND e.received_at < " TIME("$3") " ORDER BY e.received_at "
                                                                         "DESC LIMIT $4::int"};
    struct number id = number(host), rows = number(limit);
    struct number from = number(last_seen - DAY), to = number(last_seen + HOUR);
    const char *const params[] = {id.text, from.text, to.text, rows.text};

    return FETCH(d, q, params, a, read_host_event, ret);
}
