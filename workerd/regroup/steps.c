/* SPDX-License-Identifier: Apache-2.0 */
/* The steps that all changes of grouping have in common: keys, owners, events. */
#include "workerd/regroup/request.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/search/query.h"
#include "common/store/arrivals.h"

#include "workerd/healing/queries.h"
#include "workerd/healing/round.h"
#include "workerd/params.h"
#include "workerd/regroup/detection.h"
#include "workerd/regroup/inherit.h"
#include "workerd/regroup/keys.h"
#include "workerd/regroup/owners.h"
#include "workerd/regroup/settle.h"

/* --- Keys --- */

int step_inherit(struct request *r)
{
    struct db *d = r->w->db;
    int e = db_begin(d);

    if (e)
        return e;
    e = inherit_splits(d, r->w->store, true, r->arena, &r->way);
    if (e == 0)
        e = db_commit(d);
    if (e)
        db_rollback(d);
    return e;
}

int step_keys(struct request *r)
{
    int64_t due = 0, after = 0, n = 1;
    int e = regroup_keys_due(r->w->db, &r->way, &due);

    if (e == 0)
        e = request_set_total(r, due);
    while (e == 0 && n > 0) {
        e = request_turn(r) ? regroup_keys_portion(r->w->db, r->w->store, &r->way, &after, &n)
                            : SETTLE_STOPPED;
        if (e == DB_RETRY)
            e = 0;
        else if (e == 0 && n > 0)
            e = request_add_done(r, n);
    }
    return e;
}

/* --- Owners --- */

/* Where no stack got another key there is nothing to decide on. */
static int has_lineages(struct db *d, bool *ret)
{
    static const struct db_query q = {"step-lineages",
                                      "SELECT EXISTS (SELECT FROM stack_lineages)"};
    _cleanup_result_ PGresult *res = NULL;
    int e = db_run(d, &q, NULL, 0, &res);

    if (e == 0)
        *ret = db_bool(res, 0, 0);
    return e;
}

/* The first group that was founded after it was asked for. */
static int read_first_new(struct request *r, int64_t *ret)
{
    static const struct db_query q = {"step-first-new",
                                      "SELECT (detail ->> 'last_group')::bigint + 1 "
                                      "FROM grouping_requests WHERE id = $1"};
    struct number id = number(r->id);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(r->w->db, q, params, &res);

    if (e == 0)
        *ret = db_int(res, 0, 0);
    return e;
}

int step_owners(struct request *r)
{
    struct db *d = r->w->db;
    struct owners_result result = {0};
    int64_t first_new = 0;
    bool any = false;
    int e = has_lineages(d, &any);

    if (e || (!any && !r->asked))
        return e;
    e = db_begin(d);
    if (e)
        return e;
    e = read_first_new(r, &first_new);
    if (e == 0)
        e = owners_write(d, first_new, &result);
    if (e == 0)
        e = request_advance(r);
    if (e == 0)
        e = db_commit(d);
    if (e)
        db_rollback(d);
    r->made += e ? 0 : result.groups_made;
    return e;
}

/* --- Events --- */

int step_settle(struct request *r)
{
    struct settle s = {
        .db = r->w->db, .keep = r->keep, .actor = r->actor, .turn = request_turn, .arg = r};
    int e = settle_all(&s);

    r->moved += s.moved;
    r->merged += s.merged;
    return e || strcmp(r->kind, "regroup") != 0 ? e : detection_ask(r->w->db);
}

/* --- Analysing anew --- */

static int count_curable(struct request *r, int64_t *ret)
{
    static const struct db_query q = {"step-curable",
                                      "SELECT count(*) FROM crash_events e "
                                      "WHERE e.group_id = $1 AND e.flags & 40 = 0 "
                                      "AND NOT EXISTS (SELECT FROM event_reanalyses "
                                      "x WHERE x.crash_id = e.crash_id AND "
                                      "x.received_at = e.received_at AND "
                                      "x.at >= $2::timestamptz)"};
    struct number id = number(r->group);
    struct moment since = moment(r->began_at);
    const char *const params[] = {id.text, since.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(r->w->db, q, params, &res);

    if (e == 0)
        *ret = db_int(res, 0, 0);
    return e;
}

static bool one_more(void *request)
{
    return request_add_done(request, 1) == 0;
}

static int reprocess_group(struct request *r)
{
    int64_t n = 0;
    int e = count_curable(r, &n);

    if (e == 0)
        e = request_set_left(r, n);
    if (e == 0)
        e = round_group(r->w, r->group, r->began_at, one_more, r) ? SETTLE_STOPPED : 0;
    return e;
}

/* Ages are counted back from when it began, and what it has done before it was cut off it leaves
 * out: so it can be begun again at any point. */
static int reprocess_query(struct request *r)
{
    struct search_mistake m;
    struct search_query q;
    int64_t n = 0;
    int e;

    if (search_parse(str_from(r->query), r->arena, &q, &m) != 0)
        return request_refuse(r, "the query is wrong at byte %zu: %s", m.at + 1, m.message);
    e = round_query_count(r->w, &q, r->began_at, &n) ? SETTLE_STOPPED : 0;
    if (e == 0)
        e = request_set_left(r, n);
    if (e == 0)
        e = round_query(r->w, &q, r->began_at, one_more, r) ? SETTLE_STOPPED : 0;
    return e;
}

int step_reprocess(struct request *r)
{
    if (r->group)
        return reprocess_group(r);
    if (r->query)
        return reprocess_query(r);
    if (!r->build_id || arrival_add(r->w->store, r->build_id) < 0)
        return request_refuse(r, "neither a group nor a query nor a build-id is named");
    return 0;
}
