/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/job.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/report/limits.h"
#include "common/report/prefixes.h"
#include "common/store/arrivals.h"

#include "workerd/child.h"
#include "workerd/counters.h"
#include "workerd/group.h"
#include "workerd/siterules.h"
#include "workerd/queries.h"

#define RECORD_MAX (META_JSON_MAX + 64u * 1024)
#define WAIT_MIN   (100 * USEC_PER_MSEC) /* between two tries, doubled each time */
#define WAIT_MAX   (2 * USEC_PER_SEC)
#define LIKE_WAIT  (60 * USEC_PER_SEC)  /* for the event that a tally is like, from its receipt */
#define HOST_WAIT  (600 * USEC_PER_SEC) /* for this host to recover, before an attempt is spent */

/* A job in hand. */
struct run {
    struct worker *w;
    const struct queue_job *job;
    const struct crash_record *record;
    struct arena *arena;
    struct stored stored;
    int64_t started; /* monotonic */
    bool lost;       /* another worker has taken the job over */
    bool variables;  /* the analysis was asked for them */
};

/* How a job ends: its word in the log and its counter. */
enum end {
    END_STACK,
    END_NO_STACK,
    END_COUNTED,
    END_REPEATED,
    END_BURIED,
    END_LEFT,
    END_PUT_BACK,
};

static const struct {
    const char *word;
    enum counter counter;
} ends[] = {
    [END_STACK] = {"stack", COUNTER_EVENTS_STACK},
    [END_NO_STACK] = {"no_stack", COUNTER_EVENTS_NO_STACK},
    [END_COUNTED] = {"counted", COUNTER_EVENTS_COUNTED},
    [END_REPEATED] = {"repeated", COUNTER_EVENTS_REPEATED},
    [END_BURIED] = {"buried", COUNTER_EVENTS_BURIED},
    [END_LEFT] = {"left", COUNTER_EVENTS_LEFT},
    [END_PUT_BACK] = {"put_back", COUNTER_EVENTS_PUT_BACK},
};

/* --- The record --- */

int job_read_record(struct worker *w, const char *crash_id, struct arena *a,
                    struct crash_record *ret)
{
    _cleanup_buf_ struct buf b = BUF_INIT(RECORD_MAX);
    int r = blob_crash_read(w->store, crash_id, "meta.json", &b);

    if (r == BLOB_NOT_FOUND)
        return RECORD_MISSING;
    if (r < 0)
        return r == -E2BIG ? RECORD_UNREADABLE : r;
    r = record_parse((struct str){buf_text(&b), b.len}, a, ret);
    if (r < 0 || strcmp(ret->meta.crash_id, crash_id) != 0)
        return RECORD_UNREADABLE;
    return 0;
}

int job_read(struct worker *w, const char *crash_id, struct arena *a, struct crash_record *ret)
{
    return blob_pending_has(w->store, crash_id) ? job_read_record(w, crash_id, a, ret)
                                                : RECORD_DONE;
}

/* --- Analysis --- */

/* Keeps the job ours while it takes long. False when it is not any more. */
static bool still_ours(void *arg)
{
    struct run *run = arg;

    run->lost = queue_touch(run->w->queue, run->w->consumer, run->job) == QUEUE_LOST;
    return !run->lost;
}

static int64_t longer(int64_t wait)
{
    return wait * 2 < WAIT_MAX ? wait * 2 : WAIT_MAX;
}

/* Sleeps for usec with signs of life; false when the job is to be left. */
static bool wait_with_job(struct run *run, int64_t usec)
{
    if (run->w->stopping() || !still_ours(run))
        return false;
    clock_sleep(usec);
    return !run->w->stopping();
}

/* Nothing is known of what variables alone have cost: the whole counts, which is short without
 * them. */
int job_analyse_core(struct worker *w, const struct job_analysis *j, struct arena *a,
                     struct analysis *ret, bool *ret_variables, const char **ret_problem)
{
    int64_t started = clock_mono();
    const struct child_options o = {
        .crew = w->crew,
        .stock = w->stock,
        .scratch_fd = w->scratch_fd,
        .core_fd = j->core_fd,
        .timeout_usec = w->conf->job_timeout,
        .memory_bytes = w->conf->job_memory,
        .variables =
            j->variables != JOB_NO_VARIABLES &&
            allowance_permits(&w->variables, j->variables == JOB_VARIABLES_MATTER, started),
        .tick = j->tick,
        .arg = j->arg,
    };
    struct prefixes prefixes;
    int r = child_analyse(&o, a, ret, ret_problem);
    int64_t usec = clock_mono() - started;

    if (o.variables)
        allowance_spend(&w->variables, usec);
    if (r == 0 && prefixes_parse(w->conf->source_prefixes, a, &prefixes) == 0)
        prefixes_apply(&prefixes, ret, a);
    metrics_observe(w->metrics, COUNTER_ANALYSIS_SECONDS, usec);
    if (r == CHILD_FAILED)
        metrics_add(w->metrics, COUNTER_ANALYSES_FAILED, 1);
    *ret_variables = o.variables;
    return r;
}

