/* SPDX-License-Identifier: Apache-2.0 */
/* Parked jobs stay un-acknowledged and are touched from time to time, so that they are ours until
 * they are done, and another worker's when we die. */
#include "workerd/worker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/daemon/sandbox.h"

#include "workerd/counters.h"
#include "workerd/job.h"
#include "workerd/migrate.h"
#include "workerd/queries.h"

#define PARKED_MAX  64
#define PARKED_LOOK (200 * USEC_PER_MSEC) /* between two looks for a parked job's modules */
#define TAKE_WAIT   (1 * USEC_PER_SEC)
#define AWAY_WAIT   (500 * USEC_PER_MSEC) /* while Redis or the schema is not there */

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

static volatile sig_atomic_t asked_to_stop;

static void on_term(int signal)
{
    (void)signal;
    asked_to_stop = 1;
}

static bool is_stopping(void)
{
    return asked_to_stop;
}

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
    for (size_t i = l->n_parked; i-- > 0 && !is_stopping();) {
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

/* No job is taken before the database can take its event: a missing migration is nobody's attempt.
 */
static void await_schema(struct worker *w)
{
    int64_t wanted = migrations[n_migrations - 1].version, version = 0;
    bool said = false;

    while (!is_stopping() && (query_schema_version(w->db, &version) != 0 || version < wanted)) {
        if (!said)
            log_warning("waiting for the database", LOG_INT("schema", version),
                        LOG_INT("needed", wanted), LOG_STR("reason", db_message(w->db)),
                        LOG_STR("hint", "corral-workerd --migrate brings the schema up to date"));
        said = true;
        clock_sleep(AWAY_WAIT);
    }
}

/* Unique among all workers of a queue, and telling where one runs. */
static void name_consumer(char *name, size_t size)
{
    char host[64] = "localhost";

    gethostname(host, sizeof(host) - 1);
    snprintf(name, size, "%s:%d", host, (int)getpid());
}

static int open_services(struct worker *w)
{
    int r = blob_open(w->conf->data, true, &w->store);

    if (r < 0) {
        log_error("cannot open the blob store", LOG_STR("data", w->conf->data), LOG_ERRNO(r));
        return r;
    }
    r = sandbox_prepare();
    if (r < 0) {
        log_error("cannot compile the sandbox's filter", LOG_ERRNO(r));
        return r;
    }
    r = queue_new(w->conf->redis, &w->queue);
    return r < 0 ? r : db_new(w->conf->database, &w->db);
}

static void handle_signals(void)
{
    struct sigaction term = {.sa_handler = on_term};
    sigset_t none;

    sigaction(SIGTERM, &term, NULL);
    sigaction(SIGINT, &term, NULL);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int worker_run(const struct worker_conf *conf, struct metrics *m)
{
    static struct loop l;

    l.worker = (struct worker){.conf = conf, .metrics = m, .stopping = is_stopping};
    handle_signals();
    name_consumer(l.worker.consumer, sizeof(l.worker.consumer));
    if (open_services(&l.worker) < 0)
        return 1;
    await_schema(&l.worker);
    while (!is_stopping())
        step(&l);
    db_free(l.worker.db);
    queue_free(l.worker.queue);
    blob_close(l.worker.store);
    return 0;
}
