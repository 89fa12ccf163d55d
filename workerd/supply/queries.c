/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/supply/queries.h"

#include "common/base/cleanup.h"

#include "workerd/params.h"

/* The number is any that nobody else takes. */
int query_supply_lead(struct db *d, bool *ret)
{
    static const struct db_query q = {"supply-lead", "SELECT pg_try_advisory_lock(4848676363)"};
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, &q, NULL, 0, &res);

    if (r == 0)
        *ret = db_bool(res, 0, 0);
    return r;
}

/* Modules that are due come first and cheaply, for mostly there is none. */
int query_supply_wants(struct db *d, int64_t now, size_t limit, struct arena *a, struct wants *ret)
{
    static const struct db_query q = {
        "supply-wants",
        "WITH due AS MATERIALIZED ("
        "  SELECT m.id, m.build_id FROM modules m WHERE NOT EXISTS (SELECT FROM module_fetches f "
        "    WHERE f.module_id = m.id AND f.kind = 'debuginfo' AND f.again_at > $1::timestamptz) "
        "  OR EXISTS (SELECT FROM module_fetches f "
        "    WHERE f.module_id = m.id AND f.kind = 'executable' AND f.again_at <= $1::timestamptz))"
        "SELECT due.id, due.build_id, k.kind FROM due "
        "JOIN LATERAL (SELECT min(s.status) AS status, sum(g.events - g.without_core) AS events "
        "              FROM stack_modules s JOIN group_stacks g ON g.stack_id = s.stack_id "
        "              WHERE s.module_id = due.id) AS l ON l.events > 0 "
        "JOIN (VALUES ('executable', 0), ('debuginfo', 2)) AS k (kind, up_to) "
        "     ON l.status <= k.up_to "
        "WHERE NOT EXISTS (SELECT FROM module_fetches f WHERE f.module_id = due.id "
        "                  AND f.kind = k.kind AND f.again_at > $1::timestamptz) "
        "ORDER BY l.events DESC, due.id, k.up_to LIMIT $2::integer"};
    struct moment at = moment(now);
    struct number rows = number((int64_t)limit);
    const char *const params[] = {at.text, rows.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    ret->n = (size_t)PQntuples(res);
    ret->rows = arena_array(a, struct want, ret->n);
    for (size_t i = 0; i < ret->n; i++) {
        ret->rows[i] = (struct want){.module_id = db_int(res, (int)i, 0),
                                     .build_id = arena_strdup(a, db_text(res, (int)i, 1))};
        (void)module_kind_parse(str_from(db_text(res, (int)i, 2)), &ret->rows[i].kind);
    }
    return 0;
}

int query_supply_note(struct db *d, const struct want *w, int64_t now, int64_t again_at,
                      const char *outcome)
{
    static const struct db_query q = {
        "supply-note", "INSERT INTO module_fetches (module_id, kind, tried_at, again_at, outcome) "
                       "VALUES ($1, $2, $3::timestamptz, $4::timestamptz, $5) "
                       "ON CONFLICT (module_id, kind) DO UPDATE SET tried_at = excluded.tried_at, "
                       "    again_at = excluded.again_at, outcome = excluded.outcome"};
    struct number id = number(w->module_id);
    struct moment at = moment(now), again = moment(again_at);
    const char *const params[] = {id.text, module_kind_name(w->kind), at.text, again.text, outcome};

    return RUN(d, q, params, NULL);
}
