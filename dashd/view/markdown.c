/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/view/markdown.h"

#include "common/base/codepoint.h"

#define FENCE_MIN 3

void markdown_line(struct buf *block, const char *text)
{
    struct str s = str_from(text);

    while (s.n > 0) {
        uint32_t c = codepoint_next(&s);

        if (c == '\n')
            buf_adds(block, "[U+000A]");
        else
            codepoint_put(block, c == '\t' ? ' ' : c);
    }
}

static size_t longest_run(struct str s)
{
    size_t longest = 0, run = 0;

    for (size_t i = 0; i < s.n; i++) {
        run = s.p[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void put_fence(struct buf *out, size_t n)
{
    while (n-- > 0)
        buf_addc(out, '`');
}

/* A space on both sides is taken off again by who reads it; it parts the text's own ` from ours. */
void markdown_code(struct buf *out, const char *text)
{
    struct str s = str_from(text);
    size_t fence = longest_run(s) + 1;
    const char *space;

    if (s.n == 0) {
        buf_addc(out, '-');
        return;
    }
    space = s.p[0] == '`' || s.p[s.n - 1] == '`' || s.p[0] == ' ' ? " " : "";
    put_fence(out, fence);
    buf_adds(out, space);
    markdown_line(out, text);
    buf_adds(out, space);
    put_fence(out, fence);
}

void markdown_block(struct buf *out, struct str block)
{
    size_t fence = longest_run(block) + 1;

    fence = fence < FENCE_MIN ? FENCE_MIN : fence;
    put_fence(out, fence);
    buf_adds(out, "\n");
    buf_add(out, block.p, block.n);
    put_fence(out, fence);
    buf_adds(out, "\n");
}
