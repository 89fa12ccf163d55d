/* SPDX-License-Identifier: Apache-2.0 */
/* A rate over no time at all. */
#include "frame.h"

struct meter {
    int packets, seconds;
};

FRAME static int packets_per_second(const struct meter *meter)
{
    return meter->packets / meter->seconds;
}

FRAME static int report_rates(const struct meter *meter)
{
    return packets_per_second(meter) + 1;
}

int main(void)
{
    const struct meter meter = {.packets = 4096, .seconds = 0};

    return report_rates(&meter);
}
