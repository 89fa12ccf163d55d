/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/workflow/workflow.h"

#include "common/base/cleanup.h"

#include "workerd/params.h"

#define VERSIONS_AT_ONCE "1000"

/* --- Versions that an earlier Corral stored --- */

static int set_order(struct db *d, int64_t program, const char *version)
{
    static const struct db_query q = {
        "workflow-order", "UPDATE programs SET version_order = $2::bytea WHERE id = $1"};
    struct number id = number(program);
    struct order_text order = order_text(version);
    const char *const params[] = {id.text, order.text};

    return RUN(d, q, params, NULL);
}

static int order_versions(struct db *d)
{
    static const struct db_query q = {"workflow-versions",
                                      "SELECT id, version FROM programs "
                                      "WHERE version_order IS NULL LIMIT " VERSIONS_AT_ONCE};
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, &q, NULL, 0, &res);

    for (int i = 0; r == 0 && i < PQntuples(res); i++)
        r = set_order(d, db_int(res, i, 0), db_text(res, i, 1));
    return r;
}

/* --- States --- */

/* Of groups that are shown, those for which the condition holds get another state. */
#define CHANGE(name, from, to, condition)                                                          \
    {                                                                                              \
        name, "WITH old AS (SELECT g.id, g.status FROM crash_groups g WHERE g.status IN (" from    \
              ") AND g.merged_into IS NULL AND (" condition ") FOR NO KEY UPDATE SKIP LOCKED), "   \
              "changed AS (UPDATE crash_groups g SET status = '" to "' FROM old "                  \
              "            WHERE g.id = old.id RETURNING g.id, old.status AS was), "               \
              "awake AS (DELETE FROM group_rests r USING changed c WHERE r.group_id = c.id) "      \
              "INSERT INTO group_activity (group_id, actor, kind, detail) "                        \
              "SELECT id, 'system', '" to "', jsonb_build_object('from', was) FROM changed"        \
    }

/* Crashes of the last 24 hours, and of an average day of the seven before. */
#define RECENT                                                                                     \
    "(SELECT coalesce(sum(h.events), 0) FROM group_hours h WHERE h.group_id = g.id "               \
    " AND h.hour > now() - interval '24 hours')"
#define USUAL                                                                                      \
    "(SELECT coalesce(sum(h.events), 0) / 7.0 FROM group_hours h WHERE h.group_id = g.id "         \
    " AND h.hour <= now() - interval '24 hours' AND h.hour > now() - interval '192 hours')"

static const struct db_query changes[] = {
    CHANGE("workflow-until", "'muted'", "ongoing",
           "EXISTS (SELECT FROM group_rests r WHERE r.group_id = g.id AND r.until <= now())"),
    CHANGE("workflow-rate", "'muted'", "ongoing",
           "EXISTS (SELECT FROM group_rests r WHERE r.group_id = g.id AND r.hours IS NOT NULL "
           "AND r.events <= (SELECT sum(h.events) FROM group_hours h WHERE h.group_id = g.id "
           "                 AND h.hour > now() - r.hours * interval '1 hour'))"),
    CHANGE("workflow-old", "'new'", "ongoing",
           "g.first_seen <= now() - interval '" WORKFLOW_NEW_DAYS " days'"),
    CHANGE("workflow-escalates", "'ongoing'", "escalating",
           "g.last_seen > now() - interval '1 hour' "
           "AND g.first_seen <= now() - interval '48 hours' "
           "AND " RECENT " >= " WORKFLOW_ESCALATES_FROM " AND " RECENT
           " >= " WORKFLOW_ESCALATES_FACTOR " * " USUAL),
    CHANGE("workflow-calm", "'escalating'", "ongoing",
           RECENT " < " WORKFLOW_ESCALATES_FROM " OR " RECENT " < " WORKFLOW_CALM_FACTOR
                  " * " USUAL),
};

int workflow_look(struct db *d)
{
    int r = order_versions(d);

    for (size_t i = 0; i < ARRAY_SIZE(changes) && r == 0; i++)
        r = db_run(d, &changes[i], NULL, 0, NULL);
    return r == DB_RETRY ? 0 : r; /* the next look does it */
}
