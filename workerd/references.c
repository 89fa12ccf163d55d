/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/references.h"

#include <string.h>

#include "common/base/cleanup.h"

#include "workerd/params.h"
#include "workerd/siterules.h"

int reference_make_host(struct db *d, const struct event *e)
{
    static const struct db_query q = {
        "host-add", "INSERT INTO hosts (hostname, first_seen, last_seen) "
                    "VALUES ($1, $2::timestamptz, $2::timestamptz) ON CONFLICT DO NOTHING"};
    struct moment at = moment(e->received_at);
    const char *const params[] = {e->hostname, at.text};

    return RUN(d, q, params, NULL);
}

int reference_make_program(struct db *d, const struct event *e)
{
    static const struct db_query q = {
        "program-add",
        "INSERT INTO programs (executable, version, version_order) VALUES ($1, $2, $3::bytea) "
        "ON CONFLICT DO NOTHING"};
    struct order_text order = order_text(e->version);
    const char *const params[] = {e->executable, e->version, order.text};

    return RUN(d, q, params, NULL);
}

int reference_make_environment(struct db *d, const struct event *e)
{
    static const struct db_query q = {
        "environment-add",
        "INSERT INTO environments (digest, unit, image, kernel, architecture, distribution, "
        "                          package, package_version, cpu) "
        "VALUES ($1::bytea, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING"};
    const struct environment *v = &e->environment;
    struct digest_text digest = digest_text(v->digest);
    const char *const params[] = {digest.text,     v->unit,         v->image,   v->kernel,
                                  v->architecture, v->distribution, v->package, v->package_version,
                                  v->cpu};

    return RUN(d, q, params, NULL);
}

int reference_make_problem(struct db *d, const char *problem)
{
    static const struct db_query q = {
        "problem-add", "INSERT INTO problems (problem) VALUES ($1) ON CONFLICT DO NOTHING"};
    const char *const params[] = {problem};

    return RUN(d, q, params, NULL);
}

/* In order of the build-ids, so that two of these can't deadlock. */
int reference_make_modules(struct db *d, const struct event *e, struct arena *a)
{
    static const struct db_query q = {
        "modules-add", "INSERT INTO modules (build_id, path, first_seen) "
                       "SELECT u.build_id, u.path, $3::timestamptz "
                       "FROM unnest($1::text[], $2::text[]) AS u (build_id, path) "
                       "WHERE NOT EXISTS (SELECT FROM modules m WHERE m.build_id = u.build_id) "
                       "ORDER BY u.build_id ON CONFLICT DO NOTHING"};
    struct moment at = moment(e->received_at);
    const char *const params[] = {array_text(&e->lacking.build_ids, a),
                                  array_text(&e->lacking.paths, a), at.text};

    return e->lacking.build_ids.n == 0 ? 0 : RUN(d, q, params, NULL);
}

/* As stacks has them, the decisions of people among them. */
static int stack_keys(struct db *d, const struct event *e, struct arena *a, struct stack_keys *ret)
{
    struct grouping_key keys[GROUPING_KEYS_MAX];
    struct key_splits splits;
    int r = keys_splits(d, a, &splits);

    if (r)
        return r;
    for (size_t i = 0; i < e->n_keys; i++)
        memcpy(keys[i].digest, e->keys[i].fingerprint, SHA256_SIZE);
    stack_keys_make(&splits, &e->stack->crash, e->stack->verdicts, keys, e->n_keys, a, ret);
    return 0;
}

/* Stack and lack appear together: whoever finds the stack finds what it lacks. */
static int add_stack(struct db *d, const struct event *e, const struct stack_keys *keys,
                     struct arena *a)
{
    static const struct db_query q = {
        "stack-add",
        "WITH stack AS (INSERT INTO stacks (digest, frames, functions, files, modules, build_ids, "
        "                                   facts, base, key, more_keys, quality, title, "
        "                                   title_rank, grouped, judged, splits, cause) "
        "               VALUES ($1::bytea, $2::jsonb, $3::text[], $4::text[], $5::text[], "
        "                       $6::text[], $9::jsonb, $10::bytea, $11::bytea, $12::bytea[], "
        "                       $13, $14, $15, $16, $17::jsonb, $18::integer[], $19) "
        "               ON CONFLICT DO NOTHING RETURNING id) "
        "INSERT INTO stack_modules (stack_id, module_id, status) "
        "SELECT stack.id, m.id, u.status "
        "FROM stack, unnest($7::text[], $8::smallint[]) AS u (build_id, status) "
        "JOIN modules m ON m.build_id = u.build_id"};
    const struct event_stack *s = e->stack;
    struct digest_text digest = digest_text(s->digest), base = digest_text(keys->base);
    struct digest_text key = digest_text(keys->key);
    struct number quality = number(e->quality), rank = number(e->title_rank);
    const char *const params[] = {
        digest.text,
        s->frames,
        array_text(&s->functions, a),
        array_text(&s->files, a),
        array_text(&s->modules, a),
        array_text(&s->build_ids, a),
        array_text(&e->lacking.build_ids, a),
        array_text(&e->lacking.statuses, a),
        s->facts,
        base.text,
        key.text,
        keys_text(keys->more, keys->n_more, a),
        quality.text,
        e->title,
        rank.text,
        siterules_grouped(),
        s->judged,
        keys_decisions(keys, a),
        e->cause,
    };

    return RUN(d, q, params, NULL);
}

int reference_make_stack(struct db *d, const struct event *e, struct arena *a)
{
    struct stack_keys keys;
    int r = reference_make_modules(d, e, a);

    if (r == 0)
        r = stack_keys(d, e, a, &keys);
    return r ? r : add_stack(d, e, &keys, a);
}

int reference_make_group(struct db *d, const struct event *e, const struct key_params *keys,
                         int64_t *ret)
{
    static const struct db_query q = {
        "group-add",
        "WITH g AS (INSERT INTO crash_groups (title, title_rank, executable, signal, "
        "                                     first_seen, last_seen) "
        "           VALUES ($2, $7, $3, $4, $5::timestamptz, $5::timestamptz) RETURNING id), "
        "more AS (INSERT INTO group_fingerprints (fingerprint, group_id, algorithm, quality) "
        "         SELECT DISTINCT m, g.id, $6::smallint, least(1, $8::smallint) "
        "         FROM g, unnest($9::bytea[]) AS m WHERE m <> $1::bytea "
        "         ON CONFLICT DO NOTHING) "
        "INSERT INTO group_fingerprints (fingerprint, group_id, algorithm, quality) "
        "SELECT $1::bytea, id, $6::smallint, $8::smallint FROM g "
        "ON CONFLICT DO NOTHING RETURNING group_id"};
    struct number signal = number(e->signal), algorithm = number(FINGERPRINT_VERSION);
    struct number rank = number(e->title_rank), quality = number(e->quality);
    struct moment at = moment(e->received_at);
    const char *const params[] = {keys->key,      e->title,  e->executable, signal.text, at.text,
                                  algorithm.text, rank.text, quality.text,  keys->more};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    if (PQntuples(res) == 0)
        return REFERENCE_TAKEN;
    *ret = db_int(res, 0, 0);
    return 0;
}
