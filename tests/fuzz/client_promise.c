/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/spool */
/* The head of a core stream, in two pieces and in one: the same promise. */
#include "client/handler/promise.h"

#include <assert.h>

#include "common/report/meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t cut = size > 0 ? data[size - 1] % size : 0;
    struct promise whole, pieces;

    promise_init(&whole);
    promise_feed(&whole, data, size);
    promise_init(&pieces);
    promise_feed(&pieces, data, cut);
    promise_feed(&pieces, data + cut, size - cut);
    assert(whole.expected == pieces.expected && whole.wanted == pieces.wanted);
    assert(whole.expected >= 0 || whole.expected == META_UNKNOWN);
    promise_fini(&whole);
    promise_fini(&pieces);
    return 0;
}
