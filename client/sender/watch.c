/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"

#define WAIT_MAX (3600 * USEC_PER_SEC)

int watch_open(const char *spool, struct watch *ret)
{
    _cleanup_fd_ int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    if (fd < 0 || inotify_add_watch(fd, spool, IN_MOVED_TO) < 0)
        return -errno;
    ret->inotify = TAKE_FD(fd);
    return 0;
}

int watch_also(struct watch *w, const char *path)
{
    return inotify_add_watch(w->inotify, path, IN_MODIFY) < 0 ? -errno : 0;
}

void watch_close(struct watch *w)
{
    if (w->inotify >= 0)
        close(TAKE_FD(w->inotify));
}

bool watch_came(const struct watch *w)
{
    struct pollfd fd = {.fd = w->inotify, .events = POLLIN};

    return poll(&fd, 1, 0) > 0;
}

void watch_forget(const struct watch *w)
{
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

    while (read(w->inotify, events, sizeof(events)) > 0)
        ;
}

/* poll(2) passes over negative descriptors. */
void watch_wait(const struct watch *w, bool crash, int wake, int64_t usec)
{
    struct pollfd fds[] = {{.fd = wake, .events = POLLIN},
                           {.fd = crash ? w->inotify : -1, .events = POLLIN}};

    if (usec > WAIT_MAX)
        usec = WAIT_MAX;
    if (usec > 0)
        (void)poll(fds, ARRAY_SIZE(fds), (int)(usec / USEC_PER_MSEC) + 1);
}
