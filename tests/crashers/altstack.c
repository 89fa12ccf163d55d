/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that dies in a handler of SIGSEGV on a stack of its own, as Go, Rust and Java have them.
 * The frames that matter are on the thread's stack, and only the frame that the kernel made leads
 * there; the arguments are on the heap. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"

struct order {
    char *customer;
    int *items;
};

FRAME static void report_crash(int signal)
{
    static const char line[] = "altstack: internal error\n";

    if (signal != SIGSEGV || write(STDERR_FILENO, line, sizeof line - 1) < 0)
        _exit(1);
    abort();
}

FRAME static int first_item(const struct order *order, const char *customer)
{
    return order->items[0] + customer[0];
}

FRAME static int ship(struct order *order)
{
    return first_item(order, order->customer) + 1;
}

static void *worker(void *argument)
{
    const size_t size = 64 * 1024;
    const stack_t own = {.ss_sp = malloc(size), .ss_size = size};
    const struct sigaction report = {.sa_handler = report_crash, .sa_flags = SA_ONSTACK};
    struct order *order = calloc(1, sizeof *order);

    order->customer = strdup("Ada Lovelace");
    sigaltstack(&own, NULL);
    sigaction(SIGSEGV, &report, NULL);
    if (ship(order) == 0)
        return argument;
    return NULL;
}

int main(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, worker, NULL) != 0)
        return 1;
    pthread_join(thread, NULL);
    return 0;
}
