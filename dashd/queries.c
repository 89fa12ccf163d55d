/* SPDX-License-Identifier: Apache-2.0 */
/* One statement, one function. Times travel as microseconds and become timestamptz inside of the
 * statement. */
#include "dashd/queries.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "dashd/access/queries.h"
#include "dashd/listed.h"
#include "dashd/rows.h"
#include "dashd/rows_events.h"
#include "dashd/workflow/wish.h"

#define HOUR (3600 * USEC_PER_SEC)
#define DAY  (24 * HOUR)

/* The beginning of the hour that is `hours` before the current one. */
static int64_t hours_back(int64_t now, int64_t hours)
{
    return now - now % HOUR - hours * HOUR;
}

int query_ping(struct db *d)
{
    static const struct db_query q = {"ping", "SELECT 1"};

    return db_run(d, &q, NULL, 0, NULL);
}

/* --- Groups --- */

/* clang-format off */
#define GROUP_COLUMNS                                                                              \
    "g.id, g.title, g.executable, g.status, g.signal, " USEC("g.first_seen") ", "                  \
    USEC("g.last_seen") ", g.event_count, g.host_count, " USEC("g.resolved_at") ", u.name, "       \
    "g.split_hint IS NOT NULL, (SELECT o.name FROM users o WHERE o.id = g.assignee), "             \
    "(SELECT string_agg(l.label, E'\\n' ORDER BY l.label) FROM group_labels l WHERE l.group_id = g.id)"
/* clang-format on */
#define GROUP_JOINS  "LEFT JOIN users u ON u.id = g.resolved_by "
#define GROUP_TABLES "crash_groups g " GROUP_JOINS

/* A label has no line feed in it. */
static void read_labels(struct arena *a, const PGresult *res, int row, struct group_row *g)
{
    struct str rest = str_from(db_text(res, row, 13)), label;

    if (rest.n == 0)
        return;
    g->labels = arena_array(a, const char *, WISH_LABELS_MAX);
    while (g->n_labels < WISH_LABELS_MAX && str_split(&rest, '\n', &label))
        g->labels[g->n_labels++] = arena_strndup(a, label.p, label.n);
}

static void read_group(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct group_row *)ret = (struct group_row){
        .id = db_int(res, row, 0),
        .title = text_at(a, res, row, 1),
        .executable = text_at(a, res, row, 2),
        .status = text_at(a, res, row, 3),
        .signal = db_int(res, row, 4),
        .first_seen = db_int(res, row, 5),
        .last_seen = db_int(res, row, 6),
        .event_count = count_at(res, row, 7),
        .host_count = count_at(res, row, 8),
        .resolved_at = db_int(res, row, 9),
        .resolved_by = text_at(a, res, row, 10),
        .may_be_several = db_bool(res, row, 11),
        .assignee = text_at(a, res, row, 12),
    };
    read_labels(a, res, row, ret);
}

static struct group_row *find_group(const struct group_list *l, int64_t id)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->rows[i].id == id)
            return &l->rows[i];
    return NULL;
}

/* The ids of a list as a PostgreSQL array. */
static char *id_array(struct arena *a, const struct group_list *l)
{
    char *text = arena_alloc(a, l->n * 12 + 3), *p = text;

    *p++ = '{';
    for (size_t i = 0; i < l->n; i++)
        p += sprintf(p, "%s%" PRId64, i ? "," : "", l->rows[i].id);
    *p++ = '}';
    return text;
}

