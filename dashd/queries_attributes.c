/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/queries_attributes.h"

#include "common/base/cleanup.h"
#include "dashd/rows.h"

/* What the work of one page depends on: a program has few groups, but one that is called python has
 * thousands. */
#define ATTRIBUTE_OTHERS "300"
#define ATTRIBUTE_ROWS   "200"

/* The kinds are attribute_kind's numbers. */
#define ATTRIBUTE_VALUES                                                                           \
    "(VALUES (2, v.kernel), (3, v.distribution), (4, v.cpu), (5, v.architecture), (6, v.unit), "   \
    "        (7, v.image)) AS f (kind, value)"

static void read_attribute(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct attribute *)ret = (struct attribute){
        .kind = (enum attribute_kind)db_int(res, row, 0),
        .value = text_at(a, res, row, 1),
        .here = count_at(res, row, 2),
        .others = count_at(res, row, 3),
        .here_all = count_at(res, row, 4),
        .others_all = count_at(res, row, 5),
    };
}

int query_group_attributes(struct db *d, struct arena *a, int64_t id, struct attribute_list *ret)
{
    static const struct db_query q = {
        "group-attributes",
        "WITH both_sides AS MATERIALIZED ("
        "  SELECT $1::int AS id, true AS here UNION ALL "
        "  (SELECT s.group_id, false FROM crash_groups g "
        "   JOIN programs p ON p.executable = g.executable "
        "   JOIN group_programs s ON s.program_id = p.id AND s.group_id <> g.id "
        "   WHERE g.id = $1::int GROUP BY s.group_id ORDER BY max(s.last_seen) DESC "
        "   LIMIT " ATTRIBUTE_OTHERS ")), "
        "counted AS ("
        "  SELECT 0 AS kind, h.hostname AS value, b.here, s.events FROM both_sides b "
        "  JOIN group_hosts s ON s.group_id = b.id JOIN hosts h ON h.id = s.host_id UNION ALL "
        "  SELECT 1, p.version, b.here, s.events FROM both_sides b "
        "  JOIN group_programs s ON s.group_id = b.id JOIN programs p ON p.id = s.program_id "
        "  UNION ALL SELECT f.kind, f.value, e.here, e.events FROM ("
        "    SELECT s.environment_id, b.here, sum(s.events)::bigint AS events FROM both_sides b "
        "    JOIN group_environments s ON s.group_id = b.id GROUP BY 1, 2) AS e "
        "  JOIN environments v ON v.id = e.environment_id CROSS JOIN LATERAL " ATTRIBUTE_VALUES
        "), "
        "summed AS ("
        "  SELECT kind, value, coalesce(sum(events) FILTER (WHERE here), 0)::bigint AS here, "
        "         coalesce(sum(events) FILTER (WHERE NOT here), 0)::bigint AS others "
        "  FROM counted GROUP BY 1, 2) "
        "SELECT * FROM (SELECT kind, value, here, others, "
        "                      sum(here) OVER (PARTITION BY kind)::bigint AS here_all, "
        "                      sum(others) OVER (PARTITION BY kind)::bigint FROM summed) AS s "
        "WHERE here > 0 AND value <> '' ORDER BY here DESC, kind, value LIMIT " ATTRIBUTE_ROWS};
    struct number key = number(id);
    const char *const params[] = {key.text};

    return FETCH(d, q, params, a, read_attribute, ret);
}

static void read_version(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct attribute_version *)ret = (struct attribute_version){
        .version = text_at(a, res, row, 0),
        .here = count_at(res, row, 1),
        .others = count_at(res, row, 2),
    };
}

int query_group_versions(struct db *d, struct arena *a, int64_t id,
                         struct attribute_version_list *ret)
{
    static const struct db_query q = {
        "group-versions",
        "SELECT p.version, coalesce(sum(s.events) FILTER (WHERE s.group_id = g.id), 0)::bigint, "
        "       coalesce(sum(s.events) FILTER (WHERE s.group_id <> g.id), 0)::bigint "
        "FROM crash_groups g JOIN programs p ON p.executable = g.executable "
        "JOIN group_programs s ON s.program_id = p.id "
        "WHERE g.id = $1::int AND p.version_order <> '' "
        "GROUP BY p.version, p.version_order ORDER BY p.version_order"};
    struct number key = number(id);
    const char *const params[] = {key.text};

    return FETCH(d, q, params, a, read_version, ret);
}
