/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Any lines as rows of stacks, three each: frames, facts, and what was judged; and as a hint. What
 * the detector says of them is a hint that is read as it was written. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/regroup/detector.h"

#define STACKS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_hint(const struct split_hint *h, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(HINT_JSON_MAX);
    struct split_hint again;

    hint_format(h, &b);
    if (buf_error(&b) < 0)
        return;
    hint_parse(buf_text(&b), a, &again);
    assert(again.any && again.n == h->n);
    assert(again.selector.kind == h->selector.kind && again.selector.frame == h->selector.frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct str rest = {(const char *)data, size}, frames, facts, judged;
    struct profile profiles[STACKS_MAX];
    struct split_hint h, old;
    struct hint_past past = {.dismissed = &old};
    size_t n = 0;

    hint_parse(arena_strndup(&a, rest.p, rest.n), &a, &old);
    while (n < STACKS_MAX && str_split(&rest, '\n', &frames) && str_split(&rest, '\n', &facts) &&
           str_split(&rest, '\n', &judged)) {
        profiles[n].events = (int64_t)frames.n;
        n += profile_read(frames, facts, judged, &a, &profiles[n]) == 0;
    }
    detector_look(profiles, n, NULL, &a, &h);
    if (h.any)
        check_hint(&h, &a);
    if (old.any)
        check_hint(&old, &a);
    detector_look(profiles, n, &past, &a, &h);
    return 0;
}
