/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets this host's crashes: core_pattern, and whether it leads to our handler. */
#ifndef CORRAL_CLIENT_CTL_HOOK_H
#define CORRAL_CLIENT_CTL_HOOK_H

#include <limits.h>
#include <stdbool.h>

#define HOOK_PATTERN_MAX 4096 /* the kernel keeps 127 bytes; some day it may keep more */

struct hook {
    char pattern[HOOK_PATTERN_MAX];
    bool ours;                /* a program named corral-handler, links resolved */
    char conf_path[PATH_MAX]; /* its -c; "" when it has none */
    int pipe_limit;           /* core_pipe_limit */
};

/* -errno when the kernel's values can't be read. */
int hook_read(struct hook *ret);
/* Pure but for resolving links: what the pattern says. */
void hook_parse(const char *pattern, struct hook *ret);

#endif
