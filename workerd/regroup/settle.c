/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/settle.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/id.h"

#include "workerd/healing/queries.h"
#include "workerd/healing/regroup.h"
#include "workerd/params.h"

#define PAGE         2000               /* events that are looked at in one transaction */
#define PASSES_MAX   5                  /* over a group that new crashes come to meanwhile */
#define ATTEMPTS_MAX 20                 /* of one transaction */
#define WAIT_USEC    (5 * USEC_PER_SEC) /* for transactions that had begun before */
#define LOOK_USEC    (20 * USEC_PER_MSEC)

/* --- What is to move --- */

/* One stack of a group that leads elsewhere. */
struct move {
    int64_t stack, target, events;
};

struct moves {
    struct move *rows;
    size_t n;
    bool stays;          /* some stack of the group's stays with it */
    int64_t main_target; /* to which most of it goes */
    size_t n_targets;
};

static int by_target(const void *x, const void *y)
{
    const struct move *a = x, *b = y;

    return (a->target > b->target) - (a->target < b->target);
}

static void find_main_target(struct moves *m)
{
    int64_t most = 0;

    qsort(m->rows, m->n, sizeof(m->rows[0]), by_target);
    for (size_t i = 0, next; i < m->n; i = next) {
        int64_t events = 0;

        for (next = i; next < m->n && m->rows[next].target == m->rows[i].target; next++)
            events += m->rows[next].events;
        m->n_targets++;
        if (m->main_target == 0 || events > most) {
            m->main_target = m->rows[i].target;
            most = events;
        }
    }
}

static int find_moves(struct db *d, int64_t group, struct arena *a, struct moves *ret)
{
    static const struct db_query q = {
        "settle-moves",
        "SELECT g.stack_id, coalesce(f.group_id, g.group_id), g.events "
        "FROM group_stacks g JOIN stacks s ON s.id = g.stack_id "
        "LEFT JOIN group_fingerprints f ON f.fingerprint = s.key WHERE g.group_id = $1 ORDER BY 1"};
    struct number id = number(group);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    *ret = (struct moves){.rows = arena_array(a, struct move, (size_t)PQntuples(res) + 1)};
    for (int i = 0; i < PQntuples(res); i++) {
        const struct move m = {db_int(res, i, 0), db_int(res, i, 1), db_int(res, i, 2)};

        if (m.target == group)
            ret->stays = true;
        else
            ret->rows[ret->n++] = m;
    }
    find_main_target(ret);
    return 0;
}

/* Numbers as a parameter of integer[]. */
static const char *numbers(const struct moves *m, bool targets, struct arena *a)
{
    struct text_set set = {.texts = arena_array(a, const char *, m->n)};

    for (size_t i = 0; i < m->n; i++)
        set.texts[set.n++] =
            arena_strdup(a, number(targets ? m->rows[i].target : m->rows[i].stack).text);
    return array_text(&set, a);
}

static int lock_groups(struct db *d, int64_t group, const struct moves *m, struct arena *a)
{
    static const struct db_query q = {"settle-lock",
                                      "SELECT id FROM crash_groups WHERE id = $1 "
                                      "OR id = ANY ($2::integer[]) ORDER BY id FOR NO KEY UPDATE"};
    struct number id = number(group);
    const char *const params[] = {id.text, numbers(m, true, a)};

    return RUN(d, q, params, NULL);
}

/* --- A portion --- */

/* $1 the group, $2 stacks and $3 where they go, $4 and $5 the event behind which to begin, $6 how
 * many to look at. All parts see the events as they were before: of those that stay, the ones in
 * this portion show other stacks, and all others lie behind its edge, or were looked at before. */
#define STAYS                                                                                      \
    "(e.stack_id IS NULL OR e.stack_id <> ALL ($2::integer[]) OR (e.received_at, e.crash_id) > "   \
    " (SELECT received_at, crash_id FROM edge))"
