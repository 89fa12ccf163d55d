/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/pool.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"

#include "workerd/counters.h"
#include "workerd/healing/healer.h"
#include "workerd/supply/supplier.h"
#include "workerd/worker.h"

#define WORKERS_MAX 256
#define OTHERS_MAX  2 /* the healer, the supplier */
#define BACKOFF_MIN                                                                                \
    (100 *                                                                                         \
     USEC_PER_MSEC) /* before a dead worker is replaced; doubles while they keep dying young */
#define BACKOFF_MAX (10 * USEC_PER_SEC)
#define LIVED_LONG  (30 * USEC_PER_SEC) /* after so long a life the back-off starts again */
#define STOP_EXTRA_USEC                                                                            \
    (10 * USEC_PER_SEC) /* beyond job_timeout, for storing what was analysed                       \
                         */

/* --- In the pool's process --- */

/* What a process of the pool does until it is asked to end; returns its exit status. */
typedef int process_run(const struct worker_conf *conf, struct metrics *m);

struct slot {
    process_run *run;
    const char *name; /* for ps(1) */
    pid_t pid;        /* 0: none */
    int64_t started;
    int64_t next_start; /* monotonic, when there is none */
    int64_t backoff;
};

struct pool {
    const struct worker_conf *conf;
    struct metrics *metrics;
    struct slot slots[WORKERS_MAX + OTHERS_MAX]; /* the workers first */
    size_t n_slots;
    bool stopping;
};

/* Dies with its parent, by SIGTERM. The parent may be gone already. */
static void follow_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != parent)
        raise(SIGTERM);
}

static void start_process(struct pool *p, struct slot *s)
{
    pid_t parent = getpid();

    s->started = clock_mono();
    s->pid = fork();
    if (s->pid == 0) {
        follow_parent(parent);
        prctl(PR_SET_NAME, s->name, 0, 0, 0);
        _exit(s->run(p->conf, p->metrics));
    }
    if (s->pid < 0) {
        log_error("cannot fork a process of the pool", LOG_ERRNO(errno));
        s->pid = 0;
        s->next_start = clock_mono() + BACKOFF_MAX;
    }
}

static struct slot *slot_of(struct pool *p, pid_t pid)
{
    for (size_t i = 0; i < p->n_slots; i++) {
        if (p->slots[i].pid == pid)
            return &p->slots[i];
    }
    return NULL;
}

static void bury_worker(struct pool *p, struct slot *s, int status)
{
    int64_t now = clock_mono();

    s->pid = 0;
    if (p->stopping)
        return;
    s->backoff = now - s->started > LIVED_LONG || s->backoff == 0 ? BACKOFF_MIN : s->backoff * 2;
    s->backoff = s->backoff < BACKOFF_MAX ? s->backoff : BACKOFF_MAX;
    s->next_start = now + s->backoff;
    metrics_add(p->metrics, COUNTER_WORKER_DEATHS, 1);
    log_error("worker ended", LOG_STR("process", s->name),
              LOG_INT("status", WIFEXITED(status) ? WEXITSTATUS(status) : -1),
              LOG_INT("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
              LOG_INT("replaced_in_usec", s->backoff));
}

static size_t reap(struct pool *p)
{
    size_t alive = 0, workers = 0;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct slot *s = slot_of(p, pid);

        if (s)
            bury_worker(p, s, status);
    }
    for (size_t i = 0; i < p->n_slots; i++)
        alive += p->slots[i].pid != 0;
    for (size_t i = 0; i < p->conf->workers; i++)
        workers += p->slots[i].pid != 0;
    metrics_set(p->metrics, COUNTER_WORKERS, (int64_t)workers);
    return alive;
}

static void signal_workers(struct pool *p, int signal)
{
    for (size_t i = 0; i < p->n_slots; i++) {
        if (p->slots[i].pid)
            kill(p->slots[i].pid, signal);
    }
}

static void replace_dead(struct pool *p)
{
    for (size_t i = 0; i < p->n_slots; i++) {
        if (!p->slots[i].pid && clock_mono() >= p->slots[i].next_start)
            start_process(p, &p->slots[i]);
    }
}

/* Waits for a signal, for at most a second. True for one that asks to stop. */
static bool await_signal(const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};
    int caught = sigtimedwait(signals, NULL, &second);

    return caught == SIGTERM || caught == SIGINT;
}

static void drain(struct pool *p, const sigset_t *signals)
{
    int64_t deadline = clock_mono() + p->conf->job_timeout + STOP_EXTRA_USEC;

    p->stopping = true;
    signal_workers(p, SIGTERM);
    while (reap(p) > 0) {
        if (clock_mono() >= deadline)
            signal_workers(p, SIGKILL);
        await_signal(signals);
    }
}

static void add_slot(struct pool *p, const char *name, process_run *run)
{
    p->slots[p->n_slots++] = (struct slot){.run = run, .name = name};
}

static void __attribute__((noreturn))
run(const struct worker_conf *conf, struct metrics *m, pid_t parent)
{
    static struct pool p;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    p.conf = conf;
    p.metrics = m;
    for (size_t i = 0; i < conf->workers; i++)
        add_slot(&p, "corral-worker", worker_run);
    add_slot(&p, "corral-healer", healer_run);
    if (supplier_wanted(conf))
        add_slot(&p, "corral-supplier", supplier_run);
    follow_parent(parent);
    do {
        replace_dead(&p);
        reap(&p);
    } while (!await_signal(&signals));
    drain(&p, &signals);
    _exit(0);
}

/* --- In the daemon --- */

static struct {
    pid_t pid;
    int pid_fd;
    int64_t stop_usec;
    pthread_t watcher;
    _Atomic bool stopping;
} pool = {.pid_fd = -1};

/* Without its pool the daemon would serve metrics and nothing else: better to end, and be started
 * again. */
static void *watch(void *arg)
{
    struct pollfd p = {.fd = pool.pid_fd, .events = POLLIN};

    while (poll(&p, 1, -1) < 0 && errno == EINTR)
        ;
    if (!pool.stopping) {
        log_error("the pool of workers died");
        _exit(1);
    }
    return arg;
}

int pool_start(const struct worker_conf *conf, struct metrics *m)
{
    pid_t self = getpid();

    pool.stop_usec = conf->job_timeout + 2 * STOP_EXTRA_USEC;
    pool.pid = fork();
    if (pool.pid == 0)
        run(conf, m, self);
    if (pool.pid < 0)
        return -errno;
    pool.pid_fd = pidfd_open(pool.pid, 0);
    if (pool.pid_fd < 0)
        return -errno;
    return -pthread_create(&pool.watcher, NULL, watch, NULL);
}

void pool_stop(void)
{
    struct pollfd p = {.fd = pool.pid_fd, .events = POLLIN};

    pool.stopping = true;
    kill(pool.pid, SIGTERM);
    if (poll(&p, 1, (int)(pool.stop_usec / USEC_PER_MSEC)) == 0)
        kill(pool.pid, SIGKILL);
    while (waitpid(pool.pid, NULL, 0) < 0 && errno == EINTR)
        ;
    pthread_join(pool.watcher, NULL);
    close(pool.pid_fd);
}
