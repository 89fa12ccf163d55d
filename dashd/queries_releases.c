/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/queries_releases.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "dashd/rows.h"

#define DAY (24 * 3600 * USEC_PER_SEC)

static void read_program(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct program_row *)ret = (struct program_row){
        .id = db_int(res, row, 0),
        .executable = text_at(a, res, row, 1),
        .newest = text_at(a, res, row, 2),
        .versions = count_at(res, row, 3),
        .events = count_at(res, row, 4),
        .groups = count_at(res, row, 5),
        .last_seen = db_int(res, row, 6),
    };
}

int query_programs(struct db *d, struct arena *a, const struct filter *f, unsigned limit,
                   struct program_list *ret)
{
    static const struct db_query q = {
        "programs",
        "WITH v AS MATERIALIZED (SELECT program_id, sum(events::float8) AS events, "
        "      min(first_seen) AS first_seen, max(last_seen) AS last_seen "
        "    FROM group_programs GROUP BY program_id), "
        "x AS (SELECT min(p.id) AS id, p.executable, count(*) AS versions, "
        "      (array_agg(p.version ORDER BY v.first_seen DESC))[1] AS newest, "
        "      sum(v.events)::bigint AS events, " USEC(
            "max(v.last_seen)") " AS last_seen "
                                "    FROM programs p JOIN v ON v.program_id = p.id "
                                "    WHERE ($1 = '' OR strpos(lower(p.executable), lower($1)) > 0) "
                                "GROUP BY p.executable) "
                                "SELECT x.id, x.executable, x.newest, x.versions, x.events, "
                                "  (SELECT count(*) FROM crash_groups g "
                                "   WHERE g.executable = x.executable AND g.merged_into IS NULL), "
                                "x.last_seen FROM x "
                                "WHERE ($2::bigint IS NULL OR (x.last_seen, x.id) < ($2::bigint, "
                                "$3::int)) "
                                "ORDER BY x.last_seen DESC, x.id DESC LIMIT $4::int"};
    struct number key = number(f->after_key), id = number(f->after_id), rows = number(limit + 1);
    const char *const params[] = {f->text, f->has_after ? key.text : NULL, id.text, rows.text};
    int r = FETCH(d, q, params, a, read_program, ret);

    if (r)
        return r;
    ret->more = ret->n > limit;
    ret->n -= ret->more;
    return 0;
}

/* --- Versions --- */

static void read_version(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct version_row *)ret = (struct version_row){
        .id = db_int(res, row, 0),
        .version = text_at(a, res, row, 1),
        .first_seen = db_int(res, row, 2),
        .last_seen = db_int(res, row, 3),
        .events = count_at(res, row, 4),
        .groups = count_at(res, row, 5),
        .introduced = count_at(res, row, 6),
        .regressed = count_at(res, row, 7),
    };
}

struct version_day {
    int64_t id, day; /* day 0: hosts of all days */
    uint64_t n;
};

static void read_day(struct arena *a, const PGresult *res, int row, void *ret)
{
    (void)a;
    *(struct version_day *)ret =
        (struct version_day){db_int(res, row, 0), db_int(res, row, 1), count_at(res, row, 2)};
}

static void put(struct version_list *l, const struct version_day *v, int64_t first)
{
    int64_t day = (v->day - first) / DAY;

    for (size_t i = 0; i < l->n; i++) {
        if (l->rows[i].id != v->id)
            continue;
        if (v->day == 0)
            l->rows[i].hosts = v->n;
        else if (v->day >= first && day < VERSION_DAYS)
            l->rows[i].days[day] = (uint32_t)v->n;
    }
}

/* Events have an index by group, none by program: a program's events are found by its groups, as an
 * array, for joined with them PostgreSQL reads all events. */
