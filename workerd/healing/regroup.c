/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/healing/regroup.h"

#include "common/base/cleanup.h"

#include "workerd/grouping/fingerprint.h"
#include "workerd/params.h"

/* Events of a merged group that are moved at once: more would keep its crashes waiting. */
#define MOVED_AT_ONCE "1000"

/* --- Keys and titles --- */

int regroup_drop_vague_keys(struct db *d, int64_t group)
{
    static const struct db_query q = {
        "regroup-drop-keys", "DELETE FROM group_fingerprints WHERE group_id = $1 AND quality = 0"};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return RUN(d, q, params, NULL);
}

int regroup_title(struct db *d, int64_t group, const struct event *e)
{
    static const struct db_query q = {
        "regroup-title", "UPDATE crash_groups SET title = $2, title_rank = $3::smallint "
                         "WHERE id = $1 AND title_rank < $3::smallint"};
    struct number id = number(group), rank = number(e->title_rank);
    const char *const params[] = {id.text, e->title, rank.text};

    return RUN(d, q, params, NULL);
}

/* --- Merging --- */

/* Rows of a counter that both groups may have. */
#define MERGE_COUNTER(name, table, key, columns, sums)                                             \
    {                                                                                              \
        "merge-" name, "WITH old AS (DELETE FROM " table " WHERE group_id = $2::integer "          \
                       "             RETURNING " key ", " columns ") "                             \
                       "INSERT INTO " table " AS t (group_id, " key ", " columns ") "              \
                       "SELECT $1::integer, " key ", " columns " FROM old "                        \
                       "ON CONFLICT (group_id, " key ") DO UPDATE SET " sums                       \
    }
#define SEEN_SUMS                                                                                  \
    "events = t.events + excluded.events, "                                                        \
    "first_seen = least(t.first_seen, excluded.first_seen), "                                      \
    "last_seen = greatest(t.last_seen, excluded.last_seen)"

/* In this order, $1 the survivor and $2 the other. A state that a person set outweighs "new"; and
 * what crashed after it was resolved has regressed. */
