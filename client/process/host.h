/* SPDX-License-Identifier: Apache-2.0 */
/* The machine that the crash happened on. */
#ifndef CORRAL_CLIENT_HANDLER_HOST_H
#define CORRAL_CLIENT_HANDLER_HOST_H

#include "common/base/arena.h"
#include "common/report/meta.h"

/* Fills kernel, architecture, distribution, boot_id, machine_id, the CPU's model, and hostname
 * where it is still unknown. Files of this host are read, never those of the crashed process' mount
 * namespace. */
void host_read(struct arena *a, struct crash_meta *m);

#endif
