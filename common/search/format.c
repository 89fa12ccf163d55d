/* SPDX-License-Identifier: Apache-2.0 */
/* Terms to text. Everything that is not made of plain characters alone stands in quotes, so that
 * there is one rule for values from crashes. */
#include "common/search/query.h"

#include <string.h>

#include "common/base/cleanup.h"

static const char plain[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+/@~*";

static const char *const operators[] = {
    [SEARCH_EQUAL] = "", [SEARCH_MORE] = ">",     [SEARCH_AT_LEAST] = ">=",
    [SEARCH_LESS] = "<", [SEARCH_AT_MOST] = "<=",
};

/* The text of a value has its stars and backslashes escaped already. */
static void format_value(const char *text, struct buf *b)
{
    bool quoted = !*text || text[strspn(text, plain)] != '\0';

    if (quoted)
        buf_addc(b, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            buf_addc(b, '\\');
        buf_addc(b, *p);
    }
    if (quoted)
        buf_addc(b, '"');
}

void search_format_term(const struct search_term *t, struct buf *b)
{
    if (b->len)
        buf_addc(b, ' ');
    if (t->negated)
        buf_addc(b, '!');
    if (t->field != SEARCH_TEXT) {
        buf_adds(b, search_fields[t->field].name);
        buf_addc(b, ':');
    }
    buf_adds(b, operators[t->comparison]);
    if (t->n_values > 1)
        buf_addc(b, '[');
    for (size_t i = 0; i < t->n_values; i++) {
        if (i)
            buf_addc(b, ',');
        format_value(t->values[i].text, b);
    }
    if (t->n_values > 1)
        buf_addc(b, ']');
}

void search_format(const struct search_query *q, struct buf *b)
{
    for (size_t i = 0; i < q->n_terms; i++)
        search_format_term(&q->terms[i], b);
}

const char *search_literal(const char *value, struct arena *a)
{
    char *text = arena_alloc(a, 2 * strlen(value) + 1), *p = text;

    for (; *value; value++) {
        if (*value == '*' || *value == '\\')
            *p++ = '\\';
        *p++ = *value;
    }
    *p = '\0';
    return text;
}

const char *search_link(enum search_field_id field, const char *value, struct arena *a)
{
    const struct search_value v = {.text = search_literal(value, a)};
    const struct search_term t = {.field = field, .values = &v, .n_values = 1};
    _cleanup_buf_ struct buf b = BUF_INIT(2 * SEARCH_QUERY_MAX);

    search_format_term(&t, &b);
    return arena_strdup(a, buf_text(&b));
}

/* --- Pointing at a mistake --- */

/* Characters of UTF-8 below that many bytes. */
static size_t columns(struct str text, size_t bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < bytes && i < text.n; i++)
        n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return n;
}

static char on_one_line(char c)
{
    return (unsigned char)c < ' ' || c == '\x7f' ? ' ' : c;
}

void search_point(struct str text, const struct search_mistake *m, struct buf *b)
{
    size_t begin = columns(text, m->at), end = columns(text, m->at + m->length);

    for (size_t i = 0; i < text.n; i++)
        buf_addc(b, on_one_line(text.p[i]));
    buf_addc(b, '\n');
    for (size_t i = 0; i < begin; i++)
        buf_addc(b, ' ');
    do
        buf_addc(b, '^');
    while (++begin < end);
}
