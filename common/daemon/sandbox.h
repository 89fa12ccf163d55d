/* SPDX-License-Identifier: Apache-2.0 */
/* Walls around code that reads untrusted bytes: no new privileges, resource limits, no file system
 * but the given folders (Landlock, read-only), and a system call filter (seccomp) without network,
 * exec, ptrace or signals to others. Entered once by a forked child; there is no way back. */
#ifndef CORRAL_DAEMON_SANDBOX_H
#define CORRAL_DAEMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sandbox {
    uint64_t memory_bytes; /* RLIMIT_AS */
    uint64_t cpu_seconds;  /* RLIMIT_CPU */
    uint64_t file_bytes;   /* RLIMIT_FSIZE; 0: may not write files */
    const char *const
        *read_only; /* folders that may be opened for reading; NULL-terminated; NULL: none */
};

enum sandbox_outcome {
    SANDBOX_NO_LANDLOCK = 1, /* this kernel lacks it; everything else is in force */
};

/* Compiles the filter, which takes milliseconds, so that children forked later need not. Optional.
 */
int sandbox_prepare(void);
/* True when this kernel has Landlock. */
bool sandbox_has_landlock(void);

/* Shuts the door behind the calling process, which must have one thread. Descriptors that are open
 * stay usable: close what the untrusted part is not to have. A forbidden system call kills with
 * SIGSYS; opening or probing a path outside of read_only fails. Negative: not everything is in
 * force, so the caller must end. */
int sandbox_enter(const struct sandbox *s);

#endif
