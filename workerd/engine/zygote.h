/* SPDX-License-Identifier: Apache-2.0 */
/* A process that is behind the sandbox's walls already and has a child for each job, so that a job
 * costs a fork and not the making of walls. It reads nothing hostile itself but whole indexes,
 * whose bounds it checks. A child has the descriptors of its own job and the kept indexes; it can
 * reach neither the worker's orders nor another job. It touches little memory before it forks: what
 * it has touched is what a fork costs.
 *
 *   worker ──orders──▶ zygote ──fork──▶ child of a job ──▶ its result, over the job's own socket
 *          ◀─reports──                     (wire/words.h) */
#ifndef CORRAL_WORKERD_ENGINE_ZYGOTE_H
#define CORRAL_WORKERD_ENGINE_ZYGOTE_H

#include "workerd/wire/orders.h"

/* What children do: the order's descriptors in, a job_status out. */
struct zygote_jobs {
    int (*analyse)(const struct order *o, const struct parcel_fds *fds);
    int (*index)(const struct order *o, const struct parcel_fds *fds);
};

/* Closes every descriptor but this one, enters the sandbox, and obeys until the worker closes its
 * end. Returns the exit status: 0, or 1 when there is no sandbox. */
int zygote_serve(int orders, const struct zygote_jobs *jobs);

#endif
