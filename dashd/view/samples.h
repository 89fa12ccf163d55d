/* SPDX-License-Identifier: Apache-2.0 */
/* Single values out of a text in the Prometheus format, as our daemons serve it under /metrics.
 * Pure. */
#ifndef CORRAL_DASHD_VIEW_SAMPLES_H
#define CORRAL_DASHD_VIEW_SAMPLES_H

#include <stdbool.h>

#include "common/base/arena.h"

/* The value of the row with this name and these labels, as they are written: "corral_workers",
 * "corral_queue_jobs{state=\"dead\"}". */
bool samples_find(const char *text, const char *row, double *ret);
/* The value of a label of the first row of that name; NULL when there is none. */
const char *samples_label(struct arena *a, const char *text, const char *name, const char *label);

#endif
