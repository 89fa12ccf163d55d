/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/grouping/queries.h"

#include "common/base/cleanup.h"
#include "dashd/rows.h"

#define TEXT_OF(macro) TEXT_OF_(macro)
#define TEXT_OF_(text) #text

/* --- Stacks --- */

static void read_main_stack(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct main_stack_row *)ret = (struct main_stack_row){
        .id = db_int(res, row, 0),
        .events = count_at(res, row, 1),
        .frames = text_at(a, res, row, 2),
        .columns = {text_at(a, res, row, 3), text_at(a, res, row, 4)},
    };
}

#define MAIN_STACK_ORDER "ORDER BY m.events DESC, m.stack_id LIMIT 1"

int query_main_stack(struct db *d, struct arena *a, int64_t group, struct main_stack_row *ret)
{
    static const struct db_query q = {
        "main-stack", "SELECT s.id, m.events, s.frames, s.facts || s.judged, s.grouped "
                      "FROM group_stacks m JOIN stacks s ON s.id = m.stack_id "
                      "WHERE m.group_id = $1 " MAIN_STACK_ORDER};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return FETCH_ONE(d, q, params, a, read_main_stack, ret);
}

static void read_candidate(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct candidate_row *)ret = (struct candidate_row){
        .id = db_int(res, row, 0),
        .title = text_at(a, res, row, 1),
        .status = text_at(a, res, row, 2),
        .event_count = count_at(res, row, 3),
        .names = text_at(a, res, row, 4),
    };
}

/* Labels as frame_label makes them. */
#define MODULE_BASE(path) "regexp_replace(" path ", '^.*/', '')"
#define LABEL             "coalesce(f.v->>'name', f.v->>'function', " MODULE_BASE("f.v->>'module'") ")"

int query_candidates(struct db *d, struct arena *a, int64_t group, const char *functions,
                     struct candidate_list *ret)
{
    /* clang-format off */
    static const struct db_query q = {
        "similar",
        "WITH found AS MATERIALIZED ("
        " SELECT s.id, count(*) AS n FROM jsonb_array_elements_text($2::jsonb) AS wanted, "
        " LATERAL (SELECT id FROM stacks WHERE functions @> ARRAY[wanted] "
        "  LIMIT " TEXT_OF(SIMILAR_STACKS) ") AS s GROUP BY s.id), "
        "near AS MATERIALIZED ("
        " SELECT g.id, max(f.n) AS n FROM found f JOIN group_stacks m ON m.stack_id = f.id "
        " JOIN crash_groups g ON g.id = m.group_id "
        " WHERE g.id <> $1::integer AND g.merged_into IS NULL "
        " GROUP BY g.id ORDER BY n DESC, g.id LIMIT " TEXT_OF(SIMILAR_CANDIDATES) ") "
        "SELECT g.id, g.title, g.status, g.event_count, jsonb_build_object('names', coalesce("
        "(SELECT jsonb_agg(" LABEL " ORDER BY f.i) FROM "
        " jsonb_array_elements(s.frames) WITH ORDINALITY AS f (v, i) "
        " WHERE f.v->>'verdict' IN ('kept', 'limit')), '[]')) "
        "FROM near JOIN crash_groups g ON g.id = near.id "
        "JOIN LATERAL (SELECT m.stack_id FROM group_stacks m WHERE m.group_id = g.id "
        MAIN_STACK_ORDER ") AS main ON true JOIN stacks s ON s.id = main.stack_id"};
    /* clang-format on */
    struct number id = number(group);
    const char *const params[] = {id.text, functions};

    return FETCH(d, q, params, a, read_candidate, ret);
}

/* --- What a decision would do --- */

static void read_merge_counts(struct arena *a, const PGresult *res, int row, void *ret)
{
    (void)a;
    *(struct merge_counts *)ret = (struct merge_counts){
        .stacks = {count_at(res, row, 0), count_at(res, row, 1)},
        .stacks_together = count_at(res, row, 2),
        .hosts_together = count_at(res, row, 3),
        .title_rank = {db_int(res, row, 4), db_int(res, row, 5)},
    };
}

