/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that crashes while the one that made it is still in the system call (CLONE_VFORK keeps it
 * there): behind that instruction the C library's clone() has no unwind tables, for they would be
 * wrong in the child. */
#include <sched.h>

#include "../frame.h"

static int *volatile nowhere;
static char stack[64 * 1024] __attribute__((aligned(16)));

FRAME static int child(void *argument)
{
    return *nowhere + (argument != 0);
}

FRAME static int bear(void)
{
    const int flags =
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_VFORK;

    return clone(child, stack + sizeof stack, flags, 0) + 1;
}

int main(void)
{
    return bear() + 1;
}
