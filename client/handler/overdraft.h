/* SPDX-License-Identifier: Apache-2.0 */
/* Is a crash worth being looked at at all? Through the coredump socket (coredump_socket.h) one can
 * be refused before the kernel writes a byte of its core. That is done when host or container have
 * no budget left for even its metadata (ledger.h): what it is of decides nothing any more then. */
#ifndef CORRAL_CLIENT_HANDLER_OVERDRAFT_H
#define CORRAL_CLIENT_HANDLER_OVERDRAFT_H

#include <stdbool.h>

#include "client/process/arguments.h"
#include "client/spool/settings.h"

/* Takes no token. False as well when the ledger can't be read. */
bool overdraft(const struct arguments *args, const struct settings *settings);

#endif
