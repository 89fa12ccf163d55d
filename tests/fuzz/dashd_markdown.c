/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
/* Whatever the bytes are: a code span is one line and ends where it should, a block keeps within
 * its fences. */
#include <assert.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "dashd/view/markdown.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static size_t fence_length(const char *p)
{
    return strspn(p, "`");
}

/* The first run of ` that is as long as the one at the beginning is the last thing there. */
static void check_span(const char *text, size_t n)
{
    size_t fence = fence_length(text);

    assert(fence > 0 && strlen(text) == n && strchr(text, '\n') == NULL);
    for (const char *p = text + fence; *p;) {
        size_t run = fence_length(p);

        assert(run != fence || p[run] == '\0');
        p += run ? run : 1;
    }
    assert(fence_length(text + n - fence) == fence);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *text = arena_strndup(&a, (const char *)data, size);
    _cleanup_buf_ struct buf span = BUF_INIT(16 * size + 64), lines = BUF_INIT(16 * size + 64),
                             block = BUF_INIT(48 * size + 64);

    if (*text == '\0')
        return 0;
    markdown_code(&span, text);
    check_span(buf_text(&span), span.len);
    markdown_line(&lines, text);
    assert(strchr(buf_text(&lines), '\n') == NULL);
    buf_addc(&lines, '\n');
    markdown_block(&block, (struct str){buf_text(&lines), lines.len});
    assert(buf_error(&block) == 0);
    assert(utf8_valid_prefix(buf_text(&block), block.len) == block.len);
    return 0;
}
