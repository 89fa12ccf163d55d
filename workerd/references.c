/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/references.h"

#include "common/base/cleanup.h"

#include "workerd/grouping/fingerprint.h"
#include "workerd/params.h"

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
        "INSERT INTO programs (executable, version) VALUES ($1, $2) ON CONFLICT DO NOTHING"};
    const char *const params[] = {e->executable, e->version};

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

/* Stack and lack appear together: whoever finds the stack finds what it lacks. */
int reference_make_stack(struct db *d, const struct event *e, struct arena *a)
{
    static const struct db_query q = {
        "stack-add",
        "WITH stack AS (INSERT INTO stacks (digest, frames, functions, files, modules, build_ids) "
        "               VALUES ($1::bytea, $2::jsonb, $3::text[], $4::text[], "
        "                       $5::text[], $6::text[]) "
        "               ON CONFLICT DO NOTHING RETURNING id) "
        "INSERT INTO stack_modules (stack_id, module_id, status) "
        "SELECT stack.id, m.id, u.status "
        "FROM stack, unnest($7::text[], $8::smallint[]) AS u (build_id, status) "
        "JOIN modules m ON m.build_id = u.build_id"};
    struct digest_text digest = digest_text(e->stack->digest);
    const char *const params[] = {
        digest.text,
        e->stack->frames,
        array_text(&e->stack->functions, a),
        array_text(&e->stack->files, a),
        array_text(&e->stack->modules, a),
        array_text(&e->stack->build_ids, a),
        array_text(&e->lacking.build_ids, a),
        array_text(&e->lacking.statuses, a),
    };
    int r = reference_make_modules(d, e, a);

    return r ? r : RUN(d, q, params, NULL);
}

int reference_make_group(struct db *d, const struct event *e, int64_t *ret)
{
    static const struct db_query q = {
        "group-add",
        "WITH g AS (INSERT INTO crash_groups (title, title_rank, executable, signal, "
        "                                     first_seen, last_seen) "
        "           VALUES ($2, $7, $3, $4, $5::timestamptz, $5::timestamptz) RETURNING id) "
        "INSERT INTO group_fingerprints (fingerprint, group_id, algorithm, quality) "
        "SELECT $1::bytea, id, $6, $8 FROM g "
        "ON CONFLICT DO NOTHING RETURNING group_id"};
    struct digest_text fingerprint = digest_text(e->fingerprint);
    struct number signal = number(e->signal), algorithm = number(FINGERPRINT_VERSION);
    struct number rank = number(e->title_rank), quality = number(e->quality);
    struct moment at = moment(e->received_at);
    const char *const params[] = {fingerprint.text, e->title,       e->executable, signal.text,
                                  at.text,          algorithm.text, rank.text,     quality.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    if (PQntuples(res) == 0)
        return REFERENCE_TAKEN;
    *ret = db_int(res, 0, 0);
    return 0;
}
