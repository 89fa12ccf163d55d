/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes by query, the newest first. Their table has no index by time alone, which each crash
 * would pay for: rows lie in the order in which they came, so a summary of each few pages (BRIN)
 * finds those of a stretch of time. The list walks back over stretches that double, from where the
 * page begins until it is full. What its groups must be like is asked first, which tells most
 * queries that find little to look at those groups alone. */
#include "dashd/queries_events.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/search/where.h"
#include "dashd/rows_events.h"

#define FIRST_STRETCH (3600 * USEC_PER_SEC)
#define GROUPS_MAX    200 /* more of them narrow nothing */
#define OWN_PARAMS    6   /* in front of the query's */

struct walk {
    struct db *db;
    struct arena *arena;
    const char *text;
    const char *params[OWN_PARAMS + SEARCH_PARAMS_MAX];
    size_t n_params;
    struct event_page page;
    size_t wanted;
};

/* --- Where it begins and ends --- */

static void read_day(struct arena *a, const PGresult *res, int row, void *ret)
{
    (void)a;
    *(int64_t *)ret = db_int(res, row, 0);
}

/* The first day that has a partition; 0: there is none. */
static int query_first_day(struct db *d, int64_t *ret)
{
    static const struct db_query q = {
        "events-first-day",
        "SELECT (extract(epoch FROM to_date(min(right(c.relname, 8)), 'YYYYMMDD')) * 1000000)"
        "::bigint FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'crash_events'::regclass"};

    return rows_fetch_one(d, &q, NULL, 0, NULL, read_day, sizeof(*ret), ret);
}

/* --- Groups --- */

static void read_group_id(struct arena *a, const PGresult *res, int row, void *ret)
{
    (void)a;
    *(int64_t *)ret = db_int(res, row, 0);
}

static char *array_of(const int64_t *ids, size_t n, struct arena *a)
{
    char *text = arena_alloc(a, n * 12 + 3), *p = text;

    *p++ = '{';
    for (size_t i = 0; i < n; i++)
        p += sprintf(p, "%s%" PRId64, i ? "," : "", ids[i]);
    strcpy(p, "}");
    return text;
}

/* *ret NULL: any group's events may match. */
static int query_narrowed(struct db *d, struct arena *a, const struct search_query *q, int64_t now,
                          const char **ret)
{
    struct search_query of_groups;
    struct search_where w;
    const char *text;
    int64_t *ids;
    size_t n;
    int r;

    *ret = NULL;
    search_of_groups(q, &of_groups);
    if (of_groups.n_terms == 0)
        return 0;
    search_where(&of_groups, SEARCH_GROUPS, 1, now, a, &w);
    text = arena_printf(a,
                        "SELECT o.id FROM (SELECT g.id FROM crash_groups g WHERE %s) f "
                        "JOIN crash_groups o ON o.id = f.id OR o.merged_into = f.id LIMIT %d",
                        w.text, GROUPS_MAX + 1);
    r = rows_fetch_once(d, text, w.params, w.n_params, a, read_group_id, sizeof(*ids), &ids, &n);
    if (!r && n <= GROUPS_MAX)
        *ret = array_of(ids, n, a);
    return r;
}

/* --- Stretches of time --- */

static void read_listed_event(struct arena *a, const PGresult *res, int row, void *ret)
{
    struct event_row *e = ret;

    rows_read_event(a, res, row, e);
    e->group_title = text_at(a, res, row, EVENT_COLUMNS_N);
    e->group_status = text_at(a, res, row, EVENT_COLUMNS_N + 1);
    if (db_int(res, row, EVENT_COLUMNS_N + 2))
        e->group_id = db_int(res, row, EVENT_COLUMNS_N + 2);
}

/* A problem is joined by its number: by the event, each day's table would be planned for. */
#define LISTED_JOINS                                                                               \
    "JOIN hosts h ON h.id = e.host_id JOIN programs p ON p.id = e.program_id "                     \
    "LEFT JOIN problems x ON x.id = e.problem_id "                                                 \
    "LEFT JOIN event_counts c ON e.flags & 8 <> 0 "                                                \
    "AND c.crash_id = e.crash_id AND c.received_at = e.received_at "

/* Constants, around the condition. */
static const char *events_text(const struct search_where *w, struct arena *a)
{
    return arena_printf(a,
                        "SELECT " EVENT_COLUMNS
                        ", g.title, g.status, g.id FROM (SELECT * FROM crash_events e "
                        "WHERE e.received_at >= " TIME("$1") " AND e.received_at < " TIME(
                            "$2") " AND ($3::bigint IS NULL OR (e.received_at, e.crash_id) < "
                                  "(" TIME("$3") ", $4::uuid)) AND ($6::int[] IS NULL OR "
                                                 "e.group_id = ANY ($6::int[])) AND %s "
                                                 "ORDER BY e.received_at DESC, e.crash_id DESC "
                                                 "LIMIT $5::int) e " LISTED_JOINS
                                                 "LEFT JOIN crash_groups own ON own.id = "
                                                 "e.group_id "
                                                 "LEFT JOIN crash_groups g ON g.id = "
                                                 "coalesce(own.merged_into, own.id) "
                                                 "ORDER BY e.received_at DESC, e.crash_id DESC",
                        w->text);
}

static int look_at(struct walk *w, int64_t from, int64_t to)
{
    struct number begin = number(from), end = number(to);
    struct number left = number((int64_t)(w->wanted - w->page.n));
    struct event_row *rows;
    size_t n;
    int r;

    w->params[0] = begin.text;
    w->params[1] = end.text;
    w->params[4] = left.text;
    r = rows_fetch_once(w->db, w->text, w->params, w->n_params, w->arena, read_listed_event,
                        sizeof(*rows), &rows, &n);
    if (r)
        return r;
    memcpy(w->page.rows + w->page.n, rows, n * sizeof(*rows));
    w->page.n += n;
    return 0;
}

static int walk_back(struct walk *w, int64_t from, int64_t to)
{
    int r = 0;

    for (int64_t length = FIRST_STRETCH; !r && to > from && w->page.n < w->wanted; length *= 2) {
        int64_t begin = to - length > from ? to - length : from;

        r = look_at(w, begin, to);
        to = begin;
    }
    return r;
}

int query_events(struct db *d, struct arena *a, const struct eventlist *l, int64_t now,
                 struct event_page *ret)
{
    struct walk w = {.db = d, .arena = a, .wanted = l->limit + 1};
    struct number after = number(l->after_at);
    int64_t from = l->period.from, to = l->period.to ? l->period.to : now + USEC_PER_SEC, first = 0;
    struct search_where where;
    int r = query_first_day(d, &first);

    if (!r)
        r = query_narrowed(d, a, &l->query, now, &w.params[5]);
    if (r)
        return r;
    search_where(&l->query, SEARCH_EVENTS, OWN_PARAMS + 1, now, a, &where);
    memcpy(&w.params[OWN_PARAMS], where.params, where.n_params * sizeof(where.params[0]));
    w.n_params = OWN_PARAMS + where.n_params;
    w.params[2] = l->has_after ? after.text : NULL;
    w.params[3] = l->has_after ? l->after_id : NULL;
    w.text = events_text(&where, a);
    w.page.rows = arena_array(a, struct event_row, w.wanted);
    if (l->has_after && l->after_at < to)
        to = l->after_at + 1;
    if (first && !(w.params[5] && strcmp(w.params[5], "{}") == 0))
        r = walk_back(&w, from > first ? from : first, to);
    w.page.more = w.page.n > l->limit;
    w.page.n -= w.page.more;
    *ret = w.page;
    return r;
}
