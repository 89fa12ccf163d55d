/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/detection.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"

#include "workerd/params.h"
#include "workerd/regroup/detector.h"

#define GROUPS_AT_ONCE "20"
#define TEXT_OF(macro) TEXT_OF_(macro)
#define TEXT_OF_(n)    #n

/* A group that is due, and what people have said of it. */
struct subject {
    int64_t id;
    const char *since;     /* as the row has it: later changes make it another */
    const char *dismissed; /* JSON; NULL */
    bool open;             /* not merged into another, nor held together by a merge */
};

/* --- Which groups --- */

bool detection_due(struct db *d)
{
    static const struct db_query q = {"detect-due", "SELECT EXISTS (SELECT FROM hints_due)"};
    _cleanup_result_ PGresult *res = NULL;

    return db_run(d, &q, NULL, 0, &res) == 0 && db_bool(res, 0, 0);
}

int detection_ask(struct db *d)
{
    static const struct db_query q = {
        "detect-ask", "INSERT INTO hints_due (group_id) SELECT group_id FROM group_stacks "
                      "GROUP BY group_id HAVING count(*) > 1 ON CONFLICT DO NOTHING"};

    return db_run(d, &q, NULL, 0, NULL);
}

static int find_subjects(struct db *d, struct arena *a, struct subject **ret, size_t *ret_n)
{
    static const struct db_query q = {
        "detect-next", "SELECT n.group_id, n.since, g.hint_dismissed::text, "
                       "       coalesce(g.merged_into IS NULL AND NOT g.held, false) "
                       "FROM hints_due n LEFT JOIN crash_groups g ON g.id = n.group_id "
                       "ORDER BY n.since LIMIT " GROUPS_AT_ONCE};
    _cleanup_result_ PGresult *res = NULL;
    struct subject *rows;
    int r = db_run(d, &q, NULL, 0, &res);

    if (r)
        return r;
    rows = arena_array(a, struct subject, (size_t)PQntuples(res) + 1);
    for (int i = 0; i < PQntuples(res); i++)
        rows[i] = (struct subject){
            .id = db_int(res, i, 0),
            .since = arena_strdup(a, db_text(res, i, 1)),
            .dismissed = db_text(res, i, 2) ? arena_strdup(a, db_text(res, i, 2)) : NULL,
            .open = db_bool(res, i, 3),
        };
    *ret = rows;
    *ret_n = (size_t)PQntuples(res);
    return 0;
}

/* --- What is known of one --- */

static int read_profiles(struct db *d, int64_t group, struct arena *a, struct profile **ret,
                         size_t *ret_n)
{
    static const struct db_query q = {
        "detect-stacks",
        "SELECT jsonb_path_query_array(s.frames, "
        "           '$[*] ? (@.verdict == \"kept\" || @.verdict == \"limit\")')::text, "
        "       s.facts::text, s.judged::text, m.events "
        "FROM group_stacks m JOIN stacks s ON s.id = m.stack_id WHERE m.group_id = $1 "
        "ORDER BY m.events DESC, m.stack_id LIMIT " TEXT_OF(DETECTOR_STACKS_MAX)};
    struct number id = number(group);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    struct profile *profiles;
    size_t n = 0;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    profiles = arena_array(a, struct profile, (size_t)PQntuples(res) + 1);
    for (int i = 0; i < PQntuples(res); i++) {
        profiles[n].events = db_int(res, i, 3);
        if (profile_read(str_from(db_text(res, i, 0)), str_from(db_text(res, i, 1)),
                         str_from(db_text(res, i, 2)), a, &profiles[n]) == 0)
            n++;
    }
    *ret = profiles;
    *ret_n = n;
    return 0;
}

/* By which it was split, also if that was undone; and what the splits were that it came out of. */
static int read_decided(struct db *d, int64_t group, struct arena *a, struct hint_past *past)
{
    static const struct db_query q = {
        "detect-decided",
        "SELECT (d.detail -> 'selector')::text FROM grouping_decisions d "
        "WHERE d.kind = 'split' AND (d.group_id = $1 OR d.id IN ("
        "    SELECT unnest(s.splits) FROM group_stacks m JOIN stacks s ON s.id = m.stack_id "
        "    WHERE m.group_id = $1))"};
    struct number id = number(group);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    struct selector *decided;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    decided = arena_array(a, struct selector, (size_t)PQntuples(res) + 1);
    for (int i = 0; i < PQntuples(res); i++)
        past->n_decided +=
            selector_parse(str_from(db_text(res, i, 0)), &decided[past->n_decided]) == 0;
    past->decided = decided;
    return 0;
}

/* --- One group --- */

/* What a person said meanwhile is not overwritten: the row that is due then stays, too. */
static int write_hint(struct db *d, const struct subject *s, const char *hint)
{
    static const struct db_query write = {
        "detect-write", "UPDATE crash_groups SET split_hint = $2::jsonb WHERE id = $1 "
                        "AND split_hint IS DISTINCT FROM $2::jsonb "
                        "AND hint_dismissed IS NOT DISTINCT FROM $3::jsonb"};
    static const struct db_query done = {
        "detect-done", "DELETE FROM hints_due WHERE group_id = $1 AND since = $2::timestamptz "
                       "AND NOT EXISTS (SELECT FROM crash_groups WHERE id = $1 "
                       "                AND hint_dismissed IS DISTINCT FROM $3::jsonb)"};
    struct number id = number(s->id);
    const char *const written[] = {id.text, hint, s->dismissed};
    const char *const over[] = {id.text, s->since, s->dismissed};
    int r = RUN(d, write, written, NULL);

    return r ? r : RUN(d, done, over, NULL);
}

static int find_hint(struct db *d, const struct subject *s, struct arena *a, struct buf *b)
{
    struct split_hint dismissed, h;
    struct hint_past past = {.dismissed = &dismissed};
    struct profile *profiles = NULL;
    size_t n = 0;
    int r = read_profiles(d, s->id, a, &profiles, &n);

    if (r == 0)
        r = read_decided(d, s->id, a, &past);
    if (r)
        return r;
    hint_parse(s->dismissed, a, &dismissed);
    detector_look(profiles, n, &past, a, &h);
    if (h.any)
        hint_format(&h, b);
    return 0;
}

static int look(struct db *d, const struct subject *s)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(HINT_JSON_MAX);
    int r = s->open ? find_hint(d, s, &a, &b) : 0;

    if (r)
        return r;
    return write_hint(d, s, b.len > 0 && buf_error(&b) == 0 ? buf_text(&b) : NULL);
}

/* What PostgreSQL refuses for good must not stand in the way of all others. */
static int pass_over(struct db *d, const struct subject *s)
{
    static const struct db_query q = {"detect-pass", "DELETE FROM hints_due WHERE group_id = $1"};
    struct number id = number(s->id);
    const char *const params[] = {id.text};

    log_error("cannot look for a split", LOG_INT("group", s->id), LOG_STR("reason", db_message(d)));
    return RUN(d, q, params, NULL);
}

int detection_run(struct db *d)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct subject *subjects = NULL;
    size_t n = 0;
    int r = find_subjects(d, &a, &subjects, &n);

    for (size_t i = 0; i < n && r == 0; i++) {
        r = look(d, &subjects[i]);
        if (r == DB_REFUSED)
            r = pass_over(d, &subjects[i]);
    }
    return r;
}