int query_merge_counts(struct db *d, int64_t group, int64_t into, struct merge_counts *ret)
{
    static const struct db_query q = {
        "merge-counts", "SELECT count(*) FILTER (WHERE group_id = $1::integer), "
                        "count(*) FILTER (WHERE group_id = $2::integer), count(DISTINCT stack_id), "
                        "(SELECT count(DISTINCT host_id) FROM group_hosts "
                        " WHERE group_id IN ($1::integer, $2::integer)), "
                        "(SELECT title_rank FROM crash_groups WHERE id = $1::integer), "
                        "(SELECT title_rank FROM crash_groups WHERE id = $2::integer) "
                        "FROM group_stacks WHERE group_id IN ($1::integer, $2::integer)"};
    struct number from = number(group), to = number(into);
    const char *const params[] = {from.text, to.text};

    return rows_into(d, &q, params, ARRAY_SIZE(params), read_merge_counts, ret);
}

static void read_camp(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct camp_row *)ret = (struct camp_row){
        .by = text_at(a, res, row, 0),
        .camp = {text_at(a, res, row, 1), count_at(res, row, 2), count_at(res, row, 3)},
        .camps = count_at(res, row, 4),
    };
}

/* clang-format off */
/* A file's name without what differs from version to version, as the workers see it. */
#define MODULE_NAME(path)                                                                          \
    "regexp_replace(regexp_replace(" MODULE_BASE(path) ", ' [(]deleted[)]$', ''), "                \
    "'^(.+?[.]so)[.].*$', '\\1')"
/* clang-format on */

int query_camps(struct db *d, struct arena *a, int64_t group, unsigned frames,
                struct camp_list *ret)
{
    /* clang-format off */
    static const struct db_query q = {
        "camps",
        "WITH part AS MATERIALIZED ("
        " SELECT m.events, s.facts, (SELECT jsonb_agg(coalesce(f.v->>'name', f.v->>'function', "
        MODULE_NAME("f.v->>'module'") ", '') ORDER BY f.i) "
        "  FROM jsonb_array_elements(s.frames) WITH ORDINALITY AS f (v, i) "
        "  WHERE f.v->>'verdict' = 'limit') AS behind "
        " FROM group_stacks m JOIN stacks s ON s.id = m.stack_id WHERE m.group_id = $1 "
        " ORDER BY m.events DESC, m.stack_id LIMIT " TEXT_OF(SPLIT_STACKS_MAX) "), "
        "told AS ("
        " SELECT n AS place, 'frame-' || n AS by, coalesce(behind->>(n - 1), '') AS value, events "
        " FROM part, generate_series(1, $2::integer) AS n "
        " UNION ALL SELECT 1000, 'signal', coalesce(facts->>'signal', '0'), events FROM part "
        " UNION ALL SELECT 1001, 'executable', coalesce(" MODULE_NAME("facts->>'executable'")
        ", ''), events FROM part), "
        "camps AS (SELECT place, by, value, sum(events)::bigint AS events, count(*) AS stacks "
        " FROM told GROUP BY place, by, value), "
        "ranked AS (SELECT *, row_number() OVER w AS rank, count(*) OVER (PARTITION BY place) AS n "
        " FROM camps WINDOW w AS (PARTITION BY place ORDER BY events DESC, value)) "
        "SELECT by, value, events, stacks, n FROM ranked "
        "WHERE n > 1 AND rank <= " TEXT_OF(SPLIT_CAMPS_MAX) " ORDER BY place, rank"};
    /* clang-format on */
    struct number id = number(group), depth = number(frames);
    const char *const params[] = {id.text, depth.text};

    return FETCH(d, q, params, a, read_camp, ret);
}

static void read_count(struct arena *a, const PGresult *res, int row, void *ret)
{
    (void)a;
    *(uint64_t *)ret = count_at(res, row, 0);
}

int query_stack_events(struct db *d, int64_t group, uint64_t *ret)
{
    static const struct db_query q = {"stack-events",
                                      "SELECT sum(events) FROM group_stacks WHERE group_id = $1"};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return rows_into(d, &q, params, ARRAY_SIZE(params), read_count, ret);
}

static void read_state(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct group_state *)ret = (struct group_state){text_at(a, res, row, 0), db_bool(res, row, 1),
                                                      db_int(res, row, 2), text_at(a, res, row, 3)};
}

