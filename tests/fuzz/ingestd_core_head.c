/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
/* core_head_add on any bytes: what is said does not hang on how they were cut into pieces. */
#include <assert.h>
#include <stdint.h>

#include "ingestd/core_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_core(const uint8_t *data, size_t size, size_t piece)
{
    struct core_head h = {0};
    bool said;
    int r = 0;

    for (size_t at = 0; at < size && r == 0; at += piece)
        r = core_head_add(&h, data + at, size - at < piece ? size - at : piece);
    said = r == 0 && h.is_core;
    core_head_fini(&h);
    return said;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    assert(is_core(data, size, size + 1) == is_core(data, size, 13));
    return 0;
}
