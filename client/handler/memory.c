/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/memory.h"

static ssize_t read_memory(void *arg, uint64_t address, void *p, size_t n)
{
    struct memory *m = arg;
    ssize_t got = process_memory(m->process, address, p, n);

    hold_moved(m->hold);
    return got;
}

struct slim_source memory_source(struct memory *m)
{
    return (struct slim_source){.read = read_memory, .arg = m};
}
