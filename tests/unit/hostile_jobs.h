/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of a zygote that do what somebody would who has taken a child over, or what a child does
 * that breaks: a core (or a module) that begins with "TEST:" names one of them, any other is for
 * the real job. What can tell hands over an analysis whose message is "as it should be", or what is
 * not. */
#ifndef CORRAL_TESTS_UNIT_HOSTILE_JOBS_H
#define CORRAL_TESTS_UNIT_HOSTILE_JOBS_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/report/analysis.h"
#include "workerd/engine/children.h"
#include "workerd/engine/kept.h"
#include "workerd/wire/ask.h"

#define HOSTILE_MARK "TEST:"
#define HOSTILE_GOOD "as it should be"

struct hostile_job {
    int core, socket, scratch;
    bool variables;       /* was asked for them */
    const char *argument; /* what follows the name */
};

static int hostile_tell(const struct hostile_job *j, const char *message)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);
    const struct analysis an = {
        .engine = "test", .architecture = "x86_64", .message = message, .problem = "none"};

    analysis_format(&an, &b);
    return wire_hand_over(j->socket, b.data, b.len) < 0 ? STATUS_HOST_FAILED : STATUS_DONE;
}

static int hostile_judge(const struct hostile_job *j, bool good)
{
    return hostile_tell(j, good ? HOSTILE_GOOD : "not as it should be");
}

/* --- What breaks --- */

static int hostile_good(const struct hostile_job *j)
{
    return hostile_judge(j, true);
}

static int hostile_slow(const struct hostile_job *j)
{
    clock_sleep(1500 * USEC_PER_MSEC);
    return hostile_judge(j, true);
}

static int hostile_hang(const struct hostile_job *j)
{
    while (j)
        clock_sleep(USEC_PER_SEC);
    return STATUS_DONE;
}

static int hostile_burn(const struct hostile_job *j)
{
    volatile int n = j->core;

    while (j)
        n = n ^ 1;
    return STATUS_DONE;
}

static int hostile_stay(const struct hostile_job *j)
{
    hostile_judge(j, true);
    return hostile_hang(j);
}

static int hostile_crash(const struct hostile_job *j)
{
    *(volatile int *)(uintptr_t)(j->core < 0) = 1; /* -1 is no core */
    return 0;
}

static int hostile_abort(const struct hostile_job *j)
{
    (void)j;
    abort();
}

static int hostile_leave(const struct hostile_job *j)
{
    (void)j;
    return STATUS_DONE;
}

static int hostile_half(const struct hostile_job *j)
{
    const uint32_t words[] = {WIRE_RESULT, 100, 0};

    return write(j->socket, words, sizeof(words)) > 0 ? STATUS_DONE : STATUS_HOST_FAILED;
}

static int hostile_rubbish(const struct hostile_job *j)
{
    return wire_hand_over(j->socket, "{\"threads\":7", 12);
}

static int hostile_flood(const struct hostile_job *j)
{
    const uint32_t words[] = {WIRE_PIECE, 0, 0};

    while (write(j->socket, words, sizeof(words)) > 0)
        ;
    return STATUS_DONE;
}

static int hostile_ask(const struct hostile_job *j)
{
    static struct wire_want w = {.build_id = "00"};
    char text[WIRE_TEXT_MAX + 1];
    int fd;

    for (unsigned i = 0; i < 1000000; i++) {
        if (wire_ask(j->socket, &w, &fd, text) < 0)
            return STATUS_DONE;
    }
    return hostile_judge(j, true);
}

static int hostile_memory(const struct hostile_job *j)
{
    for (;;) {
        void *p = malloc(1u << 20);

        if (!p)
            return STATUS_NO_MEMORY;
        memset(p, j->core, 1u << 20);
    }
}

static int hostile_disk(const struct hostile_job *j)
{
    return pwrite(j->scratch, "x", 1, 1ll << 36) == 1 ? STATUS_DONE : STATUS_HOST_FAILED;
}

/* --- What reaches out --- */

static int hostile_open(const struct hostile_job *j)
{
    static const char *const paths[] = {"/etc/passwd", "/", "/proc/self/mem", "/proc/1/environ",
                                        "/dev/null"};
    struct stat st;
    bool good = stat("/etc/passwd", &st) < 0;

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        good = good && open(paths[i], O_RDONLY | O_CLOEXEC) < 0;
    return hostile_judge(j, good);
}

static int hostile_signal(const struct hostile_job *j)
{
    return hostile_judge(j, kill(getppid(), SIGKILL) < 0 && kill(-1, SIGKILL) < 0 &&
                                syscall(SYS_tgkill, getppid(), getppid(), SIGKILL) < 0);
}

/* Standard input to error, its own three, and the indexes that are kept. */
static int hostile_count(const struct hostile_job *j)
{
    int open_ones = 0, kept = kept_find(j->argument) >= 0;

    for (int fd = 0; fd < 4096; fd++)
        open_ones += fcntl(fd, F_GETFD) >= 0;
    return hostile_judge(j, open_ones == 6 + kept);
}

