/* SPDX-License-Identifier: Apache-2.0 */
/* Line rows come sequence by sequence. A sequence is made smaller as soon as it ends: one row for
 * each address, none that says what the one before said. At the end the sequences are put in order;
 * where they overlap, the one that begins nearest counts. */
#include <errno.h>
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "workerd/index/blocks.h"
#include "workerd/index/flatten.h"
#include "workerd/index/tables.h"

/* --- A sequence --- */

static bool is_statement(const struct line_entry *e)
{
    return (e->flags & LINE_STATEMENT) && e->line > 0;
}

/* The row that counts of those at the address of rows[0]; *ret_n: how many there are. */
static struct line_entry choose(const struct line_entry *rows, size_t n, size_t *ret_n)
{
    struct line_entry best = rows[0];
    size_t i = 1;

    for (; i < n && rows[i].address == rows[0].address; i++)
        if (is_statement(&rows[i]) || !is_statement(&best))
            best = rows[i];
    *ret_n = i;
    if (best.line == 0 || best.file == INDEX_NONE)
        best = (struct line_entry){.address = best.address, .file = INDEX_NONE};
    best.flags = 0;
    return best;
}

static bool same_place(const struct line_entry *a, const struct line_entry *b)
{
    return a->file == b->file && a->line == b->line && a->column == b->column;
}

/* In place; rows at or beyond end hold nothing. Returns how many are left. */
static size_t compact(struct line_entry *rows, size_t n, uint32_t end)
{
    size_t kept = 0, here;

    for (size_t i = 0; i < n && rows[i].address < end; i += here) {
        struct line_entry e = choose(rows + i, n - i, &here);

        if (kept == 0 || !same_place(&rows[kept - 1], &e))
            rows[kept++] = e;
    }
    return kept;
}

static void end_sequence(struct line_table *t, uint32_t end)
{
    size_t n = TABLE_COUNT(&t->rows, struct line_entry) - t->open;

    if (n == 0)
        return;
    struct line_entry *rows = TABLE_ROWS(&t->rows, struct line_entry) + t->open;

    n = compact(rows, n, end);
    if (n > 0) {
        struct line_sequence s = {rows[0].address, end, (uint32_t)t->open, (uint32_t)n};

        table_add(&t->sequences, &s, sizeof s);
    }
    t->open += n;
    t->rows.len = t->open * sizeof *rows;
}

void line_table_close(struct line_table *t)
{
    size_t n = TABLE_COUNT(&t->rows, struct line_entry);

    if (n > t->open)
        end_sequence(t, TABLE_ROWS(&t->rows, struct line_entry)[n - 1].address);
}

void line_table_add(struct line_table *t, const struct line_entry *e)
{
    size_t n = TABLE_COUNT(&t->rows, struct line_entry);

    if (n > t->open && e->address < TABLE_ROWS(&t->rows, struct line_entry)[n - 1].address)
        line_table_close(t);
    if (e->flags & LINE_END)
        end_sequence(t, e->address);
    else
        table_add(&t->rows, e, sizeof *e);
}

/* --- All sequences --- */

/* Rows on their way into blocks: neighbours that say the same become one. */
struct line_output {
    struct block_writer blocks;
    struct line_entry last;
};

static void put(struct line_output *o, uint32_t address, const struct line_entry *e)
{
    static const struct line_entry none = {.file = INDEX_NONE};

    if (!e)
        e = &none;
    if (same_place(e, &o->last))
        return;
    o->last = *e;
    line_row_add(&o->blocks, (struct line_row){address, e->file, e->line, e->column});
}

/* What the sequence says within [low, high). */
static void put_sequence(struct line_output *o, const struct line_entry *rows, size_t n,
                         uint32_t low, uint32_t high)
{
    size_t first = 0, end = n;

    while (first + 1 < end) { /* the last row at or before low */
        size_t middle = first + (end - first) / 2;

        if (rows[middle].address <= low)
            first = middle;
        else
            end = middle;
    }
    put(o, low, &rows[first]);
    for (size_t i = first + 1; i < n && rows[i].address < high; i++)
        put(o, rows[i].address, &rows[i]);
}

static int flatten_sequences(const struct line_table *t, struct buf *ret)
{
    const struct line_sequence *s = TABLE_ROWS(&t->sequences, struct line_sequence);
    size_t n = TABLE_COUNT(&t->sequences, struct line_sequence);
    _cleanup_free_ struct flat_range *ranges = reallocarray(NULL, n, sizeof *ranges);

    if (!ranges)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        ranges[i] = (struct flat_range){s[i].low, s[i].high, flat_nearest(s[i].low, s[i].high)};
    return flatten(ranges, n, ret);
}

int line_table_build(struct line_table *t, struct buf *blocks, struct buf *rows)
{
    _cleanup_buf_ struct buf pieces = BUF_INIT(INDEX_SIZE_MAX);
    struct line_output o = {{.blocks = blocks, .rows = rows}, {.file = INDEX_NONE}};
    const struct line_entry *entries = TABLE_ROWS(&t->rows, struct line_entry);
    const struct line_sequence *sequences = TABLE_ROWS(&t->sequences, struct line_sequence);
    int r = t->sequences.len > 0 ? flatten_sequences(t, &pieces) : 0;

    if (r < 0)
        return r;
    const struct flat_row *p = TABLE_ROWS(&pieces, struct flat_row);
    size_t n = TABLE_COUNT(&pieces, struct flat_row);

    for (size_t i = 0; i < n; i++) {
        if (p[i].range == INDEX_NONE) {
            put(&o, p[i].address, NULL);
            continue;
        }
        const struct line_sequence *s = &sequences[p[i].range];

        put_sequence(&o, entries + s->first, s->n, p[i].address, p[i + 1].address);
    }
    block_writer_end(&o.blocks);
    return buf_error(blocks) ? buf_error(blocks) : buf_error(rows);
}
