/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Any text as a message: the place is inside of it, begins with its file, and ends with a digit. */
#include <assert.h>
#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "workerd/grouping/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *text = arena_strndup(&a, (const char *)data, size);
    size_t n = strlen(text);
    struct message_place p;

    if (!message_place(text, &p))
        return 0;
    assert(p.whole.p >= text && p.whole.p + p.whole.n <= text + n);
    assert(p.file.p == p.whole.p && p.file.n > 2 && p.file.n < p.whole.n);
    assert(isdigit((unsigned char)p.whole.p[p.whole.n - 1]));
    return 0;
}
