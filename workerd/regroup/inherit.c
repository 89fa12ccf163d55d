/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/inherit.h"

#include <string.h>

#include "common/base/cleanup.h"

#include "workerd/keys.h"
#include "workerd/params.h"
#include "workerd/regroup/keys.h"

static int write_split(struct db *d, const struct key_split *from, const uint8_t base[SHA256_SIZE])
{
    static const struct db_query q = {
        "inherit-write",
        "INSERT INTO key_splits (base, selector, decision_id) "
        "SELECT $2::bytea, selector, decision_id FROM key_splits WHERE base = $1::bytea "
        "ON CONFLICT DO NOTHING"};
    struct digest_text old = digest_text(from->base), key = digest_text(base);
    const char *const params[] = {old.text, key.text};

    return RUN(d, q, params, NULL);
}

/* The grouping with no decision at all gives the keys that decisions are about. */
static int inherit(struct db *d, struct blob_store *store, const struct regroup_way *way,
                   const struct old_stack *old, bool write, struct key_splits *splits,
                   struct key_split *rows)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const struct key_split *from = splits_find(splits, old->base);
    struct restacked now;
    int r = restack(d, store, way, old, &a, &now);

    for (size_t i = 0; from && r == 0 && !now.unreadable && i < now.grouping.n_keys; i++) {
        struct key_split more = *from;

        if (splits_find(splits, now.grouping.keys[i].digest))
            continue;
        memcpy(more.base, now.grouping.keys[i].digest, SHA256_SIZE);
        rows[splits->n++] = more;
        r = write ? write_split(d, from, more.base) : 0;
    }
    return r;
}

static int inherit_all(struct db *d, struct blob_store *store, bool write, struct arena *a,
                       const struct regroup_way *way, struct key_splits *splits)
{
    static const struct db_query q = {
        "inherit-stacks",
        "SELECT s.id, s.frames::text, nullif(s.facts::text, '{}'), encode(s.base, 'hex') "
        "FROM stacks s JOIN key_splits k ON k.base = s.base WHERE s.grouped <> $1 ORDER BY s.id"};
    const char *const params[] = {way->grouped};
    _cleanup_result_ PGresult *res = NULL;
    struct key_split *rows;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    rows = arena_array(a, struct key_split,
                       splits->n + (size_t)PQntuples(res) * GROUPING_KEYS_MAX + 1);
    if (splits->n > 0)
        memcpy(rows, splits->rows, splits->n * sizeof(rows[0]));
    splits->rows = rows;
    for (int i = 0; i < PQntuples(res) && r == 0; i++) {
        const struct old_stack old = {
            .id = db_int(res, i, 0),
            .frames = db_text(res, i, 1),
            .facts = db_text(res, i, 2),
            .base = regroup_bytes(res, i, 3, a),
        };

        if (old.base)
            r = inherit(d, store, way, &old, write, splits, rows);
    }
    return r;
}

int inherit_splits(struct db *d, struct blob_store *store, bool write, struct arena *a,
                   struct regroup_way *way)
{
    struct regroup_way bare = {.rules = way->rules, .grouped = way->grouped};
    int r = keys_splits(d, a, &way->splits);

    return r || way->splits.n == 0 ? r : inherit_all(d, store, write, a, &bare, &way->splits);
}
