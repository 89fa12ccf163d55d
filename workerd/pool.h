/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of workerd. The daemon itself serves HTTP and so has threads, and a process with
 * threads should not fork; so before the first thread it forks the pool, a process of one thread
 * that does nothing but fork workers, wait for them, and replace the dead:
 *
 *   corral-workerd (HTTP)  ──▶  pool  ──▶  worker 1…n  ──▶  zygote  ──▶  sandboxed child of a job
 *                                     ──▶  healer      ──▶  the same
 *                                     ──▶  supplier    ──▶  corral-fetcher
 *
 * Each dies with its parent: a worker is asked to finish, what is behind the sandbox is killed. */
#ifndef CORRAL_WORKERD_POOL_H
#define CORRAL_WORKERD_POOL_H

#include "common/base/metrics.h"

#include "workerd/conf.h"

/* Must be called before any thread exists. */
int pool_start(const struct worker_conf *conf, struct metrics *m);
/* Workers finish their jobs, for at most job_timeout and a little; then they are killed. */
void pool_stop(void);

#endif