static const struct db_query merge_steps[] = {
    {"merge-keys",
     "UPDATE group_fingerprints SET group_id = $1::integer WHERE group_id = $2::integer"},
    {"merge-alerts", "UPDATE alert_outbox SET group_id = $1::integer WHERE group_id = $2::integer"},
    MERGE_COUNTER("hours", "group_hours", "hour", "events", "events = t.events + excluded.events"),
    MERGE_COUNTER("hosts", "group_hosts", "host_id", "events, first_seen, last_seen", SEEN_SUMS),
    MERGE_COUNTER("programs", "group_programs", "program_id", "events, first_seen, last_seen",
                  SEEN_SUMS),
    MERGE_COUNTER("environments", "group_environments", "environment_id",
                  "events, first_seen, last_seen", SEEN_SUMS),
    MERGE_COUNTER("stacks", "group_stacks", "stack_id", "events, without_core",
                  "events = t.events + excluded.events, "
                  "without_core = t.without_core + excluded.without_core"),
    /* Before the states: a rest goes with the state that it is of. */
    {"merge-rests",
     "UPDATE group_rests r SET group_id = s.id, events_at = r.events_at + s.event_count "
     "FROM crash_groups s, crash_groups o "
     "WHERE s.id = $1::integer AND o.id = $2::integer AND r.group_id = o.id "
     "AND s.status = 'new' "
     "AND NOT EXISTS (SELECT FROM group_rests WHERE group_id = s.id)"},
    {"merge-awake", "UPDATE group_rests r SET events_at = r.events_at + o.event_count "
                    "FROM crash_groups o, crash_groups s "
                    "WHERE s.id = $1::integer AND r.group_id = s.id AND o.id = $2::integer "
                    "AND s.status <> 'new'"},
    {"merge-rest-ends",
     "DELETE FROM group_rests WHERE group_id = $2::integer AND group_id <> $1::integer"},
    /* The other keeps its own, should it come back. */
    {"merge-labels", "INSERT INTO group_labels (group_id, label) "
                     "SELECT $1::integer, label FROM group_labels WHERE group_id = $2::integer "
                     "ON CONFLICT DO NOTHING"},
    {"merge-links", "INSERT INTO group_links (group_id, url) "
                    "SELECT $1::integer, url FROM group_links WHERE group_id = $2::integer "
                    "ON CONFLICT DO NOTHING"},
    {"merge-activity",
     "UPDATE group_activity SET group_id = $1::integer WHERE group_id = $2::integer"},
    {"merge-groups",
     "UPDATE crash_groups AS s SET "
     "    assignee = coalesce(s.assignee, o.assignee), "
     "    event_count = s.event_count + o.event_count, "
     "    host_count = (SELECT count(*) FROM group_hosts WHERE group_id = s.id), "
     "    first_seen = least(s.first_seen, o.first_seen), "
     "    last_seen = greatest(s.last_seen, o.last_seen), "
     "    title = CASE WHEN o.title_rank > s.title_rank THEN o.title ELSE s.title END, "
     "    title_rank = greatest(s.title_rank, o.title_rank), "
     "    status = CASE WHEN s.status = 'new' THEN o.status ELSE s.status END, "
     "    resolved_at = CASE WHEN s.status = 'new' THEN o.resolved_at ELSE s.resolved_at END, "
     "    resolved_by = CASE WHEN s.status = 'new' THEN o.resolved_by ELSE s.resolved_by END "
     "FROM crash_groups AS o WHERE s.id = $1::integer AND o.id = $2::integer"},
    {"merge-regressed",
     "UPDATE crash_groups AS g SET status = group_status_after(g, last_seen, NULL, event_count) "
     "WHERE id = $1::integer AND id <> $2::integer AND status = 'resolved'"},
    {"merge-lead", "UPDATE crash_groups SET merged_into = $1::integer "
                   "WHERE merged_into = $2::integer OR id = $2::integer"},
    {"merge-events", "WITH n AS (SELECT event_count <= " MOVED_AT_ONCE " AS few FROM crash_groups "
                     "           WHERE id = $2::integer) "
                     "UPDATE crash_events SET group_id = $1::integer "
                     "WHERE group_id = $2::integer AND (SELECT few FROM n)"},
    {"merge-rest", "UPDATE crash_groups SET moving = event_count > " MOVED_AT_ONCE ", "
                   "event_count = 0, host_count = 0 "
                   "WHERE id = $2::integer AND merged_into = $1::integer"},
};

int regroup_merge(struct db *d, int64_t survivor, int64_t other, const char *actor)
{
    static const struct db_query audit = {
        "merge-audit", "INSERT INTO audit_log (actor, action, subject, detail) "
                       "VALUES ($3, 'group.merge', 'G-' || $2::integer, "
                       "        jsonb_build_object('into', 'G-' || $1::integer))"};
    struct number to = number(survivor), from = number(other);
    const char *const params[] = {to.text, from.text, actor};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(merge_steps) && r == 0; i++)
        r = db_run(d, &merge_steps[i], params, 2, NULL);
    return r ? r : RUN(d, audit, params, NULL);
}

/* --- Moving one event --- */

/* $1 from, $2 to, $3 received at, $4 host, $5 program, $6 environment (NULL: none). Where the event
 * was the first or the last one of a counter, the time is that of those that stay. */
#define TAKE(name, table, key, param)                                                              \
    {                                                                                              \
        "move-take-" name,                                                                         \
            "WITH rest AS (SELECT min(received_at) AS first, max(received_at) AS last "            \
            "              FROM crash_events WHERE group_id = $1::integer AND " key " = " param    \
            "::integer), "                                                                         \
            "p AS (SELECT $1::integer AS f, $2::integer AS t, $3::timestamptz AS at, "             \
            "             $4::integer AS h, $5::integer AS g, $6::integer AS v) "                  \
            "UPDATE " table " AS c SET events = c.events - 1, "                                    \
            "    first_seen = CASE WHEN c.first_seen = p.at THEN "                                 \
            "                 coalesce(rest.first, c.first_seen) ELSE c.first_seen END, "          \
            "    last_seen = CASE WHEN c.last_seen = p.at THEN "                                   \
            "                coalesce(rest.last, c.last_seen) ELSE c.last_seen END "               \
            "FROM rest, p WHERE c.group_id = p.f AND c." key " = " param "::integer"               \
    }