static int fill_hours(struct db *d, struct arena *a, int64_t now, struct group_list *l)
{
    static const struct db_query q = {
        "groups-hours", "SELECT group_id, " USEC(
                            "hour") ", events FROM group_hours "
                                    "WHERE group_id = ANY ($1::int[]) AND hour >= " TIME("$2")};
    int64_t first = hours_back(now, GROUP_HOURS - 1);
    struct number since = number(first);
    const char *const params[] = {id_array(a, l), since.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = l->n ? RUN(d, q, params, &res) : 0;

    if (r || !l->n)
        return r;
    for (int i = 0; i < PQntuples(res); i++) {
        struct group_row *g = find_group(l, db_int(res, i, 0));
        int64_t hour = (db_int(res, i, 1) - first) / HOUR;

        if (!g || hour < 0 || hour >= GROUP_HOURS)
            continue; /* a host's clock runs ahead of ours */
        g->hours[hour] = (uint32_t)count_at(res, i, 2);
        g->recent += count_at(res, i, 2);
    }
    return 0;
}

static const char *const group_orders[SORT_COUNT] = {
    [SORT_LAST_SEEN] = "g.last_seen",
    [SORT_FIRST_SEEN] = "g.first_seen",
    [SORT_EVENTS] = "g.event_count",
    [SORT_HOSTS] = "g.host_count",
};

/* The rows are chosen first, then their columns are looked up. Put together of constants: what was
 * asked for is in the parameters, ours behind the condition's. */
static const char *groups_text(const struct listing *l, const struct listed *f, struct arena *a)
{
    const char *column = group_orders[l->sort], *order = l->ascending ? "ASC" : "DESC";
    size_t n = f->n_params;
    char key[64];

    snprintf(key, sizeof(key),
             l->sort <= SORT_FIRST_SEEN ? "to_timestamp($%zu::bigint / 1000000.0)" : "$%zu::bigint",
             n + 1);
    return arena_printf(a,
                        "SELECT " GROUP_COLUMNS " FROM (SELECT * FROM crash_groups g "
                        "WHERE %s AND ($%zu::bigint IS NULL OR (%s, g.id) %s (%s, $%zu::int)) "
                        "ORDER BY %s %s, g.id %s LIMIT $%zu::int) g " GROUP_JOINS
                        "ORDER BY %s %s, g.id %s",
                        f->text, n + 1, column, l->ascending ? ">" : "<", key, n + 2, column, order,
                        order, n + 3, column, order, order);
}

int query_groups(struct db *d, struct arena *a, const struct listing *l, int64_t now,
                 struct group_list *ret)
{
    struct number key = number(l->after_key), id = number(l->after_id);
    struct number limit = number(l->limit + 1);
    struct group_list list = {0};
    struct listed f;
    const char *text;
    int r;

    listed_groups(l, now, a, &f);
    text = groups_text(l, &f, a);
    f.params[f.n_params++] = l->has_after ? key.text : NULL;
    f.params[f.n_params++] = id.text;
    f.params[f.n_params++] = limit.text;
    r = rows_fetch_once(d, text, f.params, f.n_params, a, read_group, sizeof(*list.rows),
                        &list.rows, &list.n);
    if (r)
        return r;
    list.more = list.n > l->limit;
    list.n -= list.more;
    *ret = list;
    return fill_hours(d, a, now, ret);
}

int query_top_groups(struct db *d, struct arena *a, unsigned limit, int64_t now,
                     struct group_list *ret)
{
    static const struct db_query q = {
        "groups-top", "SELECT " GROUP_COLUMNS " FROM (SELECT g.*, h.n FROM crash_groups g "
                      "JOIN (SELECT group_id, sum(events) AS n FROM group_hours "
                      "WHERE hour >= " TIME(
                          "$1") " GROUP BY group_id) h ON h.group_id = g.id "
                                "ORDER BY h.n DESC, g.last_seen DESC LIMIT $2::int) g " GROUP_JOINS
                                "ORDER BY g.n DESC, g.last_seen DESC"};
    struct number since = number(hours_back(now, GROUP_HOURS - 1)), rows = number(limit);
    const char *const params[] = {since.text, rows.text};
    int r;

    *ret = (struct group_list){0};
    r = FETCH(d, q, params, a, read_group, ret);
    return r ? r : fill_hours(d, a, now, ret);
}

int query_new_groups(struct db *d, struct arena *a, int64_t since, unsigned limit, int64_t now,
                     struct group_list *ret)
{
    static const struct db_query q = {
        "groups-new", "SELECT " GROUP_COLUMNS " FROM " GROUP_TABLES
                      "WHERE g.merged_into IS NULL AND g.first_seen >= " TIME(
                          "$1") " ORDER BY g.event_count DESC, g.first_seen DESC LIMIT $2::int"};
    struct number from = number(since), rows = number(limit);
    const char *const params[] = {from.text, rows.text};
    int r;

    *ret = (struct group_list){0};
    r = FETCH(d, q, params, a, read_group, ret);
    return r ? r : fill_hours(d, a, now, ret);
}

static void read_status_count(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct status_count *)ret =
        (struct status_count){text_at(a, res, row, 0), count_at(res, row, 1)};
}

