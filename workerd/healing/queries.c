/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be healed, and who heals. */
#include "workerd/healing/queries.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/search/where.h"

#include "workerd/params.h"

#define MOVE_PORTION "1000"

/* --- One healer for all hosts --- */

/* The number is any that nobody else takes. Asking again while it is ours only counts. */
int query_heal_lead(struct db *d, bool *ret)
{
    static const struct db_query q = {"heal-lead", "SELECT pg_try_advisory_lock(4848676362)"};
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, &q, NULL, 0, &res);

    if (r == 0)
        *ret = db_bool(res, 0, 0);
    return r;
}

int query_heal_follow(struct db *d)
{
    static const struct db_query q = {"heal-follow", "SELECT pg_advisory_unlock_all()"};

    return db_run(d, &q, NULL, 0, NULL);
}

/* --- Stacks --- */

/* "aa,bb" to its parts. */
static struct text_set split(const char *text, struct arena *a)
{
    struct text_set set = {0};
    char *rest, *p = arena_strdup(a, text ? text : "");

    set.texts = arena_array(a, const char *, strlen(p) / 2 + 1);
    for (p = strtok_r(p, ",", &rest); p; p = strtok_r(NULL, ",", &rest))
        set.texts[set.n++] = p;
    return set;
}

static void read_stacks(const PGresult *res, struct arena *a, struct heal_stacks *ret)
{
    ret->n = (size_t)PQntuples(res);
    ret->rows = arena_array(a, struct heal_stack, ret->n);
    for (size_t i = 0; i < ret->n; i++)
        ret->rows[i] = (struct heal_stack){
            .group_id = db_int(res, (int)i, 0),
            .stack_id = db_int(res, (int)i, 1),
            .build_ids = split(db_text(res, (int)i, 2), a),
        };
}

int query_heal_stacks(struct db *d, const struct text_set *build_ids, struct arena *a,
                      struct heal_stacks *ret)
{
    static const struct db_query q = {
        "heal-stacks",
        "SELECT g.group_id, g.stack_id, string_agg(m.build_id, ',' ORDER BY m.build_id) "
        "FROM modules m JOIN stack_modules s ON s.module_id = m.id "
        "JOIN group_stacks g ON g.stack_id = s.stack_id "
        "WHERE m.build_id = ANY ($1::text[]) AND g.events > g.without_core "
        "GROUP BY g.group_id, g.stack_id ORDER BY g.group_id, g.stack_id"};
    const char *const params[] = {array_text(build_ids, a)};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r == 0)
        read_stacks(res, a, ret);
    return r;
}

int query_heal_groups(struct db *d, struct arena *a, struct heal_stacks *ret)
{
    static const struct db_query q = {
        "heal-groups", "SELECT id, 0, '' FROM crash_groups WHERE merged_into IS NULL ORDER BY id"};
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, &q, NULL, 0, &res);

    if (r == 0)
        read_stacks(res, a, ret);
    return r;
}

/* --- Events --- */

static void read_events(const PGresult *res, struct arena *a, struct heal_events *ret)
{
    ret->n = (size_t)PQntuples(res);
    ret->rows = arena_array(a, struct heal_event, ret->n);
    for (size_t i = 0; i < ret->n; i++) {
        ret->rows[i] = (struct heal_event){.received_at = db_int(res, (int)i, 1)};
        strncat(ret->rows[i].crash_id, db_text(res, (int)i, 0), UUID_TEXT_SIZE - 1);
    }
}

/* Of a crash that was only counted there is nothing to analyse (8), nor of one without core (32).
 */
#define CURABLE "e.flags & 40 = 0"

int query_heal_events(struct db *d, const struct heal_stack *s, int64_t since,
                      const struct heal_event *after, size_t limit, struct arena *a,
                      struct heal_events *ret)
{
    static const struct db_query q = {
        "heal-events", "SELECT e.crash_id, " USEC(
                           "e.received_at") " FROM crash_events e "
                                            "WHERE e.group_id = $1::integer AND ($2::integer = 0 "
                                            "OR e.stack_id = $2::integer) "
                                            "AND (e.received_at, e.crash_id) > ($3::timestamptz, "
                                            "$4::uuid) AND " CURABLE " "
                                            "AND NOT EXISTS (SELECT FROM event_reanalyses r WHERE "
                                            "r.crash_id = e.crash_id "
                                            "                AND r.received_at = e.received_at AND "
                                            "r.at >= $5::timestamptz) "
                                            "ORDER BY e.received_at, e.crash_id LIMIT $6::integer"};
    struct number group = number(s->group_id), stack = number(s->stack_id);
    struct number rows = number((int64_t)limit);
    struct moment from = moment(after->received_at), mark = moment(since);
    const char *const params[] = {
        group.text, stack.text,
        from.text,  after->crash_id[0] ? after->crash_id : "00000000-0000-0000-0000-000000000000",
        mark.text,  rows.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r == 0)
        read_events(res, a, ret);
    return r;
}

