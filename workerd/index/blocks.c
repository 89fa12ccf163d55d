/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/index/blocks.h"

#include "workerd/index/varint.h"

#define SCOPE_NONE     1u
#define LINE_KIND_BITS 2

/* --- Writing --- */

void block_writer_end(struct block_writer *w)
{
    if (w->n > 0)
        buf_add(w->rows, w->bytes, (size_t)(w->end - w->bytes));
    w->n = 0;
}

/* Begins a run where one is due. */
static void begin_row(struct block_writer *w, uint32_t address)
{
    if (w->n == INDEX_BLOCK_ROWS)
        block_writer_end(w);
    if (w->n++ > 0)
        return;
    struct index_block b = {.address = address, .offset = (uint32_t)w->rows->len};

    buf_add(w->blocks, &b, sizeof b);
    w->scope = (struct scope_row){.address = address};
    w->line = (struct line_row){.address = address, .file = INDEX_NONE};
    w->end = w->bytes;
}

void scope_row_add(struct block_writer *w, struct scope_row row)
{
    begin_row(w, row.address);
    uint8_t *p = w->end;
    uint64_t distance = row.address - w->scope.address;

    if (row.scope == INDEX_NONE) {
        p = varint_put(p, distance << 1 | SCOPE_NONE);
    } else {
        p = varint_put(p, distance << 1);
        p = varint_put(p, varint_fold((int64_t)row.scope - w->scope.scope));
        w->scope.scope = row.scope;
    }
    w->scope.address = row.address;
    w->end = p;
}

static enum line_row_kind kind_of(const struct line_row *row, const struct line_row *before)
{
    if (row->file == INDEX_NONE)
        return LINE_ROW_NONE;
    if (row->file != before->file)
        return LINE_ROW_FILE;
    return row->line == before->line ? LINE_ROW_COLUMN : LINE_ROW_LINE;
}

void line_row_add(struct block_writer *w, struct line_row row)
{
    begin_row(w, row.address);
    uint8_t *p = w->end;
    enum line_row_kind kind = kind_of(&row, &w->line);
    uint64_t distance = row.address - w->line.address;

    p = varint_put(p, distance << LINE_KIND_BITS | kind);
    w->line.address = row.address;
    if (kind != LINE_ROW_NONE) {
        if (kind == LINE_ROW_FILE)
            p = varint_put(p, row.file);
        if (kind != LINE_ROW_COLUMN)
            p = varint_put(p, varint_fold((int64_t)row.line - w->line.line));
        p = varint_put(p, row.column);
        w->line = row;
    }
    w->end = p;
}

/* --- Reading --- */

/* What a folded distance makes of a number. Sums wrap: nothing follows a number without checking
 * it. */
static inline bool move(struct varint_reader *r, uint32_t *number)
{
    uint64_t folded;

    if (!varint_get(r, &folded))
        return false;
    *number += (uint32_t)varint_unfold(folded);
    return true;
}

/* The head of a row: its low bits are the kind. False at the end of the run, and for a row beyond
 * the address. */
static inline bool next_row(struct varint_reader *r, unsigned bits, uint32_t address, uint32_t *at,
                            unsigned *ret_kind)
{
    uint64_t head;

    if (!varint_get(r, &head) || head >> bits > address - *at)
        return false;
    *at += (uint32_t)(head >> bits);
    *ret_kind = (unsigned)head & ((1u << bits) - 1);
    return true;
}

bool scope_row_find(const struct block *b, uint32_t address, struct scope_row *ret)
{
    struct varint_reader r = {b->bytes, b->bytes + b->size};
    uint32_t at = b->address, scope = 0;
    unsigned none = 1;
    size_t n = 0;

    for (; n < INDEX_BLOCK_ROWS && next_row(&r, 1, address, &at, &none); n++)
        if (!none && !move(&r, &scope))
            return false;
    if (n == 0)
        return false;
    *ret = (struct scope_row){.address = at, .scope = none ? INDEX_NONE : scope};
    return true;
}

static inline bool read_line(struct varint_reader *r, unsigned kind, struct line_row *row)
{
    uint64_t column;

    if (kind == LINE_ROW_FILE && !varint_get32(r, &row->file))
        return false;
    if (kind != LINE_ROW_COLUMN && !move(r, &row->line))
        return false;
    if (!varint_get(r, &column))
        return false;
    row->column = (uint32_t)column;
    return true;
}

bool line_row_find(const struct block *b, uint32_t address, struct line_row *ret)
{
    struct varint_reader r = {b->bytes, b->bytes + b->size};
    struct line_row row = {.address = b->address, .file = INDEX_NONE};
    unsigned kind = LINE_ROW_NONE;
    size_t n = 0;

    for (; n < INDEX_BLOCK_ROWS; n++) {
        if (!next_row(&r, LINE_KIND_BITS, address, &row.address, &kind))
            break;
        if (kind != LINE_ROW_NONE && !read_line(&r, kind, &row))
            return false;
    }
    if (n == 0)
        return false;
    *ret = row;
    if (kind == LINE_ROW_NONE)
        ret->file = INDEX_NONE;
    return true;
}
