/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of one worker process: takes jobs, sets those aside whose modules are still on their
 * way, and does the others. */
#ifndef CORRAL_WORKERD_WORKER_H
#define CORRAL_WORKERD_WORKER_H

#include "common/base/metrics.h"

#include "workerd/conf.h"

/* Runs until SIGTERM; a job in hand is finished first. Returns the exit status of the process. */
int worker_run(const struct worker_conf *conf, struct metrics *m);

#endif
