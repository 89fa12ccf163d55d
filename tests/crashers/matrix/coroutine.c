/* SPDX-License-Identifier: Apache-2.0 */
/* A stack that begins at makecontext() and not at the process' start. */
#include <ucontext.h>

#include "../frame.h"

static int *volatile nowhere;
static ucontext_t back, context;
static char stack[64 * 1024];

FRAME static int step(int value)
{
    return *nowhere + value;
}

FRAME static void routine(int value)
{
    step(value + 1);
    swapcontext(&context, &back);
}

int main(void)
{
    getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = sizeof stack;
    context.uc_link = &back;
    makecontext(&context, (void (*)(void))routine, 1, 7);
    return swapcontext(&back, &context);
}