#define TAKE(name, table, key)                                                                     \
    name "_take AS (UPDATE " table " AS c SET events = c.events - m.n, "                           \
         "  first_seen = CASE WHEN c.first_seen < m.first THEN c.first_seen ELSE coalesce("        \
         "      (SELECT e.received_at FROM crash_events e WHERE e.group_id = $1::integer "         \
         "       AND e." key " = c." key " AND " STAYS " ORDER BY e.received_at LIMIT 1), "        \
         "      c.first_seen) END, "                                                               \
         "  last_seen = CASE WHEN c.last_seen > m.last THEN c.last_seen ELSE coalesce("            \
         "      (SELECT e.received_at FROM crash_events e WHERE e.group_id = $1::integer "         \
         "       AND e." key " = c." key " AND " STAYS " ORDER BY e.received_at DESC LIMIT 1), "   \
         "      c.last_seen) END "                                                                 \
         "FROM (SELECT " key                                                                       \
         ", count(*) AS n, min(received_at) AS first, max(received_at) AS last "                   \
         "      FROM moved GROUP BY 1) AS m "                                                      \
         "WHERE c.group_id = $1::integer AND c." key " = m." key "), "
#define GIVE(name, table, key, which)                                                              \
    name "_give AS (INSERT INTO " table " AS t (group_id, " key                                    \
         ", events, first_seen, last_seen) "                                                       \
         "SELECT target, " key ", count(*), min(received_at), max(received_at) FROM moved " which  \
         " GROUP BY 1, 2 ON CONFLICT (group_id, " key ") DO UPDATE SET "                           \
         "events = t.events + excluded.events, "                                                   \
         "first_seen = least(t.first_seen, excluded.first_seen), "                                 \
         "last_seen = greatest(t.last_seen, excluded.last_seen)), "

static const struct db_query portion = {
    "settle-portion",
    "WITH page AS (SELECT e.crash_id, e.received_at, e.stack_id FROM crash_events e "
    "  WHERE e.group_id = $1::integer AND e.received_at >= $4::timestamptz "
    "  AND (e.received_at, e.crash_id) > ($4::timestamptz, $5::uuid) "
    "  ORDER BY e.received_at, e.crash_id LIMIT $6::integer), "
    "edge AS (SELECT received_at, crash_id FROM page ORDER BY 1 DESC, 2 DESC LIMIT 1), "
    "moved AS (UPDATE crash_events e SET group_id = t.target "
    "  FROM page p JOIN unnest($2::integer[], $3::integer[]) AS t (stack, target) "
    "       ON t.stack = p.stack_id "
    "  WHERE e.crash_id = p.crash_id AND e.received_at = p.received_at AND e.group_id = "
    "$1::integer "
    "  RETURNING t.target, e.stack_id, e.host_id, e.program_id, "
    "            e.environment_id, e.received_at, e.flags), "
    "hours_take AS (UPDATE group_hours AS c SET events = c.events - m.n "
    "  FROM (SELECT date_trunc('hour', received_at) AS hour, count(*) AS n FROM moved GROUP BY 1) "
    "m "
    "  WHERE c.group_id = $1::integer AND c.hour = m.hour), "
    "hours_give AS (INSERT INTO group_hours AS t (group_id, hour, events) "
    "  SELECT target, date_trunc('hour', received_at), count(*) FROM moved GROUP BY 1, 2 "
    "  ON CONFLICT (group_id, hour) DO UPDATE SET events = t.events + excluded.events), " TAKE(
        "hosts", "group_hosts",
        "host_id") GIVE("hosts", "group_hosts", "host_id",
                        "") TAKE("programs", "group_programs",
                                 "program_id") GIVE("programs", "group_programs", "program_id", "")
        TAKE("environments", "group_environments", "environment_id") GIVE(
            "environments", "group_environments", "environment_id",
            "WHERE environment_id <> 0") "stacks_take AS (UPDATE group_stacks AS c SET events = "
                                         "c.events - m.n, "
                                         "                without_core = c.without_core - m.gone "
                                         "  FROM (SELECT stack_id, count(*) AS n, count(*) FILTER "
                                         "(WHERE flags & "
                                         "32 <> 0) AS gone "
                                         "        FROM moved GROUP BY 1) AS m "
                                         "  WHERE c.group_id = $1::integer AND c.stack_id = "
                                         "m.stack_id), "
                                         "stacks_give AS (INSERT INTO group_stacks AS t (group_id, "
                                         "stack_id, "
                                         "events, without_core) "
                                         "  SELECT target, stack_id, count(*), count(*) FILTER "
                                         "(WHERE flags & 32 "
                                         "<> 0) FROM moved "
                                         "  GROUP BY 1, 2 ON CONFLICT (group_id, stack_id) DO "
                                         "UPDATE "
                                         "  SET events = t.events + excluded.events, "
                                         "      without_core = t.without_core + "
                                         "excluded.without_core), "
                                         "counts AS (UPDATE crash_groups AS g SET event_count = "
                                         "g.event_count + "
                                         "m.n "
                                         "  FROM (SELECT target AS id, count(*) AS n FROM moved "
                                         "GROUP BY 1 "
                                         "        UNION ALL SELECT $1::integer, -count(*) FROM "
                                         "moved) AS m WHERE "
                                         "g.id = m.id) "
                                         "SELECT (SELECT count(*) FROM page), (SELECT count(*) "
                                         "FROM moved), "
                                         "       (SELECT crash_id FROM edge), (SELECT " USEC(
                                             "received_at") " FROM edge)"};

