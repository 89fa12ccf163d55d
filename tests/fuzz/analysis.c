/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* Any bytes as the reply of a hijacked child: refused, or an analysis that is written and read back
 * to the same text. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/analysis.h"
#include "common/report/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_buf_ struct buf first, second;
    _cleanup_arena_ struct arena a;
    struct analysis an;

    arena_init(&a, 0);
    buf_init(&first, ANALYSIS_JSON_MAX);
    buf_init(&second, ANALYSIS_JSON_MAX);
    if (analysis_parse((struct str){(const char *)data, size}, &a, &an) < 0)
        return 0;
    analysis_format(&an, &first);
    assert(buf_error(&first) == 0);
    assert(analysis_parse((struct str){first.data, first.len}, &a, &an) == 0);
    analysis_format(&an, &second);
    assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    return 0;
}
