/* SPDX-License-Identifier: Apache-2.0 */
/* Parked jobs stay un-acknowledged and are touched from time to time, so that they are ours until
 * they are done, and another worker's when we die. */
#include "workerd/worker.h"

#include "common/base/clock.h"

#include "workerd/counters.h"
#include "workerd/job.h"
#include "workerd/life.h"

#define PARKED_MAX  64
#define PARKED_LOOK (200 * USEC_PER_MSEC) /* between two looks for a parked job's modules */
#define TAKE_WAIT   (1 * USEC_PER_SEC)
#define AWAY_WAIT   (500 * USEC_PER_MSEC) /* while Redis is not there */

/* A job that waits for modules. Its memory is its own arena. */
struct parked {
    struct queue_job job;
    struct crash_record record;
    struct arena arena;
    int64_t deadline;   /* since the epoch */
    int64_t next_touch; /* monotonic */
};

struct loop {
    struct worker worker;
    struct parked parked[PARKED_MAX]; /* the first n_parked are in use */
    size_t n_parked;
};

/* --- Modules on their way --- */

/* The file, or an unwind sidecar of it. */
static bool has_module(const struct worker *w, const char *build_id)
{
    return blob_module_has(w->store, build_id, MODULE_EXECUTABLE) ||
           blob_module_has(w->store, build_id, MODULE_UNWIND);
}

static bool waits_for_module(const struct worker *w, const struct crash_meta *m)
{
    for (size_t i = 0; i < m->n_modules; i++) {
        if (m->modules[i].offered && m->modules[i].build_id &&
            !has_module(w, m->modules[i].build_id))
            return true;
    }
    return false;
}

/* A clock that went back must not make it wait for longer than the grace from now. */
static int64_t grace_ends(const struct worker *w, const struct crash_record *r)
{
    int64_t now = clock_now();
    int64_t received = r->receipt.received_at;

    return (received < now ? received : now) + w->conf->module_grace;
}

/* False when another worker has taken it over. */
static bool touch(struct loop *l, struct parked *p)
{
    if (clock_mono() < p->next_touch)
        return true;
    p->next_touch = clock_mono() + l->worker.conf->claim_idle / 3;
    return queue_touch(l->worker.queue, l->worker.consumer, &p->job) != QUEUE_LOST;
}

static struct parked take_parked(struct loop *l, size_t i)
{
    struct parked p = l->parked[i];

    l->parked[i] = l->parked[--l->n_parked];
    return p;
}

static void unpark(struct loop *l, size_t i, bool ours)
{
    struct parked p = take_parked(l, i);

    if (ours)
        job_run(&l->worker, &p.job, 0, &p.record, &p.arena);
    arena_fini(&p.arena);
}

/* Does the parked jobs whose modules are there or whose time is over. */
static void look_at_parked(struct loop *l)
{
    for (size_t i = l->n_parked; i-- > 0 && !l->worker.stopping();) {
        struct parked *p = &l->parked[i];

        if (!touch(l, p))
            unpark(l, i, false);
        else if (clock_now() >= p->deadline || !waits_for_module(&l->worker, &p->record.meta))
            unpark(l, i, true);
    }
}

/* --- One job --- */

/* Takes the arena over when the job is set aside. */
static bool park(struct loop *l, const struct queue_job *job, const struct crash_record *record,
                 struct arena *a)
{
    int64_t deadline = grace_ends(&l->worker, record);

    if (deadline <= clock_now() || !waits_for_module(&l->worker, &record->meta))
        return false;
    l->parked[l->n_parked++] =
        (struct parked){.job = *job, .record = *record, .arena = *a, .deadline = deadline};
    metrics_add(l->worker.metrics, COUNTER_JOBS_PARKED, 1);
    return true;
}

static void begin(struct loop *l, const struct queue_job *job)
{
    struct crash_record record = {0};
    struct arena a;
    int r;

    arena_init(&a, 0);
    r = job_read(&l->worker, job->crash_id, &a, &record);
    if (r == 0 && park(l, job, &record, &a))
        return;
    job_run(&l->worker, job, r, &record, &a);
    arena_fini(&a);
}

/* With all places taken no job is begun that might need one. */
static void step(struct loop *l)
{
    struct worker *w = &l->worker;
    struct queue_job job;
    int r;

    if (l->n_parked == PARKED_MAX) {
        clock_sleep(PARKED_LOOK);
    } else {
        r = queue_take(w->queue, w->consumer, l->n_parked > 0 ? PARKED_LOOK : TAKE_WAIT,
                       w->conf->claim_idle, &job);
        if (r == 0)
            begin(l, &job);
        else if (r == QUEUE_UNAVAILABLE)
            clock_sleep(AWAY_WAIT);
    }
    look_at_parked(l);
}

/* --- The process --- */

int worker_run(const struct worker_conf *conf, struct metrics *m)
{
    static struct loop l;

    if (life_begin(conf, m, &l.worker) < 0 || life_begin_engine(&l.worker) < 0)
        return 1;
    while (!l.worker.stopping())
        step(&l);
    life_end(&l.worker);
    return 0;
}
