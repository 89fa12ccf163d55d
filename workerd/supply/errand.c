/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/supply/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"

#include "workerd/front/programs.h"

#define LOOK_USEC  (500 * USEC_PER_MSEC) /* between two looks whether to stop */
#define EXTRA_USEC (5 * USEC_PER_SEC)    /* beyond the order's time, for the answer */
#define PATH_SIZE  4096

/* --- Having one --- */

/* In the child: nothing stays but the socket and where errors are written, of our environment
 * neither. */
static void __attribute__((noreturn)) become(const char *path, int socket)
{
    char name[] = PROGRAM_FETCHER;
    char *argv[] = {name, NULL}, *no_environment[] = {NULL};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(socket, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        _exit(127);
    close_range(STDERR_FILENO + 1, ~0u, 0);
    execve(path, argv, no_environment);
    _exit(127);
}

static int start(struct errand *e)
{
    char path[PATH_SIZE];
    int pair[2];
    int r = program_path(PROGRAM_FETCHER, path, sizeof(path));

    if (r < 0)
        return r;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    e->pid = fork();
    if (e->pid == 0)
        become(path, pair[1]);
    close(pair[1]);
    if (e->pid < 0) {
        e->pid = 0;
        close(pair[0]);
        return -ENOMEM;
    }
    e->socket = pair[0];
    return 0;
}

static int reach(struct errand *e)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (strlen(e->address) >= sizeof(a.sun_path))
        return -ENAMETOOLONG;
    strcpy(a.sun_path, e->address);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
        return -errno;
    e->socket = TAKE_FD(fd);
    return 0;
}

static int have(struct errand *e)
{
    if (e->socket >= 0)
        return 0;
    return e->address[0] ? reach(e) : start(e);
}

void errand_fini(struct errand *e)
{
    cleanup_fd(&e->socket);
    e->socket = -1;
    if (e->pid) {
        kill(e->pid, SIGKILL);
        while (waitpid(e->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    e->pid = 0;
}

/* --- One order --- */

static int await_answer(struct errand *e, const struct fetch_order *order, struct fetch_answer *ret)
{
    int64_t deadline = clock_mono() + order->timeout_usec + EXTRA_USEC;
    int r = -ETIMEDOUT;

    while (r == -ETIMEDOUT && clock_mono() < deadline) {
        if (e->stopping())
            return -ECANCELED;
        r = talk_receive_answer(e->socket, LOOK_USEC, ret);
    }
    return r;
}

int errand_run(struct errand *e, const struct fetch_order *order, int file_fd,
               struct fetch_answer *ret)
{
    struct fetch_answer answer = {.version = TALK_VERSION, .outcome = FETCH_FAILED};
    int r = have(e);

    if (r == 0)
        r = talk_send_order(e->socket, order, file_fd);
    if (r == 0)
        r = await_answer(e, order, &answer);
    if (r < 0)
        errand_fini(e);
    if (r == -ECANCELED)
        return r;
    if (r < 0)
        snprintf(answer.reason, sizeof(answer.reason), "no answer of corral-fetcher: %s",
                 strerror(-r));
    *ret = answer;
    return 0;
}
