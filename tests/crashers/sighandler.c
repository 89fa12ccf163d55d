/* SPDX-License-Identifier: Apache-2.0 */
/* A program that reports its own crash: its handler of SIGSEGV writes a line and gives up. Proves that the stack
 * goes on below the frame that the kernel made, and that the group is named after the fault and not after who
 * noticed it. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "frame.h"

FRAME static void report_crash(int signal)
{
    static const char line[] = "sighandler: internal error\n";

    if (signal != SIGSEGV || write(STDERR_FILENO, line, sizeof line - 1) < 0)
        _exit(1);
    abort();
}

FRAME static int read_sample(const volatile int *samples, int index)
{
    return samples[index];
}

FRAME static int average(const volatile int *samples)
{
    return (read_sample(samples, 0) + read_sample(samples, 1)) / 2;
}

int main(void)
{
    const struct sigaction report = {.sa_handler = report_crash};

    sigaction(SIGSEGV, &report, NULL);
    return average(NULL);
}
