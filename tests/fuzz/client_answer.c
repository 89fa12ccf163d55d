/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/transport client/spool */
/* A server's answer to an upload. */
#include "client/transport/answer.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct str text = {(const char *)data, size};
    struct answer answer;
    const char *problem;

    if (answer_parse(text, &a, &answer) == 0) {
        assert(uuid_valid(str_from(answer.crash_id)) && answer.n_modules <= ANSWER_MODULES_MAX);
        for (size_t i = 0; i < answer.n_modules; i++)
            assert(hex_valid(str_from(answer.modules[i]), BUILD_ID_TEXT_SIZE - 1));
    }
    problem = answer_problem(text, &a);
    assert(!problem || strlen(problem) <= ANSWER_DETAIL_MAX);
    assert(answer_offset(text) >= -1);
    return 0;
}
