/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Any bytes as gdb's text: a stack within its limits, whose texts are no longer than what was read,
 * and which can be grouped. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/gdbtext.h"
#include "workerd/grouping/ruleset.h"
#include "workerd/grouping/title.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s;
    struct grouping g;

    gdbtext_parse((struct str){(const char *)data, size}, &a, &s);
    assert(s.n_frames <= GDBTEXT_FRAMES_MAX && s.signal >= 0 && s.signal <= 64);
    for (size_t i = 0; i < s.n_frames; i++) {
        const struct frame *f = &s.frames[i];

        assert(!f->function || strlen(f->function) <= GDBTEXT_FRAME_MAX);
        assert(!f->file || strlen(f->file) <= size);
        assert(!f->module || strlen(f->module) <= size);
    }
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    assert(strlen(title_make(&s, &g, &a)) <= TITLE_MAX);
    return 0;
}
