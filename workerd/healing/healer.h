/* SPDX-License-Identifier: Apache-2.0 */
/* The process that analyses events again when something arrives that they lacked. There is one in
 * each workerd; of all that share a database one is at it at a time. */
#ifndef CORRAL_WORKERD_HEALING_HEALER_H
#define CORRAL_WORKERD_HEALING_HEALER_H

#include "common/base/metrics.h"

#include "workerd/conf.h"

/* Runs until SIGTERM. Returns the exit status of the process. */
int healer_run(const struct worker_conf *conf, struct metrics *m);

#endif