int query_status_counts(struct db *d, struct arena *a, struct status_counts *ret)
{
    static const struct db_query q = {"groups-statuses",
                                      "SELECT status, count(*) FROM crash_groups "
                                      "WHERE merged_into IS NULL GROUP BY status"};

    return rows_fetch(d, &q, NULL, 0, a, read_status_count, sizeof(*ret->rows), &ret->rows,
                      &ret->n);
}

int query_group(struct db *d, struct arena *a, int64_t id, struct group_row *ret)
{
    static const struct db_query q = {"group", "SELECT " GROUP_COLUMNS " FROM " GROUP_TABLES
                                               "WHERE g.id = $1"};
    struct number key = number(id);
    const char *const params[] = {key.text};

    return FETCH_ONE(d, q, params, a, read_group, ret);
}

static void read_id(struct arena *a, const PGresult *res, int row, void *ret)
{
    (void)a;
    *(int64_t *)ret = db_int(res, row, 0);
}

int query_group_merged_into(struct db *d, int64_t id, int64_t *ret)
{
    static const struct db_query q = {"group-merged-into",
                                      "SELECT merged_into FROM crash_groups WHERE id = $1"};
    struct number key = number(id);
    const char *const params[] = {key.text};

    return FETCH_ONE(d, q, params, NULL, read_id, ret);
}

#define SHARE_COLUMNS "s.events, " USEC("s.first_seen") ", " USEC("s.last_seen")

static void read_share(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct share_row *)ret = (struct share_row){
        .label = text_at(a, res, row, 0),
        .detail = text_at(a, res, row, 1),
        .events = count_at(res, row, 2),
        .first_seen = db_int(res, row, 3),
        .last_seen = db_int(res, row, 4),
    };
}

int query_group_hosts(struct db *d, struct arena *a, int64_t id, struct share_list *ret)
{
    static const struct db_query q = {
        "group-hosts", "SELECT h.hostname, NULL, " SHARE_COLUMNS
                       " FROM group_hosts s JOIN hosts h ON h.id = s.host_id "
                       "WHERE s.group_id = $1 ORDER BY s.events DESC, h.hostname LIMIT 50"};
    struct number key = number(id);
    const char *const params[] = {key.text};

    return FETCH(d, q, params, a, read_share, ret);
}

int query_group_programs(struct db *d, struct arena *a, int64_t id, struct share_list *ret)
{
    static const struct db_query q = {
        "group-programs", "SELECT p.version, p.executable, " SHARE_COLUMNS
                          " FROM group_programs s JOIN programs p ON p.id = s.program_id "
                          "WHERE s.group_id = $1 "
                          "ORDER BY s.last_seen DESC, s.events DESC LIMIT 50"};
    struct number key = number(id);
    const char *const params[] = {key.text};

    return FETCH(d, q, params, a, read_share, ret);
}

static void read_hour(struct arena *a, const PGresult *res, int row, void *ret)
{
    (void)a;
    *(struct hour_row *)ret = (struct hour_row){db_int(res, row, 0), count_at(res, row, 1)};
}

int query_hours(struct db *d, struct arena *a, int64_t group, int64_t since, struct hour_list *ret)
{
    static const struct db_query q = {
        "hours", "SELECT " USEC("hour") ", sum(events) FROM group_hours WHERE hour >= " TIME(
                     "$1") " AND ($2::int = 0 OR group_id = $2::int) GROUP BY hour ORDER BY hour"};
    struct number from = number(since), id = number(group);
    const char *const params[] = {from.text, id.text};

    return FETCH(d, q, params, a, read_hour, ret);
}

static void read_fingerprint(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct fingerprint_row *)ret =
        (struct fingerprint_row){text_at(a, res, row, 0), db_int(res, row, 1)};
}