static int analyse_core(struct run *run, const struct job_analysis *j, struct analysis *ret)
{
    const char *problem = NULL;
    int r = job_analyse_core(run->w, j, run->arena, ret, &run->variables, &problem);

    if (r != CHILD_FAILED)
        return r;
    *ret = (struct analysis){.problem = problem};
    return 0;
}

/* An analysis in any case, unless this host failed or nobody wants it (non-zero). */
static int analyse_crash(struct run *run, struct analysis *ret)
{
    struct worker *w = run->w;
    _cleanup_fd_ int core = -1;
    int r;

    *ret = (struct analysis){0};
    if (run->job->attempt > w->conf->attempts_max) {
        ret->problem =
            arena_printf(run->arena, "the analysis was begun %llu times and never finished",
                         (unsigned long long)run->job->attempt - 1);
        return 0;
    }
    r = blob_crash_file(w->store, run->job->crash_id, "core.zst", &core);
    if (r == BLOB_NOT_FOUND) {
        const char *why = run->record->meta.core_problem;

        ret->problem = why ? why : "the crash came without a core";
        return 0;
    }
    const struct job_analysis j = {
        .core_fd = core, .variables = JOB_VARIABLES_IN_TIME, .tick = still_ours, .arg = run};

    return r < 0 ? r : analyse_core(run, &j, ret);
}

/* A full disk or exhausted memory says nothing about the crash: the job stays in hand until they
 * have passed, within reason, for the fault may lie in this one core's sectors. */
static int analyse_patiently(struct run *run, struct analysis *ret)
{
    int64_t wait = WAIT_MIN, waited = 0;
    int r;

    while ((r = analyse_crash(run, ret)) < 0 || r == CHILD_HOST_FAILED) {
        log_error(
            "cannot analyse on this host", LOG_STR("crash_id", run->job->crash_id),
            LOG_INT("again_in_usec", wait),
            LOG_STR("hint",
                    "is there room and memory left, and may this user read the data folder?"));
        if (waited > HOST_WAIT || !wait_with_job(run, wait))
            return r;
        waited += wait;
        wait = longer(wait);
    }
    return r;
}

void job_write_analysis(struct worker *w, const char *crash_id, const struct analysis *an)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);
    int r;

    analysis_format(an, &b);
    r = buf_error(&b);
    if (r == 0)
        r = blob_crash_write_analysis(w->store, crash_id, (struct str){buf_text(&b), b.len});
    if (r < 0)
        log_warning("cannot write analysis.json", LOG_STR("crash_id", crash_id), LOG_ERRNO(r));
}

/* --- Storing --- */

/* PostgreSQL being away is nobody's attempt: the job stays in hand until it is back. */
static int store_event(struct run *run, const struct event *e)
{
    struct worker *w = run->w;
    int64_t wait = WAIT_MIN;
    int r;

    while ((r = query_store_event(w->db, e, run->arena, &run->stored)) == DB_UNAVAILABLE) {
        if (wait == WAIT_MIN)
            log_warning("waiting for PostgreSQL", LOG_STR("crash_id", e->crash_id),
                        LOG_STR("reason", db_message(w->db)));
        if (!wait_with_job(run, wait))
            return r;
        wait = longer(wait);
    }
    return r;
}

static void count_groups(struct run *run, const struct event *e)
{
    if (run->stored.repeated)
        return;
    if (e->flags & EVENT_COUNTED)
        metrics_add(run->w->metrics, COUNTER_CRASHES_COUNTED, (uint64_t)e->crashes);
    if (run->stored.new_group)
        metrics_add(run->w->metrics, COUNTER_GROUPS_CREATED, 1);
    if (run->stored.regressed)
        metrics_add(run->w->metrics, COUNTER_GROUPS_REGRESSED, 1);
}

/* The transaction is committed: from here on, doing the job again would change nothing. A failure
 * leaves either the queue or the pending list to bring it back. */
static void acknowledge(struct run *run)
{
    if (queue_ack(run->w->queue, run->job) == 0)
        blob_pending_remove(run->w->store, run->job->crash_id);
}

static enum end bury(struct run *run, const char *reason)
{
    if (queue_bury(run->w->queue, run->job, reason) != 0)
        return END_LEFT;
    blob_pending_remove(run->w->store, run->job->crash_id);
    log_error("crash buried", LOG_STR("crash_id", run->job->crash_id), LOG_STR("reason", reason));
    return END_BURIED;
}

/* What PostgreSQL refuses for good (its rights, its schema) is tried as often as anything else. */
static enum end refused(struct run *run)
{
    log_error("PostgreSQL refuses an event", LOG_STR("crash_id", run->job->crash_id),
              LOG_STR("reason", db_message(run->w->db)));
    if (run->job->attempt < run->w->conf->attempts_max)
        return END_LEFT;
    return bury(run, "PostgreSQL refused it");
}

