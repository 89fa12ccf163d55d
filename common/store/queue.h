/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs in Redis Streams: stream `corral:jobs`, consumer group `workers`, dead letters in
 * `corral:dead`. A job is a crash id. Because Redis may lose everything, the truth is pending/ on
 * disk; the set `corral:queued` holds the ids that are in the stream, written and cleared in the
 * same MULTI as the entry, so that a sweep can ask Redis which pending ids it has forgotten. Every
 * call is bounded by the connect and command timeouts; after a failure the connection is dropped
 * and the next call after a short back-off connects again. One queue belongs to one thread, or the
 * caller locks it. */
#ifndef CORRAL_STORE_QUEUE_H
#define CORRAL_STORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/id.h"

struct queue;

struct queue_job {
    char entry[64]; /* Redis' id of the stream entry */
    char crash_id[UUID_TEXT_SIZE];
    uint64_t attempt; /* 1 for the first delivery; counted by Redis before the job is looked at */
};

enum queue_outcome {
    QUEUE_UNAVAILABLE =
        1, /* Redis cannot be reached or refuses (loading, out of memory): try again later */
    QUEUE_EMPTY,
    QUEUE_LOST, /* of queue_touch alone: another consumer has the job, or it is done */
};

#define QUEUE_KNOWN_MAX 1000 /* ids in one question */

/* address: "unix:/path" or "host:port". Never connects itself. */
int queue_new(const char *address, struct queue **ret);
void queue_free(struct queue *q);
/* Whether queue_new would take it: for a configuration's -t. */
bool queue_address_valid(const char *address);
/* Why the last call failed, one line, for logs. */
const char *queue_message(const struct queue *q);
/* QUEUE_UNAVAILABLE or 0. */
int queue_ping(struct queue *q);

int queue_push(struct queue *q, const char *crash_id);
/* For each of the n ids, 1 to QUEUE_KNOWN_MAX: is it in the stream (or with a worker)? */
int queue_known(struct queue *q, const char *const *crash_ids, size_t n, bool *ret_known);

/* Waits up to wait_usec for a job for this consumer; jobs that another consumer left idle for
 * longer than idle_usec are taken over first. QUEUE_EMPTY, QUEUE_UNAVAILABLE. */
int queue_take(struct queue *q, const char *consumer, int64_t wait_usec, int64_t idle_usec,
               struct queue_job *ret);
/* Tells that a job is still being worked on, so that nobody takes it over. QUEUE_LOST: somebody
 * has. */
int queue_touch(struct queue *q, const char *consumer, const struct queue_job *job);
int queue_ack(struct queue *q, const struct queue_job *job);
/* Puts a note of it on the dead-letter stream with a reason, then acknowledges. */
int queue_bury(struct queue *q, const struct queue_job *job, const char *reason);

struct queue_stats {
    uint64_t waiting; /* not yet delivered */
    uint64_t taken;   /* delivered, not acknowledged */
    uint64_t dead;
};
int queue_stats(struct queue *q, struct queue_stats *ret);

/* Wakes whoever waits for an arrival (arrival_add), which is found on disk: a call that is
 * lost costs the waiter its patience and nothing else. */
int queue_wake(struct queue *q);
/* Waits up to wait_usec for it; 0 when it came. QUEUE_EMPTY, QUEUE_UNAVAILABLE. */
int queue_await_wake(struct queue *q, int64_t wait_usec);

#endif