int query_fingerprints(struct db *d, struct arena *a, int64_t group, struct fingerprint_list *ret)
{
    static const struct db_query q = {
        "fingerprints", "SELECT encode(fingerprint, 'hex'), algorithm FROM group_fingerprints "
                        "WHERE group_id = $1 ORDER BY algorithm DESC, fingerprint LIMIT 20"};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return FETCH(d, q, params, a, read_fingerprint, ret);
}

/* --- Events --- */

int query_group_events(struct db *d, struct arena *a, int64_t group, unsigned limit,
                       struct event_list *ret)
{
    static const struct db_query q = {
        "group-events", "SELECT " EVENT_COLUMNS " FROM " EVENT_TABLES
                        "WHERE e.group_id = $1 ORDER BY e.received_at DESC LIMIT $2::int"};
    struct number id = number(group), rows = number(limit);
    const char *const params[] = {id.text, rows.text};

    return FETCH(d, q, params, a, rows_read_event, ret);
}

/* One event with its stack and its group, which it may not have followed yet into another. */
#define WHOLE_EVENT_COLUMNS                                                                        \
    EVENT_COLUMNS                                                                                  \
    ", s.frames, g.title, g.status, g.id, " USEC(                                                  \
        "r.at") ", array_to_string(r.build_ids, ','), "                                            \
                "r.problem, s.facts || s.judged, s.grouped"
#define WHOLE_EVENT_TABLES                                                                         \
    "LEFT JOIN crash_groups own ON own.id = e.group_id "                                           \
    "LEFT JOIN crash_groups g ON g.id = coalesce(own.merged_into, own.id) "                        \
    "LEFT JOIN event_reanalyses r ON e.flags & 16 <> 0 "                                           \
    "AND r.crash_id = e.crash_id AND r.received_at = e.received_at "

static void read_whole_event(struct arena *a, const PGresult *res, int row, void *ret)
{
    struct event_row *e = ret;

    rows_read_event(a, res, row, e);
    e->frames = text_at(a, res, row, 13);
    e->group_title = text_at(a, res, row, 14);
    e->group_status = text_at(a, res, row, 15);
    if (db_int(res, row, 16))
        e->group_id = db_int(res, row, 16);
    e->reanalysed_at = db_int(res, row, 17);
    e->arrived = text_at(a, res, row, 18);
    e->reanalysis_problem = text_at(a, res, row, 19);
    e->facts = text_at(a, res, row, 20);
    e->grouped = text_at(a, res, row, 21);
}

/* Of so many of its newest events. */
#define SAMPLED "200"

int query_group_sample(struct db *d, struct arena *a, int64_t group, struct event_row *ret)
{
    static const struct db_query q = {
        "group-sample",
        "WITH late AS (SELECT crash_id, received_at, stack_id, flags FROM crash_events "
        "WHERE group_id = $1 AND stack_id IS NOT NULL ORDER BY received_at DESC LIMIT " SAMPLED
        "), lacking AS (SELECT stack_id, sum(3 - status) AS n FROM stack_modules "
        "WHERE stack_id IN (SELECT stack_id FROM late) GROUP BY stack_id) "
        "SELECT " WHOLE_EVENT_COLUMNS " FROM " EVENT_TABLES
        "JOIN stacks s ON s.id = e.stack_id " WHOLE_EVENT_TABLES
        "WHERE (e.crash_id, e.received_at) = (SELECT crash_id, received_at "
        "FROM late LEFT JOIN lacking USING (stack_id) "
        "WHERE received_at > (SELECT max(received_at) FROM late) - interval '7 days' "
        "ORDER BY coalesce(lacking.n, 0), flags & 32, received_at DESC LIMIT 1)"};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return FETCH_ONE(d, q, params, a, read_whole_event, ret);
}

int query_event(struct db *d, struct arena *a, const char *crash_id, struct event_row *ret)
{
    static const struct db_query q = {"event",
                                      "SELECT " WHOLE_EVENT_COLUMNS " FROM " EVENT_TABLES
                                      "LEFT JOIN stacks s ON s.id = e.stack_id " WHOLE_EVENT_TABLES
                                      "WHERE e.crash_id = $1::uuid LIMIT 1"};
    const char *const params[] = {crash_id};

    return FETCH_ONE(d, q, params, a, read_whole_event, ret);
}

