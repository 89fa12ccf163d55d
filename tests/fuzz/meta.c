/* SPDX-License-Identifier: Apache-2.0 */
/* meta_parse on any bytes; what it accepts must survive formatting and parsing again. */
#include <assert.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/report/limits.h"
#include "common/report/meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(2 * META_JSON_MAX);
    struct crash_meta meta, again;
    struct meta_error error;

    if (meta_parse((struct str){(const char *)data, size}, &a, &meta, &error) != 0)
        return 0;
    meta_format(&meta, &b);
    assert(buf_error(&b) == 0);
    assert(meta_parse((struct str){b.data, b.len}, &a, &again, &error) == 0);
    assert(again.n_modules == meta.n_modules && again.n_threads == meta.n_threads);
    return 0;
}
