/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
#include "client/handler/witness.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct witness_task task;
    uint64_t limit;

    if (witness_parse_task(text, &task) == 0)
        assert(task.flags <= UINT32_MAX && task.cpu <= INT32_MAX);
    (void)witness_parse_limits(text, &limit);
    return 0;
}
