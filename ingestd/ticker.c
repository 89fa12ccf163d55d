/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/ticker.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base/clock.h"

/* What the thread takes over from its maker. */
struct job {
    struct ticker *t;
    int64_t (*turn)(void *arg);
    void *arg;
};

void ticker_init(struct ticker *t)
{
    pthread_condattr_t attributes;

    *t = (struct ticker){0};
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&t->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

void ticker_fini(struct ticker *t)
{
    ticker_stop(t);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
}

/* False when it is to stop. */
static bool wait_until(struct ticker *t, int64_t due)
{
    struct timespec deadline = {due / USEC_PER_SEC, due % USEC_PER_SEC * 1000};
    bool stopping;

    pthread_mutex_lock(&t->lock);
    while (!t->nudged && !t->stopping &&
           pthread_cond_timedwait(&t->wake, &t->lock, &deadline) != ETIMEDOUT)
        ;
    t->nudged = false;
    stopping = t->stopping;
    pthread_mutex_unlock(&t->lock);
    return !stopping;
}

static void *run(void *arg)
{
    struct job job = *(struct job *)arg;
    int64_t due;

    free(arg);
    do {
        due = job.turn(job.arg);
    } while (wait_until(job.t, due));
    (void)job.turn(job.arg);
    return NULL;
}

int ticker_start(struct ticker *t, int64_t (*turn)(void *arg), void *arg)
{
    struct job *job = malloc(sizeof(*job));
    int r;

    if (!job)
        abort();
    *job = (struct job){.t = t, .turn = turn, .arg = arg};
    r = -pthread_create(&t->thread, NULL, run, job);
    t->started = r == 0;
    if (r < 0)
        free(job);
    return r;
}

void ticker_stop(struct ticker *t)
{
    if (!t->started)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    t->started = false;
}

void ticker_nudge(struct ticker *t)
{
    pthread_mutex_lock(&t->lock);
    t->nudged = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

bool ticker_stopping(struct ticker *t)
{
    bool stopping;

    pthread_mutex_lock(&t->lock);
    stopping = t->stopping;
    pthread_mutex_unlock(&t->lock);
    return stopping;
}
