/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/requests.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#include "workerd/healing/queries.h"
#include "workerd/keys.h"
#include "workerd/params.h"
#include "workerd/regroup/keys.h"
#include "workerd/regroup/request.h"
#include "workerd/regroup/settle.h"
#include "workerd/siterules.h"

#define LOOK_USEC    (50 * USEC_PER_MSEC) /* between two looks at the queue of new crashes */
#define YIELD_USEC   USEC_PER_SEC         /* for which they go first */
#define STEPS_MAX    6
#define ATTEMPTS_MAX 20 /* of a step's transaction */

/* --- Which steps --- */

static const struct {
    const char *kind, *undoes; /* undoes: the kind of decision; NULL: it is no undo */
    int (*steps[STEPS_MAX])(struct request *r);
} plans[] = {
    {"regroup", NULL, {step_inherit, step_keys, step_owners, step_settle}},
    {"merge", NULL, {step_merge, step_settle}},
    {"split", NULL, {step_split, step_keys, step_owners, step_settle}},
    {"undo", "merge", {step_undo_merge, step_settle}},
    {"undo",
     "split",
     {step_undo_split, step_settle, step_unsplit, step_keys, step_owners, step_settle}},
    {"reprocess", NULL, {step_reprocess}},
    {"remove", NULL, {step_remove_events, step_remove_group}},
};

static int decision_kind(struct request *r, const char **ret)
{
    static const struct db_query q = {"request-decision",
                                      "SELECT kind FROM grouping_decisions WHERE id = $1"};
    struct number id = number(r->decision);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(r->w->db, q, params, &res);

    if (e)
        return e;
    if (PQntuples(res) == 0)
        return request_refuse(r, "there is no decision %lld", (long long)r->decision);
    *ret = arena_strdup(r->arena, db_text(res, 0, 0));
    return 0;
}

static int find_plan(struct request *r, size_t *ret)
{
    const char *undoes = NULL;
    int e = strcmp(r->kind, "undo") == 0 ? decision_kind(r, &undoes) : 0;

    for (size_t i = 0; i < ARRAY_SIZE(plans) && e == 0; i++) {
        if (strcmp(plans[i].kind, r->kind) == 0 &&
            (!plans[i].undoes || strcmp(plans[i].undoes, undoes) == 0)) {
            *ret = i;
            return 0;
        }
    }
    return e ? e : request_refuse(r, "nobody knows what that is");
}

/* --- What steps say of the whole --- */

int request_refuse(struct request *r, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(r->problem, sizeof(r->problem), format, ap);
    va_end(ap);
    return REQUEST_REFUSED;
}

int request_advance(struct request *r)
{
    static const struct db_query q = {"request-advance",
                                      "UPDATE grouping_requests SET step = $2 WHERE id = $1"};
    struct number id = number(r->id), step = number(r->step + 1);
    const char *const params[] = {id.text, step.text};

    return RUN(r->w->db, q, params, NULL);
}

int request_set_total(struct request *r, int64_t total)
{
    static const struct db_query q = {
        "request-total", "UPDATE grouping_requests SET total = $2, done = 0 WHERE id = $1"};
    struct number id = number(r->id), n = number(total);
    const char *const params[] = {id.text, n.text};

    return RUN(r->w->db, q, params, NULL);
}

int request_set_left(struct request *r, int64_t left)
{
    static const struct db_query q = {
        "request-left", "UPDATE grouping_requests SET total = done + $2 WHERE id = $1"};
    struct number id = number(r->id), n = number(left);
    const char *const params[] = {id.text, n.text};

    return RUN(r->w->db, q, params, NULL);
}

int request_add_done(struct request *r, int64_t n)
{
    static const struct db_query q = {
        "request-done", "UPDATE grouping_requests SET done = done + $2 WHERE id = $1"};
    struct number id = number(r->id), more = number(n);
    const char *const params[] = {id.text, more.text};

    return RUN(r->w->db, q, params, NULL);
}

static bool new_crashes_wait(struct worker *w)
{
    struct queue_stats stats;

    return queue_stats(w->queue, &stats) == 0 && stats.waiting > 0;
}

