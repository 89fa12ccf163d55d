/* SPDX-License-Identifier: Apache-2.0 */
/* Reports come in any order: those of jobs that nobody waits for yet are put by. A zygote that does
 * not answer, or says what makes no sense, is ended and counts as dead. */
#include "workerd/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/version.h"
#include "workerd/counters.h"

#define START_WAIT  (10 * USEC_PER_SEC) /* for the sandbox to be in force */
#define END_WAIT    (10 * USEC_PER_SEC) /* for a killed child to be gone */
#define READY_WAIT  (1 * USEC_PER_SEC)  /* that crew_ready sits out of a back-off */
#define BACKOFF_MIN (100 * USEC_PER_MSEC)
#define BACKOFF_MAX (10 * USEC_PER_SEC)
#define LIVED_LONG  (30 * USEC_PER_SEC) /* after so long a life the back-off starts again */

struct job {
    uint32_t number; /* 0: none */
    bool gone;       /* and report says how */
    struct report report;
};

struct crew {
    const char *engine;
    struct metrics *metrics;
    pid_t pid; /* 0: not running */
    int socket;
    unsigned generation;
    uint32_t last_job;
    struct job jobs[JOBS_MAX];
    int64_t started, next_start, backoff; /* monotonic, usec */
};

struct crew *crew_new(const char *engine, struct metrics *m)
{
    struct crew *c = calloc(1, sizeof(*c));

    if (!c)
        abort();
    c->engine = engine;
    c->metrics = m;
    c->socket = -1;
    return c;
}

/* --- Its process --- */

static void bury(struct crew *c)
{
    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close(c->socket);
    c->socket = -1;
    c->pid = 0;
    memset(c->jobs, 0, sizeof(c->jobs));
}

void crew_free(struct crew *c)
{
    if (!c)
        return;
    if (c->pid)
        bury(c);
    free(c);
}

/* It died, or is as good as dead. Always CREW_DIED. */
static int lose(struct crew *c)
{
    int64_t now = clock_mono();

    bury(c);
    if (now - c->started > LIVED_LONG)
        c->backoff = 0;
    else
        c->backoff = c->backoff == 0 ? BACKOFF_MIN : c->backoff * 2;
    c->backoff = c->backoff < BACKOFF_MAX ? c->backoff : BACKOFF_MAX;
    c->next_start = now + c->backoff;
    if (c->metrics)
        metrics_add(c->metrics, COUNTER_ENGINE_DEATHS, 1);
    log_error("engine ended", LOG_INT("replaced_in_usec", c->backoff));
    return CREW_DIED;
}

/* Without the environment, which may hold passwords. */
static void __attribute__((noreturn)) become_engine(const char *path, int socket)
{
    char name[] = "corral-engine", option[] = "--serve", number[16];
    char *const arguments[] = {name, option, number, NULL};
    char *const environment[] = {NULL};

    snprintf(number, sizeof(number), "%d", socket);
    fcntl(socket, F_SETFD, 0);
    execve(path, arguments, environment);
    _exit(127);
}

static bool goes_on(void *arg)
{
    (void)arg;
    return true;
}

/* True when it is ready, and of this build. */
static bool comes_up(struct crew *c)
{
    struct vigil v;
    struct report r;

    vigil_begin(&v, START_WAIT, goes_on, NULL);
    if (vigil_await(&v, c->socket) != 0 || report_receive(c->socket, &r) < 0 ||
        r.kind != REPORT_READY) {
        log_error("cannot start the engine", LOG_STR("program", c->engine));
        return false;
    }
    if (strcmp(r.version, CORRAL_VERSION) != 0) {
        log_error("the engine is of another version", LOG_STR("program", c->engine),
                  LOG_STR("version", r.version),
                  LOG_STR("hint", "restart corral-workerd after an upgrade"));
        return false;
    }
    return true;
}

static int start(struct crew *c)
{
    int ends[2];
    int r = parcel_pair(ends);

    if (r < 0)
        return r;
    c->pid = fork();
    if (c->pid == 0)
        become_engine(c->engine, ends[1]);
    r = c->pid < 0 ? -errno : 0;
    close(ends[1]);
    if (r < 0) {
        close(ends[0]);
        c->pid = 0;
        return r;
    }
    c->socket = ends[0];
    c->started = clock_mono();
    c->generation++;
    return comes_up(c) ? 0 : lose(c);
}

