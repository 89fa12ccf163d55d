/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/keys.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"

#include "workerd/keys.h"
#include "workerd/params.h"

#define PORTION "500"

/* Also those that got a key while a decision was made that splits it. Where base is NULL nobody can
 * read the frames. */
#define SPLIT                                                                                      \
    "s.base IS NOT NULL AND (s.key IN (SELECT base FROM key_splits) OR "                           \
    "                        s.more_keys && (SELECT array_agg(base) FROM key_splits))"
#define DUE "(s.grouped <> $1 OR " SPLIT ")"

const uint8_t *regroup_bytes(const PGresult *res, int row, int column, struct arena *a)
{
    const char *text = db_text(res, row, column);
    uint8_t *bytes = arena_alloc(a, SHA256_SIZE);

    return text && hex_decode(str_from(text), bytes, SHA256_SIZE) == 0 ? bytes : NULL;
}

/* Every second: by indexes alone. */
int regroup_keys_any(struct db *d, const char *grouped, bool *ret)
{
    static const struct db_query q = {
        "regroup-any", "SELECT EXISTS (SELECT FROM stacks WHERE grouped < $1) "
                       "OR EXISTS (SELECT FROM stacks WHERE grouped > $1) "
                       "OR EXISTS (SELECT FROM key_splits k JOIN stacks s ON s.key = k.base "
                       "           WHERE s.base IS NOT NULL)"};
    const char *const params[] = {grouped};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r == 0)
        *ret = db_bool(res, 0, 0);
    return r;
}

int regroup_keys_due(struct db *d, const struct regroup_way *way, int64_t *ret)
{
    static const struct db_query q = {"regroup-due", "SELECT count(*) FROM stacks s WHERE " DUE};
    const char *const params[] = {way->grouped};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r == 0)
        *ret = db_int(res, 0, 0);
    return r;
}

/* --- One stack --- */

static int keep_lineage(struct db *d, const struct old_stack *old, const struct restacked *s)
{
    static const struct db_query q = {"regroup-lineage",
                                      "INSERT INTO stack_lineages (stack_id, key, lot) "
                                      "VALUES ($1, $2::bytea, $3::bytea) "
                                      "ON CONFLICT DO NOTHING"};
    struct number id = number(old->id);
    struct digest_text key = old->key ? digest_text(old->key) : (struct digest_text){""};
    struct digest_text lot = digest_text(s->lineage);
    const char *const params[] = {id.text, old->key ? key.text : NULL, lot.text};

    if (old->key && memcmp(s->keys.key, old->key, SHA256_SIZE) == 0)
        return 0;
    return RUN(d, q, params, NULL);
}

/* frames and facts are written only where they changed, and so is the digest: that of a stack of
 * before, when rows had no facts, unless another stack has it meanwhile. */
static int write_stack(struct db *d, const struct regroup_way *way, const struct old_stack *old,
                       const struct restacked *s, struct arena *a)
{
    static const struct db_query q = {
        "regroup-stack",
        "UPDATE stacks AS s SET "
        "    frames = CASE WHEN s.frames <> $2::jsonb THEN $2::jsonb ELSE s.frames END, "
        "    facts = CASE WHEN s.facts = '{}' THEN $3::jsonb ELSE s.facts END, "
        "    digest = CASE WHEN s.facts = '{}' AND $3::jsonb <> '{}' "
        "                  AND NOT EXISTS (SELECT FROM stacks o WHERE o.digest = $4::bytea) "
        "             THEN $4::bytea ELSE s.digest END, "
        "    functions = $5::text[], base = $6::bytea, key = $7::bytea, "
        "    more_keys = $8::bytea[], quality = $9, title = $10, title_rank = $11, grouped = $12, "
        "    judged = $13::jsonb, splits = $14::integer[] "
        "WHERE s.id = $1"};
    struct number id = number(old->id), quality = number(s->quality), rank = number(s->title_rank);
    struct digest_text digest = digest_text(s->row->digest), base = digest_text(s->keys.base);
    struct digest_text key = digest_text(s->keys.key);
    const char *const params[] = {id.text,
                                  s->row->frames,
                                  s->row->facts,
                                  digest.text,
                                  array_text(&s->row->functions, a),
                                  base.text,
                                  key.text,
                                  keys_text(s->keys.more, s->keys.n_more, a),
                                  quality.text,
                                  s->title,
                                  rank.text,
                                  way->grouped,
                                  s->row->judged,
                                  keys_decisions(&s->keys, a)};

    return RUN(d, q, params, NULL);
}

/* Such a stack keeps its key. */
static int pass_over(struct db *d, const struct regroup_way *way, const struct old_stack *old)
{
    static const struct db_query q = {"regroup-pass", "UPDATE stacks SET grouped = $2, base = NULL "
                                                      "WHERE id = $1"};
    struct number id = number(old->id);
    const char *const params[] = {id.text, way->grouped};

    return RUN(d, q, params, NULL);
}

static int change(struct db *d, struct blob_store *store, const struct regroup_way *way,
                  const struct old_stack *old)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct restacked s;
    int r = restack(d, store, way, old, &a, &s);

    if (r == 0 && s.unreadable)
        return pass_over(d, way, old);
    if (r == 0)
        r = keep_lineage(d, old, &s);
    return r ? r : write_stack(d, way, old, &s, &a);
}

/* --- A portion --- */

static int change_all(struct db *d, struct blob_store *store, const struct regroup_way *way,
                      int64_t *after, int64_t *ret)
{
    static const struct db_query q = {
        "regroup-portion",
        "SELECT s.id, s.frames::text, nullif(s.facts::text, '{}'), s.title, encode(s.base, 'hex'), "
        "       encode(s.key, 'hex') FROM stacks s WHERE " DUE
        " AND s.id > $2 ORDER BY s.id LIMIT " PORTION " FOR NO KEY UPDATE"};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct number from = number(*after);
    const char *const params[] = {way->grouped, from.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    for (int i = 0; r == 0 && i < PQntuples(res); i++) {
        const struct old_stack old = {
            .id = db_int(res, i, 0),
            .frames = db_text(res, i, 1),
            .facts = db_text(res, i, 2),
            .title = db_text(res, i, 3),
            .base = regroup_bytes(res, i, 4, &a),
            .key = regroup_bytes(res, i, 5, &a),
        };

        r = change(d, store, way, &old);
    }
    if (r)
        return r;
    *ret = PQntuples(res);
    if (*ret > 0)
        *after = db_int(res, (int)*ret - 1, 0);
    return 0;
}

int regroup_keys_portion(struct db *d, struct blob_store *store, const struct regroup_way *way,
                         int64_t *after, int64_t *ret)
{
    int64_t reached = *after;
    struct regroup_way now = *way;
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    int r = db_begin(d);

    if (r == 0)
        r = keys_splits(d, &a, &now.splits);
    if (r == 0)
        r = change_all(d, store, &now, &reached, ret);
    if (r == 0)
        r = db_commit(d);
    if (r)
        db_rollback(d);
    else
        *after = reached;
    return r;
}
