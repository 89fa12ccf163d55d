/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/sender client/transport client/sidecar client/spool */
/* The line before a crash on standard input, and what the handler says of a full core. */
#include "client/sender/streamhead.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "client/transport/facts.h"
#include "common/base/cleanup.h"
#include "common/report/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const struct str bytes = {(const char *)data, size};
    const char *headers[FACTS_HEADERS_MAX];
    size_t line = 0, meta = 0;
    struct facts facts;
    int r = streamhead_parse(bytes, &line, &meta);

    if (r == 0)
        assert(line <= STREAMHEAD_LINE_MAX && line <= size && data[line - 1] == '\n' && meta > 0 &&
               meta <= META_JSON_MAX);
    else
        assert(line == 0 && meta == 0);
    assert(r != STREAMHEAD_MORE || size < STREAMHEAD_LINE_MAX);

    facts = facts_parse(bytes, &a);
    facts_headers(&facts, &a, headers);
    for (size_t i = 0; headers[i]; i++)
        for (const char *c = headers[i]; *c; c++)
            assert(*c >= ' ' && *c <= '~');
    return 0;
}