int crew_ready(struct crew *c)
{
    int64_t early = c->next_start - clock_mono();

    if (c->pid)
        return 0;
    if (early > READY_WAIT)
        return CREW_DIED;
    if (early > 0)
        clock_sleep(early);
    return start(c);
}

unsigned crew_generation(const struct crew *c)
{
    return c->generation;
}

/* --- Jobs --- */

static struct job *find(struct crew *c, uint32_t number)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        if (c->jobs[i].number == number)
            return &c->jobs[i];
    }
    return NULL;
}

/* A zygote that reads no orders for so long does nothing else either. */
static bool can_send(const struct crew *c)
{
    struct pollfd p = {.fd = c->socket, .events = POLLOUT};

    return poll(&p, 1, (int)(END_WAIT / USEC_PER_MSEC)) > 0;
}

static int send_order(struct crew *c, const struct order *o, const struct parcel_fds *fds)
{
    int r = crew_ready(c);

    if (r)
        return r;
    r = order_send(c->socket, o, fds);
    if (r == -EAGAIN && can_send(c))
        r = order_send(c->socket, o, fds);
    return r < 0 ? lose(c) : 0;
}

int crew_begin(struct crew *c, struct order *o, const struct parcel_fds *fds)
{
    int r = crew_ready(c);
    struct job *j = find(c, 0);

    if (r)
        return r;
    if (!j)
        return -EBUSY;
    if (++c->last_job == 0)
        c->last_job = 1;
    o->job = c->last_job;
    *j = (struct job){.number = o->job};
    return send_order(c, o, fds);
}

/* Takes one report. Its sender reads nothing of a stranger's, but costs nothing to distrust. */
static int hear(struct crew *c)
{
    struct report r;
    struct job *j;

    if (report_receive(c->socket, &r) < 0 || r.kind != REPORT_GONE || r.job == 0)
        return lose(c);
    j = find(c, r.job);
    if (j) {
        j->gone = true;
        j->report = r;
    }
    return 0;
}

int crew_wait(struct crew *c, uint32_t job, struct vigil *v, struct report *ret)
{
    struct job *j;
    int r = 0;

    while (r == 0 && (j = find(c, job)) && !j->gone) {
        r = vigil_await(v, c->socket);
        if (r == 0)
            r = hear(c);
    }
    if (r)
        return r;
    if (!j)
        return CREW_DIED; /* while another job was waited for */
    *ret = j->report;
    j->number = 0;
    return 0;
}

/* Nobody may stop this wait: a child that is left alone would hold its place for ever. */
static int wait_for(struct crew *c, uint32_t job, int64_t usec, struct report *ret)
{
    struct vigil v;

    vigil_begin(&v, usec, goes_on, NULL);
    return crew_wait(c, job, &v, ret);
}

int crew_end(struct crew *c, uint32_t job, int64_t grace, struct report *ret)
{
    const struct order o = {.kind = ORDER_KILL, .job = job};
    int r = CREW_TOO_LATE;

    if (grace > 0)
        r = wait_for(c, job, grace, ret);
    if (r != CREW_TOO_LATE)
        return r;
    r = c->pid ? send_order(c, &o, NULL) : CREW_DIED;
    if (r == 0)
        r = wait_for(c, job, END_WAIT, ret);
    return r == CREW_TOO_LATE ? lose(c) : r;
}

/* --- Indexes --- */

void crew_keep(struct crew *c, const char *build_id, int fd)
{
    const struct parcel_fds fds = {.list = {fd}, .n = 1};
    struct order o = {.kind = ORDER_KEEP};

    strncpy(o.build_id, build_id, sizeof(o.build_id) - 1);
    if (c->pid)
        send_order(c, &o, &fds);
}

void crew_forget(struct crew *c)
{
    const struct order o = {.kind = ORDER_FORGET};

    if (c->pid)
        send_order(c, &o, NULL);
}
