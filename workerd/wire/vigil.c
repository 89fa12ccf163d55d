/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/wire/vigil.h"

#include <poll.h>

#include "common/base/clock.h"

#define TICK_USEC USEC_PER_SEC

void vigil_begin(struct vigil *v, int64_t usec, bool (*tick)(void *arg), void *arg)
{
    int64_t now = clock_mono();

    *v = (struct vigil){
        .deadline = now + usec, .next_tick = now + TICK_USEC, .tick = tick, .arg = arg};
}

int vigil_await(struct vigil *v, int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    for (;;) {
        int64_t now = clock_mono();
        int64_t until = v->next_tick < v->deadline ? v->next_tick : v->deadline;

        if (now >= v->deadline)
            return VIGIL_TOO_LATE;
        if (now >= v->next_tick) {
            v->next_tick = now + TICK_USEC;
            if (!v->tick(v->arg))
                return VIGIL_UNWANTED;
            continue;
        }
        if (poll(&p, 1, (int)((until - now) / USEC_PER_MSEC) + 1) > 0)
            return 0;
    }
}
