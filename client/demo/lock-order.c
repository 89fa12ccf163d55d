/* SPDX-License-Identifier: Apache-2.0 */
/* Two threads that wait for each other's lock, workers that wait for them, and a watchdog that has
 * seen enough. It aborts when all of them are where they will stay. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "frame.h"

enum { WORKERS = 3 };

static pthread_mutex_t accounts = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t orders = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold_one;
static atomic_int on_their_way;

FRAME static void take_second(pthread_mutex_t *lock)
{
    on_their_way++;
    pthread_mutex_lock(lock);
}

FRAME static void *bill_orders(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&accounts);
    pthread_barrier_wait(&both_hold_one);
    take_second(&orders);
    return NULL;
}

FRAME static void *refund_orders(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&orders);
    pthread_barrier_wait(&both_hold_one);
    take_second(&accounts);
    return NULL;
}

FRAME static void *serve_request(void *arg)
{
    pthread_barrier_wait(&both_hold_one);
    take_second(arg);
    return NULL;
}

FRAME static void watch_progress(void)
{
    while (on_their_way < WORKERS + 2)
        usleep(1000);
    abort();
}

int main(void)
{
    pthread_t thread;

    pthread_barrier_init(&both_hold_one, NULL, WORKERS + 2);
    pthread_create(&thread, NULL, bill_orders, NULL);
    pthread_create(&thread, NULL, refund_orders, NULL);
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&thread, NULL, serve_request, &orders);
    watch_progress();
}
