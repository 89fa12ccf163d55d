/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* The head of a core stream, read as from a pipe and at once: the same promise, and never a wish
 * for bytes that are there already. */
#include "client/handler/promise.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct promise whole = {0}, pieces = {0};
    int r_whole = promise_read(data, size, &whole), r;
    size_t n = 0;

    while ((r = promise_read(data, n, &pieces)) == PROMISE_MORE) {
        assert(pieces.head > n && pieces.head <= PROMISE_HEAD_MAX + 64);
        if (pieces.head > size)
            break;
        n = pieces.head;
    }
    assert(r == r_whole);
    if (r == 0)
        assert(whole.head == pieces.head && whole.expected == pieces.expected &&
               whole.expected >= (int64_t)0);
    return 0;
}
