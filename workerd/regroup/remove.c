/* SPDX-License-Identifier: Apache-2.0 */
/* A group goes, with its events, their cores and analyses, and what nothing else refers to: stacks,
 * hosts, programs. Files first, then rows: what is cut off in between is an event without a core,
 * which the next run finds. Crashes that come meanwhile go as well, until the moment in which the
 * group's own row goes; from then on they found a new one. */
#include "workerd/regroup/request.h"

#include <string.h>

#include "common/base/cleanup.h"

#include "workerd/params.h"
#include "workerd/regroup/settle.h"

#define PORTION "200" /* events at once */

/* --- Events --- */

/* Also those of groups that were merged into it, as far as they have not followed yet. */
#define OF_GROUP "group_id IN (SELECT id FROM crash_groups WHERE id = $1 OR merged_into = $1) "

static int count_events(struct request *r, int64_t *ret)
{
    static const struct db_query q = {"remove-count",
                                      "SELECT count(*) FROM crash_events WHERE " OF_GROUP};
    struct number id = number(r->group);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(r->w->db, q, params, &res);

    if (e == 0)
        *ret = db_int(res, 0, 0);
    return e;
}

/* What cannot be removed from disk keeps its row, and the request says why. */
static int remove_files(struct request *r, const PGresult *events)
{
    for (int i = 0; i < PQntuples(events); i++) {
        int e = blob_crash_remove(r->w->store, db_text(events, i, 0));

        if (e < 0)
            return request_refuse(r, "what is kept of a crash cannot be removed from disk: %s",
                                  strerror(-e));
    }
    return 0;
}

static int remove_rows(struct request *r, const PGresult *events)
{
    static const struct db_query queries[] = {
        {"remove-counts", "DELETE FROM event_counts WHERE crash_id = ANY ($1::uuid[])"},
        {"remove-reanalyses", "DELETE FROM event_reanalyses WHERE crash_id = ANY ($1::uuid[])"},
        {"remove-events", "DELETE FROM crash_events WHERE crash_id = ANY ($1::uuid[])"},
    };
    struct text_set ids;
    const char *params[1];
    int e = db_begin(r->w->db);

    text_set_init(&ids, (size_t)PQntuples(events), r->arena);
    for (int i = 0; i < PQntuples(events); i++)
        ids.texts[ids.n++] = db_text(events, i, 0);
    params[0] = array_text(&ids, r->arena);
    for (size_t i = 0; i < ARRAY_SIZE(queries) && e == 0; i++)
        e = RUN(r->w->db, queries[i], params, NULL);
    if (e == 0)
        e = request_add_done(r, PQntuples(events));
    if (e == 0)
        e = db_commit(r->w->db);
    if (e)
        db_rollback(r->w->db);
    return e;
}

static int remove_portion(struct request *r, bool *ret_any)
{
    static const struct db_query q = {"remove-portion",
                                      "SELECT crash_id FROM crash_events WHERE " OF_GROUP
                                      "ORDER BY received_at LIMIT " PORTION};
    struct number id = number(r->group);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = request_turn(r) ? RUN(r->w->db, q, params, &res) : SETTLE_STOPPED;

    if (e)
        return e;
    *ret_any = PQntuples(res) > 0;
    e = *ret_any ? remove_files(r, res) : 0;
    return e || !*ret_any ? e : remove_rows(r, res);
}

int step_remove_events(struct request *r)
{
    int64_t n = 0;
    bool any = true;
    int e = r->group ? count_events(r, &n) : request_refuse(r, "there is no such group");

    if (e == 0)
        e = request_set_total(r, n);
    while (e == 0 && any)
        e = remove_portion(r, &any);
    return e;
}

/* --- The group --- */

/* Whether it is free of events, under its lock: nobody stores one before this transaction ends. */
static int lock_empty(struct request *r, bool *ret_empty)
{
    static const struct db_query lock = {"remove-lock",
                                         "SELECT id FROM crash_groups WHERE id = $1 FOR UPDATE"};
    struct number id = number(r->group);
    const char *const params[] = {id.text};
    int64_t n = 0;
    int e = RUN(r->w->db, lock, params, NULL);

    if (e == 0)
        e = count_events(r, &n);
    if (e == 0)
        *ret_empty = n == 0;
    return e;
}

/* What nothing refers to any more. Whoever is about to refer to it finds it gone by the foreign
 * key, and makes it again (DB_RETRY). */
#define FORSAKEN(name, table, counter, key)                                                        \
    {                                                                                              \
        {"remove-take-" name, "DELETE FROM " counter " WHERE group_id = $1 RETURNING " key},       \
        {                                                                                          \
            "remove-drop-" name, "DELETE FROM " table " t WHERE id = ANY ($1::integer[]) "         \
                                 "AND NOT EXISTS (SELECT FROM " counter " WHERE " key " = t.id)"   \
        }                                                                                          \
    }

static const struct {
    struct db_query take, drop;
} forsaken[] = {
    FORSAKEN("stacks", "stacks", "group_stacks", "stack_id"),
    FORSAKEN("hosts", "hosts", "group_hosts", "host_id"),
    FORSAKEN("programs", "programs", "group_programs", "program_id"),
    FORSAKEN("environments", "environments", "group_environments", "environment_id"),
};

static int remove_forsaken(struct request *r, size_t i)
{
    struct number id = number(r->group);
    const char *const group[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    struct text_set ids;
    const char *params[1];
    int e = RUN(r->w->db, forsaken[i].take, group, &res);

    if (e)
        return e;
    text_set_init(&ids, (size_t)PQntuples(res), r->arena);
    for (int k = 0; k < PQntuples(res); k++)
        ids.texts[ids.n++] = db_text(res, k, 0);
    params[0] = array_text(&ids, r->arena);
    return RUN(r->w->db, forsaken[i].drop, params, NULL);
}

static int remove_row(struct request *r)
{
    static const struct db_query remove = {"remove-group",
                                           "DELETE FROM crash_groups WHERE id = $1"};
    static const struct db_query audit = {"remove-audit",
                                          "INSERT INTO audit_log (actor, action, subject) "
                                          "VALUES ($2, 'group.removed', 'G-' || $1::integer)"};
    struct number id = number(r->group);
    const char *const params[] = {id.text, r->actor};
    int e = 0;

    for (size_t i = 0; i < ARRAY_SIZE(forsaken) && e == 0; i++)
        e = remove_forsaken(r, i);
    if (e == 0)
        e = db_run(r->w->db, &remove, params, 1, NULL);
    return e ? e : RUN(r->w->db, audit, params, NULL);
}

static int try_remove_group(struct request *r, bool *ret_done)
{
    int e = db_begin(r->w->db);

    if (e)
        return e;
    e = lock_empty(r, ret_done);
    if (e == 0 && *ret_done)
        e = remove_row(r);
    if (e == 0)
        e = db_commit(r->w->db);
    if (e)
        db_rollback(r->w->db);
    return e;
}

int step_remove_group(struct request *r)
{
    bool done = false;
    int e = 0;

    while (e == 0 && !done) {
        e = try_remove_group(r, &done);
        if (e == 0 && !done)
            e = step_remove_events(r);
    }
    return e;
}
