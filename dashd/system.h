/* SPDX-License-Identifier: Apache-2.0 */
/* How Corral itself is: its programs as they answer, the queue, the disk, and what dashd was
 * configured to do. */
#ifndef CORRAL_DASHD_SYSTEM_H
#define CORRAL_DASHD_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/http/request.h"
#include "dashd/app.h"

#define SYSTEM_PARTS 5 /* dashd, ingestd, workerd, PostgreSQL, Redis */

struct system_part {
    const char *name;
    const char *state;   /* "ready", "not ready", "away", "unknown" */
    const char *version; /* NULL: not known */
    const char *detail;  /* what it said, or why it is not known */
};

/* Asks ingestd and workerd. The metrics' text is workerd's, "" when it did not answer. */
void system_parts(struct request *q, bool database, struct system_part ret[static SYSTEM_PARTS],
                  const char **ret_metrics);

struct system_queue {
    uint64_t pending; /* crashes on disk that are not in the database */
    int64_t oldest;   /* since when the oldest of them waits; 0: none */
    bool known;       /* of the rest, which only workerd knows */
    uint64_t waiting, taken, dead, workers;
    uint64_t processed; /* since workerd started */
    int64_t mean;       /* microseconds for one of them; 0: none */
};
void system_queue(struct app *app, const char *metrics, int64_t now, struct system_queue *ret);

#define SYSTEM_SAMPLE 200 /* newest crashes, whose size on disk is looked up */

struct system_disk {
    uint64_t free_bytes, all_bytes;
    uint64_t a_crash; /* bytes, on the average of the sample; 0: nothing to go by */
    uint64_t a_day;   /* at the rate of the last 24 hours */
    uint64_t days;    /* until it is full; 0: not soon, or not known */
};
void system_disk(struct app *app, const char *const *crash_ids, size_t n, uint64_t crashes_a_day,
                 struct system_disk *ret);

struct system_setting {
    const char *name, *value, *help;
    bool configured; /* else it is the default */
};
/* dashd's own, without what is secret. */
struct system_setting *system_settings(struct arena *a, const struct dashd_conf *conf,
                                       size_t *ret_n);

#endif
