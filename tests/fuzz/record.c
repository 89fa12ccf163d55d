/* SPDX-License-Identifier: Apache-2.0 */
/* record_parse on any bytes. */
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/report/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_record r;

    (void)record_parse((struct str){(const char *)data, size}, &a, &r);
    return 0;
}
