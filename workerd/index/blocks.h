/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are many and small: which scope holds from an address on, and which line. They lie in
 * runs of INDEX_BLOCK_ROWS, each number as the difference to the row before (varint.h); every run
 * begins from zeros, so that one can be read alone. A search halves over the runs' first addresses
 * and then decodes one run.
 *
 *   scope row  (distance of the address << 1 | none), and unless none: folded distance of the scope
 *              to the last one that was not none
 *   line row   (distance of the address << 2 | enum line_row_kind), then, as the kind says: the
 *              file; the folded distance of the line; the column */
#ifndef CORRAL_WORKERD_INDEX_BLOCKS_H
#define CORRAL_WORKERD_INDEX_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "workerd/index/format.h"

enum line_row_kind {
    LINE_ROW_LINE,   /* line, column: the file is the same */
    LINE_ROW_FILE,   /* file, line, column */
    LINE_ROW_COLUMN, /* column: file and line are the same */
    LINE_ROW_NONE,   /* nothing: code that belongs to no line */
};

struct scope_row {
    uint32_t address;
    uint32_t scope; /* offset in SCOPES; INDEX_NONE: none */
};

struct line_row {
    uint32_t address;
    uint32_t file; /* index into FILES; INDEX_NONE: no line */
    uint32_t line, column;
};

/* --- Writing --- */

#define BLOCK_BYTES_MAX (INDEX_BLOCK_ROWS * 24u) /* a row has up to four numbers of 32 bits */

/* Where rows go, in order of address. Errors stick in the buffers. */
struct block_writer {
    struct buf *blocks, *rows;
    size_t n;               /* rows of the run that is being made */
    struct scope_row scope; /* the last ones of the run */
    struct line_row line;
    uint8_t bytes[BLOCK_BYTES_MAX], *end;
};

void scope_row_add(struct block_writer *w, struct scope_row row);
void line_row_add(struct block_writer *w, struct line_row row);
/* The last run. */
void block_writer_end(struct block_writer *w);

/* --- Reading --- */

/* One run: the bytes up to the next one's. */
struct block {
    uint32_t address;
    const uint8_t *bytes;
    size_t size;
};

/* The last row at or before the address, which must not be before the block's. False when the bytes
 * are damaged. */
bool scope_row_find(const struct block *b, uint32_t address, struct scope_row *ret);
bool line_row_find(const struct block *b, uint32_t address, struct line_row *ret);

#endif
