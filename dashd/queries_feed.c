/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/queries_feed.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/search/where.h"
#include "dashd/rows.h"

#define NEWS_OWN 2 /* parameters, in front of the query's */

static void read_news(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct news_row *)ret = (struct news_row){
        .group = db_int(res, row, 0),
        .title = text_at(a, res, row, 1),
        .executable = text_at(a, res, row, 2),
        .signal = db_int(res, row, 3),
        .at = db_int(res, row, 4),
        .activity = db_int(res, row, 5),
        .version = text_at(a, res, row, 6),
    };
}

/* Put together of constants: what was asked for is in the parameters. Each half brings as many as
 * are wanted in all. */
static const char *news_text(const struct search_where *w, struct arena *a)
{
    return arena_printf(
        a,
        "(SELECT g.id, g.title, g.executable, g.signal, " USEC(
            "g.first_seen") " AS at, 0::bigint AS activity, NULL::text "
                            "FROM crash_groups g WHERE g.merged_into IS NULL "
                            "AND g.status = ANY ($1::text[]) AND %s "
                            "ORDER BY g.first_seen DESC, g.id DESC LIMIT $2::int) "
                            "UNION ALL "
                            "(SELECT g.id, g.title, g.executable, g.signal, " USEC(
                                "y.at") ", y.id, y.detail ->> 'version' "
                                        "FROM group_activity y JOIN crash_groups g "
                                        "ON g.id = y.group_id "
                                        "WHERE y.kind = 'regressed' AND g.merged_into IS NULL "
                                        "AND g.status = ANY ($1::text[]) AND %s "
                                        "ORDER BY y.at DESC, y.id DESC LIMIT $2::int) "
                                        "ORDER BY at DESC, activity DESC, id DESC LIMIT $2::int",
        w->text, w->text);
}

int query_news(struct db *d, struct arena *a, const struct listing *l, int64_t now, unsigned limit,
               struct news_list *ret)
{
    struct number most = number(limit);
    const char *params[NEWS_OWN + SEARCH_PARAMS_MAX] = {l->status->postgres, most.text};
    struct search_where w;

    search_where(&l->query, SEARCH_GROUPS, NEWS_OWN + 1, now, a, &w);
    memcpy(&params[NEWS_OWN], w.params, w.n_params * sizeof(params[0]));
    return rows_fetch_once(d, news_text(&w, a), params, NEWS_OWN + w.n_params, a, read_news,
                           sizeof(*ret->rows), &ret->rows, &ret->n);
}
