/* SPDX-License-Identifier: Apache-2.0 */
/* The pipe's end of file says that the child has said all; its pidfd, that it is gone (or is killed
 * when it stays). */
#include "workerd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/daemon/sandbox.h"
#include "common/report/limits.h"

#include "workerd/analysis/analyse.h"

#define CORE_MAX                                                                                   \
    (32ull << 30) /* decompressed bytes that are looked at; the scratch file may become so large   \
                   */
#define TICK_USEC USEC_PER_SEC

/* How the child ends when it can still tell. */
enum child_status {
    STATUS_DONE = 0,
    STATUS_NO_SANDBOX = 10,
    STATUS_HOST_FAILED = 11,
    STATUS_TOO_LONG = 12, /* the analysis is larger than what may be handed back */
    STATUS_NO_MEMORY = 13,
};

/* Where the child finds what it was given, after everything else is closed. */
enum { FD_CORE = 3, FD_SCRATCH, FD_PIPE, FD_FIRST_CLOSED };

/* --- Inside --- */

/* Descriptors may sit on each other's future places, so they move up before they move down. */
static void arrange_descriptors(int core, int scratch, int pipe)
{
    const int sources[] = {core, scratch, pipe};
    int moved[ARRAY_SIZE(sources)];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
        moved[i] = fcntl(sources[i], F_DUPFD, FD_FIRST_CLOSED);
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
        dup2(moved[i], FD_CORE + (int)i);
    close_range(FD_FIRST_CLOSED, ~0u, 0);
}

static int enter_sandbox(const struct child_options *o)
{
    char modules[4096];
    const char *const folders[] = {modules, NULL};
    const struct sandbox s = {
        .memory_bytes = o->memory_bytes,
        .cpu_seconds = (uint64_t)(o->timeout_usec / USEC_PER_SEC) + 1,
        .file_bytes = CORE_MAX,
        .read_only = folders,
    };

    if (snprintf(modules, sizeof(modules), "%s/modules", o->data) >= (int)sizeof(modules))
        return -ENAMETOOLONG;
    return sandbox_enter(&s);
}

/* Memory ends at the child's own limit long before it ends on this host. */
static enum child_status status_of(int error)
{
    switch (error) {
    case 0:
        return STATUS_DONE;
    case -E2BIG:
        return STATUS_TOO_LONG;
    case -ENOMEM:
        return STATUS_NO_MEMORY;
    default:
        return STATUS_HOST_FAILED;
    }
}

/* Hundreds of threads with names of kilobytes may be more than the pipe's other end takes: threads
 * are left out then, the crashed one last. */
static enum child_status hand_back(struct analysis *an)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);

    analysis_format(an, &b);
    while (buf_error(&b) == -E2BIG && an->n_threads > 1) {
        an->threads_left_out += an->n_threads - an->n_threads / 2;
        an->n_threads /= 2;
        buf_clear(&b);
        analysis_format(an, &b);
    }
    if (buf_error(&b) < 0)
        return status_of(buf_error(&b));
    return io_write(FD_PIPE, b.data, b.len) < 0 ? STATUS_HOST_FAILED : STATUS_DONE;
}

static enum child_status analyse_inside(const struct child_options *o)
{
    struct blob_store *store = NULL;
    struct analyse_input in = {.core_fd = FD_CORE, .scratch_fd = FD_SCRATCH, .core_max = CORE_MAX};
    struct analysis an;
    struct arena a;

    if (blob_open(o->data, false, &store) < 0 || enter_sandbox(o) < 0)
        return STATUS_NO_SANDBOX;
    arena_init(&a, 0);
    in.sources.store = store;
    int r = analyse(&in, &a, &an);

    return r < 0 ? status_of(r) : hand_back(&an);
}

/* SIGTERM is sent to all processes of a service at once; the job in hand is finished all the same.
 */
static void __attribute__((noreturn))
run_inside(const struct child_options *o, int scratch, int pipe)
{
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    arrange_descriptors(o->core_fd, scratch, pipe);
    _exit(analyse_inside(o));
}

/* --- Outside --- */

struct child {
    pid_t pid;
    int pid_fd;
    int pipe;
    int64_t deadline; /* monotonic */
    int64_t next_tick;
    const struct child_options *options;
};

static int open_scratch(const char *data)
{
    char folder[4096];

    if (snprintf(folder, sizeof(folder), "%s/tmp", data) >= (int)sizeof(folder))
        return -ENAMETOOLONG;
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : fd;
}

