/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/keys.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"

#include "workerd/params.h"

const char *keys_text(const uint8_t (*keys)[SHA256_SIZE], size_t n, struct arena *a)
{
    struct text_set set = {.texts = arena_array(a, const char *, n)};

    for (size_t i = 0; i < n; i++)
        set.texts[set.n++] = arena_strdup(a, digest_text(keys[i]).text);
    return array_text(&set, a);
}

const char *keys_decisions(const struct stack_keys *keys, struct arena *a)
{
    struct text_set set = {.texts = arena_array(a, const char *, keys->n_splits + 1)};

    for (size_t i = 0; i < keys->n_splits; i++)
        set.texts[set.n++] = arena_strdup(a, number(keys->splits[i]).text);
    return array_text(&set, a);
}

struct key_params keys_of_event(const struct event *e, struct arena *a)
{
    uint8_t more[GROUPING_KEYS_MAX][SHA256_SIZE];
    size_t n = 0;

    for (size_t i = 1; i < e->n_keys; i++)
        memcpy(more[n++], e->keys[i].fingerprint, SHA256_SIZE);
    return (struct key_params){
        .key = arena_strdup(a, digest_text(e->fingerprint).text),
        .more = keys_text(more, n, a),
        .first = e->has_first_key ? arena_strdup(a, digest_text(e->first_key).text) : NULL,
    };
}

int keys_adopt(struct db *d, int64_t group, const struct key_params *keys,
               enum fingerprint_quality quality)
{
    static const struct db_query q = {
        "keys-adopt",
        "INSERT INTO group_fingerprints (fingerprint, group_id, algorithm, quality) "
        "SELECT $1::bytea, $3::integer, $4::smallint, $5::smallint UNION "
        "SELECT m, $3::integer, $4::smallint, least(1, $5::smallint) FROM unnest($2::bytea[]) m "
        "WHERE m <> $1::bytea ON CONFLICT DO NOTHING"};
    struct number id = number(group), algorithm = number(FINGERPRINT_VERSION);
    struct number known = number(quality);
    const char *const params[] = {keys->key, keys->more, id.text, algorithm.text, known.text};

    return RUN(d, q, params, NULL);
}

/* A row that is none of ours is passed over. */
static bool read_split(const PGresult *res, int row, struct key_split *ret)
{
    return hex_decode(str_from(db_text(res, row, 0)), ret->base, SHA256_SIZE) == 0 &&
           selector_parse(str_from(db_text(res, row, 1)), &ret->selector) == 0;
}

int keys_splits(struct db *d, struct arena *a, struct key_splits *ret)
{
    static const struct db_query q = {
        "keys-splits", "SELECT encode(base, 'hex'), selector::text, decision_id FROM key_splits"};
    _cleanup_result_ PGresult *res = NULL;
    struct key_split *rows;
    size_t n = 0;
    int r = db_run(d, &q, NULL, 0, &res);

    if (r)
        return r;
    rows = arena_array(a, struct key_split, (size_t)PQntuples(res));
    for (int i = 0; i < PQntuples(res); i++) {
        rows[n].decision = db_int(res, i, 2);
        n += read_split(res, i, &rows[n]);
    }
    *ret = (struct key_splits){rows, n};
    return 0;
}