static void read_neighbours(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct event_neighbours *)ret =
        (struct event_neighbours){text_at(a, res, row, 0), text_at(a, res, row, 1)};
}

int query_event_neighbours(struct db *d, struct arena *a, const struct event_row *e,
                           struct event_neighbours *ret)
{
    static const struct db_query q = {
        "event-neighbours",
        "SELECT (SELECT crash_id FROM crash_events WHERE group_id = $1 "
        "AND received_at < " TIME("$2") " ORDER BY received_at DESC LIMIT 1), "
                                        "(SELECT crash_id FROM crash_events WHERE group_id = $1 "
                                        "AND received_at > " TIME(
                                            "$2") " ORDER BY received_at LIMIT 1)"};
    struct number group = number(e->group_id), at = number(e->received_at);
    const char *const params[] = {group.text, at.text};

    return FETCH_ONE(d, q, params, a, read_neighbours, ret);
}

/* --- Overview --- */

static void read_hour_totals(struct arena *a, const PGresult *res, int row, void *ret)
{
    struct totals *t = ret;

    (void)a;
    t->crashes = count_at(res, row, 0);
    t->crashes_before = count_at(res, row, 1);
    t->groups = count_at(res, row, 2);
    t->groups_before = count_at(res, row, 3);
}

static void read_group_totals(struct arena *a, const PGresult *res, int row, void *ret)
{
    struct totals *t = ret;

    (void)a;
    t->new_groups = count_at(res, row, 0);
    t->new_groups_before = count_at(res, row, 1);
    t->regressed = count_at(res, row, 2);
    t->all_groups = count_at(res, row, 3);
    t->last_event = db_int(res, row, 4);
    t->hosts = count_at(res, row, 5);
    t->all_hosts = count_at(res, row, 6);
    t->problems = count_at(res, row, 7);
    t->missing_modules = count_at(res, row, 8);
}

int query_totals(struct db *d, int64_t now, struct totals *ret)
{
    static const struct db_query hours = {
        "totals-hours",
        "SELECT sum(events) FILTER (WHERE hour >= " TIME(
            "$1") "), "
                  "sum(events) FILTER (WHERE hour < " TIME(
                      "$1") "), "
                            "count(DISTINCT group_id) FILTER (WHERE hour >= " TIME(
                                "$1") "), "
                                      "count(DISTINCT group_id) FILTER (WHERE hour < " TIME(
                                          "$1") ") "
                                                "FROM group_hours WHERE hour >= " TIME("$2")};
    /* clang-format off */
    static const struct db_query groups = {
        "totals-groups",
        "SELECT count(*) FILTER (WHERE first_seen >= " TIME("$1") "), "
        "count(*) FILTER (WHERE first_seen >= " TIME("$2") " AND first_seen < " TIME("$1") "), "
        "count(*) FILTER (WHERE status = 'regressed'), count(*), " USEC("max(last_seen)") ", "
        "(SELECT count(*) FROM hosts WHERE last_seen >= " TIME("$1") "), "
        "(SELECT count(*) FROM hosts), "
        "(SELECT count(*) FROM crash_events WHERE problem_id <> 0 AND flags & 8 = 0 "
        " AND received_at >= " TIME("$1") "), "
        "(SELECT count(DISTINCT module_id) FROM stack_modules WHERE status = 0) "
        "FROM crash_groups WHERE merged_into IS NULL"};
    /* clang-format on */
    struct number since = number(hours_back(now, GROUP_HOURS - 1));
    struct number before = number(hours_back(now, 2 * GROUP_HOURS - 1));
    struct number yesterday = number(now - DAY), day_before = number(now - 2 * DAY);
    const char *const of_hours[] = {since.text, before.text};
    const char *const of_groups[] = {yesterday.text, day_before.text};
    struct totals t = {0};
    int r = rows_into(d, &hours, of_hours, 2, read_hour_totals, &t);

    if (!r)
        r = rows_into(d, &groups, of_groups, 2, read_group_totals, &t);
    if (!r)
        *ret = t;
    return r;
}