static int start(const struct child_options *o, struct child *c)
{
    _cleanup_fd_ int scratch = open_scratch(o->data);
    int pipes[2];

    if (scratch < 0)
        return scratch;
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return -errno;
    c->pid = fork();
    if (c->pid == 0)
        run_inside(o, scratch, pipes[1]);
    close(pipes[1]);
    c->pipe = pipes[0];
    c->pid_fd = c->pid < 0 ? -1 : pidfd_open(c->pid, 0);
    return c->pid < 0 ? -ENOMEM : 0;
}

/* Ends the child if it still lives, and takes its status. */
static int reap(struct child *c)
{
    int status = 0;

    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Waits for the descriptor, ticking. 0; or CHILD_FAILED when the time is over, CHILD_UNWANTED. */
static int await(struct child *c, int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    for (;;) {
        int64_t now = clock_mono();
        int64_t until = c->next_tick < c->deadline ? c->next_tick : c->deadline;

        if (now >= c->deadline)
            return CHILD_FAILED;
        if (now >= c->next_tick) {
            c->next_tick = now + TICK_USEC;
            if (!c->options->tick(c->options->arg))
                return CHILD_UNWANTED;
            continue;
        }
        if (poll(&p, 1, (int)((until - now) / USEC_PER_MSEC) + 1) > 0)
            return 0;
    }
}

/* Reads until the child closes its end. */
static int collect(struct child *c, struct buf *b)
{
    char chunk[65536];
    ssize_t n;
    int r;

    do {
        r = await(c, c->pipe);
        if (r)
            return r;
        n = read(c->pipe, chunk, sizeof(chunk));
        if (n > 0)
            buf_add(b, chunk, (size_t)n);
    } while ((n > 0 && buf_error(b) == 0) || (n < 0 && errno == EINTR));
    return buf_error(b) == 0 ? await(c, c->pid_fd) : 0;
}

static const char no_memory[] = "the analysis needed more memory than job_memory gives it";

static const char *died_by(int signal)
{
    switch (signal) {
    case SIGSYS:
        return "the analysis was stopped: it tried a forbidden system call";
    case SIGXCPU:
        return "the analysis took too long";
    case SIGXFSZ:
        return "the core is too large when it is decompressed";
    case SIGKILL:
        return "the analysis was killed, probably for want of memory";
    default: /* abort(3) ends so too behind the filter: an allocation that failed calls it */
        return "the analysis itself crashed, or had too little memory";
    }
}

/* What the status means; 0 only for a child that says it is done. */
static int judge(int status, const char **ret_problem)
{
    if (WIFSIGNALED(status)) {
        *ret_problem = died_by(WTERMSIG(status));
        return CHILD_FAILED;
    }
    switch (WEXITSTATUS(status)) {
    case STATUS_DONE:
        return 0;
    case STATUS_TOO_LONG:
        *ret_problem = "the analysis is too large";
        return CHILD_FAILED;
    case STATUS_NO_MEMORY:
        *ret_problem = no_memory;
        return CHILD_FAILED;
    case STATUS_NO_SANDBOX:
    case STATUS_HOST_FAILED:
        return CHILD_HOST_FAILED;
    default:
        *ret_problem = "the analysis itself failed";
        return CHILD_FAILED;
    }
}

static int parse(const struct buf *b, struct arena *a, struct analysis *ret,
                 const char **ret_problem)
{
    if (buf_error(b) == 0 && analysis_parse((struct str){buf_text(b), b->len}, a, ret) == 0)
        return 0;
    *ret_problem = "the analysis gave a result that cannot be read";
    return CHILD_FAILED;
}

int child_analyse(const struct child_options *o, struct arena *a, struct analysis *ret,
                  const char **ret_problem)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);
    struct child c = {.pid_fd = -1,
                      .pipe = -1,
                      .options = o,
                      .deadline = clock_mono() + o->timeout_usec,
                      .next_tick = clock_mono() + TICK_USEC};
    int r = start(o, &c);
    int status;

    if (r == 0)
        r = c.pid_fd < 0 ? CHILD_HOST_FAILED : collect(&c, &b);
    status = c.pid > 0 ? reap(&c) : 0;
    if (c.pipe >= 0)
        close(c.pipe);
    if (c.pid_fd >= 0)
        close(c.pid_fd);
    if (r < 0)
        return CHILD_HOST_FAILED;
    if (r == CHILD_FAILED)
        *ret_problem = "the analysis took too long";
    if (r == 0 && buf_error(&b) == 0)
        r = judge(status, ret_problem);
    return r ? r : parse(&b, a, ret, ret_problem);
}