int query_group_state(struct db *d, struct arena *a, int64_t group, struct group_state *ret)
{
    static const struct db_query q = {
        "group-state", "SELECT split_hint, held, " USEC(
                           "(hint_dismissed->>'at')::timestamptz") ", "
                                                                   "hint_dismissed->>'actor' FROM "
                                                                   "crash_groups WHERE id = $1"};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return FETCH_ONE(d, q, params, a, read_state, ret);
}

static int dismiss(struct db *d, int64_t group, const struct audit_entry *e, bool *ret_changed)
{
    static const struct db_query q = {
        "hint-dismiss", "UPDATE crash_groups SET split_hint = NULL, hint_dismissed = split_hint || "
                        "jsonb_build_object('at', now(), 'actor', $2::text) "
                        "WHERE id = $1 AND split_hint IS NOT NULL RETURNING id"};
    struct number id = number(group);
    const char *const params[] = {id.text, e->actor};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    *ret_changed = PQntuples(res) > 0;
    return *ret_changed ? query_audit(d, e) : 0;
}

int query_dismiss_hint(struct db *d, int64_t group, const struct audit_entry *e, bool *ret_changed)
{
    return IN_TRANSACTION(d, dismiss(d, group, e, ret_changed));
}

/* --- Decisions --- */

/* The group $1 has stacks whose key the split d has made. */
#define CAME_OUT                                                                                   \
    "(d.kind = 'split' AND d.id IN (SELECT unnest(s.splits) FROM group_stacks m "                  \
    " JOIN stacks s ON s.id = m.stack_id WHERE m.group_id = $1::integer AND s.splits <> '{}'))"
/* clang-format off */
#define DECISIONS                                                                                  \
    "SELECT d.id, " USEC("d.at") ", d.actor, d.kind, d.group_id, d.other_id, o.title, "            \
    "CASE WHEN d.kind = 'split' THEN coalesce(d.detail->'selector', d.detail) END, "               \
    USEC("d.undone_at") ", d.undone_by, EXISTS (SELECT FROM grouping_requests r "                  \
    " WHERE r.kind = 'undo' AND r.state IN ('waiting', 'running') "                                \
    " AND r.detail->>'decision' = d.id::text), coalesce(g.merged_into, g.id), "                    \
    "d.group_id <> $1::integer AND d.other_id IS DISTINCT FROM $1::integer AND " CAME_OUT " "      \
    "FROM grouping_decisions d JOIN crash_groups g ON g.id = d.group_id "                          \
    "LEFT JOIN crash_groups o ON o.id = d.other_id "
/* clang-format on */

static void read_decision(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct decision_row *)ret = (struct decision_row){
        .id = db_int(res, row, 0),
        .at = db_int(res, row, 1),
        .actor = text_at(a, res, row, 2),
        .kind = text_at(a, res, row, 3),
        .group_id = db_int(res, row, 4),
        .other_id = db_int(res, row, 5),
        .other_title = text_at(a, res, row, 6),
        .selector = text_at(a, res, row, 7),
        .undone_at = db_int(res, row, 8),
        .undone_by = text_at(a, res, row, 9),
        .being_undone = db_bool(res, row, 10),
        .group_now = db_int(res, row, 11),
        .parted = db_bool(res, row, 12),
    };
}

int query_decisions(struct db *d, struct arena *a, int64_t group, struct decision_list *ret)
{
    static const struct db_query q = {"decisions", DECISIONS
                                      "WHERE d.group_id = $1::integer OR d.other_id = $1::integer "
                                      "OR " CAME_OUT " "
                                      "ORDER BY d.id DESC LIMIT " TEXT_OF(DECISIONS_SHOWN)};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return FETCH(d, q, params, a, read_decision, ret);
}

int query_decision(struct db *d, struct arena *a, int64_t id, int64_t group,
                   struct decision_row *ret)
{
    static const struct db_query q = {"decision", DECISIONS "WHERE d.id = $2"};
    struct number key = number(id), about = number(group);
    const char *const params[] = {about.text, key.text};

    return FETCH_ONE(d, q, params, a, read_decision, ret);
}

/* --- Requests --- */

