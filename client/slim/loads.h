/* SPDX-License-Identifier: Apache-2.0 */
/* The program headers of a slim core, one by one: each segment of the process in turn as what is
 * held of it and what is not. */
#ifndef CORRAL_CLIENT_SLIM_LOADS_H
#define CORRAL_CLIENT_SLIM_LOADS_H

#include "client/slim/held.h"

struct load {
    uint64_t start, n;
    uint32_t flags;
    bool held; /* all of it, or nothing */
};

struct loads {
    const struct corefile *core;
    const struct held *held;
    bool held_only; /* what is not held is passed over */
    size_t segment, piece;
    uint64_t at;
};

/* The next one in the order of addresses; false: no more. Begins with the first when all but core
 * and held is zero. */
bool loads_next(struct loads *l, struct load *ret);

#endif
