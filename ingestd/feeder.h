/* SPDX-License-Identifier: Apache-2.0 */
/* From accepted to queued. Requests hand over a crash id and go on: Redis, however slow or dead, is
 * never in the way of an answer. One thread owns the connection. It pushes what is handed over, and
 * it sweeps: whatever pending/ on disk names and Redis does not know is pushed again. So what is
 * handed over may be forgotten at any time, and Redis may lose all it has. */
#ifndef CORRAL_INGESTD_FEEDER_H
#define CORRAL_INGESTD_FEEDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/metrics.h"
#include "common/store/blob.h"

struct feeder;

/* Starts the thread. Store and metrics are borrowed. -EINVAL: no Redis address. */
int feeder_new(const char *redis, struct blob_store *store, struct metrics *metrics,
               int64_t sweep_usec, struct feeder **ret);
/* Pushes what was handed over, if Redis takes it, and ends. */
void feeder_free(struct feeder *f);
/* Never waits. crash_id must be valid. */
void feeder_push(struct feeder *f, const char *crash_id);
/* Never waits: tells whoever analyses crashes again that a module has arrived. */
void feeder_tell_arrival(struct feeder *f);
/* Whether the last command went through. */
bool feeder_redis_up(struct feeder *f);

#endif
