/* SPDX-License-Identifier: Apache-2.0 */
/* The hold on the dying process. The kernel keeps it, with its sockets, locks and memory, until the
 * last reader of the pipe on our standard input is gone (fs/coredump.c, wait_for_dump_helpers). So
 * this is the one owner of that pipe, and letting go means to put /dev/null in its place: nobody
 * closes a descriptor that another thread may be reading, and who still reads sees the end of the
 * file. A watchdog thread lets go when nothing has moved for HOLD_STALL_MAX or the time is over,
 * whatever the capture hangs on (a disk, a network file system, a FUSE server that is the dying
 * process itself), and ends the program when it hangs on. */
#ifndef CORRAL_CLIENT_HANDLER_HOLD_H
#define CORRAL_CLIENT_HANDLER_HOLD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/clock.h"

#define HOLD_STALL_MAX  (5 * USEC_PER_SEC)
#define HOLD_LOOK_MAX   (30 * USEC_PER_SEC)  /* from letting go to the end of looking */
#define HOLD_FINISH_MAX (600 * USEC_PER_SEC) /* … and to the end of the program */

enum hold_end {
    HOLD_HELD,     /* not let go yet */
    HOLD_RELEASED, /* by hold_release */
    HOLD_STALLED,  /* by the watchdog: nothing moved */
    HOLD_EXPIRED,  /* by the watchdog: the time was over */
};

struct hold {
    int pipe; /* readable; leads to /dev/null once let go */
    int null, wake;
    int64_t begun;
    _Atomic int64_t max;
    pthread_t owner, watchdog;
    bool watched;
    atomic_bool drop, looked;
    atomic_int end;                /* enum hold_end */
    _Atomic int64_t moved, let_go; /* when, on the monotonic clock */
};

/* The first thing of all: takes the pipe, which is closed where it was (standard input leads to
 * /dev/null afterwards), and starts the watchdog. */
int hold_begin(struct hold *h, int fd, int64_t max);
/* Changes the limit, once the configuration is known. */
void hold_set_max(struct hold *h, int64_t max);
/* Rights were dropped: capabilities are each thread's own, and the watchdog's go now, too. (It has
 * none left unless the spool is root's.) */
void hold_drop(struct hold *h);
/* All that the process could make us wait for was looked at (its memory may be mapped from a file
 * system that it serves itself): what takes long from here on is our own disk, which may. */
void hold_looked(struct hold *h);
/* It was let go so long ago that whoever still looks at it, or writes, hangs. */
bool hold_hangs(const struct hold *h, int64_t now);
/* Something moved: to be called at least once a second while all goes well. */
void hold_moved(struct hold *h);
/* Some bytes, as many as there are at once: how many, 0 at the end or when the hold is over, or
 * -errno. */
ssize_t hold_read(struct hold *h, void *p, size_t n);
/* A larger pipe has fewer turns between the kernel and us. Not before the process' memory was
 * looked at: a core that fits into the pipe lets its process go. */
void hold_widen(struct hold *h);
/* Lets go; idempotent. */
void hold_release(struct hold *h);
enum hold_end hold_ended(struct hold *h);
/* Lets go and stops the watchdog. */
void hold_fini(struct hold *h);

#endif
