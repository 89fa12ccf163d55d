/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon says of itself over HTTP: /healthz, /readyz, /metrics. Ready means that jobs
 * would be done now: Redis and PostgreSQL answer, the schema is ours, and a worker is alive. */
#ifndef CORRAL_WORKERD_STATUS_H
#define CORRAL_WORKERD_STATUS_H

#include "common/base/metrics.h"

#include "workerd/conf.h"

/* Starts the server; a negative errno after having logged why. */
int status_start(const struct worker_conf *conf, struct metrics *m);
void status_stop(void);

#endif
