/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/index/index.h"

#include <assert.h>
#include <string.h>

#include "workerd/index/blocks.h"
#include "workerd/index/scopes.h"

#define ALIGNMENT 8u

/* Bytes of a row. */
static const uint8_t row_sizes[INDEX_SECTIONS] = {
    [INDEX_SEGMENTS] = sizeof(struct index_segment),
    [INDEX_CFI_ROWS] = sizeof(struct index_cfi_row),
    [INDEX_CFI_RULES] = 1,
    [INDEX_SYMBOLS] = sizeof(struct index_symbol_row),
    [INDEX_SCOPES] = 1,
    [INDEX_SCOPE_BLOCKS] = sizeof(struct index_block),
    [INDEX_SCOPE_ROWS] = 1,
    [INDEX_LINE_BLOCKS] = sizeof(struct index_block),
    [INDEX_LINE_ROWS] = 1,
    [INDEX_FILES] = sizeof(struct index_file),
    [INDEX_CALLS] = sizeof(struct index_call),
    [INDEX_JUMPS] = sizeof(struct index_jump),
    [INDEX_ENTRIES] = sizeof(struct index_entry),
    [INDEX_VARIABLES] = sizeof(struct index_variable),
    [INDEX_STRINGS] = 1,
};

/* --- Opening --- */

int index_check_header(const struct index_header *h, uint64_t size)
{
    if (size < sizeof *h || memcmp(h->magic, INDEX_MAGIC, sizeof h->magic) != 0)
        return INDEX_NOT_AN_INDEX;
    if (h->version != INDEX_VERSION || h->header_size != sizeof *h)
        return INDEX_OTHER_VERSION;
    if (h->file_size != size || h->n_sources > INDEX_SOURCES_MAX ||
        !memchr(h->build_id, '\0', sizeof h->build_id))
        return INDEX_DAMAGED;
    return 0;
}

static bool open_section(struct index *x, size_t i)
{
    struct index_extent e = x->header->sections[i];

    if (e.offset % ALIGNMENT != 0 || e.offset < sizeof *x->header || e.offset > x->size ||
        e.size > x->size - e.offset || e.size % row_sizes[i] != 0)
        return false;
    x->sections[i].data = x->data + e.offset;
    x->sections[i].n = e.size / row_sizes[i];
    return true;
}

/* Every text ends within the section when its last byte is NUL. */
static bool has_strings(const struct index *x)
{
    const uint8_t *strings = x->sections[INDEX_STRINGS].data;
    size_t n = x->sections[INDEX_STRINGS].n;

    return n > 0 && strings[0] == '\0' && strings[n - 1] == '\0';
}

int index_open(const void *data, size_t size, struct index *ret)
{
    struct index x = {.data = data, .size = size, .header = data};
    int r = index_check_header(data, size);

    if (r != 0)
        return r;
    if ((uintptr_t)data % ALIGNMENT != 0)
        return INDEX_DAMAGED;
    for (size_t i = 0; i < INDEX_SECTIONS; i++)
        if (!open_section(&x, i))
            return INDEX_DAMAGED;
    if (!has_strings(&x))
        return INDEX_DAMAGED;
    *ret = x;
    return 0;
}

int index_verify(const struct index *x)
{
    return index_checksum(x->data, x->size) == x->header->checksum ? 0 : INDEX_DAMAGED;
}

/* --- Rows --- */

static size_t count(const struct index *x, enum index_section section)
{
    return x->sections[section].n;
}

static const void *row(const struct index *x, enum index_section section, size_t i)
{
    return x->sections[section].data + i * row_sizes[section];
}

