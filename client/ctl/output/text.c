/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/output/text.h"

#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "common/base/cleanup.h"

#define ELLIPSIS "…"

/* Code points that change what is read without being seen: marks, embeddings, overrides and
 * isolates of direction, joiners, separators, the byte order mark, tags. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},   {0x061c, 0x061c},
    {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
    {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
};

static bool is_unseen(uint32_t c)
{
    for (size_t i = 0; i < ARRAY_SIZE(unseen); i++)
        if (c >= unseen[i].first && c <= unseen[i].last)
            return true;
    return false;
}

/* One code point at p, which has n bytes left; returns its length, or 0 when it is no UTF-8. */
static size_t decode(const char *p, size_t n, uint32_t *ret)
{
    unsigned char first = (unsigned char)*p;
    size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t c;

    if (length > n || utf8_valid_prefix(p, length) != length)
        return 0;
    c = length == 1 ? first : first & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++)
        c = c << 6 | ((unsigned char)p[i] & 0x3f);
    *ret = c;
    return length;
}

static void add_unseen(struct buf *b, uint32_t c)
{
    if (c == '\n' || c == '\t')
        buf_adds(b, c == '\n' ? "\\n" : "\\t");
    else if (c < 0x80)
        buf_printf(b, "\\x%02x", c);
    else
        buf_printf(b, "\\u%04x", c);
}

static void add(struct buf *b, struct str s, bool lines)
{
    for (size_t i = 0, length; i < s.n; i += length) {
        uint32_t c;

        length = decode(s.p + i, s.n - i, &c);
        if (length == 0) {
            buf_printf(b, "\\x%02x", (unsigned char)s.p[i]);
            length = 1;
        } else if (is_unseen(c) && !(lines && c == '\n')) {
            add_unseen(b, c);
        } else {
            buf_add(b, s.p + i, length);
        }
    }
}

void text_add_visible(struct buf *b, struct str s)
{
    add(b, s, false);
}

void text_add_visible_lines(struct buf *b, struct str s)
{
    add(b, s, true);
}

/* By wcwidth(3), which knows what the locale's tables know; what they don't know is one column. */
static size_t columns_of(uint32_t c)
{
    int n = wcwidth((wchar_t)c);

    return n < 0 ? 1 : (size_t)n;
}

size_t text_width(struct str s)
{
    size_t width = 0;

    for (size_t i = 0, length; i < s.n; i += length) {
        uint32_t c = '?';

        length = decode(s.p + i, s.n - i, &c) ?: 1;
        width += columns_of(c);
    }
    return width;
}

void text_add_cut(struct buf *b, struct str s, size_t width, bool from_end)
{
    size_t over = text_width(s), i = 0, taken = 0;

    if (over <= width) {
        buf_add(b, s.p, s.n);
        return;
    }
    if (width == 0)
        return;
    if (from_end)
        buf_adds(b, ELLIPSIS);
    over = over - width + 1; /* columns that go, with one for the mark */
    while (i < s.n) {
        uint32_t c = '?';
        size_t length = decode(s.p + i, s.n - i, &c) ?: 1, columns = columns_of(c);

        if (from_end ? taken >= over : taken + columns <= width - 1)
            buf_add(b, s.p + i, length);
        else if (!from_end)
            break;
        taken += columns;
        i += length;
    }
    if (!from_end)
        buf_adds(b, ELLIPSIS);
}
