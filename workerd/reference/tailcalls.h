/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that left the stack before the crash: when f calls g, and g ends by jumping to h, only
 * f and h have frames. The compiler notes where each call goes (DW_TAG_call_site), so g can be told
 * when there is one way only from f's call to h. */
#ifndef CORRAL_WORKERD_REFERENCE_TAILCALLS_H
#define CORRAL_WORKERD_REFERENCE_TAILCALLS_H

#include <stddef.h>
#include <stdint.h>

#include "workerd/analysis/engine.h"
#include "workerd/reference/modules.h"

/* return_address lies in the caller, callee_address in the function of the next inner frame; both
 * are the process's. Fills ret with the addresses behind the jumps, innermost first, as if they
 * were return addresses; returns how many. */
size_t tail_calls_find(struct modules *m, uint64_t return_address, uint64_t callee_address,
                       uint64_t ret[static TAIL_CALLS_MAX]);

#endif
