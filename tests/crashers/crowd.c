/* SPDX-License-Identifier: Apache-2.0 */
/* Much of something when it dies: crowd threads N, crowd mappings N, crowd memory MEBIBYTES. What a
 * process has must not make the time longer that it is held. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame.h"

static pthread_barrier_t ready;

FRAME static int wait_for_ever(int signals)
{
    pthread_barrier_wait(&ready);
    while (signals >= 0)
        pause();
    return signals;
}

FRAME static int serve(int number)
{
    return wait_for_ever(number) + 1;
}

static void *worker(void *argument)
{
    return serve(1) ? argument : NULL;
}

static void make_threads(unsigned n)
{
    pthread_t thread;

    pthread_barrier_init(&ready, NULL, n + 1);
    for (unsigned i = 0; i < n; i++)
        if (pthread_create(&thread, NULL, worker, NULL) != 0)
            _exit(1);
    pthread_barrier_wait(&ready);
}

/* Each one apart from its neighbours by its rights. */
static void make_mappings(unsigned n)
{
    const size_t page = 4096;
    char *p = mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        _exit(1);
    for (unsigned i = 0; i < n; i++) {
        p[i * page] = 1;
        if (i % 2 == 1 && mprotect(p + i * page, page, PROT_READ) != 0)
            _exit(1);
    }
}

static void make_memory(unsigned mebibytes)
{
    size_t size = (size_t)mebibytes << 20;
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        _exit(1);
    memset(p, 1, size);
}

FRAME static int fall(const int *p)
{
    return *p;
}

int main(int argc, char **argv)
{
    unsigned n = argc == 3 ? (unsigned)atoi(argv[2]) : 0;

    if (n == 0)
        return 2;
    if (strcmp(argv[1], "threads") == 0)
        make_threads(n);
    else if (strcmp(argv[1], "mappings") == 0)
        make_mappings(n);
    else
        make_memory(n);
    return fall(NULL);
}
