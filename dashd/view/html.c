/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/view/html.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "dashd/view/format.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void html_literal(struct buf *out, const char *p, size_t n)
{
    buf_add(out, p, n);
}

/* The code point at p, which is valid UTF-8, and its length. */
static uint32_t decode(const unsigned char *p, size_t *ret_n)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3f);
    *ret_n = n;
    return c;
}

/* Characters that are not seen themselves but change what is: C0 and C1 controls but tab and line
 * feed, soft hyphen, bidirectional marks and overrides, zero-width characters, the byte order mark,
 * line separators, tags. */
static bool is_invisible(uint32_t c)
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

static void put_code_point(struct buf *out, const char *p, size_t n, uint32_t c)
{
    switch (c) {
    case '&':
        buf_adds(out, "&amp;");
        return;
    case '<':
        buf_adds(out, "&lt;");
        return;
    case '>':
        buf_adds(out, "&gt;");
        return;
    case '"':
        buf_adds(out, "&#34;");
        return;
    case '\'':
        buf_adds(out, "&#39;");
        return;
    default:
        break;
    }
    if (is_invisible(c))
        buf_printf(out, "[U+%04" PRIX32 "]", c);
    else
        buf_add(out, p, n);
}

/* p[0..n) is valid UTF-8. breaks: the symbol may be wrapped behind :: and , */
static void put_valid(struct buf *out, const char *p, size_t n, bool breaks)
{
    for (size_t i = 0, step; i < n; i += step) {
        uint32_t c = decode((const unsigned char *)p + i, &step);

        put_code_point(out, p + i, step, c);
        if (breaks && (c == ',' || (c == ':' && i > 0 && p[i - 1] == ':')))
            buf_adds(out, "<wbr>");
    }
}

static void put(struct buf *out, struct str s, bool breaks)
{
    while (s.n > 0) {
        size_t valid = utf8_valid_prefix(s.p, s.n);

        put_valid(out, s.p, valid, breaks);
        s.p += valid;
        s.n -= valid;
        if (s.n > 0) {
            buf_adds(out, REPLACEMENT);
            s.p++;
            s.n--;
        }
    }
}

void html_escape(struct buf *out, struct str s)
{
    put(out, s, false);
}

void html_put_text(struct buf *out, const char *text)
{
    put(out, str_from(text), false);
}

void html_put_symbol(struct buf *out, struct symbol s)
{
    put(out, str_from(s.text), true);
}

void html_put_int(struct buf *out, int64_t n)
{
    buf_printf(out, "%" PRId64, n);
}

void html_put_uint(struct buf *out, uint64_t n)
{
    buf_printf(out, "%" PRIu64, n);
}

void html_put_markup(struct buf *out, struct markup m)
{
    if (m.text)
        buf_adds(out, m.text);
}

void html_put_url(struct buf *out, struct url u)
{
    html_put_text(out, u.text);
}

/* Plain words stay as they are; all else stands in single quotes, with a ' written as '\\''. */
void html_put_shell(struct buf *out, struct shell s)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/+:@%";
    const char *text = s.text ? s.text : "", *quote;

    if (*text && *text != '-' && text[strspn(text, plain)] == '\0') {
        html_put_text(out, text);
        return;
    }
    html_put_text(out, "'");
    while ((quote = strchr(text, '\''))) {
        html_escape(out, (struct str){text, (size_t)(quote - text)});
        html_put_text(out, "'\\''");
        text = quote + 1;
    }
    html_put_text(out, text);
    html_put_text(out, "'");
}

void html_put_address(struct buf *out, struct address a)
{
    buf_printf(out, "0x%" PRIx64, a.value);
}

void html_put_count(struct buf *out, struct count c)
{
    char text[FORMAT_SIZE];

    format_count(c.n, text);
    buf_adds(out, text);
}

void html_put_bytes(struct buf *out, struct bytes b)
{
    char text[FORMAT_SIZE];

    format_bytes(b.n, text);
    buf_adds(out, text);
}

void html_put_exact(struct buf *out, struct exact t)
{
    char machine[CLOCK_TEXT_SIZE], exact[FORMAT_SIZE];

    clock_format(t.at, machine);
    format_time(t.at, exact);
    buf_printf(out, "<time datetime=\"%.19sZ\">%s</time>", machine, exact);
}

void html_put_duration(struct buf *out, struct duration d)
{
    char text[FORMAT_SIZE];

    format_duration(d.usec, text);
    buf_adds(out, text);
}

void html_put_instant(struct buf *out, struct instant t)
{
    char machine[CLOCK_TEXT_SIZE], exact[FORMAT_SIZE], ago[FORMAT_SIZE];

    clock_format(t.at, machine);
    format_time(t.at, exact);
    format_ago(t.at, t.now, ago);
    /* HTML's datetime has at most three digits of a second's fraction; whole seconds do. */
    buf_printf(out, "<time datetime=\"%.19sZ\" title=\"%s\">%s</time>", machine, exact, ago);
}

void html_percent(struct buf *out, const char *text)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (strchr(unreserved, *p))
            buf_addc(out, (char)*p);
        else
            buf_printf(out, "%%%02X", *p);
}
