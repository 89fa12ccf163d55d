/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
/* resume_parse on any header values: a line each. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/report/meta.h"
#include "ingestd/resume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct str rest = {(const char *)data, size}, line;
    const char *values[5] = {0};
    struct resume_headers h;
    struct resume r;

    for (size_t i = 0; i < 5 && str_split(&rest, '\n', &line); i++)
        values[i] = arena_strndup(&a, line.p, line.n);
    h = (struct resume_headers){values[0], values[1], values[2], values[3], values[4]};
    if (resume_parse(&h, &r))
        return 0;
    assert(r.offset < 1000000000000000);
    assert(r.core_bytes >= 0 || r.core_bytes == META_UNKNOWN);
    assert(r.core_expected >= 0 || r.core_expected == META_UNKNOWN);
    assert(!r.core_problem || strlen(r.core_problem) <= RESUME_PROBLEM_MAX);
    return 0;
}
