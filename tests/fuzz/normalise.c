/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/sources workerd/supply workerd/wire */
/* Any bytes as a function's name: there is a name, it is no longer than allowed, and it stays. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/limits.h"
#include "workerd/grouping/normalise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a;
    const char *text, *once;

    arena_init(&a, 0);
    text = arena_strndup(&a, (const char *)data, size);
    once = normalise_function(text, &a);
    assert(strlen(once) <= FUNCTION_NAME_MAX && (*once || !*text));
    assert(strcmp(once, normalise_function(once, &a)) == 0);
    normalise_module(text, &a);
    return 0;
}
