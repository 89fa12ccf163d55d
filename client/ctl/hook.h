/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets this host's crashes: core_pattern, whom it leads to, and how ours is written (core(5)).
 */
#ifndef CORRAL_CLIENT_CTL_HOOK_H
#define CORRAL_CLIENT_CTL_HOOK_H

#include <limits.h>
#include <stdbool.h>

#define HOOK_PATTERN_MAX 4096 /* the kernel keeps 127 bytes; some day it may keep more */
#define HOOK_PIPE_LIMIT  16   /* what we set: so many crashes at a time may have a handler */
#define HOOK_SOCKET      "/run/corral/core.sock" /* of corral-handler.socket */

enum hook_owner {
    HOOK_FILE,   /* core files, as the kernel does it by itself */
    HOOK_NOBODY, /* empty, or a program that only looks away */
    HOOK_CORRAL_PIPE,
    HOOK_CORRAL_SOCKET,
    HOOK_SYSTEMD,
    HOOK_APPORT,
    HOOK_ABRT,
    HOOK_OTHER_PIPE, /* some other program */
    HOOK_OTHER_SOCKET,
};

struct hook {
    char pattern[HOOK_PATTERN_MAX];
    enum hook_owner owner;
    bool ours;                /* one of the two HOOK_CORRAL_… */
    char conf_path[PATH_MAX]; /* the handler's -c; "" when the pattern has none */
    int pipe_limit;           /* core_pipe_limit */
};

/* -errno when the kernel's values can't be read. */
int hook_read(struct hook *ret);
/* Pure but for resolving links: what the pattern says. */
void hook_parse(const char *pattern, struct hook *ret);
/* "systemd-coredump" and the like, for people. */
const char *hook_owner_name(enum hook_owner owner);

/* --- Ours --- */

/* The pattern that starts this handler; conf_path NULL: its default. -ENAMETOOLONG beyond what the
 * kernel takes. */
int hook_pipe_pattern(const char *handler, const char *conf_path,
                      char ret[static HOOK_PATTERN_MAX]);
/* Gives the kernel a pattern, and a limit where it is not negative, in the order in which no crash
 * is lost between the two; reads back what it made of it. -EINVAL when that is something else. */
int hook_write(const char *pattern, int pipe_limit);

#endif
