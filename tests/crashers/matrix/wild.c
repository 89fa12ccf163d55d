/* SPDX-License-Identifier: Apache-2.0 */
/* A callback that was never set, or points at data: execution stands at TARGET, where nothing is,
 * and the return address is the only word on the stack that tells who called. */
#include <stdint.h>

#include "../frame.h"

static const char text[16] __attribute__((aligned(16))) = "not a function";

struct handler {
    int (*run)(int);
};

FRAME static int dispatch(const struct handler *handler, int event)
{
    return handler->run(event) + 1;
}

FRAME static int deliver(uintptr_t target)
{
    const struct handler handler = {.run = (int (*)(int))target};

    return dispatch(&handler, 3) + 1;
}

int main(void)
{
    return deliver((uintptr_t)TARGET);
}
