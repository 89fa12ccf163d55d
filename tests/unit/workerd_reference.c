/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/reference workerd/oneshot workerd/analysis workerd/image workerd/index
 * workerd/indexer workerd/sources */
#include "tests/unit/engine_cases.inc"

#include "workerd/reference/reference.h"

static int run_engine(const struct analyse_input *in, const struct module_sources *sources,
                      struct arena *a, struct analysis *ret)
{
    return reference_analyse(in, sources, a, ret);
}

UNIT_MAIN("workerd/reference", ENGINE_CASES)
