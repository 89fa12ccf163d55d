/* SPDX-License-Identifier: Apache-2.0 */
/* The command line that the kernel makes of core_pattern (core(5)). Each argument is a letter and
 * its value, so that their order does not matter and a specifier that the kernel does not know
 * leaves an empty value instead of shifting the rest. All that is understood:
 *
 *     |/usr/sbin/corral-handler P%P I%I u%u g%g s%s t%t c%c d%d C%C F%F h%h e%e E%E
 *
 * The pattern that is installed leaves c%c out (docs/architecture.md says why).
 *
 * Kernels before 5.3 split the line after the expansion, so a program's name with a blank in it
 * looks like further arguments. Hence the names come last, and the first argument of a letter is
 * the one that counts. Pure; texts are borrowed from argv. */
#ifndef CORRAL_CLIENT_HANDLER_ARGUMENTS_H
#define CORRAL_CLIENT_HANDLER_ARGUMENTS_H

#include <stdint.h>

struct arguments {
    const char
        *conf_path;      /* -c PATH or -cPATH, before all others: core_pattern has 127 bytes only */
    int64_t pid, tid;    /* P, I: in the initial pid namespace */
    int64_t uid, gid;    /* u, g */
    int64_t signal;      /* s */
    int64_t time;        /* t: seconds since the epoch */
    int64_t dump_mode;   /* d: 1 normal, 2 for root only */
    int64_t cpu;         /* C */
    int64_t pidfd;       /* F: number of a descriptor of ours (kernel 6.16) */
    uint64_t core_limit; /* c: RLIMIT_CORE; UINT64_MAX when not limited or not given */
    const char *hostname; /* h, of the uts namespace that crashed */
    const char *comm;     /* e, of the thread that crashed; any bytes */
    const char *path;     /* E, of the executable with ! for /; any bytes */
};

enum arguments_outcome {
    ARGUMENTS_NO_PID = 1, /* nothing can be done without it */
};

/* Numbers that are missing or malformed are META_UNKNOWN, texts NULL. */
int arguments_parse(int argc, char **argv, struct arguments *ret);

#endif
