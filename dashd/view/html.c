/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/view/html.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/codepoint.h"
#include "common/base/clock.h"
#include "dashd/view/format.h"

void html_literal(struct buf *out, const char *p, size_t n)
{
    buf_add(out, p, n);
}

static void put_character(struct buf *out, uint32_t c)
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
        codepoint_put(out, c);
    }
}

/* breaks: the symbol may be wrapped behind :: and , */
static void put(struct buf *out, struct str s, bool breaks)
{
    uint32_t before = 0;

    while (s.n > 0) {
        uint32_t c = codepoint_next(&s);

        put_character(out, c);
        if (breaks && (c == ',' || (c == ':' && before == ':')))
            buf_adds(out, "<wbr>");
        before = c;
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
