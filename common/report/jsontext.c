/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of harmless bytes are appended at once; only what JSON demands is escaped (RFC 8259 section
 * 7), and DEL with it. */
#include "common/report/jsontext.h"

#define UTF8_MAX   4  /* bytes of one character */
#define DIGITS_MAX 20 /* of 64 bits */

static const char digits[] = "0123456789abcdef";

static void add_escaped(struct buf *b, unsigned char c)
{
    const char number[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    const char letter[] = {'\\', c == '\n' ? 'n' : (char)c};

    if (c == '"' || c == '\\' || c == '\n')
        buf_add(b, letter, sizeof letter);
    else
        buf_add(b, number, sizeof number);
}

/* ASCII that stands for itself. */
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static size_t plain_prefix(struct str text)
{
    size_t n = 0;

    while (n < text.n && is_plain((unsigned char)text.p[n]))
        n++;
    return n;
}

/* What is no ASCII, of the first few bytes. */
static size_t high_prefix(struct str text)
{
    size_t n = 0;

    while (n < text.n && n < UTF8_MAX && (unsigned char)text.p[n] >= 0x80)
        n++;
    return n;
}

/* Something that does not stand for itself, or is no character; returns how many bytes it was. */
static size_t add_other(struct buf *b, struct str text)
{
    unsigned char c = (unsigned char)text.p[0];
    size_t n = utf8_valid_prefix(text.p, high_prefix(text));

    if (n > 0)
        buf_add(b, text.p, n);
    else if (c < 0x80)
        add_escaped(b, c);
    else
        buf_addc(b, '?');
    return n > 0 ? n : 1;
}

static void add_text(struct buf *b, struct str text)
{
    buf_addc(b, '"');
    while (buf_error(b) == 0) {
        size_t n = plain_prefix(text);

        buf_add(b, text.p, n);
        if (n == text.n)
            break;
        text = (struct str){text.p + n, text.n - n};
        n = add_other(b, text);
        text = (struct str){text.p + n, text.n - n};
    }
    buf_addc(b, '"');
}

/* The comma and the key that the next value needs. */
static void begin(struct buf *b, const char *key)
{
    char last = b->len > 0 ? b->data[b->len - 1] : '{';

    if (last != '{' && last != '[' && last != ':' && last != '\n')
        buf_addc(b, ',');
    if (key) {
        add_text(b, str_from(key));
        buf_addc(b, ':');
    }
}

/* Before `end`; returns where it begins. */
static char *put_decimal(char *end, uint64_t value)
{
    do {
        *--end = digits[value % 10];
        value /= 10;
    } while (value > 0);
    return end;
}

static char *put_hex(char *end, uint64_t value)
{
    do {
        *--end = digits[value & 15];
        value >>= 4;
    } while (value > 0);
    return end;
}

void jsontext_slice(struct buf *b, const char *key, struct str value)
{
    begin(b, key);
    add_text(b, value);
}

void jsontext_string(struct buf *b, const char *key, const char *value)
{
    if (value)
        jsontext_slice(b, key, str_from(value));
}

void jsontext_int(struct buf *b, const char *key, int64_t value)
{
    char text[1 + DIGITS_MAX], *end = text + sizeof text;
    char *p = put_decimal(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);

    if (value < 0)
        *--p = '-';
    begin(b, key);
    buf_add(b, p, (size_t)(end - p));
}

void jsontext_bool(struct buf *b, const char *key, bool value)
{
    begin(b, key);
    buf_adds(b, value ? "true" : "false");
}

void jsontext_hex(struct buf *b, const char *key, uint64_t value)
{
    char text[4 + DIGITS_MAX], *end = text + sizeof text, *p = end;

    *--p = '"';
    p = put_hex(p, value);
    *--p = 'x';
    *--p = '0';
    *--p = '"';
    begin(b, key);
    buf_add(b, p, (size_t)(end - p));
}

void jsontext_object(struct buf *b, const char *key)
{
    begin(b, key);
    buf_addc(b, '{');
}

void jsontext_array(struct buf *b, const char *key)
{
    begin(b, key);
    buf_addc(b, '[');
}

void jsontext_end_object(struct buf *b)
{
    buf_addc(b, '}');
}

void jsontext_end_array(struct buf *b)
{
    buf_addc(b, ']');
}

/* The index after the closing quote of the string whose first byte is json.p[i], or the end. */
static size_t skip_string(struct str json, size_t i)
{
    while (i < json.n && json.p[i] != '"')
        i += json.p[i] == '\\' ? 2 : 1;
    return i + 1;
}

bool jsontext_bounded(struct str json, unsigned depth_max, size_t values_max)
{
    unsigned depth = 0;
    size_t values = 1; /* each comma and each opening bracket announces at most one more */

    for (size_t i = 0; i < json.n;) {
        char c = json.p[i++];

        if (c == '"') {
            i = skip_string(json, i);
        } else if (c == '{' || c == '[') {
            if (++depth > depth_max || ++values > values_max)
                return false;
        } else if (c == '}' || c == ']') {
            if (depth > 0)
                depth--;
        } else if (c == ',' && ++values > values_max) {
            return false;
        }
    }
    return true;
}
