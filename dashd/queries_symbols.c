/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/queries_symbols.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "dashd/rows.h"

#define BUILD_IDS_MAX (64u * 1024)

static void read_missing(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct missing_module *)ret = (struct missing_module){
        .id = db_int(res, row, 0),
        .build_id = text_at(a, res, row, 1),
        .path = text_at(a, res, row, 2),
        .status = text_at(a, res, row, 3),
        .events = count_at(res, row, 4),
        .groups = count_at(res, row, 5),
        .first_seen = db_int(res, row, 6),
        .asked_at = db_int(res, row, 7),
        .answer = text_at(a, res, row, 8),
    };
}

/* Of a module's stacks: the worst status, and what would heal. */
#define STATUS                                                                                     \
    "CASE l.status WHEN 0 THEN 'missing' WHEN 1 THEN 'stripped' WHEN 2 THEN 'symbols' END"
#define LAST_FETCH(id)                                                                             \
    "LEFT JOIN LATERAL (SELECT tried_at, outcome FROM module_fetches WHERE module_id = " id        \
    "                   ORDER BY tried_at DESC LIMIT 1) f ON true "

static void read_ranked(struct arena *a, const PGresult *res, int row, void *ret)
{
    struct missing_module *m = ret;

    read_missing(a, res, row, m);
    m->of_modules = count_at(res, row, 9);
    m->of_missing = count_at(res, row, 10);
}

int query_missing_modules(struct db *d, struct arena *a, const struct filter *f, unsigned limit,
                          struct missing_modules *ret)
{
    /* All modules are ranked by events, in floating point, which sums three times as fast as bigint
     * does and is exact up to 2^53; the rest is looked up for the rows of the page alone. */
    static const struct db_query q = {
        "missing-modules",
        "WITH ranked AS MATERIALIZED ("
        "  SELECT s.module_id, min(s.status) AS status, "
        "         sum((g.events - g.without_core)::float8)::bigint AS events "
        "  FROM stack_modules s JOIN group_stacks g USING (stack_id) GROUP BY s.module_id), "
        "l AS (SELECT m.id, m.build_id, m.path, m.first_seen, r.status, r.events, "
        "         count(*) OVER () AS modules, "
        "         count(*) FILTER (WHERE r.status = 0) OVER () AS missing "
        "  FROM ranked r JOIN modules m ON m.id = r.module_id WHERE r.events > 0 "
        "  AND ($1 = '' OR strpos(lower(m.path), lower($1)) > 0 "
        "       OR starts_with(m.build_id, lower($1)))), "
        "page AS (SELECT * FROM l "
        "  WHERE ($2::bigint IS NULL OR (l.events, l.id) < ($2::bigint, $3::int)) "
        "  ORDER BY l.events DESC, l.id DESC LIMIT $4::int) "
        "SELECT l.id, l.build_id, l.path, " STATUS ", l.events, "
        "  (SELECT count(DISTINCT g.group_id) FROM stack_modules s "
        "   JOIN group_stacks g ON g.stack_id = s.stack_id AND g.events > g.without_core "
        "   WHERE s.module_id = l.id), " USEC("l.first_seen") ", " USEC(
            "f.tried_at") ", f.outcome, l.modules, l.missing "
                          "FROM page l " LAST_FETCH("l.id") "ORDER BY l.events DESC, l.id DESC"};
    struct number key = number(f->after_key), id = number(f->after_id), rows = number(limit + 1);
    const char *const params[] = {f->text, f->has_after ? key.text : NULL, id.text, rows.text};
    int r = FETCH(d, q, params, a, read_ranked, ret);

    if (r)
        return r;
    ret->more = ret->n > limit;
    ret->n -= ret->more;
    return 0;
}

