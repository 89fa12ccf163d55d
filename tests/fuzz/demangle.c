/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/indexer */
/* Any bytes as a symbol: the demangler ends, with a name of bounded length; what it has cost was
 * told before. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/limits.h"
#include "workerd/indexer/demangle.h"
#include "workerd/indexer/mangled.h"

#define SYMBOL_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char symbol[SYMBOL_MAX + 1];
    size_t cost, count = 0;

    if (size > SYMBOL_MAX)
        return 0;
    memcpy(symbol, data, size);
    symbol[size] = '\0';
    bool bounded = mangled_cost(symbol, &cost);

    assert(!bounded || cost <= 2 * (size_t)MANGLED_STEPS_MAX + SYMBOL_MAX * 62 * 62 * 62u);
    const char *name = demangle_counted(symbol, &a, &count);

    assert(name && strlen(name) < FUNCTION_NAME_MAX);
    return 0;
}
