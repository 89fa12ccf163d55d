/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/index/writer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/index/index.h"
#include "workerd/index/tables.h"

#define PAGE       4096u
#define ALIGNMENT  8u
#define COLUMN_MAX ((1u << 24) - 1)

/* --- Life --- */

static const char *readable_as_it_is(void *arg, const char *symbol)
{
    (void)arg;
    return symbol;
}

/* All tables that grow. */
#define TABLES(w)                                                                                  \
    {                                                                                              \
        &(w)->segments, &(w)->cfi.ranges, &(w)->cfi.rows, &(w)->cfi.encoded, &(w)->symbols,        \
            &(w)->variables, &(w)->scopes.scopes, &(w)->scopes.depths, &(w)->scopes.ranges,        \
            &(w)->lines.rows, &(w)->lines.sequences, &(w)->calls                                   \
    }

struct index_writer *index_writer_new(void)
{
    struct index_writer *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    struct buf *tables[] = TABLES(w);

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        buf_init(tables[i], INDEX_SIZE_MAX);
    text_table_init(&w->texts);
    w->readable = readable_as_it_is;
    intern_init(&w->files, INDEX_SIZE_MAX);
    intern_init(&w->cfi.rules, INDEX_SIZE_MAX);
    memcpy(w->header.magic, INDEX_MAGIC, sizeof w->header.magic);
    w->header.version = INDEX_VERSION;
    w->header.header_size = sizeof w->header;
    return w;
}

void index_writer_free(struct index_writer *w)
{
    if (!w)
        return;
    struct buf *tables[] = TABLES(w);

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        buf_fini(tables[i]);
    text_table_fini(&w->texts);
    intern_fini(&w->files);
    intern_fini(&w->cfi.rules);
    free(w);
}

/* --- What it is of --- */

void index_writer_identity(struct index_writer *w, uint16_t machine, bool is64,
                           const char *build_id)
{
    w->header.machine = machine;
    w->header.is64 = is64;
    memset(w->header.build_id, 0, sizeof w->header.build_id);
    if (build_id)
        memcpy(w->header.build_id, build_id, strnlen(build_id, sizeof w->header.build_id - 1));
}

void index_writer_segment(struct index_writer *w, const struct index_segment *s)
{
    uint64_t base = s->vaddr - s->vaddr % PAGE;

    if (!w->has_base || base < w->header.base)
        w->header.base = base;
    w->has_base = true;
    table_add(&w->segments, s, sizeof *s);
}

void index_writer_source(struct index_writer *w, const struct index_source *s)
{
    if (w->header.n_sources < INDEX_SOURCES_MAX)
        w->header.sources[w->header.n_sources++] = *s;
}

void index_writer_flags(struct index_writer *w, uint32_t flags)
{
    w->header.flags |= flags;
}

void index_writer_readable(struct index_writer *w, index_readable *f, void *arg)
{
    w->readable = f;
    w->readable_arg = arg;
}

void index_writer_problem(struct index_writer *w, const char *text)
{
    if (w->header.debug_problem == 0)
        w->header.debug_problem = text_add(&w->texts, text);
}

void index_writer_shared_id(struct index_writer *w, const char *build_id)
{
    w->header.shared_id = text_add(&w->texts, build_id);
}

/* --- Addresses --- */

static bool relative(const struct index_writer *w, uint64_t address, uint32_t *ret)
{
    if (address < w->header.base || address - w->header.base > UINT32_MAX)
        return false;
    *ret = (uint32_t)(address - w->header.base);
    return true;
}

/* A range that begins within the file's addresses; what lies beyond them is cut off. */
static bool relative_range(const struct index_writer *w, uint64_t low, uint64_t high,
                           uint32_t *ret_low, uint32_t *ret_high)
{
    if (low >= high || !relative(w, low, ret_low))
        return false;
    if (!relative(w, high, ret_high))
        *ret_high = UINT32_MAX;
    return true;
}

/* --- Call frame information --- */

uint32_t index_writer_rule(struct index_writer *w, const struct cfi_rule *r)
{
    struct buf *b = &w->cfi.encoded;

    b->len = 0;
    cfi_rule_encode(r, b);
    return buf_error(b) ? INDEX_NONE : intern_add(&w->cfi.rules, b->data, b->len);
}

/* One row of a range that begins at low. first: the range's first row. */
static void add_cfi_row(struct cfi_table *t, size_t first, struct index_cfi_row row)
{
    size_t n = TABLE_COUNT(&t->rows, struct index_cfi_row);
    struct index_cfi_row *last =
        n > first ? &TABLE_ROWS(&t->rows, struct index_cfi_row)[n - 1] : NULL;

    if (last && row.address == last->address)
        last->rule = row.rule;
    else if (!last || row.address > last->address)
        table_add(&t->rows, &row, sizeof row);
}

