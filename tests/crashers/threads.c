/* SPDX-License-Identifier: Apache-2.0 */
/* 64 threads with names. One of them crashes, and only when the other 63 wait in wait_for_work():
 * 62 workers with equal stacks, and the main thread, which came another way. Proves that the
 * crashing thread is told from the others, thread names, and folding of equal stacks. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "frame.h"

enum { THREADS = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;
static int waiting;

/* Nothing ever comes. */
FRAME static void wait_for_work(void)
{
    pthread_mutex_lock(&lock);
    waiting++;
    pthread_cond_signal(&idle);
    for (;;)
        pthread_cond_wait(&work, &lock);
}

FRAME static int run_job(const int *job)
{
    return *job + 1;
}

/* Waiting threads gave the lock back inside pthread_cond_wait(): whoever holds it and counts 63
 * knows where all of them are. */
FRAME static void crash_when_all_wait(void)
{
    pthread_mutex_lock(&lock);
    while (waiting < THREADS - 1)
        pthread_cond_wait(&idle, &lock);
    exit(run_job(NULL));
}

static void *worker(void *argument)
{
    const int *number = argument;
    char name[16];
    snprintf(name, sizeof name, "worker-%02d", *number);
    pthread_setname_np(pthread_self(), name);
    if (*number == THREADS / 2)
        crash_when_all_wait();
    wait_for_work();
    return NULL;
}

int main(void)
{
    static int numbers[THREADS];
    pthread_setname_np(pthread_self(), "dispatcher");
    for (int i = 1; i < THREADS; i++) {
        pthread_t thread;
        numbers[i] = i;
        if (pthread_create(&thread, NULL, worker, &numbers[i]) != 0)
            return 1;
    }
    wait_for_work();
}