static int hostile_scratch(const struct hostile_job *j)
{
    char text[8] = "";
    bool empty =
        io_pread(j->scratch, text, sizeof(text), 0) == 0 && lseek(j->scratch, 0, SEEK_CUR) == 0;

    if (io_write(j->scratch, "secret", 6) < 0 ||
        syscall(SYS_fallocate, j->scratch, FALLOC_FL_KEEP_SIZE, 0, 1 << 20) < 0)
        return STATUS_HOST_FAILED;
    return hostile_judge(j, empty);
}

static int hostile_socket(const struct hostile_job *j)
{
    return hostile_judge(j, socket(AF_UNIX, SOCK_STREAM, 0) < 0);
}

static int hostile_execute(const struct hostile_job *j)
{
    char *const nothing[] = {NULL};

    return hostile_judge(j, execve("/bin/true", nothing, nothing) < 0);
}

static int hostile_fork(const struct hostile_job *j)
{
    int pid_fd;

    return hostile_judge(j,
                         syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &pid_fd, NULL, NULL) < 0);
}

static int hostile_trace(const struct hostile_job *j)
{
    return hostile_judge(j, syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0) < 0);
}

static int hostile_limit(const struct hostile_job *j)
{
    struct rlimit l = {RLIM_INFINITY, RLIM_INFINITY};

    return hostile_judge(j, setrlimit(RLIMIT_AS, &l) < 0);
}

/* --- What it asks for --- */

/* Says what it was told of the module whose build-id is the argument; maps what it was given. */
static int hostile_want(const struct hostile_job *j)
{
    static struct wire_want w;
    char text[WIRE_TEXT_MAX + 1] = "";
    int fd = -1;

    snprintf(w.build_id, sizeof(w.build_id), "%s", j->argument);
    switch (wire_ask(j->socket, &w, &fd, text)) {
    case 0:
        return hostile_tell(j, write(fd, "x", 1) < 0 ? "given" : "given for writing");
    case WIRE_HAS_NONE:
        return hostile_tell(j, "none");
    case WIRE_HAS_REFUSED:
        return hostile_tell(j, text);
    default:
        return STATUS_HOST_FAILED;
    }
}

static int hostile_kept(const struct hostile_job *j)
{
    return hostile_tell(j, kept_find(j->argument) >= 0 ? "kept" : "not kept");
}

/* Breaks as the argument says when variables are asked for. */
static int hostile_variables(const struct hostile_job *j)
{
    if (!j->variables)
        return hostile_judge(j, true);
    if (strcmp(j->argument, "crash") == 0)
        return hostile_crash(j);
    if (strcmp(j->argument, "memory") == 0)
        return hostile_memory(j);
    if (strcmp(j->argument, "rubbish") == 0)
        return hostile_rubbish(j);
    return strcmp(j->argument, "hang") == 0 ? hostile_hang(j) : hostile_tell(j, "with variables");
}

static const struct {
    const char *name;
    int (*run)(const struct hostile_job *j);
} hostile_jobs[] = {
    {"good", hostile_good},       {"slow", hostile_slow},           {"hang", hostile_hang},
    {"burn", hostile_burn},       {"stay", hostile_stay},           {"crash", hostile_crash},
    {"abort", hostile_abort},     {"leave", hostile_leave},         {"half", hostile_half},
    {"rubbish", hostile_rubbish}, {"flood", hostile_flood},         {"ask", hostile_ask},
    {"memory", hostile_memory},   {"disk", hostile_disk},           {"open", hostile_open},
    {"signal", hostile_signal},   {"count", hostile_count},         {"scratch", hostile_scratch},
    {"socket", hostile_socket},   {"execute", hostile_execute},     {"fork", hostile_fork},
    {"trace", hostile_trace},     {"limit", hostile_limit},         {"want", hostile_want},
    {"kept", hostile_kept},       {"variables", hostile_variables},
};

/* Runs what the file names; -1 when it names nothing. */
static int hostile_run(int named_by, struct hostile_job *j)
{
    static char text[256];
    char *name = text + strlen(HOSTILE_MARK), *space;

    if (io_pread(named_by, text, sizeof(text) - 1, 0) <= 0 ||
        strncmp(text, HOSTILE_MARK, strlen(HOSTILE_MARK)) != 0)
        return -1;
    space = strchr(name, ' ');
    if (space)
        *space = '\0';
    j->argument = space ? space + 1 : "";
    for (size_t i = 0; i < ARRAY_SIZE(hostile_jobs); i++) {
        if (strcmp(name, hostile_jobs[i].name) == 0)
            return hostile_jobs[i].run(j);
    }
    return -1;
}

static int hostile_analyse(const struct order *o, const struct parcel_fds *fds)
{
    struct hostile_job j = {.core = fds->list[0],
                            .socket = fds->list[1],
                            .scratch = fds->list[2],
                            .variables = o->variables};
    int status = hostile_run(j.core, &j);

    return status >= 0 ? status : children_jobs.analyse(o, fds);
}

static int hostile_index(const struct order *o, const struct parcel_fds *fds)
{
    struct hostile_job j = {.core = fds->list[1], .socket = -1, .scratch = fds->list[0]};
    int status = hostile_run(j.core, &j);

    return status >= 0 ? status : children_jobs.index(o, fds);
}

static const struct zygote_jobs hostile_zygote = {.analyse = hostile_analyse,
                                                  .index = hostile_index};

#endif
