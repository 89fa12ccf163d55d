/* SPDX-License-Identifier: Apache-2.0 */
/* An average over nothing: the processor refuses the integer division, SIGFPE with FPE_INTDIV.
 * Proves a signal that is not about memory, whose address is that of the instruction. */
#include "frame.h"

struct samples {
    int sum;
    int count;
};

FRAME static int mean(const struct samples *samples)
{
    return samples->sum / samples->count;
}

FRAME static int report_load(int sum)
{
    struct samples samples = {.sum = sum, .count = 0};
    return mean(&samples) + 1;
}

int main(void)
{
    return report_load(42);
}
