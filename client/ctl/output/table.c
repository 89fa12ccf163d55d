/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/output/table.h"

#include <inttypes.h>
#include <string.h>

#include "client/ctl/output/text.h"
#include "common/base/cleanup.h"

#define CELL_MAX (1u << 20)
#define GAP      2
#define TIME_LEN 19 /* "2026-11-21T09:10:27" */

/* --- Values --- */

/* As text; a list of texts with blanks between them. */
static void add_value(struct buf *b, const json_t *value)
{
    const json_t *item;
    size_t i;

    if (json_is_string(value))
        buf_add(b, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        buf_printf(b, "%" PRId64, (int64_t)json_integer_value(value));
    else if (json_is_boolean(value))
        buf_adds(b, json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value))
        json_array_foreach(value, i, item)
        {
            if (i > 0)
                buf_addc(b, ' ');
            add_value(b, item);
        }
}

static void add_cell(struct buf *b, const json_t *row, const struct column *c, bool shortened)
{
    _cleanup_buf_ struct buf raw = BUF_INIT(CELL_MAX);
    struct str text;

    add_value(&raw, json_object_get(row, c->key));
    text = (struct str){buf_text(&raw), raw.len};
    if (shortened && c->kind == COLUMN_TIME && text.n > TIME_LEN && text.p[10] == 'T') {
        raw.data[10] = ' ';
        text.n = TIME_LEN;
    }
    text_add_visible(b, text);
}

/* --- On a terminal --- */

static bool may_be_cut(const struct column *c)
{
    return c->kind == COLUMN_TEXT || c->kind == COLUMN_NAME;
}

void table_fit(const struct column *columns, size_t n, size_t total, size_t *widths)
{
    size_t all = n > 0 ? (n - 1) * GAP : 0;

    for (size_t i = 0; i < n; i++)
        all += widths[i];
    while (total > 0 && all > total) {
        size_t widest = n;

        for (size_t i = 0; i < n; i++)
            if (may_be_cut(&columns[i]) && widths[i] > TABLE_LEAST &&
                (widest == n || widths[i] > widths[widest]))
                widest = i;
        if (widest == n)
            return;
        widths[widest]--;
        all--;
    }
}

static enum colour colour_of(const struct column *c, const char *text)
{
    static const struct {
        const char *status;
        enum colour colour;
    } states[] = {
        {"new", RED}, {"regressed", RED}, {"ongoing", YELLOW}, {"resolved", GREEN}, {"muted", DIM}};

    for (size_t i = 0; c->kind == COLUMN_STATUS && i < ARRAY_SIZE(states); i++)
        if (strcmp(states[i].status, text) == 0)
            return states[i].colour;
    return PLAIN;
}

static void pad(size_t n)
{
    printf("%*s", (int)n, "");
}

static void print_cell(const struct output *o, const struct column *c, const char *text,
                       size_t width, bool last)
{
    _cleanup_buf_ struct buf cut = BUF_INIT(CELL_MAX);
    enum colour colour;
    size_t used, left;

    text_add_cut(&cut, str_from(text), width, c->kind == COLUMN_NAME);
    used = text_width((struct str){buf_text(&cut), cut.len});
    left = used < width ? width - used : 0;
    if (c->kind == COLUMN_NUMBER)
        pad(left);
    colour = colour_of(c, text);
    printf("%s%s%s", output_begin(o, colour), buf_text(&cut), colour == PLAIN ? "" : output_end(o));
    if (last)
        return;
    pad((c->kind == COLUMN_NUMBER ? 0 : left) + GAP);
}

static void measure(const struct column *columns, size_t n, const json_t *rows, size_t *widths)
{
    _cleanup_buf_ struct buf cell = BUF_INIT(CELL_MAX);
    const json_t *row;
    size_t at;

    for (size_t i = 0; i < n; i++)
        widths[i] = strlen(columns[i].title);
    json_array_foreach(rows, at, row) for (size_t i = 0; i < n; i++)
    {
        size_t width;

        buf_clear(&cell);
        add_cell(&cell, row, &columns[i], true);
        width = text_width((struct str){buf_text(&cell), cell.len});
        if (width > widths[i])
            widths[i] = width;
    }
}

static void print_table(const struct output *o, const struct column *columns, size_t n,
                        const json_t *rows)
{
    _cleanup_buf_ struct buf cell = BUF_INIT(CELL_MAX);
    size_t widths[COLUMNS_MAX], at;
    const json_t *row;

    measure(columns, n, rows, widths);
    table_fit(columns, n, o->width, widths);
    for (size_t i = 0; i < n; i++) {
        size_t left =
            widths[i] > strlen(columns[i].title) ? widths[i] - strlen(columns[i].title) : 0;

        pad(columns[i].kind == COLUMN_NUMBER ? left : 0);
        printf("%s%s%s", output_begin(o, BOLD), columns[i].title, output_end(o));
        if (i + 1 < n)
            pad((columns[i].kind == COLUMN_NUMBER ? 0 : left) + GAP);
    }
    putchar('\n');
    json_array_foreach(rows, at, row)
    {
        for (size_t i = 0; i < n; i++) {
            buf_clear(&cell);
            add_cell(&cell, row, &columns[i], true);
            print_cell(o, &columns[i], buf_text(&cell), widths[i], i + 1 == n);
        }
        putchar('\n');
    }
}

/* --- For programs --- */

static void add_quoted(struct buf *b, struct str text)
{
    if (!memchr(text.p, ',', text.n) && !memchr(text.p, '"', text.n)) {
        buf_add(b, text.p, text.n);
        return;
    }
    buf_addc(b, '"');
    for (size_t i = 0; i < text.n; i++)
        buf_printf(b, text.p[i] == '"' ? "\"\"" : "%c", text.p[i]);
    buf_addc(b, '"');
}

/* separator ',' makes CSV, '\t' plain lines: what was made visible has neither tabs nor breaks. */
static void print_row(const struct column *columns, size_t n, const json_t *row, char separator)
{
    _cleanup_buf_ struct buf cell = BUF_INIT(CELL_MAX), line = BUF_INIT(COLUMNS_MAX * CELL_MAX);

    for (size_t i = 0; i < n; i++) {
        struct str text;

        buf_clear(&cell);
        add_cell(&cell, row, &columns[i], false);
        text = (struct str){buf_text(&cell), cell.len};
        if (i > 0)
            buf_addc(&line, separator);
        if (separator == ',')
            add_quoted(&line, text);
        else
            buf_add(&line, text.p, text.n);
    }
    puts(buf_text(&line));
}

static void print_plain(const struct column *columns, size_t n, const json_t *rows, char separator)
{
    const json_t *row;
    size_t at;

    if (separator == ',')
        for (size_t i = 0; i < n; i++)
            printf("%s%s", columns[i].key, i + 1 < n ? "," : "\n");
    json_array_foreach(rows, at, row) print_row(columns, n, row, separator);
}

void table_print(const struct output *o, const struct column *columns, size_t n, const json_t *rows)
{
    const json_t *row;
    size_t at;

    switch (o->format) {
    case OUTPUT_JSON:
        output_json(o, rows);
        break;
    case OUTPUT_JSONL:
        json_array_foreach(rows, at, row)
        {
            json_dumpf(row, stdout, JSON_COMPACT | (o->terminal ? JSON_ENSURE_ASCII : 0));
            putchar('\n');
        }
        break;
    case OUTPUT_CSV:
        print_plain(columns, n, rows, ',');
        break;
    case OUTPUT_TEXT:
        (o->terminal ? print_table(o, columns, n, rows) : print_plain(columns, n, rows, '\t'));
    }
}
