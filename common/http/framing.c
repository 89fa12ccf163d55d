/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/framing.h"

#include <string.h>

static bool is_token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool framing_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_char((unsigned char)s.p[i]))
            return false;
    return s.n > 0;
}

int framing_request(struct str method, struct str target)
{
    if (!framing_token(method))
        return FRAMING_BAD_REQUEST;
    for (size_t i = 0; i < target.n; i++)
        if ((unsigned char)target.p[i] <= ' ' || target.p[i] == 0x7f)
            return FRAMING_BAD_REQUEST;
    return 0;
}

static bool has_control(struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

static int host_field(struct framing *f, struct str value)
{
    (void)value;
    return f->hosts++ ? FRAMING_TWO_HOSTS : 0;
}

static int length_field(struct framing *f, struct str value)
{
    uint64_t length;

    if (f->lengths++)
        return FRAMING_TWO_LENGTHS;
    if (str_to_u64(value, INT64_MAX, &length) < 0)
        return FRAMING_BAD_LENGTH;
    return f->codings ? FRAMING_BOTH : 0;
}

static int coding_field(struct framing *f, struct str value)
{
    if (f->codings++ || f->http10 || !str_eq_nocase(value, STR("chunked")))
        return FRAMING_BAD_CODING;
    return f->lengths ? FRAMING_BOTH : 0;
}

static const struct {
    struct str name;
    int (*check)(struct framing *f, struct str value);
} framing_fields[] = {
    {{"Host", 4}, host_field},
    {{"Content-Length", 14}, length_field},
    {{"Transfer-Encoding", 17}, coding_field},
};

int framing_field(struct framing *f, struct str name, struct str value)
{
    if (!framing_token(name))
        return FRAMING_BAD_NAME;
    if (has_control(value))
        return FRAMING_BAD_VALUE;
    f->bytes += name.n + value.n;
    if (++f->fields > FRAMING_FIELDS_MAX || f->bytes > FRAMING_BYTES_MAX)
        return FRAMING_TOO_LARGE;
    for (size_t i = 0; i < sizeof(framing_fields) / sizeof(framing_fields[0]); i++)
        if (str_eq_nocase(name, framing_fields[i].name))
            return framing_fields[i].check(f, value);
    return 0;
}

int framing_end(const struct framing *f)
{
    return f->hosts == 0 && !f->http10 ? FRAMING_NO_HOST : 0;
}

/* Takes the text before the next NUL off the block, and that NUL. */
static bool take_text(struct str *block, struct str *ret)
{
    return str_split(block, '\0', ret) && block->p;
}

/* Takes the second NUL of a line's end: the first one ended the text. */
static bool take_line_end(struct str *block)
{
    struct str nothing;

    return take_text(block, &nothing) && nothing.n == 0;
}

static struct str skip_blanks(struct str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (struct str){s.p + 1, s.n - 1};
    return s;
}

int framing_block(struct framing *f, struct str block)
{
    struct str name, value;
    int r;

    if (!take_line_end(&block) || !take_line_end(&block))
        return FRAMING_BAD_LINE;
    for (;;) {
        if (!take_text(&block, &name))
            return FRAMING_BAD_LINE;
        if (name.n == 0)
            return take_line_end(&block) && block.n == 0 ? 0 : FRAMING_BAD_LINE;
        if (!take_text(&block, &value) || !take_line_end(&block))
            return FRAMING_BAD_LINE;
        r = framing_field(f, name, skip_blanks(value));
        if (r)
            return r;
    }
}

const char *framing_text(int outcome)
{
    static const char *const texts[] = {
        [FRAMING_BAD_LINE] = "a header line is not \"name: value\" ended by CR LF, or is folded",
        [FRAMING_BAD_NAME] = "a header name has a character that is not allowed in it",
        [FRAMING_BAD_VALUE] = "a header value has a control character",
        [FRAMING_BAD_REQUEST] = "the request line is malformed",
        [FRAMING_NO_HOST] = "the request has no Host header",
        [FRAMING_TWO_HOSTS] = "the request has more than one Host header",
        [FRAMING_TWO_LENGTHS] = "the request has more than one Content-Length header",
        [FRAMING_BAD_LENGTH] = "the Content-Length is not a decimal number",
        [FRAMING_BAD_CODING] = "only the transfer coding chunked is understood, with HTTP/1.1",
        [FRAMING_BOTH] = "the request has both Content-Length and Transfer-Encoding",
        [FRAMING_TOO_LARGE] = "the request has too many or too long headers",
    };

    return texts[outcome];
}
