/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/deputy.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/cleanup.h"

/* --- In the child --- */

static int give_up_root(const struct deputy_role *role)
{
    if (role->as_root || geteuid() != 0 || role->uid == 0)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(role->gid, role->gid, role->gid) < 0 ||
        setresuid(role->uid, role->uid, role->uid) < 0)
        return -errno;
    return 0;
}

/* Whatever we hold, above all the pipe of the dying process, is not the child's to hold. */
static bool keep_only(int fd)
{
    return dup2(fd, 0) == 0 && close_range(3, ~0u, 0) == 0;
}

static bool wait_for_word(void)
{
    struct pollfd word = {.fd = 0, .events = POLLIN};

    while (poll(&word, 1, -1) < 0)
        if (errno != EINTR)
            return false;
    return word.revents & POLLIN;
}

static _Noreturn void serve(const struct deputy_role *role, int fd)
{
    char *const environment[] = {NULL};

    if (!keep_only(fd) || give_up_root(role) < 0 || !wait_for_word())
        _exit(EXIT_FAILURE);
    /* A session of its own: it outlives us and is nobody's terminal's. */
    setsid();
    signal(SIGPIPE, SIG_DFL);
    alarm(role->seconds); /* outlives the exec (alarm(2)) */
    execve(role->argv[0], role->argv, environ ?: environment);
    _exit(EXIT_FAILURE);
}

/* --- Our side --- */

int deputy_begin(const struct deputy_role *role, struct deputy *ret)
{
    _cleanup_fd_ int read_end = -1, write_end = -1;
    int ends[2];
    pid_t pid;

    if (access(role->argv[0], X_OK) < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    read_end = ends[0];
    write_end = ends[1];
    if (fcntl(write_end, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        serve(role, read_end);
    ret->fd = TAKE_FD(write_end);
    return 0;
}

static int wait_for_room(int fd, int patience_msec)
{
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    int n = poll(&room, 1, patience_msec);

    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    return n == 0 ? -ETIMEDOUT : 0;
}

int deputy_write(struct deputy *d, const void *p, size_t n, int patience_msec)
{
    const char *from = p;

    while (n > 0) {
        ssize_t written = write(d->fd, from, n);
        int r;

        if (written < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        if (written >= 0) {
            from += written;
            n -= (size_t)written;
            continue;
        }
        r = wait_for_room(d->fd, patience_msec);
        if (r < 0)
            return r;
    }
    return 0;
}

void deputy_end(struct deputy *d)
{
    if (d->fd >= 0)
        close(TAKE_FD(d->fd));
}
