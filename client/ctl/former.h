/* SPDX-License-Identifier: Apache-2.0 */
/* What core_pattern and core_pipe_limit were before Corral was set up, kept for the day when it is
 * taken away again: a file in root's folder, whole or not there, in which a pattern of ours never
 * stands. */
#ifndef CORRAL_CLIENT_CTL_FORMER_H
#define CORRAL_CLIENT_CTL_FORMER_H

#include "client/ctl/hook.h"
#include "common/base/str.h"

#define FORMER_FOLDER "/var/lib/corral"
#define FORMER_FILE   FORMER_FOLDER "/former-core-pattern"

struct former {
    char pattern[HOOK_PATTERN_MAX];
    int pipe_limit;
};

enum former_outcome {
    FORMER_NONE = 1,  /* nothing was kept */
    FORMER_MALFORMED, /* somebody else wrote into it */
};

/* FORMER_NONE, FORMER_MALFORMED. */
int former_read(struct former *ret);
int former_write(const struct former *f);
int former_remove(void);
/* Pure. FORMER_MALFORMED. */
int former_parse(struct str text, struct former *ret);

#endif
