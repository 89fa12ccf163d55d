/* SPDX-License-Identifier: Apache-2.0 */
/* fullcore_parse on any bytes; what it accepts must survive formatting and parsing again. */
#include <assert.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/report/fullcore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(16 * FULLCORE_JSON_MAX);
    struct fullcore f, again;

    if (size > FULLCORE_JSON_MAX || fullcore_parse((struct str){(const char *)data, size}, &a, &f))
        return 0;
    fullcore_format(&f, &b);
    assert(buf_error(&b) == 0);
    assert(fullcore_parse((struct str){b.data, b.len}, &a, &again) == 0);
    assert(again.stored == f.stored && again.received == f.received);
    return 0;
}
