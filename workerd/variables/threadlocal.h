/* SPDX-License-Identifier: Apache-2.0 */
/* Where a thread has its copy of a variable. Private to workerd/variables. */
#ifndef CORRAL_WORKERD_VARIABLES_THREADLOCAL_H
#define CORRAL_WORKERD_VARIABLES_THREADLOCAL_H

#include "workerd/variables/place.h"

/* Of the variable at that offset in its module's block of such variables. False when it cannot be
 * known. */
bool threadlocal_address(const struct frame_view *f, uint64_t offset, uint64_t *ret);

#endif
