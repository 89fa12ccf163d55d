/* SPDX-License-Identifier: Apache-2.0 */
/* What the children of the zygote do: analyse one core, or make the index of one module. Each reads
 * hostile bytes and ends with its job. */
#ifndef CORRAL_WORKERD_ENGINE_CHILDREN_H
#define CORRAL_WORKERD_ENGINE_CHILDREN_H

#include "workerd/engine/zygote.h"

extern const struct zygote_jobs children_jobs;

#endif
