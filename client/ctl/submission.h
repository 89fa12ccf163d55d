/* SPDX-License-Identifier: Apache-2.0 */
/* A core that somebody has, sent as a crash: what the core itself tells is added to what the caller
 * knows, and the program and its libraries go along when the server lacks them and the files here
 * are, by build-id, the ones that crashed. */
#ifndef CORRAL_CLIENT_CTL_SUBMISSION_H
#define CORRAL_CLIENT_CTL_SUBMISSION_H

#include "client/ctl/access.h"
#include "common/core/corefile.h"
#include "common/report/meta.h"

struct submission {
    struct arena arena;
    const char *core_path, *program; /* program NULL: not given */
    int core;                        /* -1: core_path is opened; else this, which is then owned */
    struct corefile corefile;
    struct crash_meta meta;       /* what is known already; without a crash id a new one is made */
    const char *program_build_id; /* NULL: no program, or it has none */
    bool there;                   /* the server had it before */
};

void submission_init(struct submission *s);
void submission_fini(struct submission *s);
/* An exit status, after having said what is wrong. */
int submission_send(struct submission *s, const struct access *a);

#endif