#define GIVE(name, table, key, param)                                                              \
    {                                                                                              \
        "move-give-" name,                                                                         \
            "WITH p AS (SELECT $1::integer, $4::integer, $5::integer, $6::integer) "               \
            "INSERT INTO " table " AS t (group_id, " key ", events, first_seen, last_seen) "       \
            "SELECT $2::integer, " param "::integer, 1, $3::timestamptz, $3::timestamptz FROM p "  \
            "WHERE " param "::integer IS NOT NULL "                                                \
            "ON CONFLICT (group_id, " key ") DO UPDATE SET " SEEN_SUMS                             \
    }
#define END(name, table)                                                                           \
    {                                                                                              \
        "move-end-" name,                                                                          \
            "WITH p AS (SELECT $2::integer, $3::timestamptz, $4::integer, $5::integer, "           \
            "                  $6::integer) "                                                      \
            "DELETE FROM " table " USING p WHERE group_id = $1::integer AND events <= 0"           \
    }
/* The event's part of a group's own row. */
#define GROUP(name, id, change)                                                                    \
    {                                                                                              \
        "move-group-" name,                                                                        \
            "WITH p AS (SELECT $1::integer AS f, $2::integer AS t, $3::timestamptz AS at, "        \
            "                  $4::integer, $5::integer AS p, $6::integer), "                      \
            "h AS (SELECT count(*) AS n, min(first_seen) AS first, max(last_seen) AS last "        \
            "      FROM group_hosts WHERE group_id = " id "::integer) "                            \
            "UPDATE crash_groups AS g SET host_count = h.n, " change "FROM p, h WHERE g.id = " id  \
            "::integer"                                                                            \
    }

static const struct db_query move_steps[] = {
    {"move-take-hour",
     "WITH p AS (SELECT $2::integer, $4::integer, $5::integer, $6::integer) "
     "UPDATE group_hours SET events = events - 1 FROM p "
     "WHERE group_id = $1::integer AND hour = date_trunc('hour', $3::timestamptz)"},
    {"move-give-hour",
     "WITH p AS (SELECT $1::integer, $4::integer, $5::integer, $6::integer) "
     "INSERT INTO group_hours AS t (group_id, hour, events) "
     "SELECT $2::integer, date_trunc('hour', $3::timestamptz), 1 FROM p "
     "ON CONFLICT (group_id, hour) DO UPDATE SET events = t.events + excluded.events"},
    END("hours", "group_hours"),
    TAKE("host", "group_hosts", "host_id", "$4"),
    GIVE("host", "group_hosts", "host_id", "$4"),
    END("hosts", "group_hosts"),
    TAKE("program", "group_programs", "program_id", "$5"),
    GIVE("program", "group_programs", "program_id", "$5"),
    END("programs", "group_programs"),
    TAKE("environment", "group_environments", "environment_id", "$6"),
    GIVE("environment", "group_environments", "environment_id", "$6"),
    END("environments", "group_environments"),
    GROUP("from", "$1",
          "event_count = g.event_count - 1, "
          "first_seen = CASE WHEN g.first_seen = p.at THEN coalesce(h.first, g.first_seen) "
          "                  ELSE g.first_seen END, "
          "last_seen = CASE WHEN g.last_seen = p.at THEN coalesce(h.last, g.last_seen) "
          "                 ELSE g.last_seen END "),
    GROUP("to", "$2",
          "event_count = g.event_count + 1, first_seen = least(g.first_seen, p.at), "
          "last_seen = greatest(g.last_seen, p.at), "
          "status = CASE WHEN g.status IN ('resolved', 'muted') "
          "         THEN group_status_after(g, p.at, p.p, g.event_count + 1) ELSE g.status END "),
};

int regroup_move(struct db *d, const struct regroup_move *m)
{
    struct number from = number(m->from), to = number(m->to);
    struct number host = number(m->host), program = number(m->program);
    struct number environment = number(m->environment);
    struct moment at = moment(m->received_at);
    const char *const params[] = {from.text,    to.text,
                                  at.text,      host.text,
                                  program.text, m->environment ? environment.text : NULL};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(move_steps) && r == 0; i++)
        r = RUN(d, move_steps[i], params, NULL);
    return r;
}