/* How many rows begin at or before the address; their first member is it. */
static size_t rows_until(const struct index *x, enum index_section section, uint32_t address)
{
    const uint8_t *rows = x->sections[section].data;
    size_t size = row_sizes[section], low = 0, high = x->sections[section].n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t at;

        memcpy(&at, rows + middle * size, sizeof at);
        if (at <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The last row that begins at or before the address; NULL. */
static const void *row_at(const struct index *x, enum index_section section, uint32_t address)
{
    size_t n = rows_until(x, section, address);

    return n > 0 ? row(x, section, n - 1) : NULL;
}

/* The run of rows that an address falls into. */
static bool block_at(const struct index *x, enum index_section blocks, enum index_section rows,
                     uint32_t address, struct block *ret)
{
    size_t n = rows_until(x, blocks, address), size = count(x, rows);

    if (n == 0)
        return false;
    const struct index_block *b = row(x, blocks, n - 1);
    size_t end = n < count(x, blocks) ? b[1].offset : size;

    if (end > size || b->offset > end)
        return false;
    *ret = (struct block){
        .address = b->address, .bytes = row(x, rows, b->offset), .size = end - b->offset};
    return true;
}

/* Looks for a row by its first member, a text; rows are sorted by what the texts say. */
static const void *row_named(const struct index *x, enum index_section section, const char *name)
{
    size_t low = 0, high = count(x, section);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const void *found = row(x, section, middle);
        uint32_t text;

        memcpy(&text, found, sizeof text);
        const char *s = index_text(x, text);
        int order = s ? strcmp(s, name) : -1;

        if (order == 0)
            return found;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* --- What it says --- */

enum module_status index_status(const struct index *x)
{
    if (x->header->flags & INDEX_HAS_DEBUG)
        return MODULE_DEBUG;
    return x->header->flags & INDEX_HAS_SYMBOLS ? MODULE_SYMBOLS : MODULE_STRIPPED;
}

const char *index_text(const struct index *x, uint32_t text)
{
    return text > 0 && text < count(x, INDEX_STRINGS) ? row(x, INDEX_STRINGS, text) : NULL;
}

const struct index_segment *index_segments(const struct index *x, size_t *ret_n)
{
    *ret_n = count(x, INDEX_SEGMENTS);
    return row(x, INDEX_SEGMENTS, 0);
}

bool index_rule(const struct index *x, uint32_t address, struct cfi_rule *ret)
{
    const struct index_cfi_row *r = row_at(x, INDEX_CFI_ROWS, address);
    size_t size = count(x, INDEX_CFI_RULES);

    return r && r->rule < size &&
           cfi_rule_decode(row(x, INDEX_CFI_RULES, r->rule), size - r->rule, ret);
}

bool index_symbol(const struct index *x, uint32_t address, struct index_symbol *ret)
{
    const struct index_symbol_row *r = row_at(x, INDEX_SYMBOLS, address);
    const char *name = r ? index_text(x, r->name) : NULL;

    if (!name)
        return false;
    *ret = (struct index_symbol){.name = name, .start = r->start};
    return true;
}

static const struct index_file *file_at(const struct index *x, uint32_t file)
{
    return file < count(x, INDEX_FILES) ? row(x, INDEX_FILES, file) : NULL;
}

static struct index_function function_of(const struct index *x, const struct index_scope *s)
{
    const struct index_file *file = file_at(x, s->file);

    return (struct index_function){
        .name = index_text(x, s->name),
        .inlined = s->parent != INDEX_NONE,
        .call_folder = file ? index_text(x, file->folder) : NULL,
        .call_file = file ? index_text(x, file->name) : NULL,
        .call_line = s->line,
        .call_column = s->column,
        .start = s->start,
    };
}

/* The chain from a scope up to its function; 0 when it does not get there. */
static size_t follow_scopes(const struct index *x, uint32_t scope,
                            struct index_function ret[static INDEX_CHAIN_MAX])
{
    const uint8_t *scopes = x->sections[INDEX_SCOPES].data;
    struct index_scope s;

    for (size_t n = 0; n < INDEX_CHAIN_MAX; scope = s.parent) {
        if (!scope_decode(scopes, count(x, INDEX_SCOPES), scope, &s))
            return 0;
        ret[n++] = function_of(x, &s);
        if (s.parent == INDEX_NONE)
            return n;
    }
    return 0;
}

size_t index_functions(const struct index *x, uint32_t address,
                       struct index_function ret[static INDEX_CHAIN_MAX])
{
    struct scope_row found;
    struct block b;

    if (!block_at(x, INDEX_SCOPE_BLOCKS, INDEX_SCOPE_ROWS, address, &b) ||
        !scope_row_find(&b, address, &found) || found.scope == INDEX_NONE)
        return 0;
    return follow_scopes(x, found.scope, ret);
}

bool index_line(const struct index *x, uint32_t address, struct index_line *ret)
{
    struct line_row found;
    struct block b;

    if (!block_at(x, INDEX_LINE_BLOCKS, INDEX_LINE_ROWS, address, &b) ||
        !line_row_find(&b, address, &found))
        return false;
    const struct index_file *file = file_at(x, found.file);
    const char *name = file ? index_text(x, file->name) : NULL;

    if (!name || found.line == 0)
        return false;
    *ret = (struct index_line){
        .folder = index_text(x, file->folder),
        .file = name,
        .line = found.line,
        .column = found.column,
    };
    return true;
}

bool index_call(const struct index *x, uint32_t return_address, struct index_callee *ret)
{
    const struct index_call *c = row_at(x, INDEX_CALLS, return_address);

    if (!c || c->return_address != return_address)
        return false;
    *ret = (struct index_callee){.symbol = index_text(x, c->symbol), .start = c->start};
    return ret->symbol || c->symbol == 0;
}

bool index_entry(const struct index *x, const char *symbol, uint32_t *ret_start)
{
    const struct index_entry *e = row_named(x, INDEX_ENTRIES, symbol);

    if (!e)
        return false;
    *ret_start = e->start;
    return true;
}

const struct index_jump *index_jumps(const struct index *x, uint32_t function, size_t *ret_n)
{
    size_t end = rows_until(x, INDEX_JUMPS, function);
    size_t begin = function > 0 ? rows_until(x, INDEX_JUMPS, function - 1) : 0;

    *ret_n = end > begin ? end - begin : 0; /* rows of a damaged file may be in any order */
    return row(x, INDEX_JUMPS, begin);
}

bool index_variable(const struct index *x, const char *name, uint64_t *ret)
{
    const struct index_variable *v = row_named(x, INDEX_VARIABLES, name);

    if (!v)
        return false;
    *ret = v->address;
    return true;
}
