/* SPDX-License-Identifier: Apache-2.0 */
/* One loop over the orders' socket and the descriptors of the children (pidfd_open(2)). */
#include "workerd/engine/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/version.h"
#include "common/daemon/sandbox.h"
#include "workerd/engine/kept.h"

enum { FD_ORDERS = 3, FD_FIRST_OTHER };

struct child {
    uint32_t job;
    pid_t pid; /* 0: none */
    int pid_fd;
};

static struct zygote {
    const struct zygote_jobs *jobs;
    pid_t pid;
    struct child children[JOBS_MAX];
} zygote;

/* --- Children --- */

/* The descriptors that a child is not to have: nothing else is open but the kept indexes and its
 * job's own, for those of other jobs were closed when their children had them. */
static void close_parents(void)
{
    close(FD_ORDERS);
    for (size_t i = 0; i < JOBS_MAX; i++) {
        if (zygote.children[i].pid)
            close(zygote.children[i].pid_fd);
    }
}

static int do_job(const struct order *o, const struct parcel_fds *fds)
{
    const struct sandbox limits = {
        .memory_bytes = o->memory_bytes,
        .cpu_seconds = o->cpu_seconds,
        .file_bytes = o->file_bytes,
    };

    close_parents();
    if (sandbox_tighten(&limits, zygote.pid) < 0)
        return STATUS_NO_SANDBOX;
    return o->kind == ORDER_INDEX ? zygote.jobs->index(o, fds) : zygote.jobs->analyse(o, fds);
}

/* fork(3) without what the C library does around it, and with a descriptor of the child: its number
 * may be another process's by the time it is used. */
static pid_t fork_with_fd(int *ret_pid_fd)
{
    return (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, ret_pid_fd, NULL, NULL);
}

static void report_gone(uint32_t job, int status, const struct rusage *u)
{
    const struct report r = {
        .kind = REPORT_GONE,
        .job = job,
        .status = status,
        .cpu_usec = (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * USEC_PER_SEC + u->ru_utime.tv_usec +
                    u->ru_stime.tv_usec,
        .peak_bytes = (uint64_t)u->ru_maxrss * 1024,
    };

    report_send(FD_ORDERS, &r);
}

static struct child *child_of(uint32_t job)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        if (zygote.children[i].pid && zygote.children[i].job == job)
            return &zygote.children[i];
    }
    return NULL;
}

static struct child *free_place(void)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        if (zygote.children[i].pid == 0)
            return &zygote.children[i];
    }
    return NULL;
}

static void start(const struct order *o, const struct parcel_fds *fds)
{
    static const struct rusage nothing;
    struct child *c = free_place();
    pid_t pid = -1;
    int pid_fd = -1;

    if (c)
        pid = fork_with_fd(&pid_fd);
    if (pid == 0)
        syscall(SYS_exit_group, do_job(o, fds));
    if (pid < 0)
        report_gone(o->job, W_EXITCODE(STATUS_HOST_FAILED, 0), &nothing);
    else
        *c = (struct child){.job = o->job, .pid = pid, .pid_fd = pid_fd};
}

static void reap(struct child *c)
{
    struct rusage u;
    int status;

    if (wait4(c->pid, &status, WNOHANG, &u) != c->pid)
        return;
    close(c->pid_fd);
    c->pid = 0;
    report_gone(c->job, status, &u);
}

static void end(uint32_t job)
{
    struct child *c = child_of(job);

    if (c)
        syscall(SYS_pidfd_send_signal, c->pid_fd, SIGKILL, NULL, 0);
}

/* --- Orders --- */

static const size_t fds_wanted[] = {
    [ORDER_ANALYSE] = 3, [ORDER_INDEX] = 2, [ORDER_KILL] = 0, [ORDER_KEEP] = 1, [ORDER_FORGET] = 0,
};

static bool makes_sense(const struct order *o, const struct parcel_fds *fds)
{
    size_t more = 0;

    if (o->kind == 0 || o->kind >= ARRAY_SIZE(fds_wanted))
        return false;
    if (o->kind == ORDER_INDEX)
        more = files_count(o->has) - 1;
    return fds->n == fds_wanted[o->kind] + more;
}

static void obey(const struct order *o, struct parcel_fds *fds)
{
    switch (o->kind) {
    case ORDER_ANALYSE:
    case ORDER_INDEX:
        start(o, fds);
        break;
    case ORDER_KILL:
        end(o->job);
        break;
    case ORDER_KEEP:
        kept_add(o->build_id, TAKE_FD(fds->list[0]));
        break;
    case ORDER_FORGET:
        kept_forget();
        break;
    }
}

/* False when the worker is gone, or is none of ours. */
static bool take_order(void)
{
    _cleanup_parcel_ struct parcel_fds fds = {.n = 0};
    struct order o;

    if (order_receive(FD_ORDERS, &o, &fds) < 0 || !makes_sense(&o, &fds))
        return false;
    obey(&o, &fds);
    return true;
}

/* Children die with this process (sandbox_tighten), so that all ends when it returns. */
static void obey_all(void)
{
    struct pollfd p[1 + JOBS_MAX] = {{.fd = FD_ORDERS, .events = POLLIN}};

    do {
        for (size_t i = 0; i < JOBS_MAX; i++) {
            const struct child *c = &zygote.children[i];

            p[1 + i] = (struct pollfd){.fd = c->pid ? c->pid_fd : -1, .events = POLLIN};
        }
        if (poll(p, ARRAY_SIZE(p), -1) < 0)
            continue; /* the signals that come are ignored */
        for (size_t i = 0; i < JOBS_MAX; i++) {
            if (p[1 + i].revents)
                reap(&zygote.children[i]);
        }
    } while (!p[0].revents || take_order());
}

/* --- Beginning --- */

/* Standard input and output are /dev/null: nothing that a library prints reaches anybody. */
static int arrange_descriptors(int orders)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int moved = fcntl(orders, F_DUPFD, FD_FIRST_OTHER);

    if (null < 0 || moved < 0)
        return -errno;
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    if (dup2(moved, FD_ORDERS) < 0)
        return -errno;
    return close_range(FD_FIRST_OTHER, ~0u, 0) < 0 ? -errno : 0;
}

/* As many indexes may be kept as are allowed, and each is a descriptor. */
static void allow_descriptors(void)
{
    struct rlimit l;

    if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
        l.rlim_cur = l.rlim_max;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}

/* SIGTERM is sent to all processes of a service at once; the job in hand is finished all the same.
 */
static void ignore_signals(void)
{
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

static int enter(void)
{
    const struct sandbox s = {.kind = SANDBOX_FORKS, .file_bytes = UINT64_MAX};

    return sandbox_enter(&s);
}

int zygote_serve(int orders, const struct zygote_jobs *jobs)
{
    struct report ready = {.kind = REPORT_READY};

    ignore_signals();
    allow_descriptors();
    zygote.jobs = jobs;
    zygote.pid = getpid();
    strncpy(ready.version, CORRAL_VERSION, sizeof(ready.version) - 1);
    if (arrange_descriptors(orders) < 0 || enter() < 0 || report_send(FD_ORDERS, &ready) < 0)
        return 1;
    obey_all();
    return 0;
}
