/* SPDX-License-Identifier: Apache-2.0 */
/* The process that looks for what crashes lack: first in this machine's folders of debug
 * information, then at debuginfod servers, by way of corral-fetcher. What it gets is checked and
 * stored as if a host had uploaded it, and then announced, so that healing follows. Only build-ids
 * are ever asked for, and each not again before debuginfod_retry is over. */
#ifndef CORRAL_WORKERD_SUPPLY_SUPPLIER_H
#define CORRAL_WORKERD_SUPPLY_SUPPLIER_H

#include <stdbool.h>

#include "common/base/metrics.h"

#include "workerd/conf.h"

/* Whether there is anybody to ask. */
bool supplier_wanted(const struct worker_conf *conf);
/* Runs until SIGTERM. Returns the exit status of the process. */
int supplier_run(const struct worker_conf *conf, struct metrics *m);

#endif
