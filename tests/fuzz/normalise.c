/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Any bytes as a function's name: there is a name, it is text, it is no longer than allowed, and it
 * stays. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/report/limits.h"
#include "workerd/grouping/normalise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a;
    const char *text, *once;
    size_t n;

    arena_init(&a, 0);
    text = arena_strndup(&a, (const char *)data, size);
    once = normalise_function(text, &a);
    n = strlen(once);
    assert(n <= FUNCTION_NAME_MAX && (n > 0) == (*text != '\0'));
    assert(utf8_valid_prefix(once, n) == n);
    assert(strcmp(once, normalise_function(once, &a)) == 0);
    normalise_module(text, &a);
    return 0;
}
