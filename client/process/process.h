/* SPDX-License-Identifier: Apache-2.0 */
/* The process that dies, as /proc shows it while the kernel waits for us to read its core. One
 * folder descriptor is opened first and everything is read through it, so that another process that
 * is given the same pid can never be mixed in; that the one we opened is the one that crashed is
 * checked after the last read. Nothing is opened by a path that the process chose.
 *
 * The work is split by what it needs. As root texts are only copied (process_read); they are
 * understood when root is given up (process_tell), and all of it costs less than a millisecond. */
#ifndef CORRAL_CLIENT_HANDLER_PROCESS_H
#define CORRAL_CLIENT_HANDLER_PROCESS_H

#include "client/process/arguments.h"
#include "client/process/privacy.h"
#include "client/process/procfs.h"
#include "client/spool/settings.h"
#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/report/meta.h"

/* Small files of /proc/PID as they were read; empty where that was not possible. */
struct process_texts {
    struct str status, cgroup, limits, io, auxv, label, oom_score_adj;
};

struct process {
    int dir;    /* /proc/PID */
    int stat;   /* its stat */
    int mem;    /* its memory; -1: not readable */
    int fdinfo; /* of our pidfd; -1: there is none */
    struct procfs_stat at_start;
    struct process_texts texts;
    struct privacy_areas areas;
    bool host_files; /* it sees the same mounts as we: its paths are ours */
};

#define PROCESS_CLOSED    ((struct process){.dir = -1, .stat = -1, .mem = -1, .fdinfo = -1})
#define _cleanup_process_ _cleanup_(process_close)

enum process_outcome {
    PROCESS_REPLACED =
        1, /* it is gone, or this pid is somebody else's by now: forget what was read */
};

/* As root: opens what is needed for all that follows. ret: PROCESS_CLOSED, and to be closed after a
 * failure too. */
int process_open(const struct arguments *args, struct process *ret);
void process_close(struct process *p);

/* As root: fills the links, threads and open files that /proc tells, and copies the texts for
 * process_tell to the arena. What can't be read stays unknown. */
void process_read(struct process *p, const struct arguments *args, struct arena *a,
                  struct crash_meta *m);
/* Without rights: fills all else, the command line and the environment as the settings want it.
 * Until then m->restricted is not changed. */
void process_tell(const struct process *p, const struct settings *s, struct arena *a,
                  struct crash_meta *m, struct privacy *ret);

/* By the pidfd where the kernel gave one, else by the flag that marks a process in the middle of
 * its dump. PROCESS_REPLACED. Needs no rights. */
int process_verify(const struct process *p, const struct arguments *args);

/* Its memory, for slim_source; arg is the process. */
ssize_t process_memory(void *arg, uint64_t address, void *to, size_t n);

/* A text for a report: at most max bytes, none of them NUL; *cut is set when it was longer. */
const char *process_text(struct arena *a, struct str s, size_t max, bool *cut);

#endif