int query_module(struct db *d, struct arena *a, const char *build_id, struct missing_module *ret)
{
    static const struct db_query q = {
        "module", "SELECT m.id, m.build_id, m.path, " STATUS
                  ", l.events, l.groups, " USEC("m.first_seen") ", " USEC(
                      "f.tried_at") ", f.outcome FROM modules m "
                                    "LEFT JOIN LATERAL (SELECT min(s.status) AS status, "
                                    "    sum(g.events - g.without_core)::bigint AS events, "
                                    "    count(DISTINCT g.group_id) AS groups FROM stack_modules s "
                                    "    LEFT JOIN group_stacks g ON g.stack_id = s.stack_id "
                                    "    WHERE s.module_id = m.id) l ON true " LAST_FETCH(
                                        "m.id") "WHERE m.build_id = $1"};
    const char *const params[] = {build_id};

    return FETCH_ONE(d, q, params, a, read_missing, ret);
}

static void read_fetch(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct module_fetch *)ret = (struct module_fetch){
        .kind = text_at(a, res, row, 0),
        .outcome = text_at(a, res, row, 1),
        .tried_at = db_int(res, row, 2),
        .again_at = db_int(res, row, 3),
    };
}

int query_module_fetches(struct db *d, struct arena *a, int64_t module, struct module_fetches *ret)
{
    static const struct db_query q = {
        "module-fetches",
        "SELECT kind, outcome, " USEC("tried_at") ", " USEC(
            "again_at") " FROM module_fetches WHERE module_id = $1 ORDER BY kind"};
    struct number id = number(module);
    const char *const params[] = {id.text};

    return FETCH(d, q, params, a, read_fetch, ret);
}

static void read_module_group(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct module_group *)ret = (struct module_group){
        .id = db_int(res, row, 0),
        .title = text_at(a, res, row, 1),
        .status = text_at(a, res, row, 2),
        .events = count_at(res, row, 3),
        .last_seen = db_int(res, row, 4),
    };
}

int query_module_groups(struct db *d, struct arena *a, int64_t module, unsigned limit,
                        struct module_groups *ret)
{
    static const struct db_query q = {
        "module-groups",
        "SELECT c.id, c.title, c.status, n.events, " USEC(
            "c.last_seen") " FROM ("
                           "  SELECT g.group_id, sum(g.events - g.without_core)::bigint AS events "
                           "  FROM stack_modules s JOIN group_stacks g ON g.stack_id = s.stack_id "
                           "  WHERE s.module_id = $1 GROUP BY g.group_id "
                           "  ORDER BY events DESC, g.group_id LIMIT $2::int) n "
                           "JOIN crash_groups c ON c.id = n.group_id ORDER BY n.events DESC, c.id"};
    struct number id = number(module), rows = number(limit);
    const char *const params[] = {id.text, rows.text};

    return FETCH(d, q, params, a, read_module_group, ret);
}

struct module_path {
    const char *build_id, *path;
};

static void read_path(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct module_path *)ret =
        (struct module_path){text_at(a, res, row, 0), text_at(a, res, row, 1)};
}

int query_module_paths(struct db *d, struct arena *a, const char *const *build_ids, size_t n,
                       const char **ret)
{
    static const struct db_query q = {
        "module-paths", "SELECT build_id, path FROM modules WHERE build_id = ANY ($1::text[])"};
    _cleanup_buf_ struct buf b = BUF_INIT(BUILD_IDS_MAX);
    struct {
        struct module_path *rows;
        size_t n;
    } found = {0};
    const char *params[1];
    int r;

    buf_addc(&b, '{');
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? "," : "", build_ids[i]);
    buf_addc(&b, '}');
    params[0] = buf_text(&b);
    r = FETCH(d, q, params, a, read_path, &found);
    for (size_t i = 0; i < n; i++)
        ret[i] = NULL;
    for (size_t k = 0; !r && k < found.n; k++)
        for (size_t i = 0; i < n; i++)
            if (strcmp(build_ids[i], found.rows[k].build_id) == 0)
                ret[i] = found.rows[k].path;
    return r;
}