#define END(table)                                                                                 \
    {                                                                                              \
        "settle-end-" table, "DELETE FROM " table " WHERE group_id = $1::integer AND events <= 0 " \
                             "AND $2::integer[] IS NOT NULL"                                       \
    }
/* After it: $1 the group, $2 where its events went. */
static const struct db_query ends[] = {
    END("group_hours"),
    END("group_hosts"),
    END("group_programs"),
    END("group_environments"),
    END("group_stacks"),
    {"settle-groups",
     "UPDATE crash_groups AS g SET host_count = h.n, first_seen = coalesce(h.first, g.first_seen), "
     "    last_seen = coalesce(h.last, g.last_seen), "
     "    status = CASE WHEN g.status = 'resolved' AND g.id <> $1::integer "
     "             THEN group_status_after(g, h.last, NULL, g.event_count) ELSE g.status END "
     "FROM (SELECT i.id, count(h.host_id) AS n, min(h.first_seen) AS first, max(h.last_seen) AS "
     "last "
     "      FROM (SELECT $1::integer AS id UNION SELECT unnest($2::integer[])) AS i "
     "      LEFT JOIN group_hosts h ON h.group_id = i.id GROUP BY i.id) AS h WHERE g.id = h.id"},
};

/* Behind which event a group's next portion begins. */
struct place {
    char crash_id[UUID_TEXT_SIZE];
    int64_t received_at;
};

static int move_portion(struct db *d, int64_t group, const struct moves *m, struct place *at,
                        struct arena *a, int64_t *ret_looked, int64_t *ret_moved)
{
    struct number id = number(group), rows = number(PAGE);
    struct moment from = moment(at->received_at);
    const char *targets = numbers(m, true, a);
    const char *const params[] = {id.text,
                                  numbers(m, false, a),
                                  targets,
                                  from.text,
                                  at->crash_id[0] ? at->crash_id
                                                  : "00000000-0000-0000-0000-000000000000",
                                  rows.text};
    const char *const after[] = {id.text, targets};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, portion, params, &res);

    for (size_t i = 0; i < ARRAY_SIZE(ends) && r == 0; i++)
        r = RUN(d, ends[i], after, NULL);
    if (r)
        return r;
    *ret_looked = db_int(res, 0, 0);
    *ret_moved = db_int(res, 0, 1);
    if (*ret_looked > 0) {
        *at = (struct place){.received_at = db_int(res, 0, 3)};
        strncat(at->crash_id, db_text(res, 0, 2), UUID_TEXT_SIZE - 1);
    }
    return 0;
}

/* --- One transaction of a group --- */

struct step {
    bool over; /* nothing is left, or the pass is at its end */
    int64_t moved;
    bool merged;
};

/* What goes to the main target goes with the group itself, once nothing else is left of it. */
static void leave_main_target(struct moves *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++) {
        if (m->rows[i].target != m->main_target)
            m->rows[n++] = m->rows[i];
    }
    m->n = n;
}

static int take_step(struct settle *s, int64_t group, struct moves *m, struct place *at,
                     struct arena *a, struct step *ret)
{
    bool goes = m->n > 0 && !m->stays && group != s->keep;
    int64_t looked = 0;
    int r;

    if (goes && m->n_targets == 1) {
        ret->merged = ret->over = true;
        return regroup_merge(s->db, m->main_target, group, s->actor);
    }
    if (goes)
        leave_main_target(m);
    if (m->n == 0) {
        ret->over = true;
        return 0;
    }
    r = move_portion(s->db, group, m, at, a, &looked, &ret->moved);
    ret->over = looked < PAGE;
    return r;
}

