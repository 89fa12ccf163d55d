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

#include "common/base/clock.h"

#define HOLD_STALL_MAX  (5 * USEC_PER_SEC)
#define HOLD_FINISH_MAX (600 * USEC_PER_SEC) /* from letting go to the end of the program */

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
    atomic_int end;                /* enum hold_end */
    _Atomic int64_t moved, let_go; /* when, on the monotonic clock */
};

/* The first thing of all: takes standard input, which leads to /dev/null afterwards, and starts the
 * watchdog. */
int hold_begin(struct hold *h, int64_t max);
/* Changes the limit, once the configuration is known. */
void hold_set_max(struct hold *h, int64_t max);
/* Something moved: to be called at least once a second while all goes well. */
void hold_moved(struct hold *h);
/* Lets go; idempotent. */
void hold_release(struct hold *h);
enum hold_end hold_ended(struct hold *h);
/* Lets go and stops the watchdog. */
void hold_fini(struct hold *h);

#endif
