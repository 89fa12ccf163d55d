/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/demo/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/ctl/demo/core.h"

#define STACK_MAX (256u * 1024) /* a stack overflow need not fill megabytes */

struct victim {
    pid_t pid;
    pid_t threads[CORE_THREADS_HELD_MAX];
    size_t n;
};

/* --- The child --- */

static void __attribute__((noreturn)) become(const char *path)
{
    static char lc[] = "LC_ALL=C.UTF-8", where[] = "PATH=/usr/bin:/bin";
    char *const argv[] = {(char *)(uintptr_t)path, NULL}, *const environment[] = {lc, where, NULL};
    const struct rlimit stack = {STACK_MAX, STACK_MAX}, none = {0, 0};
    int null = open("/dev/null", O_RDWR);

    for (int fd = 0; fd < 3 && null >= 0; fd++)
        dup2(null, fd);
    (void)setrlimit(RLIMIT_STACK, &stack);
    (void)setrlimit(RLIMIT_CORE, &none);
    raise(SIGSTOP); /* until we are held */
    execve(path, argv, environment);
    _exit(127);
}

/* --- Holding it --- */

static bool deadly(int signal)
{
    return signal == SIGSEGV || signal == SIGABRT || signal == SIGFPE || signal == SIGBUS ||
           signal == SIGILL;
}

static void add_thread(struct victim *v, pid_t tid)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->threads[i] == tid)
            return;
    if (v->n < CORE_THREADS_HELD_MAX)
        v->threads[v->n++] = tid;
}

/* The thread that crashed first; the others are stopped where they are. */
static void stop_others(struct victim *v, pid_t crashed)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->threads[i] == crashed) {
            v->threads[i] = v->threads[0];
            v->threads[0] = crashed;
        }
    for (size_t i = 1; i < v->n;) {
        int status;

        if (ptrace(PTRACE_INTERRUPT, v->threads[i], NULL, NULL) == 0 &&
            waitpid(v->threads[i], &status, __WALL) > 0 && WIFSTOPPED(status))
            i++;
        else
            v->threads[i] = v->threads[--v->n]; /* it has ended */
    }
}

/* Runs it until a thread gets a deadly signal, which it does not see. CRASH_NONE. */
static int run(struct victim *v)
{
    int status;
    pid_t tid;

    while ((tid = waitpid(-1, &status, __WALL)) > 0) {
        int signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
        bool event = WIFSTOPPED(status) && status >> 16 != 0;

        if (!WIFSTOPPED(status) && tid == v->pid)
            return CRASH_NONE;
        if (!WIFSTOPPED(status))
            continue;
        add_thread(v, tid);
        if (!event && deadly(signal)) {
            stop_others(v, tid);
            return 0;
        }
        if (ptrace(PTRACE_CONT, tid, NULL, (void *)(intptr_t)(event ? 0 : signal)) < 0)
            return -errno;
    }
    return -errno;
}

static int hold(struct victim *v)
{
    int status;

    if (waitpid(v->pid, &status, WUNTRACED) < 0 || !WIFSTOPPED(status))
        return -ECHILD;
    if (ptrace(PTRACE_SEIZE, v->pid, NULL,
               (void *)(intptr_t)(PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE)) < 0)
        return -errno;
    return kill(v->pid, SIGCONT) < 0 ? -errno : 0;
}

int crash_program(const char *path, int *ret_fd)
{
    struct victim v = {.pid = fork()};
    int r;

    if (v.pid < 0)
        return -errno;
    if (v.pid == 0)
        become(path);
    r = hold(&v);
    if (r == 0)
        r = run(&v);
    if (r == 0)
        r = core_of_held(v.pid, v.threads, v.n, ret_fd);
    kill(v.pid, SIGKILL);
    while (waitpid(-1, NULL, __WALL) > 0)
        ;
    return r;
}
