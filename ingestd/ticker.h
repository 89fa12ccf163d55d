/* SPDX-License-Identifier: Apache-2.0 */
/* A thread of the daemon's own that takes turns: it works, waits until its next turn is due or
 * somebody nudges it, and works again until it is stopped. The time is CLOCK_MONOTONIC. Embedded in
 * whoever owns it. */
#ifndef CORRAL_INGESTD_TICKER_H
#define CORRAL_INGESTD_TICKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct ticker {
    pthread_t thread;
    bool started; /* there is a thread to join */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool nudged, stopping; /* under the lock */
};

void ticker_init(struct ticker *t);
/* Stops it first. */
void ticker_fini(struct ticker *t);
/* turn does what is due and returns when (usec) to be called again; last it is called once more
 * after the stop. */
int ticker_start(struct ticker *t, int64_t (*turn)(void *arg), void *arg);
/* Returns when the last turn is over. */
void ticker_stop(struct ticker *t);
/* The next turn comes now; nudges during a turn are not lost. From any thread. */
void ticker_nudge(struct ticker *t);
/* For long turns: whether to come to an end. */
bool ticker_stopping(struct ticker *t);

#endif