/* $1, $2: behind which; $3: the time that the query is of; its own parameters follow. Conditions
 * may be dear, so they are asked of a portion only. */
#define PORTION       4000
#define MATCHING_OURS 3
#define MATCHING                                                                                   \
    "WITH portion AS MATERIALIZED (SELECT e.* FROM crash_events e "                                \
    "WHERE e.received_at >= $1::timestamptz AND e.received_at < $3::timestamptz "                  \
    "AND (e.received_at, e.crash_id) > ($1::timestamptz, $2::uuid) "                               \
    "ORDER BY e.received_at, e.crash_id LIMIT %d) "                                                \
    "SELECT e.crash_id, " USEC("e.received_at") ", " CURABLE " AND NOT EXISTS (SELECT "            \
                                                "FROM event_reanalyses r WHERE r.crash_id = "      \
                                                "e.crash_id AND r.received_at = e.received_at "    \
                                                "AND r.at >= $3::timestamptz) AND %s FROM "        \
                                                "portion e ORDER BY e.received_at, e.crash_id"

static int run_matching(struct db *d, const struct search_query *q, int64_t since,
                        const struct heal_event *after, struct arena *a, PGresult **ret)
{
    static const char first[] = "00000000-0000-0000-0000-000000000000";
    struct moment from = moment(after->received_at), mark = moment(since);
    const char *params[MATCHING_OURS + SEARCH_PARAMS_MAX] = {
        from.text, after->crash_id[0] ? after->crash_id : first, mark.text};
    struct search_where w;

    search_where(q, SEARCH_EVENTS, MATCHING_OURS + 1, since, a, &w);
    memcpy(&params[MATCHING_OURS], w.params, w.n_params * sizeof(params[0]));
    return db_run_once(d, arena_printf(a, MATCHING, PORTION, w.text), params,
                       MATCHING_OURS + w.n_params, ret);
}

int query_heal_matching(struct db *d, const struct search_query *q, int64_t since,
                        const struct heal_event *after, struct arena *a, struct heal_events *ret,
                        struct heal_event *ret_next, bool *ret_more)
{
    _cleanup_result_ PGresult *res = NULL;
    struct heal_events all;
    int r = run_matching(d, q, since, after, a, &res);

    if (r)
        return r;
    read_events(res, a, &all);
    *ret_more = all.n == PORTION;
    if (all.n > 0)
        *ret_next = all.rows[all.n - 1];
    ret->rows = all.rows;
    ret->n = 0;
    for (size_t i = 0; i < all.n; i++)
        if (db_bool(res, (int)i, 2))
            ret->rows[ret->n++] = all.rows[i];
    return 0;
}

int query_heal_one(struct db *d, const char *crash_id, struct arena *a, struct heal_events *ret)
{
    static const struct db_query q = {
        "heal-one", "SELECT e.crash_id, " USEC(
                        "e.received_at") " "
                                         "FROM crash_events e WHERE e.crash_id = $1::uuid "
                                         "AND e.flags & 8 = 0 LIMIT 1"};
    const char *const params[] = {crash_id};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r == 0)
        read_events(res, a, ret);
    return r;
}

/* --- Following a merged group --- */

/* Each portion commits by itself: everything that is counted has moved before. */
int query_heal_move(struct db *d, bool *ret_more)
{
    static const struct db_query move = {
        "heal-move",
        "WITH g AS (SELECT id, merged_into FROM crash_groups WHERE moving ORDER BY id LIMIT 1), "
        "part AS (SELECT e.crash_id, e.received_at FROM crash_events e "
        "         WHERE e.group_id = (SELECT id FROM g) LIMIT " MOVE_PORTION "), "
        "moved AS (UPDATE crash_events e SET group_id = g.merged_into FROM g, part "
        "          WHERE e.crash_id = part.crash_id AND e.received_at = part.received_at "
        "          AND e.group_id = g.id RETURNING 1), "
        "done AS (UPDATE crash_groups SET moving = false WHERE id = (SELECT id FROM g) "
        "         AND NOT EXISTS (SELECT FROM part) RETURNING 1) "
        "SELECT count(*) > 0 FROM g"};
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, &move, NULL, 0, &res);

    if (r == 0)
        *ret_more = db_bool(res, 0, 0);
    return r;
}
