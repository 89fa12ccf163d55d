/* SPDX-License-Identifier: Apache-2.0 */
/* The first thread has ended, and another one crashes: a process without main(). */
#include <pthread.h>

#include "../frame.h"

static int *volatile nowhere;
static pthread_t first;

FRAME static int work(int value)
{
    return *nowhere + value;
}

static void *worker(void *argument)
{
    pthread_join(first, NULL);
    return work(1) ? argument : NULL;
}

int main(void)
{
    pthread_t thread;

    first = pthread_self();
    if (pthread_create(&thread, NULL, worker, NULL) != 0)
        return 1;
    pthread_exit(NULL);
}
