/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/allowance.h"

void allowance_begin(struct allowance *a, unsigned percent, int64_t most, int64_t now)
{
    *a = (struct allowance){.percent = percent, .most = most, .saved = most, .since = now};
}

/* More than would fill it from the deepest debt makes no difference, and would not fit. */
static void count_time(struct allowance *a, int64_t now)
{
    int64_t passed = now - a->since, enough = 200 * a->most;

    if (passed <= 0)
        return;
    a->since = now;
    a->saved += (passed < enough ? passed : enough) * a->percent / 100;
    if (a->saved > a->most)
        a->saved = a->most;
}

bool allowance_permits(struct allowance *a, bool matters, int64_t now)
{
    if (a->percent == 0)
        return false;
    count_time(a, now);
    return a->saved > (matters ? -a->most : 0);
}

void allowance_spend(struct allowance *a, int64_t usec)
{
    a->saved -= usec;
}
