/* SPDX-License-Identifier: Apache-2.0 */
/* The process that touches hostile bytes. A child of its own for each core reads it behind the
 * walls of common/daemon/sandbox, with nothing open but the core, a scratch file and the pipe on
 * which it hands back JSON; and nothing in reach but the module store. The parent trusts neither
 * its text nor its end: it reads at most ANALYSIS_JSON_MAX bytes, ends it when its time is over,
 * and parses what came as if an attacker had written it. */
#ifndef CORRAL_WORKERD_CHILD_H
#define CORRAL_WORKERD_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/report/analysis.h"

struct child_options {
    const char *data; /* root of the blob store */
    int core_fd;
    int64_t timeout_usec;
    uint64_t memory_bytes;
    /* Called about once a second meanwhile; false ends the child: nobody wants the result any more.
     */
    bool (*tick)(void *arg);
    void *arg;
};

enum child_outcome {
    CHILD_FAILED = 1,  /* the core's doing: ret_problem says what happened, in words */
    CHILD_HOST_FAILED, /* this host's doing (no memory, full disk): try again later */
    CHILD_UNWANTED,    /* tick said so */
};

/* 0 with *ret filled from the arena. */
int child_analyse(const struct child_options *o, struct arena *a, struct analysis *ret,
                  const char **ret_problem);

#endif
