/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of the dying process as slim_source. Its file was opened while we were root and stays
 * readable when we are not (process.h). It holds on to the address space it was opened for: whoever
 * gets the same pid later is not read by mistake. Once the process is gone each read ends at once
 * with nothing. */
#ifndef CORRAL_CLIENT_HANDLER_MEMORY_H
#define CORRAL_CLIENT_HANDLER_MEMORY_H

#include "client/handler/hold.h"
#include "client/process/process.h"
#include "client/slim/slim.h"

struct memory {
    struct process *process;
    struct hold *hold; /* told that something moves: pages may have to come back from swap */
};

/* Borrows m. */
struct slim_source memory_source(struct memory *m);

#endif
