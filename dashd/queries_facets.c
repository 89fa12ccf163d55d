/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/queries_facets.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/signals.h"
#include "common/search/query.h"
#include "dashd/listed.h"
#include "dashd/rows.h"

#define TEXT_MAX (16u * 1024)

const struct facet facets[FACETS] = {
    {"status", "State", SEARCH_IS},      {"signal", "Signal", SEARCH_SIGNAL},
    {"exe", "Program", SEARCH_EXE},      {"version", "Version", SEARCH_VERSION},
    {"host", "Host", SEARCH_HOST},       {"unit", "Unit", SEARCH_UNIT},
    {"kernel", "Kernel", SEARCH_KERNEL}, {"distro", "System", SEARCH_DISTRO},
};

/* The value, and the tables that lead from f to it. */
#define OF_PROGRAMS                                                                                \
    "f JOIN group_programs t ON t.group_id = f.id JOIN programs p ON p.id = t.program_id"
#define OF_ENVIRONMENTS                                                                            \
    "f JOIN group_environments t ON t.group_id = f.id JOIN environments v "                        \
    "ON v.id = t.environment_id"
static const struct {
    const char *value, *tables;
} sources[FACETS] = {
    {"f.status", "f"},
    {"f.signal::text", "f"},
    {"f.executable", "f"},
    {"p.version", OF_PROGRAMS},
    {"h.hostname", "f JOIN group_hosts t ON t.group_id = f.id JOIN hosts h ON h.id = t.host_id"},
    {"v.unit", OF_ENVIRONMENTS},
    {"v.kernel", OF_ENVIRONMENTS},
    {"v.distribution", OF_ENVIRONMENTS},
};

const char *facets_parse(const char *names, unsigned *ret)
{
    struct str rest = str_from(names), name;
    unsigned set = 0;

    if (cstr_empty(names)) {
        *ret = 0;
        return NULL;
    }
    while (str_split(&rest, ',', &name)) {
        unsigned i = 0;

        while (i < FACETS && !str_eq(str_from(facets[i].name), name))
            i++;
        if (i == FACETS)
            return "facets are status, signal, exe, version, host, unit, kernel, distro, with "
                   "commas between";
        set |= 1u << i;
    }
    *ret = set;
    return NULL;
}

static void read_value(struct arena *a, const PGresult *res, int row, void *ret)
{
    struct facet_value *v = ret;

    *v = (struct facet_value){(unsigned)db_int(res, row, 0), text_at(a, res, row, 1),
                              count_at(res, row, 2)};
    if (facets[v->facet].field == SEARCH_SIGNAL)
        v->value = signal_name(atoi(v->value)) ?: v->value;
}

bool facet_has_values(const struct facet_list *l, unsigned facet)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->rows[i].facet == facet)
            return true;
    return false;
}

/* Put together of constants; the groups are found once. What is not known is no value. */
static void add_text(struct buf *b, const char *condition, unsigned set)
{
    const char *between = "";

    buf_printf(b,
               "WITH f AS MATERIALIZED (SELECT g.id, g.status, g.signal, g.executable "
               "FROM crash_groups g WHERE %s ORDER BY g.last_seen DESC LIMIT %d) ",
               condition, FACETS_GROUPS);
    for (unsigned i = 0; i < FACETS; i++) {
        if (!(set & 1u << i))
            continue;
        buf_printf(b,
                   "%s(SELECT %u, %s AS value, count(DISTINCT f.id) AS n FROM %s WHERE %s <> '' "
                   "GROUP BY 2 ORDER BY n DESC, value LIMIT %d)",
                   between, i, sources[i].value, sources[i].tables, sources[i].value, FACET_VALUES);
        between = " UNION ALL ";
    }
}

int query_facets(struct db *d, struct arena *a, const struct listing *l, unsigned set, int64_t now,
                 struct facet_list *ret)
{
    _cleanup_buf_ struct buf text = BUF_INIT(SEARCH_WHERE_MAX + TEXT_MAX);
    struct listed listed;

    *ret = (struct facet_list){0};
    if (set == 0)
        return 0;
    listed_groups(l, now, a, &listed);
    add_text(&text, listed.text, set);
    return rows_fetch_once(d, buf_text(&text), listed.params, listed.n_params, a, read_value,
                           sizeof(*ret->rows), &ret->rows, &ret->n);
}