/* clang-format off */
#define REQUESTS                                                                                   \
    "SELECT r.id, " USEC("r.at") ", " USEC("r.began_at") ", " USEC("r.ended_at") ", "              \
    "r.actor, r.kind, r.state, r.total, r.done, r.problem, "                                       \
    "coalesce(r.detail->>'group', d.group_id::text), "                                             \
    "coalesce(r.detail->>'into', CASE WHEN d.kind = 'merge' THEN d.other_id::text END), "          \
    "r.detail->>'decision', coalesce(r.detail->'selector', d.detail->'selector'), "                \
    "r.detail->>'build_id', d.kind, r.detail->>'query' "                                                               \
    "FROM grouping_requests r LEFT JOIN grouping_decisions d "                                     \
    "ON r.kind = 'undo' AND d.id::text = r.detail->>'decision' "
/* clang-format on */

static void read_request(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct request_row *)ret = (struct request_row){
        .id = db_int(res, row, 0),
        .at = db_int(res, row, 1),
        .began_at = db_int(res, row, 2),
        .ended_at = db_int(res, row, 3),
        .actor = text_at(a, res, row, 4),
        .kind = text_at(a, res, row, 5),
        .state = text_at(a, res, row, 6),
        .total = count_at(res, row, 7),
        .done = count_at(res, row, 8),
        .problem = text_at(a, res, row, 9),
        .group = db_int(res, row, 10),
        .into = db_int(res, row, 11),
        .decision = db_int(res, row, 12),
        .selector = text_at(a, res, row, 13),
        .build_id = text_at(a, res, row, 14),
        .undone_kind = text_at(a, res, row, 15),
        .query = text_at(a, res, row, 16),
    };
}

int query_requests(struct db *d, struct arena *a, int64_t group, struct request_list *ret)
{
    static const struct db_query q = {
        "requests", REQUESTS "WHERE NOT r.detail @> '{\"preview\": true}' "
                             "AND ($1 IN (r.detail->>'group', r.detail->>'into', d.group_id::text, "
                             "d.other_id::text) "
                             " OR (r.kind = 'regroup' AND r.state IN ('waiting', 'running'))) "
                             "AND (r.state IN ('waiting', 'running') "
                             " OR coalesce(r.ended_at, r.at) > now() - interval '7 days') "
                             "ORDER BY r.id DESC LIMIT " TEXT_OF(REQUESTS_SHOWN)};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return FETCH(d, q, params, a, read_request, ret);
}

int query_open_requests(struct db *d, struct arena *a, struct request_list *ret)
{
    static const struct db_query q = {
        "open-requests", REQUESTS "WHERE NOT r.detail @> '{\"preview\": true}' "
                                  "AND (r.state IN ('waiting', 'running') OR (r.state = 'failed' "
                                  " AND coalesce(r.ended_at, r.at) > now() - interval '1 day')) "
                                  "ORDER BY r.id LIMIT " TEXT_OF(REQUESTS_WAITING_MAX)};

    return rows_fetch(d, &q, NULL, 0, a, read_request, sizeof(*ret->rows), &ret->rows, &ret->n);
}

int query_request(struct db *d, struct arena *a, int64_t id, struct request_row *ret)
{
    static const struct db_query q = {"request", REQUESTS "WHERE r.id = $1"};
    struct number key = number(id);
    const char *const params[] = {key.text};

    return FETCH_ONE(d, q, params, a, read_request, ret);
}

static int add_request(struct db *d, const struct request_new *n, int64_t *ret_id)
{
    static const struct db_query q = {
        "request-add",
        "WITH open AS (SELECT id, kind, detail FROM grouping_requests "
        " WHERE state IN ('waiting', 'running')), "
        "same AS (SELECT min(id) AS id FROM open WHERE kind = $2 AND detail = $3::jsonb), "
        "made AS (INSERT INTO grouping_requests (actor, kind, detail) SELECT $1, $2, $3::jsonb "
        " WHERE (SELECT id FROM same) IS NULL "
        " AND (SELECT count(*) FROM open) < " TEXT_OF(
            REQUESTS_WAITING_MAX) " RETURNING id) "
                                  "SELECT coalesce((SELECT id FROM made), (SELECT id FROM same)), "
                                  "EXISTS (SELECT FROM made)"};
    const char *const params[] = {n->audit->actor, n->kind, n->detail};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    *ret_id = db_int(res, 0, 0);
    return db_bool(res, 0, 1) ? query_audit(d, n->audit) : 0;
}

int query_request_add(struct db *d, const struct request_new *n, int64_t *ret_id)
{
    int64_t id = 0;
    int r = IN_TRANSACTION(d, add_request(d, n, &id));

    if (!r)
        *ret_id = id;
    return r;
}
