/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that registers and the tops of stacks point at: what a debugger shows of arguments and
 * local variables. The crashing thread first. */
#ifndef CORRAL_CLIENT_SLIM_POINTERS_H
#define CORRAL_CLIENT_SLIM_POINTERS_H

#include "client/slim/interrupted.h"

/* At most max bytes, as whole pages. */
void pointers_keep(struct choice *c, const struct held *h, const struct interrupted *in,
                   uint64_t max);

#endif