void index_writer_cfi(struct index_writer *w, uint64_t start, uint64_t end,
                      const struct index_writer_row *rows, size_t n)
{
    size_t first = TABLE_COUNT(&w->cfi.rows, struct index_cfi_row);
    struct cfi_range range = {.first = (uint32_t)first};

    if (!relative_range(w, start, end, &range.low, &range.high))
        return;
    for (size_t i = 0; i < n; i++) {
        struct index_cfi_row row = {.rule = rows[i].rule};
        uint64_t address = rows[i].address < start ? start : rows[i].address;

        if (address < end && relative(w, address, &row.address))
            add_cfi_row(&w->cfi, first, row);
    }
    range.n = (uint32_t)(TABLE_COUNT(&w->cfi.rows, struct index_cfi_row) - first);
    table_add(&w->cfi.ranges, &range, sizeof range);
}

/* --- Symbols --- */

void index_writer_symbol(struct index_writer *w, const struct index_writer_symbol *s)
{
    struct symbol_entry e = {.label = s->label, .rank = s->rank};

    if (!relative_range(w, s->start, s->end, &e.start, &e.end))
        return;
    e.name = text_add(&w->texts, s->name);
    if (e.name != 0)
        table_add(&w->symbols, &e, sizeof e);
}

void index_writer_variable(struct index_writer *w, const char *name, uint64_t address)
{
    struct index_variable v = {.name = text_add(&w->texts, name), .address = address};

    if (v.name != 0)
        table_add(&w->variables, &v, sizeof v);
}

/* --- Functions and lines --- */

uint32_t index_writer_file(struct index_writer *w, const char *folder, const char *name)
{
    struct index_file f = {text_add(&w->texts, folder), text_add(&w->texts, name)};

    return intern_add(&w->files, &f, sizeof f) / (uint32_t)sizeof f;
}

static uint32_t add_scope(struct index_writer *w, const struct index_scope *s, uint8_t depth)
{
    size_t n = TABLE_COUNT(&w->scopes.scopes, struct index_scope);

    table_add(&w->scopes.scopes, s, sizeof *s);
    buf_addc(&w->scopes.depths, (char)depth);
    return buf_error(&w->scopes.scopes) || buf_error(&w->scopes.depths) ? INDEX_NONE : (uint32_t)n;
}

static void name_scope(struct index_writer *w, struct index_scope *s, const char *symbol,
                       const char *name)
{
    s->name = text_add(&w->texts, symbol);
    s->is_symbol = s->name != 0;
    if (!s->is_symbol)
        s->name = text_add(&w->texts, name);
}

uint32_t index_writer_function(struct index_writer *w, uint64_t start, const char *symbol,
                               const char *name)
{
    struct index_scope s = {.parent = INDEX_NONE, .file = INDEX_NONE};

    if (!relative(w, start, &s.start))
        return INDEX_NONE;
    name_scope(w, &s, symbol, name);
    return add_scope(w, &s, 0);
}

uint32_t index_writer_inlined(struct index_writer *w, uint32_t parent, const char *symbol,
                              const char *name, uint32_t file, uint32_t line, uint32_t column)
{
    if (parent >= TABLE_COUNT(&w->scopes.scopes, struct index_scope))
        return INDEX_NONE;
    uint8_t depth = TABLE_ROWS(&w->scopes.depths, uint8_t)[parent];
    struct index_scope s = {
        .parent = parent,
        .file = file,
        .line = line,
        .column = column,
    };

    name_scope(w, &s, symbol, name);
    /* A chain that is too long loses its innermost: their code is the parent's. */
    return depth + 1u < INDEX_CHAIN_MAX ? add_scope(w, &s, depth + 1) : parent;
}

void index_writer_range(struct index_writer *w, uint32_t scope, uint64_t low, uint64_t high)
{
    struct scope_range r = {.scope = scope};

    if (scope < TABLE_COUNT(&w->scopes.scopes, struct index_scope) &&
        relative_range(w, low, high, &r.low, &r.high))
        table_add(&w->scopes.ranges, &r, sizeof r);
}

void index_writer_line(struct index_writer *w, uint64_t address, uint32_t file, uint32_t line,
                       uint32_t column, unsigned flags)
{
    struct line_entry e = {.file = file, .line = line, .flags = flags & 0xff};

    e.column = column > COLUMN_MAX ? 0 : column & COLUMN_MAX;
    if (relative(w, address, &e.address))
        line_table_add(&w->lines, &e);
    else
        line_table_close(&w->lines);
}

/* --- Calls --- */

void index_writer_call(struct index_writer *w, const struct index_writer_call *c)
{
    struct call_entry e = {.jump = c->jump};

    if (!relative(w, c->function, &e.function) ||
        !relative(w, c->return_address, &e.return_address))
        return;
    if (c->callee == 0 || !relative(w, c->callee, &e.callee)) {
        e.callee = INDEX_NONE;
        e.symbol = text_add(&w->texts, c->symbol);
    }
    if (e.callee != INDEX_NONE || e.symbol != 0)
        table_add(&w->calls, &e, sizeof e);
}

/* --- Writing --- */

/* An error that an addition met. */
static int added_error(struct index_writer *w)
{
    struct buf *tables[] = TABLES(w);
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(tables) && r == 0; i++)
        r = buf_error(tables[i]);
    if (r == 0)
        r = buf_error(&w->texts.strings.bytes);
    if (r == 0)
        r = buf_error(&w->files.bytes);
    return r ? r : buf_error(&w->cfi.rules.bytes);
}

