/* SPDX-License-Identifier: Apache-2.0 */
/* What people decide: each decision is one transaction that changes where keys lead, or which keys
 * stacks have, and writes down what it takes to undo it. Events follow in the steps behind it. */
#include "workerd/regroup/request.h"

#include <string.h>

#include "common/base/cleanup.h"

#include "workerd/healing/regroup.h"
#include "workerd/params.h"
#include "workerd/regroup/stackless.h"

/* In a transaction: what has to be done is written, and the next step is due. */
static int transact(struct request *r, int (*change)(struct request *r))
{
    int e = db_begin(r->w->db);

    if (e)
        return e;
    e = change(r);
    if (e == 0)
        e = request_advance(r);
    if (e == 0)
        e = db_commit(r->w->db);
    if (e)
        db_rollback(r->w->db);
    return e;
}

static int audit(struct request *r, const char *action, int64_t group, const char *detail)
{
    static const struct db_query q = {"decision-audit",
                                      "INSERT INTO audit_log (actor, action, subject, detail) "
                                      "VALUES ($1, $2, 'G-' || $3::integer, $4::jsonb)"};
    struct number id = number(group);
    const char *const params[] = {r->actor, action, id.text, detail};

    return RUN(r->w->db, q, params, NULL);
}

/* The group that has this number today, locked together with another one (0: none). */
struct pair {
    int64_t group, other;
};

