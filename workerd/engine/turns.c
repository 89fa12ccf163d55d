/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/engine/turns.h"

void turns_begin(struct turns *t)
{
    int here = sched_getcpu();
    cpu_set_t one;

    if (t->taken || here < 0 || here >= CPU_SETSIZE ||
        sched_getaffinity(0, sizeof t->all, &t->all) < 0)
        return;
    CPU_ZERO(&one);
    CPU_SET(here, &one);
    t->taken = sched_setaffinity(0, sizeof one, &one) == 0;
}

void turns_end(struct turns *t, pid_t other)
{
    if (!t->taken)
        return;
    t->taken = false;
    sched_setaffinity(0, sizeof t->all, &t->all);
    if (other > 0)
        sched_setaffinity(other, sizeof t->all, &t->all);
}
