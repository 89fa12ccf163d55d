/* SPDX-License-Identifier: Apache-2.0 */
/* What a writer has been told, before it becomes sections: one table for each kind of fact, in the
 * order of telling. Each has a function that sorts it, resolves what overlaps and appends the rows
 * of its sections. Addresses are relative to the base already. Errors of adding stick in the
 * buffers. Private to the writer. */
#ifndef CORRAL_WORKERD_INDEX_TABLES_H
#define CORRAL_WORKERD_INDEX_TABLES_H

#include <string.h>

#include "common/base/buf.h"
#include "workerd/index/format.h"
#include "workerd/index/intern.h"
#include "workerd/index/scopes.h"
#include "workerd/index/writer.h"

#define TEXT_CACHE 4096u /* pointers whose text was seen lately */

/* DWARF gives the same pointer for the same name again and again. */
struct cached_text {
    const char *p;
    uint32_t text;
};

struct text_table {
    struct intern strings;
    struct cached_text cache[TEXT_CACHE];
};

void text_table_init(struct text_table *t);
void text_table_fini(struct text_table *t);
/* 0 for NULL and "". */
uint32_t text_add(struct text_table *t, const char *s);
/* The text without its symbol's version, which begins with '@': added, or INDEX_NONE when there is
 * none yet. */
uint32_t text_find_unversioned(const struct text_table *t, uint32_t text);
uint32_t text_add_unversioned(struct text_table *t, uint32_t text);
/* Whether it has a version that programs are no longer linked against: one '@' before it. */
bool text_has_old_version(const struct text_table *t, uint32_t text);
const char *text_get(const struct text_table *t, uint32_t text);

/* --- The texts that are written, which are those that a row refers to: written_texts.c --- */

struct written_texts {
    const struct text_table *from;
    index_readable *readable;
    void *readable_arg;
    struct intern strings;
    /* What became of each text as it is, and as a symbol: its offset in strings; 0: nothing yet.
     * By half of its offset in `from`, for each has two bytes at least. */
    uint32_t *texts, *symbols;
    size_t n;
};

int written_texts_init(struct written_texts *t, const struct index_writer *w);
void written_texts_fini(struct written_texts *t);
/* Where in the section of strings the text is; errors stick in `strings`. */
uint32_t written_text(struct written_texts *t, uint32_t text);
/* The same for a symbol, which is made readable. */
uint32_t written_symbol(struct written_texts *t, uint32_t text);

/* --- Call frame information: cfi_table.c --- */

/* Rows [first, first + n) hold within [low, high). */
struct cfi_range {
    uint32_t low, high, first, n;
};

struct cfi_table {
    struct intern rules;
    struct buf ranges;  /* struct cfi_range */
    struct buf rows;    /* struct index_cfi_row */
    struct buf encoded; /* one rule, while it is added */
};

int cfi_table_build(const struct cfi_table *t, struct buf *rows);

/* --- Symbols: symbol_table.c --- */

struct symbol_entry {
    uint32_t start, end, name;
    bool label;
    uint8_t rank;
};

/* entries: struct symbol_entry; sorted in place. */
int symbol_table_build(struct buf *entries, const struct text_table *texts, struct buf *rows);

/* --- Functions and inlined calls: scope_table.c --- */

struct scope_range {
    uint32_t scope, low, high;
};

struct scope_table {
    struct buf scopes; /* struct index_scope; parent is a number here */
    struct buf depths; /* uint8_t of each */
    struct buf ranges; /* struct scope_range */
};

int scope_table_build(struct scope_table *t, struct written_texts *texts, struct buf *scopes,
                      struct buf *blocks, struct buf *rows);

/* --- Lines: line_table.c --- */

struct line_sequence {
    uint32_t low, high, first, n;
};

struct line_table {
    struct buf rows;      /* struct line_entry; of sequences that are closed: compacted */
    struct buf sequences; /* struct line_sequence */
    size_t open;          /* where the rows of the open sequence begin */
};

struct line_entry {
    uint32_t address, file, line;
    unsigned column : 24, flags : 8;
};

void line_table_add(struct line_table *t, const struct line_entry *e);
/* Ends the open sequence at the address of its last row. */
void line_table_close(struct line_table *t);
int line_table_build(struct line_table *t, struct buf *blocks, struct buf *rows);

/* --- Calls and jumps: call_table.c --- */

struct call_entry {
    uint32_t function, return_address;
    uint32_t callee; /* INDEX_NONE: only its symbol is known */
    uint32_t symbol; /* text */
    bool jump;
};

/* --- All of it --- */

struct index_writer {
    struct index_header header;
    bool has_base;
    struct text_table texts;
    index_readable *readable;
    void *readable_arg;
    struct intern files; /* struct index_file */
    struct buf segments; /* struct index_segment */
    struct cfi_table cfi;
    struct buf symbols;   /* struct symbol_entry */
    struct buf variables; /* struct index_variable */
    struct scope_table scopes;
    struct line_table lines;
    struct buf calls; /* struct call_entry */
};

/* Names that it needs are added to the texts. */
int call_table_build(struct index_writer *w, struct buf *calls, struct buf *jumps,
                     struct buf *entries);
/* Rows whose first member is a text, by what the texts say, of one text the first alone; n rows of
 * this many bytes. Returns how many are left. */
size_t sort_by_text(void *rows, size_t n, size_t size, const struct text_table *texts);

/* buf_add for rows, of which there are millions: what fits is copied in place. */
static inline void table_add(struct buf *b, const void *row, size_t n)
{
    if (b->error || n >= b->capacity - b->len || n > b->max - b->len) {
        buf_add(b, row, n);
        return;
    }
    memcpy(b->data + b->len, row, n);
    b->len += n;
}

/* The rows of a table. */
#define TABLE_ROWS(b, type)  ((type *)(void *)(b)->data)
#define TABLE_COUNT(b, type) ((b)->len / sizeof(type))

#endif
