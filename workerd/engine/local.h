/* SPDX-License-Identifier: Apache-2.0 */
/* One core from the command line: this process finds the files and keeps the indexes; children of
 * it, behind the walls that a worker's have, read the core and make what indexes are missing. */
#ifndef CORRAL_WORKERD_ENGINE_LOCAL_H
#define CORRAL_WORKERD_ENGINE_LOCAL_H

#include "workerd/oneshot/oneshot.h"

/* An oneshot_analyse. With o->repeat above 1, for measurements, the core is analysed so often in
 * this very process, and the time that one takes is told on standard error. */
int local_analyse(const struct oneshot *o, int core_fd, struct arena *a, struct analysis *ret);

#endif