static int fill_days(struct db *d, struct arena *a, const char *executable, int64_t now,
                     struct version_list *l)
{
    static const struct db_query q = {
        "version-days",
        "WITH p AS MATERIALIZED (SELECT id FROM programs WHERE executable = $1), "
        "g AS MATERIALIZED (SELECT DISTINCT s.group_id FROM p "
        "      JOIN group_programs s ON s.program_id = p.id WHERE s.last_seen >= " TIME(
            "$2") "), "
                  "e AS MATERIALIZED (SELECT e.program_id, e.host_id, date_trunc('day', "
                  "e.received_at, 'UTC') "
                  "      AS day, count(*) AS n FROM crash_events e "
                  "      WHERE e.group_id = ANY (ARRAY(SELECT group_id FROM g)) "
                  "      AND e.program_id IN (SELECT id FROM p) AND e.received_at >= " TIME(
                      "$2") "      GROUP BY 1, 2, 3) "
                            "SELECT program_id, " USEC(
                                "day") ", sum(n)::bigint FROM e GROUP BY program_id, day "
                                       "UNION ALL SELECT program_id, 0, count(DISTINCT host_id) "
                                       "FROM e GROUP BY program_id"};
    int64_t first = now - now % DAY - (VERSION_DAYS - 1) * DAY;
    struct number since = number(first);
    const char *const params[] = {executable, since.text};
    struct {
        struct version_day *rows;
        size_t n;
    } days;
    int r = FETCH(d, q, params, a, read_day, &days);

    for (size_t i = 0; !r && i < days.n; i++)
        put(l, &days.rows[i], first);
    return r;
}

int query_versions(struct db *d, struct arena *a, const char *executable, int64_t now,
                   struct version_list *ret)
{
    static const struct db_query q = {
        "versions",
        "WITH s AS (SELECT p.id, p.version, s.group_id, s.events, s.first_seen, s.last_seen, "
        "  g.status, "
        "  row_number() OVER (PARTITION BY s.group_id ORDER BY s.first_seen, p.id) AS nth, "
        "  row_number() OVER (PARTITION BY s.group_id ORDER BY s.last_seen DESC, p.id) AS nth_last "
        "  FROM programs p JOIN group_programs s ON s.program_id = p.id "
        "  JOIN crash_groups g ON g.id = s.group_id WHERE p.executable = $1) "
        "SELECT id, version, " USEC("min(first_seen)") ", " USEC(
            "max(last_seen)") ", "
                              "  sum(events)::bigint, count(*), count(*) FILTER (WHERE nth = 1), "
                              "  count(*) FILTER (WHERE nth_last = 1 AND status = 'regressed') "
                              "FROM s "
                              "GROUP BY id, version ORDER BY min(first_seen) DESC, id DESC LIMIT "
                              "$2::int"};
    struct number rows = number(VERSIONS_SHOWN);
    const char *const params[] = {executable, rows.text};
    int r = FETCH(d, q, params, a, read_version, ret);

    return r || ret->n == 0 ? r : fill_days(d, a, executable, now, ret);
}

/* --- Two versions --- */

static void read_version_group(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct version_group *)ret = (struct version_group){
        .id = db_int(res, row, 0),
        .title = text_at(a, res, row, 1),
        .status = text_at(a, res, row, 2),
        .before = count_at(res, row, 3),
        .after = count_at(res, row, 4),
        .last_seen = db_int(res, row, 5),
    };
}

int query_version_groups(struct db *d, struct arena *a, int64_t before, int64_t after,
                         unsigned limit, struct version_groups *ret)
{
    static const struct db_query q = {
        "version-groups",
        "WITH t AS (SELECT p.executable, min(s.first_seen) AS since FROM programs p "
        "           JOIN group_programs s ON s.program_id = p.id WHERE p.id = $2 GROUP BY p.id), "
        "o AS (SELECT array_agg(p.id) AS ids FROM programs p JOIN t USING (executable) "
        "      WHERE p.id <> $2 AND ($1::int = 0 OR p.id = $1::int) AND ($1::int <> 0 OR "
        "       (SELECT min(first_seen) FROM group_programs s WHERE s.program_id = p.id) < "
        "t.since)), "
        "n AS (SELECT s.group_id, "
        "        coalesce(sum(s.events) FILTER (WHERE s.program_id <> $2), 0)::bigint AS before, "
        "        coalesce(sum(s.events) FILTER (WHERE s.program_id = $2), 0)::bigint AS after, "
        "        max(s.last_seen) AS last_seen "
        "      FROM group_programs s, o WHERE s.program_id = $2 OR s.program_id = ANY (o.ids) "
        "      GROUP BY s.group_id) "
        "SELECT g.id, g.title, g.status, n.before, n.after, " USEC(
            "n.last_seen") " FROM n "
                           "JOIN crash_groups g ON g.id = n.group_id "
                           "ORDER BY n.before > 0, n.after > 0, greatest(n.before, n.after) DESC, "
                           "g.id "
                           "LIMIT $3::int"};
    struct number of_before = number(before), of_after = number(after), rows = number(limit);
    const char *const params[] = {of_before.text, of_after.text, rows.text};

    return FETCH(d, q, params, a, read_version_group, ret);
}
