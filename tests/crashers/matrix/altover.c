/* SPDX-License-Identifier: Apache-2.0 */
/* The stack is used up, and the handler of SIGSEGV, on a stack of its own, gives up: a hundred
 * thousand frames below a signal's. */
#include <signal.h>
#include <stdlib.h>

#include "../frame.h"

static char own[64 * 1024];
static volatile int one = 1;

FRAME static void out_of_stack(int signal)
{
    if (signal == SIGSEGV)
        abort();
}

FRAME static int visit(int depth)
{
    volatile char path[32] = {0};

    path[depth & 31] = 1;
    return one ? visit(depth + 1) + path[0] : 0;
}

int main(void)
{
    const stack_t stack = {.ss_sp = own, .ss_size = sizeof own};
    const struct sigaction action = {.sa_handler = out_of_stack, .sa_flags = SA_ONSTACK};

    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    return visit(0);
}
