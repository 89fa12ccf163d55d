/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/stackless.h"

#include "common/base/cleanup.h"

#include "workerd/healing/regroup.h"
#include "workerd/params.h"

static int count_left(struct db *d, int64_t decision, int64_t from, int64_t *ret)
{
    static const struct db_query q = {
        "stackless-left",
        "SELECT count(*) FROM crash_events e, grouping_decisions d "
        "WHERE d.id = $1 AND e.group_id = $2 AND e.stack_id IS NULL "
        "AND (e.received_at > d.at OR e.flags & 8 <> 0 "
        "     OR coalesce(jsonb_array_length(d.detail -> 'stackless') >= " STACKLESS_MAX
        ", true))"};
    struct number id = number(decision), group = number(from);
    const char *const params[] = {id.text, group.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r == 0)
        *ret = db_int(res, 0, 0);
    return r;
}

int stackless_return(struct db *d, int64_t decision, int64_t from, int64_t to, int64_t *ret_left)
{
    static const struct db_query q = {
        "stackless-return",
        "UPDATE crash_events e SET group_id = $3 "
        "FROM grouping_decisions d, jsonb_array_elements_text(d.detail -> 'stackless') AS i "
        "WHERE d.id = $1 AND e.crash_id = i::uuid AND e.group_id = $2 AND e.stack_id IS NULL "
        "RETURNING e.crash_id, " USEC("e.received_at") ", e.host_id, e.program_id"};
    struct number id = number(decision), group = number(from), other = number(to);
    const char *const params[] = {id.text, group.text, other.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    for (int i = 0; r == 0 && i < PQntuples(res); i++) {
        const struct regroup_move m = {
            .crash_id = db_text(res, i, 0),
            .received_at = db_int(res, i, 1),
            .from = from,
            .to = to,
            .host = db_int(res, i, 2),
            .program = db_int(res, i, 3),
        };

        r = regroup_move(d, &m);
    }
    return r ? r : count_left(d, decision, from, ret_left);
}
