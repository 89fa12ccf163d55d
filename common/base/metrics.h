/* SPDX-License-Identifier: Apache-2.0 */
/* Counters, gauges and histograms in the Prometheus text format. A program declares its metrics as
 * a table; their cells live in one shared anonymous mapping made before any fork, so that workers
 * count into what their parent serves. Cells are updated with relaxed atomics from any thread or
 * process. Labels are part of a row, so their number is bounded. */
#ifndef CORRAL_BASE_METRICS_H
#define CORRAL_BASE_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM /* of seconds, fixed buckets */ };

struct metric {
    const char *name; /* corral_uploads_total */
    enum metric_type type;
    const char *labels; /* result="accepted", or NULL; rows of one name follow each other */
    const char *help;   /* on the first row of a name */
};

struct metrics; /* the cells of one table */

/* Makes the cells; the table must outlive them. Dies when memory is out. */
struct metrics *metrics_new(const struct metric *table, size_t n);
void metrics_free(struct metrics *m);

void metrics_add(struct metrics *m, size_t index, uint64_t n);
void metrics_set(struct metrics *m, size_t index, int64_t value);
/* One observation of a histogram. */
void metrics_observe(struct metrics *m, size_t index, int64_t usec);
int64_t metrics_get(struct metrics *m, size_t index);

void metrics_print(struct metrics *m, struct buf *b);

#endif