static bool same_targets(const struct moves *x, const struct moves *y)
{
    for (size_t i = 0; x->n == y->n && i < x->n; i++) {
        if (x->rows[i].target != y->rows[i].target)
            return false;
    }
    return x->n == y->n;
}

/* Look, lock, and look again. */
static int step_locked(struct settle *s, int64_t group, struct place *at, struct arena *a,
                       struct step *ret)
{
    struct moves before, now;
    int r = find_moves(s->db, group, a, &before);

    if (r == 0)
        r = lock_groups(s->db, group, &before, a);
    if (r == 0)
        r = find_moves(s->db, group, a, &now);
    if (r)
        return r;
    return same_targets(&before, &now) ? take_step(s, group, &now, at, a, ret) : DB_RETRY;
}

static int step_once(struct settle *s, int64_t group, struct place *at, struct step *ret)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct place reached = *at;
    struct step step = {0};
    int r = db_begin(s->db);

    if (r)
        return r;
    r = step_locked(s, group, &reached, &a, &step);
    if (r == 0)
        r = db_commit(s->db);
    if (r) {
        db_rollback(s->db);
        return r;
    }
    *at = reached;
    *ret = step;
    return 0;
}

static int step_group(struct settle *s, int64_t group, struct place *at, struct step *ret)
{
    int r = DB_RETRY;

    if (s->turn && !s->turn(s->arg))
        return SETTLE_STOPPED;
    for (unsigned i = 0; i < ATTEMPTS_MAX && r == DB_RETRY; i++)
        r = step_once(s, group, at, ret);
    return r == DB_RETRY ? DB_UNAVAILABLE : r;
}

/* --- All groups --- */

/* Everything that is counted has moved with the merge. */
static int follow_merged(struct settle *s)
{
    bool more = true;
    int r = 0;

    while (r == 0 && more) {
        r = s->turn && !s->turn(s->arg) ? SETTLE_STOPPED : query_heal_move(s->db, &more);
    }
    return r;
}

static int settle_group(struct settle *s, int64_t group)
{
    struct place at = {.received_at = 0};
    struct step step = {0};
    int r = 0;

    while (r == 0 && !step.over) {
        r = step_group(s, group, &at, &step);
        s->moved += r ? 0 : step.moved;
        s->merged += r == 0 && step.merged;
    }
    return r == 0 && step.merged ? follow_merged(s) : r;
}

static int find_groups(struct db *d, PGresult **ret)
{
    static const struct db_query q = {
        "settle-find",
        "SELECT DISTINCT g.group_id FROM group_stacks g JOIN stacks s ON s.id = g.stack_id "
        "JOIN group_fingerprints f ON f.fingerprint = s.key WHERE f.group_id <> g.group_id "
        "ORDER BY 1"};

    return db_run(d, &q, NULL, 0, ret);
}

/* Crashes that were found their group before the keys changed may not be committed yet. Not for
 * ever: another program's transaction may be a long one, and is then none of these. */
static int await_others(struct settle *s)
{
    static const struct db_query begin = {"settle-now",
                                          "SELECT pg_snapshot_xmax(pg_current_snapshot())"};
    static const struct db_query ended = {
        "settle-ended", "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8"};
    int64_t deadline = clock_mono() + WAIT_USEC;
    _cleanup_result_ PGresult *now = NULL;
    bool over = false;
    int r = db_run(s->db, &begin, NULL, 0, &now);

    while (r == 0 && !over && clock_mono() < deadline) {
        const char *const params[] = {db_text(now, 0, 0)};
        _cleanup_result_ PGresult *res = NULL;

        r = RUN(s->db, ended, params, &res);
        over = r == 0 && db_bool(res, 0, 0);
        if (r == 0 && !over)
            clock_sleep(LOOK_USEC);
    }
    return r;
}

int settle_all(struct settle *s)
{
    int r = await_others(s);

    if (r == 0)
        r = follow_merged(s);
    for (unsigned pass = 0; r == 0 && pass < PASSES_MAX; pass++) {
        _cleanup_result_ PGresult *groups = NULL;

        r = find_groups(s->db, &groups);
        if (r || PQntuples(groups) == 0)
            break;
        for (int i = 0; i < PQntuples(groups) && r == 0; i++)
            r = settle_group(s, db_int(groups, i, 0));
    }
    return r;
}
