/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client/handler/rights.h"
#include "common/base/io.h"
#include "common/base/log.h"

#define PIPE_FD_MIN    16 /* out of the way of what the kernel gave us (the pidfd is 3) */
#define TICK_MSEC      100
#define WAKE_SIGNAL    SIGUSR1
#define WATCHDOG_STACK (256 * 1024)
#define PIPE_SIZE      (1024 * 1024) /* fs.pipe-max-size */

/* The first one to let go writes down why; all replace the pipe, so whoever returns may rely on it.
 */
static void let_go(struct hold *h, enum hold_end why)
{
    int held = HOLD_HELD;

    if (atomic_compare_exchange_strong(&h->end, &held, (int)why))
        atomic_store(&h->let_go, clock_mono());
    (void)dup3(h->null, h->pipe, O_CLOEXEC);
}

static void watch(struct hold *h, int64_t now)
{
    enum hold_end end = hold_ended(h);

    if (hold_hangs(h, now)) {
        log_error("gave up: the capture hangs", LOG_STR("program", "corral-handler"));
        _exit(EXIT_FAILURE);
    }
    if (end != HOLD_HELD)
        return;
    if (now - h->begun > h->max)
        let_go(h, HOLD_EXPIRED);
    else if (now - atomic_load(&h->moved) > HOLD_STALL_MAX)
        let_go(h, HOLD_STALLED);
    else
        return;
    /* A read that waits in the kernel keeps its own reference to the pipe. */
    pthread_kill(h->owner, WAKE_SIGNAL);
}

static void *watchdog(void *argument)
{
    struct hold *h = argument;
    struct pollfd wake = {.fd = h->wake, .events = POLLIN};

    while (poll(&wake, 1, TICK_MSEC) <= 0) {
        if (atomic_exchange(&h->drop, false))
            rights_drop_last();
        watch(h, clock_mono());
    }
    return NULL;
}

static void on_wake(int signal)
{
    (void)signal;
}

static int start_watchdog(struct hold *h)
{
    struct sigaction action = {.sa_handler = on_wake}; /* no SA_RESTART: it must interrupt */
    pthread_attr_t small;
    int r;

    if (sigaction(WAKE_SIGNAL, &action, NULL) < 0)
        return -errno;
    h->owner = pthread_self();
    pthread_attr_init(&small);
    (void)pthread_attr_setstacksize(&small, WATCHDOG_STACK);
    r = pthread_create(&h->watchdog, &small, watchdog, h);
    pthread_attr_destroy(&small);
    h->watched = r == 0;
    return -r;
}

int hold_begin(struct hold *h, int fd, int64_t max)
{
    *h = (struct hold){.begun = clock_mono(), .max = max, .pipe = -1, .null = -1, .wake = -1};
    atomic_store(&h->moved, h->begun);
    h->pipe = fcntl(fd, F_DUPFD_CLOEXEC, PIPE_FD_MIN);
    if (h->pipe < 0)
        return -errno;
    close(fd);
    if (io_repair_stdio() < 0)
        return -EMFILE;
    h->null = fcntl(0, F_DUPFD_CLOEXEC, PIPE_FD_MIN);
    h->wake = eventfd(0, EFD_CLOEXEC);
    if (h->null < 0 || h->wake < 0)
        return -errno;
    return start_watchdog(h);
}

void hold_set_max(struct hold *h, int64_t max)
{
    h->max = max;
}

void hold_drop(struct hold *h)
{
    atomic_store(&h->drop, true);
}

void hold_looked(struct hold *h)
{
    atomic_store(&h->looked, true);
}

bool hold_hangs(const struct hold *h, int64_t now)
{
    int64_t max = atomic_load(&h->looked) ? HOLD_FINISH_MAX : HOLD_LOOK_MAX;
    int64_t let_go = atomic_load(&h->let_go); /* written after `end`: 0 for a moment */

    return let_go != 0 && now - let_go > max;
}

void hold_moved(struct hold *h)
{
    atomic_store_explicit(&h->moved, clock_mono(), memory_order_relaxed);
}

/* A signal is the watchdog's: the next read sees the end. */
ssize_t hold_read(struct hold *h, void *p, size_t n)
{
    ssize_t got;

    do
        got = read(h->pipe, p, n);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        hold_moved(h);
    return got < 0 ? -errno : got;
}

/* As large as we are allowed to; the default will do. A socket has its own ways. */
void hold_widen(struct hold *h)
{
    (void)fcntl(h->pipe, F_SETPIPE_SZ, PIPE_SIZE);
}

void hold_release(struct hold *h)
{
    let_go(h, HOLD_RELEASED);
}

enum hold_end hold_ended(struct hold *h)
{
    return (enum hold_end)atomic_load(&h->end);
}

void hold_fini(struct hold *h)
{
    const uint64_t one = 1;

    hold_release(h);
    if (h->watched && write(h->wake, &one, sizeof(one)) == sizeof(one))
        pthread_join(h->watchdog, NULL);
    close(h->pipe);
    close(h->null);
    close(h->wake);
}