bool request_turn(void *request)
{
    struct worker *w = ((struct request *)request)->w;
    int64_t yield = clock_mono() + YIELD_USEC;
    bool leads = false;

    while (!w->stopping() && clock_mono() < yield && new_crashes_wait(w))
        clock_sleep(LOOK_USEC);
    return !w->stopping() && query_heal_lead(w->db, &leads) == 0 && leads;
}

/* --- Beginning and end --- */

#define GROUP_IN(name) "substring(detail ->> '" name "' FROM '^(?:G-)?([0-9]{1,9})$')::integer"

/* Grouping anew is for those who group as was asked for. */
static int next_request(struct worker *w, struct arena *a, struct request *ret)
{
    static const struct db_query q = {
        "request-next",
        "UPDATE grouping_requests SET state = 'running', began_at = coalesce(began_at, now()) "
        "WHERE id = (SELECT id FROM grouping_requests WHERE state IN ('waiting', 'running') "
        "            AND (kind <> 'regroup' OR coalesce(detail ->> 'grouped', $1) = $1) "
        "            ORDER BY state, id LIMIT 1) "
        "RETURNING id, step, kind, actor, " GROUP_IN("group") ", " GROUP_IN(
            "into") ", "
                    "  " GROUP_IN("decision") ", " GROUP_IN(
                        "keep") ", (detail -> 'selector')::text, "
                                "  detail ->> 'build_id', coalesce(detail ->> 'preview' = 'true', "
                                "false), "
                                "  NOT detail ? 'grouped', " USEC(
                                    "began_at") ", detail ->> 'query'"};
    const char *const params[] = {siterules_grouped()};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(w->db, q, params, &res);

    *ret = (struct request){.w = w, .arena = a};
    if (e || PQntuples(res) == 0)
        return e;
    ret->id = db_int(res, 0, 0);
    ret->step = db_int(res, 0, 1);
    ret->kind = arena_strdup(a, db_text(res, 0, 2));
    ret->actor = arena_strdup(a, db_text(res, 0, 3));
    ret->group = db_int(res, 0, 4);
    ret->into = db_int(res, 0, 5);
    ret->decision = db_int(res, 0, 6);
    ret->keep = db_int(res, 0, 7);
    ret->selector = arena_strdup(a, db_text(res, 0, 8));
    ret->build_id = arena_strdup(a, db_text(res, 0, 9));
    ret->preview = db_bool(res, 0, 10);
    ret->asked = db_bool(res, 0, 11);
    ret->began_at = db_int(res, 0, 12);
    ret->query = arena_strdup(a, db_text(res, 0, 13));
    ret->way = (struct regroup_way){.rules = siterules_get(), .grouped = siterules_grouped()};
    return keys_splits(w->db, a, &ret->way.splits);
}

static int end_request(struct request *r, bool failed, const char *result)
{
    static const struct db_query q = {
        "request-end",
        "UPDATE grouping_requests SET state = $2, problem = coalesce(nullif($3, ''), problem), "
        "ended_at = now(), "
        "    detail = detail || coalesce(jsonb_build_object('result', $4::jsonb), '{}') "
        "WHERE id = $1"};
    struct number id = number(r->id);
    const char *done = arena_printf(r->arena, "{\"moved\":%lld,\"merged\":%lld,\"made\":%lld}",
                                    (long long)r->moved, (long long)r->merged, (long long)r->made);
    const char *const params[] = {id.text, failed ? "failed" : "done", r->problem,
                                  result ? result : done};
    int e = RUN(r->w->db, q, params, NULL);

    log_info("grouping request", LOG_INT("id", r->id), LOG_STR("kind", r->kind),
             LOG_STR("result", failed ? "failed" : "done"), LOG_STR("problem", r->problem),
             LOG_INT("moved", r->moved), LOG_INT("merged", r->merged), LOG_INT("new", r->made));
    return e;
}

/* --- One request --- */

