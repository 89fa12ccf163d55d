/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Any bytes as the columns of a stack's row and as a selector, with newlines between the three:
 * what can be read is grouped, and its row made and read again is the same row. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/ruleset.h"
#include "workerd/splits.h"
#include "workerd/stackrow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct crash_stack *s, const struct grouping *g, struct arena *a)
{
    const struct event_stack *row = stackrow_make(s, g, a), *again;
    struct crash_stack read;

    if (!row)
        return;
    assert(stackrow_parse(str_from(row->frames), str_from(row->facts), a, &read) == 0);
    again = stackrow_make(&read, g, a);
    assert(again && memcmp(again->digest, row->digest, SHA256_SIZE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct str rest = {(const char *)data, size}, frames, facts = {"{}", 2}, text = {"", 0};
    struct selector selector;
    struct crash_stack s;
    struct grouping g;

    str_split(&rest, '\n', &frames);
    str_split(&rest, '\n', &facts);
    str_split(&rest, '\n', &text);
    if (stackrow_parse(frames, facts, &a, &s) < 0)
        return 0;
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    check_row(&s, &g, &a);
    if (selector_parse(text, &selector) == 0)
        assert(selector_value(&selector, &s, g.verdicts, &a));
    return 0;
}