/* The event that it is like may still be queued, analysed, or on its way here. */
static bool may_come(const struct run *run)
{
    int64_t age = clock_now() - run->record->receipt.received_at;

    return age >= 0 && age < LIKE_WAIT;
}

/* Off the queue but not off the pending list: ingestd's sweep queues it again, and no worker waits
 * meanwhile. */
static enum end put_back(struct run *run)
{
    return queue_ack(run->w->queue, run->job) == 0 ? END_PUT_BACK : END_LEFT;
}

static enum end end_of_event(const struct run *run, const struct event *e)
{
    if (run->stored.repeated)
        return END_REPEATED;
    if (e->flags & EVENT_COUNTED)
        return END_COUNTED;
    return e->flags & EVENT_NO_STACK ? END_NO_STACK : END_STACK;
}

static enum end store(struct run *run, struct event *e)
{
    int r = store_event(run, e);

    if (r == STORE_LIKE_UNKNOWN) {
        if (may_come(run))
            return put_back(run);
        e->like = NULL;
        r = store_event(run, e);
    }
    if (r == DB_REFUSED)
        return refused(run);
    if (r != 0)
        return END_LEFT;
    count_groups(run, e);
    acknowledge(run);
    return end_of_event(run, e);
}

/* A module that came while its crash was analysed may have been announced before the event was
 * there to be found: it is announced once more. Before the event is stored, for a kill may come
 * after it, and behind it, for a module may come in between. (A second is more than a coarse clock
 * of inodes is behind.) */
static void mark_late_modules(struct worker *w, const struct event *e, int64_t began)
{
    for (size_t i = 0; i < e->lacking.build_ids.n; i++) {
        const char *build_id = e->lacking.build_ids.texts[i];

        for (int k = 0; k < MODULE_KIND_COUNT; k++) {
            if (!blob_module_since(w->store, build_id, (enum module_kind)k, began - USEC_PER_SEC))
                continue;
            if (arrival_add(w->store, build_id) == 0)
                queue_wake(w->queue);
            break;
        }
    }
}

static bool goes_on(void *arg)
{
    const struct run *run = arg;

    return !run->w->stopping();
}

/* The first crash with a stack has variables whatever the load is. Its event is stored and
 * acknowledged, so that nothing waits; what goes wrong now leaves it without them. */
static void add_variables(struct run *run)
{
    struct worker *w = run->w;
    _cleanup_fd_ int core = -1;
    struct job_analysis j = {.variables = JOB_VARIABLES_MATTER, .tick = goes_on, .arg = run};
    struct analysis an;

    if (blob_crash_file(w->store, run->job->crash_id, "core.zst", &core) != 0)
        return;
    j.core_fd = core;
    if (analyse_core(run, &j, &an) != 0 || !run->variables || an.n_threads == 0)
        return;
    group_complete(&an, &run->record->meta, run->arena);
    job_write_analysis(w, run->job->crash_id, &an);
}

static enum end process(struct run *run)
{
    struct analysis an;
    struct event e;
    int64_t began = clock_now();
    int r = analyse_patiently(run, &an);

    if (r != 0)
        return END_LEFT;
    group_complete(&an, &run->record->meta, run->arena);
    group_make(run->record, &an, siterules_get(), run->arena, &e);
    job_write_analysis(run->w, run->job->crash_id, &an);
    mark_late_modules(run->w, &e, began);
    enum end end = store(run, &e);

    mark_late_modules(run->w, &e, began);
    if (end == END_STACK && run->stored.new_stack && !run->variables)
        add_variables(run);
    return end;
}

/* --- The whole --- */

static enum end end_of(struct run *run, int r)
{
    switch (r) {
    case 0:
        return process(run);
    case RECORD_DONE:
        acknowledge(run);
        return END_REPEATED;
    case RECORD_MISSING:
        return bury(run, "the blob store has no such crash");
    case RECORD_UNREADABLE:
        return bury(run, "its meta.json cannot be read");
    default:
        log_error("cannot read a crash", LOG_STR("crash_id", run->job->crash_id), LOG_ERRNO(r));
        return END_LEFT;
    }
}

void job_run(struct worker *w, const struct queue_job *job, int r,
             const struct crash_record *record, struct arena *a)
{
    struct run run = {.w = w, .job = job, .record = record, .arena = a, .started = clock_mono()};
    enum end end = end_of(&run, r);
    int64_t usec = clock_mono() - run.started;

    metrics_add(w->metrics, ends[end].counter, 1);
    metrics_observe(w->metrics, COUNTER_JOB_SECONDS, usec);
    log_info("job", LOG_STR("crash_id", job->crash_id), LOG_STR("result", ends[end].word),
             LOG_INT("group", run.stored.group_id), LOG_INT("new", run.stored.new_group),
             LOG_UINT("attempt", job->attempt), LOG_INT("usec", usec));
}
