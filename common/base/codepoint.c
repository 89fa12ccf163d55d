/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/codepoint.h"

#include <inttypes.h>

#include "common/base/cleanup.h"

uint32_t codepoint_next(struct str *text)
{
    const unsigned char *p = (const unsigned char *)text->p;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);

    if (text->n < n || utf8_valid_prefix(text->p, n) != n) {
        n = 1;
        c = CODEPOINT_BAD;
    }
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3f);
    text->p += n;
    text->n -= n;
    return c;
}

/* C0 and C1 controls but tab and line feed, soft hyphen, bidirectional marks and overrides,
 * zero-width characters, the byte order mark, line separators, tags. */
bool codepoint_is_invisible(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x08},     {0x0b, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},
        {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };

    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static void put_utf8(struct buf *out, uint32_t c)
{
    static const struct {
        uint32_t below;
        unsigned char lead, n;
    } forms[] = {{0x80, 0, 0}, {0x800, 0xc0, 1}, {0x10000, 0xe0, 2}, {0x110000, 0xf0, 3}};
    size_t i = 0;

    while (c >= forms[i].below)
        i++;
    buf_addc(out, (char)(forms[i].lead | c >> (6 * forms[i].n)));
    for (unsigned k = forms[i].n; k-- > 0;)
        buf_addc(out, (char)(0x80 | (c >> (6 * k) & 0x3f)));
}

void codepoint_put(struct buf *out, uint32_t c)
{
    if (codepoint_is_invisible(c))
        buf_printf(out, "[U+%04" PRIX32 "]", c);
    else
        put_utf8(out, c);
}
