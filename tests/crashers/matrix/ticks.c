/* SPDX-License-Identifier: Apache-2.0 */
/* A signal comes while the program waits in the kernel, and its handler gives up: the stack goes on
 * behind the kernel's frame, in the middle of a system call. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include "../frame.h"

FRAME static void too_late(int signal)
{
    if (signal == SIGALRM)
        abort();
}

FRAME static int wait_for_answer(void)
{
    return poll(NULL, 0, 10000) + 1;
}

FRAME static int request(void)
{
    return wait_for_answer() + 1;
}

int main(void)
{
    const struct sigaction action = {.sa_handler = too_late};
    const struct itimerval soon = {.it_value = {.tv_usec = 20000}};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    return request();
}
