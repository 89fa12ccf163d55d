/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/healing/again.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#include "workerd/child.h"
#include "workerd/counters.h"
#include "workerd/group.h"
#include "workerd/siterules.h"

/* An event in hand. */
struct patient {
    struct worker *w;
    const struct heal_event *event;
    const struct text_set *build_ids;
    struct arena *arena;
    int64_t at; /* when it began */
    struct heal_result result;
};

/* --- Leaving it as it is --- */

static int later(const struct patient *p, int r)
{
    if (r != HEAL_GONE)
        log_warning("cannot change an event that was analysed again",
                    LOG_STR("crash_id", p->event->crash_id),
                    LOG_STR("reason", db_message(p->w->db)));
    /* What PostgreSQL refuses for good must not stand in the way of all others. */
    return r == HEAL_GONE || r == DB_REFUSED ? 0 : AGAIN_LATER;
}

static int leave(struct patient *p, const char *problem, bool without_core)
{
    int r =
        query_heal_leave(p->w->db, p->event, p->build_ids, p->at, problem, without_core, p->arena);

    if (r)
        return later(p, r);
    metrics_add(p->w->metrics,
                without_core ? COUNTER_REANALYSED_WITHOUT_CORE : COUNTER_REANALYSED_FAILED, 1);
    log_info("not healed", LOG_STR("crash_id", p->event->crash_id), LOG_STR("reason", problem));
    return 0;
}

/* --- Analysis --- */

static bool is_wanted(void *arg)
{
    const struct patient *p = arg;

    return !p->w->stopping();
}

/* What the first analysis was made of, or the full core that came after it. */
static int open_core(struct patient *p, int *ret_fd)
{
    int r = blob_crash_file(p->w->store, p->event->crash_id, BLOB_CORE, ret_fd);

    return r == BLOB_NOT_FOUND ? blob_crash_file(p->w->store, p->event->crash_id, BLOB_FULL, ret_fd)
                               : r;
}

static int analyse(struct patient *p, int core, struct analysis *ret, const char **ret_problem)
{
    const struct job_analysis j = {
        .core_fd = core, .variables = JOB_VARIABLES_MATTER, .tick = is_wanted, .arg = p};
    bool variables;
    int r = job_analyse_core(p->w, &j, p->arena, ret, &variables, ret_problem);

    if (r == 0 && ret->n_threads == 0) {
        *ret_problem = ret->problem ? ret->problem : "the core has no threads";
        r = CHILD_FAILED;
    }
    return r;
}

/* --- Storing --- */

static int store(struct patient *p, const struct event *e)
{
    const struct healed h = {.event = e, .build_ids = p->build_ids, .at = p->at};
    int r = query_heal_store(p->w->db, &h, p->arena, &p->result);

    if (r)
        return later(p, r);
    metrics_add(p->w->metrics, COUNTER_REANALYSED_HEALED, 1);
    if (p->result.merged)
        metrics_add(p->w->metrics, COUNTER_GROUPS_MERGED, 1);
    log_info("healed", LOG_STR("crash_id", e->crash_id), LOG_INT("group", p->result.group_id),
             LOG_INT("merged", p->result.merged), LOG_INT("moved", p->result.moved),
             LOG_INT("usec", clock_now() - p->at));
    return 0;
}

static int use(struct patient *p, const struct crash_record *record, struct analysis *an)
{
    struct event e;

    group_complete(an, &record->meta, p->arena);
    group_make(record, an, siterules_get(), p->arena, &e);
    job_write_analysis(p->w, p->event->crash_id, an);
    return store(p, &e);
}

/* --- The whole --- */

static int treat(struct patient *p)
{
    static const char gone[] = "its core is no longer kept";
    struct crash_record record;
    _cleanup_fd_ int core = -1;
    struct analysis an;
    const char *problem = NULL;
    int r = job_read_record(p->w, p->event->crash_id, p->arena, &record);

    if (r == 0)
        r = open_core(p, &core);
    if (r > 0)
        return leave(p, gone, true);
    if (r == 0)
        r = analyse(p, core, &an, &problem);
    if (r == CHILD_FAILED)
        return leave(p, problem, false);
    if (r == 0)
        return use(p, &record, &an);
    if (r != CHILD_UNWANTED)
        log_error("cannot analyse again on this host", LOG_STR("crash_id", p->event->crash_id),
                  LOG_INT("error", r));
    return AGAIN_LATER;
}

int again_analyse(struct worker *w, const struct heal_event *e, const struct text_set *build_ids,
                  bool *ret_merged)
{
    _cleanup_arena_ struct arena a;
    struct patient p = {.w = w, .event = e, .build_ids = build_ids, .arena = &a, .at = clock_now()};
    int r;

    arena_init(&a, 0);
    r = treat(&p);
    *ret_merged = p.result.merged != 0;
    return r;
}
