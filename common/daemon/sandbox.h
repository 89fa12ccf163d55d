/* SPDX-License-Identifier: Apache-2.0 */
/* Walls around code that reads untrusted bytes: no new privileges, resource limits, no file system
 * but the given folders (Landlock, read-only), and a system call filter (seccomp) without network,
 * exec, ptrace or signals to others. Entered once; there is no way back. */
#ifndef CORRAL_DAEMON_SANDBOX_H
#define CORRAL_DAEMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What else the process may do than compute on what it has open. */
enum sandbox_kind {
    SANDBOX_READS,    /* opens files below read_only */
    SANDBOX_FORKS,    /* opens nothing; has children, which it may end, and receives descriptors */
    SANDBOX_RECEIVES, /* opens nothing and has no children; receives descriptors */
};

struct sandbox {
    enum sandbox_kind kind;
    uint64_t memory_bytes; /* RLIMIT_AS; 0 here and below: no limit, but that of file_bytes */
    uint64_t cpu_seconds;  /* RLIMIT_CPU */
    uint64_t file_bytes;   /* RLIMIT_FSIZE; 0: may not write files */
    const char *const
        *read_only; /* folders that may be opened for reading; NULL-terminated; NULL: none */
};

enum sandbox_outcome {
    SANDBOX_NO_LANDLOCK = 1, /* this kernel lacks it; everything else is in force */
};

/* True when this kernel has Landlock. */
bool sandbox_has_landlock(void);

/* Shuts the door behind the calling process, which must have one thread. Descriptors that are open
 * stay usable: close what the untrusted part is not to have. A forbidden system call kills with
 * SIGSYS; opening or probing a path outside of read_only fails. Negative: not everything is in
 * force, so the caller must end. */
int sandbox_enter(const struct sandbox *s);

/* A new child of a process in SANDBOX_FORKS, the number of which is parent: from here on as
 * SANDBOX_RECEIVES, with lower limits than its parent, with which it dies. kind and read_only of s
 * do not count. Negative as above. */
int sandbox_tighten(const struct sandbox *s, int parent);

/* From now on this child ends when its parent, which has that number, does; -ESRCH when it has
 * ended already. Behind the walls of SANDBOX_FORKS or before any. */
int sandbox_follow(int parent);

#endif
