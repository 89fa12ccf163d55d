/* SPDX-License-Identifier: Apache-2.0 */
/* What each process of the pool begins and ends with: its signals, the store, Redis, PostgreSQL,
 * and, where it analyses, an engine. */
#ifndef CORRAL_WORKERD_LIFE_H
#define CORRAL_WORKERD_LIFE_H

#include "workerd/job.h"

/* Fills *ret, with stopping telling whether SIGTERM or SIGINT came. Waits for the schema, or until
 * it is to stop. Logs why when it fails. */
int life_begin(const struct worker_conf *conf, struct metrics *m, struct worker *ret);
/* For who analyses: the engine, which is started when the first core comes. */
int life_begin_engine(struct worker *w);
void life_end(struct worker *w);

#endif
