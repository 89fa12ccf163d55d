/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of harmless bytes are appended at once; only what JSON demands is escaped (RFC 8259 section
 * 7), and DEL with it. */
#include "common/report/jsontext.h"

#include <inttypes.h>
#include <string.h>

static void add_escaped(struct buf *b, unsigned char c)
{
    if (c == '"' || c == '\\')
        buf_printf(b, "\\%c", c);
    else if (c == '\n')
        buf_adds(b, "\\n");
    else
        buf_printf(b, "\\u%04x", c);
}

static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == 0x7f || c == '"' || c == '\\';
}

/* Appends bytes that are known to be UTF-8. */
static void add_valid(struct buf *b, const char *p, size_t n)
{
    size_t start = 0;

    for (size_t i = 0; i < n; i++) {
        if (!needs_escape((unsigned char)p[i]))
            continue;
        buf_add(b, p + start, i - start);
        add_escaped(b, (unsigned char)p[i]);
        start = i + 1;
    }
    buf_add(b, p + start, n - start);
}

static void add_text(struct buf *b, struct str text)
{
    buf_addc(b, '"');
    while (text.n > 0) {
        size_t valid = utf8_valid_prefix(text.p, text.n);

        add_valid(b, text.p, valid);
        if (valid < text.n) {
            buf_addc(b, '?');
            valid++;
        }
        text.p += valid;
        text.n -= valid;
    }
    buf_addc(b, '"');
}

/* The comma and the key that the next value needs. */
static void begin(struct buf *b, const char *key)
{
    if (b->len > 0 && !strchr("{[:\n", b->data[b->len - 1]))
        buf_addc(b, ',');
    if (key) {
        add_text(b, str_from(key));
        buf_addc(b, ':');
    }
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
    begin(b, key);
    buf_printf(b, "%" PRId64, value);
}

void jsontext_bool(struct buf *b, const char *key, bool value)
{
    begin(b, key);
    buf_adds(b, value ? "true" : "false");
}

void jsontext_hex(struct buf *b, const char *key, uint64_t value)
{
    begin(b, key);
    buf_printf(b, "\"0x%" PRIx64 "\"", value);
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
