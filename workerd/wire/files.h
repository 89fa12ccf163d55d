/* SPDX-License-Identifier: Apache-2.0 */
/* The files of one module as they travel: the one that was mapped, then those that a set of bits
 * says are there. Pure. */
#ifndef CORRAL_WORKERD_WIRE_FILES_H
#define CORRAL_WORKERD_WIRE_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "workerd/wire/parcel.h"

enum files_has { HAS_DEBUGINFO = 1, HAS_SHARED = 2 };

#define FILES_HAS_ALL (HAS_DEBUGINFO | HAS_SHARED)

/* How many descriptors there are. */
static inline size_t files_count(uint32_t has)
{
    return 1 + !!(has & HAS_DEBUGINFO) + !!(has & HAS_SHARED);
}

static inline void files_add(struct parcel_fds *fds, int fd, uint32_t bit, uint32_t *has)
{
    if (fd < 0)
        return;
    fds->list[fds->n++] = fd;
    *has |= bit;
}

/* Appends those that are open (-1: not at hand). Returns what is there beside the module. */
static inline uint32_t files_pack(int module, int debuginfo, int shared, struct parcel_fds *fds)
{
    uint32_t has = 0;

    fds->list[fds->n++] = module;
    files_add(fds, debuginfo, HAS_DEBUGINFO, &has);
    files_add(fds, shared, HAS_SHARED, &has);
    return has;
}

#endif