static int run_step(struct request *r, size_t plan)
{
    int64_t step = r->step;
    int e = DB_RETRY;

    for (unsigned i = 0; i < ATTEMPTS_MAX && e == DB_RETRY; i++)
        e = plans[plan].steps[step](r);
    if (e == 0)
        e = request_advance(r);
    if (e == 0)
        r->step++;
    return e;
}

static int run_steps(struct request *r)
{
    size_t plan = 0;
    int e = find_plan(r, &plan);

    while (e == 0 && r->step < STEPS_MAX && plans[plan].steps[r->step])
        e = run_step(r, plan);
    return e;
}

/* What PostgreSQL refuses for good must not stand in the way of all others. */
static int run(struct request *r)
{
    const char *result = NULL;
    int e = r->preview ? step_preview(r, &result) : run_steps(r);

    if (e == 0)
        return end_request(r, false, result);
    if (e == DB_REFUSED)
        snprintf(r->problem, sizeof(r->problem), "PostgreSQL refuses: %s", db_message(r->w->db));
    return e == REQUEST_REFUSED || e == DB_REFUSED ? end_request(r, true, NULL) : e;
}

int requests_run(struct worker *w)
{
    bool any = true;
    int e = 0;

    while (e == 0 && any && !w->stopping()) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct request r;

        e = next_request(w, &a, &r);
        any = e == 0 && r.id != 0;
        if (any)
            e = run(&r);
    }
    return e || w->stopping() ? REQUESTS_CUT : 0;
}

/* --- What is due --- */

/* What was asked for before by another name is not wanted any more. */
static int ask(struct worker *w)
{
    static const struct db_query q = {
        "request-regroup",
        "WITH old AS (UPDATE grouping_requests SET state = 'failed', ended_at = now(), "
        "                    problem = 'another algorithm or other rules came in between' "
        "             WHERE kind = 'regroup' AND state IN ('waiting', 'running') "
        "             AND detail ->> 'grouped' <> $1) "
        "INSERT INTO grouping_requests (actor, kind, detail) "
        "VALUES ('system', 'regroup', jsonb_build_object('grouped', $1::text, "
        "    'last_group', (SELECT coalesce(max(id), 0) FROM crash_groups)))"};
    const char *const params[] = {siterules_grouped()};

    return RUN(w->db, q, params, NULL);
}

/* The name that was asked for last; "" for none, NULL when nobody knows. */
static const char *wished(struct worker *w, struct arena *a)
{
    static const struct db_query q = {
        "request-wished", "SELECT detail ->> 'grouped' FROM grouping_requests "
                          "WHERE kind = 'regroup' AND detail ? 'grouped' ORDER BY id DESC LIMIT 1"};
    _cleanup_result_ PGresult *res = NULL;

    if (db_run(w->db, &q, NULL, 0, &res) != 0)
        return NULL;
    return PQntuples(res) ? arena_strdup(a, db_text(res, 0, 0)) : "";
}

int requests_wish(struct worker *w)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *name = wished(w, &a);

    if (!name)
        return REQUESTS_CUT;
    return strcmp(name, siterules_grouped()) != 0 && ask(w) != 0 ? REQUESTS_CUT : 0;
}

static bool any_waits(struct worker *w)
{
    static const struct db_query q = {
        "request-any", "SELECT EXISTS (SELECT FROM grouping_requests "
                       "WHERE state IN ('waiting', 'running') "
                       "AND (kind <> 'regroup' OR coalesce(detail ->> 'grouped', $1) = $1))"};
    const char *const params[] = {siterules_grouped()};
    _cleanup_result_ PGresult *res = NULL;

    return RUN(w->db, q, params, &res) == 0 && db_bool(res, 0, 0);
}

/* Stacks that a worker with other rules stored, or one that did not know of a decision yet. */
static bool stacks_differ(struct worker *w)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *name = wished(w, &a);
    bool any = false;

    return name && strcmp(name, siterules_grouped()) == 0 &&
           regroup_keys_any(w->db, siterules_grouped(), &any) == 0 && any;
}

bool requests_due(struct worker *w)
{
    if (any_waits(w))
        return true;
    return stacks_differ(w) && ask(w) == 0;
}