/* Numbers lead on to where their groups were merged. */
static int lock_pair(struct request *r, int64_t group, int64_t other, struct pair *ret)
{
    static const struct db_query q = {
        "decision-lock",
        "SELECT id FROM crash_groups WHERE id IN (SELECT coalesce(merged_into, id) "
        "FROM crash_groups WHERE id IN ($1, $2)) "
        "ORDER BY id FOR NO KEY UPDATE"};
    static const struct db_query where = {
        "decision-where",
        "SELECT (SELECT coalesce(merged_into, id) FROM crash_groups WHERE id = $1), "
        "       (SELECT coalesce(merged_into, id) FROM crash_groups WHERE id = $2)"};
    struct number one = number(group), two = number(other);
    const char *const params[] = {one.text, two.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(r->w->db, q, params, NULL);

    if (e == 0)
        e = RUN(r->w->db, where, params, &res);
    if (e)
        return e;
    *ret = (struct pair){db_int(res, 0, 0), db_int(res, 0, 1)};
    return 0;
}

/* --- Merging --- */

/* $1 the group that goes, $2 the one that stays. */
static int write_merge(struct request *r, const struct pair *p)
{
    static const struct db_query q = {
        "decision-merge",
        "WITH d AS (INSERT INTO grouping_decisions (actor, kind, group_id, other_id, detail) "
        "SELECT $3, 'merge', i.id, g.id, jsonb_build_object("
        "    'status', g.status, 'title', g.title, 'into', jsonb_build_object("
        "        'status', i.status, 'resolved_at', i.resolved_at, 'resolved_by', i.resolved_by, "
        "        'title', i.title, 'title_rank', i.title_rank, "
        "        'stacks', (SELECT coalesce(jsonb_agg(stack_id ORDER BY stack_id), '[]') "
        "                   FROM group_stacks WHERE group_id = i.id)), "
        "    'led', (SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM crash_groups "
        "            WHERE merged_into = g.id), "
        "    'keys', (SELECT coalesce(jsonb_agg(encode(fingerprint, 'hex') ORDER BY 1), '[]') "
        "             FROM group_fingerprints WHERE group_id = g.id), "
        "    'stackless', " STACKLESS_OF(
            "g.id") ", "
                    "    'stacks', (SELECT coalesce(jsonb_agg(stack_id ORDER BY stack_id), '[]') "
                    "               FROM group_stacks WHERE group_id = g.id)) "
                    "FROM crash_groups g, crash_groups i WHERE g.id = $1 AND i.id = $2 RETURNING "
                    "id) "
                    "UPDATE grouping_requests q SET detail = q.detail || "
                    "jsonb_build_object('decision', d.id) "
                    "FROM d WHERE q.id = $4"};
    static const struct db_query hold = {"decision-hold",
                                         "UPDATE crash_groups SET held = true WHERE id = $1"};
    struct number group = number(p->group), into = number(p->other), id = number(r->id);
    const char *const params[] = {group.text, into.text, r->actor, id.text};
    const char *const held[] = {into.text};
    int e = RUN(r->w->db, q, params, NULL);

    if (e == 0)
        e = RUN(r->w->db, hold, held, NULL);
    return e ? e : regroup_merge(r->w->db, p->other, p->group, r->actor);
}

static int merge(struct request *r)
{
    struct pair p;
    int e = lock_pair(r, r->group, r->into, &p);

    if (e)
        return e;
    if (!p.group || !p.other)
        return request_refuse(r, "there is no such group");
    if (p.group == p.other)
        return request_refuse(r, "they are one group already");
    return write_merge(r, &p);
}

int step_merge(struct request *r)
{
    return transact(r, merge);
}

/* --- Undoing a merge --- */

/* Of the decision $1, while $2 has what was $3: keys that were the other's, or that its stacks have
 * now, but not those that stacks of the survivor's own share. */
#define GIVEN_BACK                                                                                 \
    "WITH d AS (SELECT detail FROM grouping_decisions WHERE id = $1), "                            \
    "theirs AS (SELECT decode(k, 'hex') AS key FROM d, jsonb_array_elements_text(d.detail -> "     \
    "               'keys') AS k "                                                                 \
    "           UNION SELECT unnest(s.key || s.more_keys) FROM d, "                                \
    "               jsonb_array_elements_text(d.detail -> 'stacks') AS i "                         \
    "               JOIN stacks s ON s.id = i::integer), "                                         \
    "own AS (SELECT unnest(s.key || s.more_keys) AS key FROM d, "                                  \
    "            jsonb_array_elements_text(d.detail -> 'into' -> 'stacks') AS i "                  \
    "            JOIN stacks s ON s.id = i::integer) "

static int count_shared(struct request *r, const char *const params[2])
{
    static const struct db_query q = {"undo-shared", GIVEN_BACK
                                      "SELECT count(*) FROM theirs JOIN own USING (key) "
                                      "JOIN group_fingerprints f ON f.fingerprint = own.key "
                                      "WHERE f.group_id = $2"};
    _cleanup_result_ PGresult *res = NULL;
    int e = db_run(r->w->db, &q, params, 2, &res);

    if (e == 0 && db_int(res, 0, 0) > 0)
        (void)request_refuse(r, "some of its crashes cannot be told from those of the other group");
    return e;
}

static int return_stackless(struct request *r, int64_t from, int64_t to)
{
    int64_t left = 0;
    int e = stackless_return(r->w->db, r->decision, from, to, &left);

    if (e == 0 && left > 0 && !r->problem[0])
        (void)request_refuse(r, "crashes without a stack that came since, or were only counted, "
                                "stay where they are");
    return e;
}

/* $1 the decision, $2 the group that has all, $3 the one that comes back, $4 who undoes it, $5 the
 * request. What a person has changed since then stays. */
static const struct db_query undo_steps[] = {
    {"undo-keys", GIVEN_BACK "UPDATE group_fingerprints f SET group_id = $3 FROM theirs "
                             "WHERE f.fingerprint = theirs.key AND f.group_id = $2 "
                             "AND NOT EXISTS (SELECT FROM own WHERE own.key = f.fingerprint)"},
    {"undo-led",
     "UPDATE crash_groups SET merged_into = $3 WHERE merged_into = $2 AND id IN (SELECT i::integer "
     "FROM grouping_decisions d, jsonb_array_elements_text(d.detail -> 'led') AS i "
     "WHERE d.id = $1)"},
    {"undo-back", "UPDATE crash_groups SET merged_into = NULL WHERE id = $3 "
                  "AND $1::integer + $2::integer IS NOT NULL"},
    /* What the survivor rests by is the other's when that was the only one that rested. */
    {"undo-rest", "UPDATE group_rests r SET group_id = $3 FROM crash_groups i, crash_groups g, "
                  "(SELECT detail -> 'into' AS b FROM grouping_decisions WHERE id = $1) x "
                  "WHERE r.group_id = $2 AND i.id = $2 AND g.id = $3 AND i.status = g.status "
                  "AND b ->> 'status' = 'new'"},
    {"undo-state",
     "UPDATE crash_groups i SET "
     "    status = CASE WHEN i.status = g.status THEN b ->> 'status' ELSE i.status END, "
     "    resolved_at = CASE WHEN i.status = g.status THEN (b ->> 'resolved_at')::timestamptz "
     "                  ELSE i.resolved_at END, "
     "    resolved_by = CASE WHEN i.status = g.status THEN (b ->> 'resolved_by')::integer "
     "                  ELSE i.resolved_by END, "
     "    title = CASE WHEN i.title = g.title THEN b ->> 'title' ELSE i.title END, "
     "    title_rank = CASE WHEN i.title = g.title THEN (b ->> 'title_rank')::smallint "
     "                 ELSE i.title_rank END "
     "FROM crash_groups g, (SELECT detail -> 'into' AS b FROM grouping_decisions WHERE id = $1) x "
     "WHERE i.id = $2 AND g.id = $3"},
    {"undo-held",
     "UPDATE crash_groups SET held = EXISTS (SELECT FROM grouping_decisions d "
     "    WHERE d.group_id = $2 AND d.kind = 'merge' AND d.undone_at IS NULL AND d.id <> $1) "
     "WHERE id = $2 AND $3::integer IS NOT NULL"},
};

static int mark_undone(struct request *r)
{
    static const struct db_query q = {
        "undo-mark", "UPDATE grouping_decisions SET undone_at = now(), undone_by = $2 "
                     "WHERE id = $1"};
    struct number id = number(r->decision);
    const char *const params[] = {id.text, r->actor};

    return RUN(r->w->db, q, params, NULL);
}

static int keep_group(struct request *r, int64_t group)
{
    static const struct db_query q = {
        "undo-keep", "UPDATE grouping_requests SET problem = nullif($3, ''), "
                     "detail = detail || jsonb_build_object('keep', $2::integer) WHERE id = $1"};
    struct number id = number(r->id), keep = number(group);
    const char *const params[] = {id.text, keep.text, r->problem};

    r->keep = group;
    return RUN(r->w->db, q, params, NULL);
}

/* Where the decision stands; locked. */
static int read_decision(struct request *r, int64_t *ret_group, int64_t *ret_other)
{
    static const struct db_query q = {"undo-decision",
                                      "SELECT group_id, other_id, undone_at IS NOT NULL "
                                      "FROM grouping_decisions WHERE id = $1 FOR UPDATE"};
    struct number id = number(r->decision);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(r->w->db, q, params, &res);

    if (e)
        return e;
    if (PQntuples(res) == 0 || db_bool(res, 0, 2))
        return request_refuse(r, "it was undone already");
    *ret_group = db_int(res, 0, 0);
    *ret_other = db_int(res, 0, 1);
    return 0;
}

/* The groups: which has all now, and the one that comes back, which leads to it. */
static int lock_merged(struct request *r, int64_t other, int64_t *ret_survivor)
{
    static const struct db_query q = {
        "undo-lock", "SELECT g.merged_into FROM crash_groups g WHERE g.id = $1 FOR NO KEY UPDATE"};
    struct pair p;
    struct number id = number(other);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = lock_pair(r, other, 0, &p);

    if (e == 0)
        e = RUN(r->w->db, q, params, &res);
    if (e)
        return e;
    if (PQntuples(res) == 0 || db_int(res, 0, 0) == 0)
        return request_refuse(r, "the groups are apart already");
    *ret_survivor = db_int(res, 0, 0);
    return *ret_survivor == p.group ? 0 : DB_RETRY;
}

static int undo_merge(struct request *r)
{
    int64_t group, other = 0, survivor = 0;
    int e = read_decision(r, &group, &other);

    if (e == 0)
        e = lock_merged(r, other, &survivor);
    if (e)
        return e;
    struct number decision = number(r->decision), from = number(survivor), back = number(other);
    const char *const params[] = {decision.text, from.text, back.text};

    r->problem[0] = '\0';
    e = count_shared(r, params);
    for (size_t i = 0; i < ARRAY_SIZE(undo_steps) && e == 0; i++)
        e = RUN(r->w->db, undo_steps[i], params, NULL);
    if (e == 0)
        e = return_stackless(r, survivor, other);
    if (e == 0)
        e = mark_undone(r);
    if (e == 0)
        e = keep_group(r, survivor);
    return e ? e
             : audit(r, "group.unmerge", other,
                     arena_printf(r->arena, "{\"from\":\"G-%lld\"}", (long long)survivor));
}

int step_undo_merge(struct request *r)
{
    return transact(r, undo_merge);
}

/* --- Splitting --- */

/* Stacks of a group are to be grouped anew, and had one key between them: so that the largest part
 * of all is what stays. $1 the group, $2 what stands for that key. */
static const struct db_query unsettle[] = {
    {"split-lineage", "INSERT INTO stack_lineages (stack_id, key, lot) "
                      "SELECT s.id, s.key, sha256(convert_to($2, 'UTF8')) FROM group_stacks g "
                      "JOIN stacks s ON s.id = g.stack_id WHERE g.group_id = $1 "
                      "ON CONFLICT (stack_id) DO UPDATE SET lot = excluded.lot"},
    {"split-stacks", "UPDATE stacks SET grouped = '' WHERE $2 <> '' "
                     "AND id IN (SELECT stack_id FROM group_stacks WHERE group_id = $1)"},
};

static int regroup_stacks(struct request *r, int64_t group, int64_t decision)
{
    struct number id = number(group);
    const char *const params[] = {id.text,
                                  arena_printf(r->arena, "split %lld", (long long)decision)};
    int e = RUN(r->w->db, unsettle[0], params, NULL);

    return e ? e : RUN(r->w->db, unsettle[1], params, NULL);
}

static int write_split(struct request *r, int64_t group, int64_t *ret)
{
    static const struct db_query q = {
        "split-decision",
        "WITH d AS (INSERT INTO grouping_decisions (actor, kind, group_id, detail) "
        "    VALUES ($3, 'split', $1, jsonb_build_object('selector', $2::jsonb)) RETURNING id), "
        "q AS (UPDATE grouping_requests SET detail = detail || jsonb_build_object("
        "    'decision', d.id) FROM d WHERE grouping_requests.id = $4), "
        "keys AS (SELECT fingerprint AS key FROM group_fingerprints WHERE group_id = $1 "
        "    UNION SELECT unnest(s.key || s.more_keys) FROM group_stacks g "
        "    JOIN stacks s ON s.id = g.stack_id WHERE g.group_id = $1), "
        "k AS (INSERT INTO key_splits (base, selector, decision_id) "
        "    SELECT keys.key, $2::jsonb, d.id FROM keys, d WHERE keys.key IS NOT NULL "
        "    ON CONFLICT DO NOTHING), "
        "g AS (UPDATE crash_groups SET held = false, split_hint = NULL WHERE id = $1) "
        "SELECT id FROM d"};
    struct number id = number(group), request = number(r->id);
    const char *const params[] = {id.text, r->selector, r->actor, request.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(r->w->db, q, params, &res);

    if (e == 0)
        *ret = db_int(res, 0, 0);
    return e;
}

static int split(struct request *r)
{
    struct selector selector;
    int64_t decision = 0;
    struct pair p;
    int e = lock_pair(r, r->group, 0, &p);

    if (e)
        return e;
    if (!p.group)
        return request_refuse(r, "there is no such group");
    if (!r->selector || selector_parse(str_from(r->selector), &selector) < 0)
        return request_refuse(r, "nothing says by what it is to be split");
    e = preview_tells_apart(r, p.group, &selector);
    if (e == 0)
        e = write_split(r, p.group, &decision);
    if (e == 0)
        e = regroup_stacks(r, p.group, decision);
    return e ? e : audit(r, "group.split", p.group, r->selector);
}

int step_split(struct request *r)
{
    return transact(r, split);
}

/* --- Undoing a split --- */

/* Stacks that the decision $1 is about. */
#define PARTS "(SELECT s.id, s.key FROM stacks s WHERE s.splits @> ARRAY[$1::integer])"

/* What was split off leads back; the decision itself still holds, until all have followed. */
static int undo_split(struct request *r)
{
    static const struct db_query lock = {
        "unsplit-lock", "SELECT id FROM crash_groups WHERE id = $2 OR id IN (SELECT f.group_id "
                        "FROM group_fingerprints f JOIN " PARTS " p ON p.key = f.fingerprint) "
                        "ORDER BY id FOR NO KEY UPDATE"};
    static const struct db_query keys = {"unsplit-keys",
                                         "UPDATE group_fingerprints SET group_id = $2 "
                                         "WHERE fingerprint IN (SELECT key FROM " PARTS " p)"};
    int64_t group = 0, none;
    struct pair p;
    int e = read_decision(r, &group, &none);

    if (e == 0)
        e = lock_pair(r, group, 0, &p);
    if (e)
        return e;
    struct number decision = number(r->decision), id = number(p.group);
    const char *const params[] = {decision.text, id.text};

    e = RUN(r->w->db, lock, params, NULL);
    return e ? e : RUN(r->w->db, keys, params, NULL);
}

int step_undo_split(struct request *r)
{
    return transact(r, undo_split);
}

static int unsplit(struct request *r)
{
    static const struct db_query drop = {"unsplit-drop",
                                         "DELETE FROM key_splits WHERE decision_id = $1"};
    static const struct db_query hold = {
        "unsplit-hold", "UPDATE crash_groups SET held = EXISTS (SELECT FROM grouping_decisions d "
                        "    WHERE d.group_id = $1 AND d.kind = 'merge' AND d.undone_at IS NULL) "
                        "WHERE id = $1"};
    int64_t group = 0, none;
    struct pair p;
    int e = read_decision(r, &group, &none);

    if (e == 0)
        e = lock_pair(r, group, 0, &p);
    if (e)
        return e;
    struct number decision = number(r->decision), id = number(p.group);
    const char *const dropped[] = {decision.text}, *const held[] = {id.text};

    e = regroup_stacks(r, p.group, r->decision);
    if (e == 0)
        e = RUN(r->w->db, drop, dropped, NULL);
    if (e == 0)
        e = RUN(r->w->db, hold, held, NULL);
    if (e == 0)
        e = mark_undone(r);
    return e ? e : audit(r, "group.unsplit", p.group, "{}");
}

int step_unsplit(struct request *r)
{
    return transact(r, unsplit);
}
