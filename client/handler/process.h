/* SPDX-License-Identifier: Apache-2.0 */
/* The process that dies, as /proc shows it while the kernel waits for us to read its core. One
 * folder descriptor is opened first and everything is read through it, so that another process that
 * is given the same pid can never be mixed in; that the one we opened is the one that crashed is
 * checked after the last read. Nothing is opened by a path that the process chose. */
#ifndef CORRAL_CLIENT_HANDLER_PROCESS_H
#define CORRAL_CLIENT_HANDLER_PROCESS_H

#include "client/handler/arguments.h"
#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/report/meta.h"

struct process {
    int dir; /* /proc/PID */
};

#define PROCESS_CLOSED    ((struct process){.dir = -1})
#define _cleanup_process_ _cleanup_(process_close)

enum process_outcome {
    PROCESS_REPLACED =
        1, /* it is gone, or this pid is somebody else's by now: forget what was read */
};

int process_open(const struct arguments *args, struct process *ret);
void process_close(struct process *p);

/* Fills what /proc tells about it: executable, command line, folder, control group, start, threads.
 * What can't be read stays unknown. Texts live in the arena. */
void process_read(const struct process *p, const struct arguments *args, struct arena *a,
                  struct crash_meta *m);

/* By the pidfd where the kernel gave one, else by the flag that marks a process in the middle of
 * its dump. PROCESS_REPLACED. */
int process_verify(const struct process *p, const struct arguments *args);

/* A text for a report: at most max bytes, none of them NUL; *cut is set when it was longer. */
const char *process_text(struct arena *a, struct str s, size_t max, bool *cut);

#endif
