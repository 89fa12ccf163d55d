/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
/* Any text as Accept-Encoding and If-None-Match, and as what a neighbour says under /metrics: a
 * coding that there is, a tag that matches itself; and any bytes shrink to what is shorter, or
 * stay. */
#include "common/http/encoding.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "dashd/view/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_coding(struct str bytes)
{
    for (int e = ENCODING_IDENTITY; e < ENCODING_COUNT; e++) {
        struct buf b;

        if (!encoding_apply((enum encoding)e, bytes, &b))
            continue;
        assert(e != ENCODING_IDENTITY && b.len > 0 && b.len < bytes.n);
        buf_fini(&b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {size ? (const char *)data : "", size};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *text = arena_strndup(&a, bytes.p, bytes.n), *label;
    double value;

    assert(encoding_choose(text) < ENCODING_COUNT);
    if (*text && !strpbrk(text, ", \t") && strncmp(text, "W/", 2) != 0)
        assert(encoding_tag_matches(text, text));
    (void)samples_find(text, "corral_workers", &value);
    label = samples_label(&a, text, "corral_build_info", "version");
    assert(!label || (!strpbrk(label, "\"\n") && strstr(text, label)));
    check_coding(bytes);
    return 0;
}
