/* SPDX-License-Identifier: Apache-2.0 */
/* A program without a dynamic linker: nobody keeps a list of what is loaded, and the thread library
 * is in the executable. Also linked as a position-independent one (static-pie). */
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

#include "frame.h"

struct sensor {
    int value;
};

static pthread_barrier_t ready;

static void *wait_for_ever(void *argument)
{
    pthread_barrier_wait(&ready);
    for (;;)
        pause();
    return argument;
}

FRAME static int read_sensor(const struct sensor *sensor)
{
    return sensor->value;
}

FRAME static int poll_sensors(void)
{
    return read_sensor(NULL) + 1;
}

int main(void)
{
    pthread_t thread;

    pthread_barrier_init(&ready, NULL, 2);
    if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
        return 1;
    pthread_barrier_wait(&ready);
    return poll_sensors();
}