/* The sections that are made now; those that were made while adding are borrowed. */
struct sections {
    struct buf made[INDEX_SECTIONS];
    const struct buf *list[INDEX_SECTIONS];
};

static void sections_fini(struct sections *s)
{
    for (size_t i = 0; i < INDEX_SECTIONS; i++)
        buf_fini(&s->made[i]);
}

static void sections_init(struct sections *s)
{
    for (size_t i = 0; i < INDEX_SECTIONS; i++) {
        buf_init(&s->made[i], INDEX_SIZE_MAX);
        s->list[i] = &s->made[i];
    }
}

/* Sorted, before their names change. */
static void sort_variables(struct index_writer *w)
{
    size_t n = sort_by_text(w->variables.data, TABLE_COUNT(&w->variables, struct index_variable),
                            sizeof(struct index_variable), &w->texts);

    w->variables.len = n * sizeof(struct index_variable);
}

static int make_sections(struct index_writer *w, struct sections *s, struct written_texts *texts)
{
    struct buf *made = s->made;
    int r = cfi_table_build(&w->cfi, &made[INDEX_CFI_ROWS]);

    if (r == 0)
        r = symbol_table_build(&w->symbols, &w->texts, &made[INDEX_SYMBOLS]);
    if (r == 0)
        r = scope_table_build(&w->scopes, texts, &made[INDEX_SCOPES], &made[INDEX_SCOPE_BLOCKS],
                              &made[INDEX_SCOPE_ROWS]);
    if (r == 0)
        r = line_table_build(&w->lines, &made[INDEX_LINE_BLOCKS], &made[INDEX_LINE_ROWS]);
    if (r == 0)
        r = call_table_build(w, &made[INDEX_CALLS], &made[INDEX_JUMPS], &made[INDEX_ENTRIES]);
    sort_variables(w);
    return r == 0 ? added_error(w) : r;
}

#define EACH_ROW(b, type, row)                                                                     \
    for (type *row = TABLE_ROWS(b, type), *row##_end = row ? row + TABLE_COUNT(b, type) : row;     \
         row < row##_end; row++)

/* Names of rows become those of the texts that are written. */
static void name_rows(struct index_writer *w, struct sections *s, struct written_texts *t)
{
    EACH_ROW (&s->made[INDEX_SYMBOLS], struct index_symbol_row, symbol)
        symbol->name = written_symbol(t, symbol->name);
    EACH_ROW (&w->files.bytes, struct index_file, file)
        *file = (struct index_file){written_text(t, file->folder), written_text(t, file->name)};
    EACH_ROW (&s->made[INDEX_CALLS], struct index_call, call)
        call->symbol = written_text(t, call->symbol);
    EACH_ROW (&s->made[INDEX_ENTRIES], struct index_entry, entry)
        entry->name = written_text(t, entry->name);
    EACH_ROW (&w->variables, struct index_variable, variable)
        variable->name = written_text(t, variable->name);
    w->header.debug_problem = written_text(t, w->header.debug_problem);
    w->header.shared_id = written_text(t, w->header.shared_id);
}

static void align(struct buf *b)
{
    static const char zeros[ALIGNMENT];

    table_add(b, zeros, -b->len % ALIGNMENT);
}

static int put_sections(struct index_writer *w, const struct sections *s, struct buf *ret)
{
    struct index_header *h = &w->header;

    buf_add(ret, h, sizeof *h);
    for (size_t i = 0; i < INDEX_SECTIONS; i++) {
        align(ret);
        h->sections[i] = (struct index_extent){ret->len, s->list[i]->len};
        buf_add(ret, s->list[i]->data, s->list[i]->len);
    }
    align(ret);
    if (buf_error(ret))
        return buf_error(ret);
    h->file_size = ret->len;
    h->checksum = 0;
    memcpy(ret->data, h, sizeof *h);
    h->checksum = index_checksum(ret->data, ret->len);
    memcpy(ret->data, h, sizeof *h);
    return 0;
}

int index_writer_finish(struct index_writer *w, struct buf *ret)
{
    _cleanup_(sections_fini) struct sections s;
    _cleanup_(written_texts_fini) struct written_texts texts = {0};

    sections_init(&s);
    line_table_close(&w->lines);
    int r = added_error(w);

    if (r == 0)
        r = written_texts_init(&texts, w);
    if (r == 0)
        r = make_sections(w, &s, &texts);
    if (r < 0)
        return r;
    name_rows(w, &s, &texts);
    s.list[INDEX_SEGMENTS] = &w->segments;
    s.list[INDEX_CFI_RULES] = &w->cfi.rules.bytes;
    s.list[INDEX_FILES] = &w->files.bytes;
    s.list[INDEX_VARIABLES] = &w->variables;
    s.list[INDEX_STRINGS] = &texts.strings.bytes;
    buf_clear(ret);
    return buf_error(&texts.strings.bytes) ? buf_error(&texts.strings.bytes)
                                           : put_sections(w, &s, ret);
}
