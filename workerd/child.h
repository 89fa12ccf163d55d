/* SPDX-License-Identifier: Apache-2.0 */
/* One analysis from the worker's side. The process that touches hostile bytes is a child of the
 * zygote's, behind the walls of common/daemon/sandbox, with nothing open but the core, a scratch
 * file and the socket on which it asks for indexes and hands back JSON. The worker trusts neither
 * its text nor its end: it reads at most ANALYSIS_JSON_MAX bytes, has it ended when its time is
 * over, and parses what came as if an attacker had written it. */
#ifndef CORRAL_WORKERD_CHILD_H
#define CORRAL_WORKERD_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/report/analysis.h"
#include "workerd/crew.h"
#include "workerd/stock.h"

struct child_options {
    struct crew *crew;
    struct stock *stock;
    int scratch_fd; /* child_scratch's; emptied after each analysis */
    int core_fd;
    int64_t timeout_usec; /* without the time that indexes take to be made */
    uint64_t memory_bytes;
    bool variables; /* of the crashed thread are wanted */
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

/* An unnamed file in the store's tmp/ for decompressed cores, one for all analyses of a worker; or
 * -errno. */
int child_scratch(const char *data);
/* 0 with *ret filled from the arena. */
int child_analyse(const struct child_options *o, struct arena *a, struct analysis *ret,
                  const char **ret_problem);

#endif
