/* SPDX-License-Identifier: Apache-2.0 */
/* From nested ranges to rows: which scope is the innermost from an address on. First the function
 * is chosen (the range that begins nearest before the address, then the smaller, then the last),
 * then the scope within it: a descendant before its ancestors, and of siblings that overlap the
 * first. That order is the one in which a walk over the tree leaves its nodes. Ranges of an inlined
 * call count only where its function has code. Scopes that count nowhere are left out. */
#include <errno.h>
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "workerd/index/blocks.h"
#include "workerd/index/flatten.h"
#include "workerd/index/sort.h"
#include "workerd/index/tables.h"

/* Code of a function: ranges that touch or overlap are one. */
struct function_range {
    uint32_t function, low, high;
    uint32_t rank; /* which one counts: the lower */
};

struct flattening {
    const struct index_scope *scopes;
    const uint8_t *depths;
    size_t n;
    const struct scope_range *ranges;
    size_t n_ranges;
    uint32_t *functions;         /* of each scope: the one it is in */
    uint32_t *leaving;           /* of each scope: its place in the order of leaving */
    struct function_range *code; /* by function, then address */
    size_t n_code;
    struct flat_range *flat; /* one for each of code, then those of inlined calls */
    uint32_t *owners;        /* of each in flat: its scope */
    size_t n_flat;
};

static void flattening_fini(struct flattening *f)
{
    free(f->functions);
    free(f->leaving);
    free(f->code);
    free(f->flat);
    free(f->owners);
}

static int flattening_init(struct flattening *f, const struct scope_table *t)
{
    *f = (struct flattening){
        .scopes = TABLE_ROWS(&t->scopes, struct index_scope),
        .depths = TABLE_ROWS(&t->depths, uint8_t),
        .n = TABLE_COUNT(&t->scopes, struct index_scope),
        .ranges = TABLE_ROWS(&t->ranges, struct scope_range),
        .n_ranges = TABLE_COUNT(&t->ranges, struct scope_range),
    };
    f->functions = reallocarray(NULL, f->n, sizeof *f->functions);
    f->leaving = reallocarray(NULL, f->n, sizeof *f->leaving);
    f->code = reallocarray(NULL, f->n_ranges, sizeof *f->code);
    f->flat = reallocarray(NULL, f->n_ranges, sizeof *f->flat);
    f->owners = reallocarray(NULL, f->n_ranges, sizeof *f->owners);
    return f->functions && f->leaving && f->code && f->flat && f->owners ? 0 : -ENOMEM;
}

static bool is_function(const struct index_scope *s)
{
    return s->parent == INDEX_NONE;
}

/* Parents come before their children, so sizes are summed from the end, and places given from the
 * front. A node is left after its subtree: place of entering + size of the subtree - 1 - depth. */
static int order_scopes(struct flattening *f)
{
    _cleanup_free_ uint32_t *sizes = calloc(f->n, sizeof *sizes);
    _cleanup_free_ uint32_t *next = calloc(f->n, sizeof *next); /* where the next child enters */
    uint32_t next_function = 0;

    if (!sizes || !next)
        return -ENOMEM;
    for (size_t i = f->n; i-- > 0;) {
        sizes[i]++;
        if (!is_function(&f->scopes[i]))
            sizes[f->scopes[i].parent] += sizes[i];
    }
    for (size_t i = 0; i < f->n; i++) {
        uint32_t parent = f->scopes[i].parent;
        uint32_t *cursor = parent == INDEX_NONE ? &next_function : &next[parent];
        uint32_t entering = *cursor;

        *cursor += sizes[i];
        next[i] = entering + 1;
        f->leaving[i] = entering + sizes[i] - 1 - f->depths[i];
        f->functions[i] = parent == INDEX_NONE ? (uint32_t)i : f->functions[parent];
    }
    return 0;
}

/* --- Functions' code --- */

static void add_code(struct flattening *f, const struct scope_range *r)
{
    struct function_range *last = f->n_code > 0 ? &f->code[f->n_code - 1] : NULL;

    if (last && last->function == r->scope && r->low <= last->high) {
        if (r->high > last->high)
            last->high = r->high;
        return;
    }
    f->code[f->n_code++] = (struct function_range){r->scope, r->low, r->high, 0};
}

static int collect_code(struct flattening *f)
{
    _cleanup_free_ struct sort_key *keys = reallocarray(NULL, f->n_ranges, sizeof *keys);
    size_t n = 0;

    if (!keys)
        return -ENOMEM;
    for (size_t i = 0; i < f->n_ranges; i++)
        if (is_function(&f->scopes[f->ranges[i].scope]))
            keys[n++] = (struct sort_key){(uint64_t)f->ranges[i].scope << 32 | f->ranges[i].low,
                                          (uint32_t)i};
    int r = sort_keys(keys, n);

    for (size_t i = 0; i < n && r == 0; i++)
        add_code(f, &f->ranges[keys[i].value]);
    return r;
}

/* Of several functions at an address the one that begins nearest counts, then the smaller, then the
 * last: of an assembler's names for one piece of code gdb and libdw take that. */
static int rank_code(struct flattening *f)
{
    _cleanup_free_ struct sort_key *keys = reallocarray(NULL, f->n_code, sizeof *keys);

    if (!keys)
        return -ENOMEM;
    for (size_t i = 0; i < f->n_code; i++) {
        const struct function_range *c = &f->code[f->n_code - 1 - i];

        keys[i] = (struct sort_key){flat_nearest(c->low, c->high), (uint32_t)(c - f->code)};
    }
    int r = sort_keys(keys, f->n_code);

    for (size_t i = 0; i < f->n_code && r == 0; i++)
        f->code[keys[i].value].rank = (uint32_t)i;
    return r;
}

/* --- Ranges of all scopes --- */

static void add_flat(struct flattening *f, const struct function_range *code, uint32_t scope,
                     uint32_t low, uint32_t high)
{
    uint64_t priority = (uint64_t)code->rank << 32 | f->leaving[scope];

    f->owners[f->n_flat] = scope;
    f->flat[f->n_flat++] = (struct flat_range){low, high, priority};
}

/* The first code of the function that ends after the address; NULL. */
static const struct function_range *code_after(const struct flattening *f, uint32_t function,
                                               uint32_t address)
{
    size_t low = 0, high = f->n_code;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct function_range *c = &f->code[middle];

        if (c->function < function || (c->function == function && c->high <= address))
            low = middle + 1;
        else
            high = middle;
    }
    return low < f->n_code && f->code[low].function == function ? &f->code[low] : NULL;
}

/* An inlined call's range, as far as it lies in one piece of its function's code. */
static void add_inlined(struct flattening *f, const struct scope_range *r)
{
    const struct function_range *c = code_after(f, f->functions[r->scope], r->low);

    if (!c || c->low >= r->high)
        return;
    add_flat(f, c, r->scope, r->low > c->low ? r->low : c->low,
             r->high < c->high ? r->high : c->high);
}

static int flatten_scopes(struct flattening *f, struct buf *ret)
{
    int r = order_scopes(f);

    if (r == 0)
        r = collect_code(f);
    if (r == 0)
        r = rank_code(f);
    if (r < 0)
        return r;
    for (size_t i = 0; i < f->n_code; i++)
        add_flat(f, &f->code[i], f->code[i].function, f->code[i].low, f->code[i].high);
    for (size_t i = 0; i < f->n_ranges; i++)
        if (!is_function(&f->scopes[f->ranges[i].scope]))
            add_inlined(f, &f->ranges[i]);
    return flatten(f->flat, f->n_flat, ret);
}

/* --- Writing --- */

/* Scopes that count somewhere, and those around them. */
static void mark_used(const struct flattening *f, const struct buf *pieces, bool *used)
{
    const struct flat_row *p = TABLE_ROWS(pieces, struct flat_row);

    for (size_t i = 0; i < TABLE_COUNT(pieces, struct flat_row); i++) {
        uint32_t scope = p[i].range == INDEX_NONE ? INDEX_NONE : f->owners[p[i].range];

        for (; scope != INDEX_NONE && !used[scope]; scope = f->scopes[scope].parent)
            used[scope] = true;
    }
}

/* ret_offsets: where each scope that is used begins. */
static int put_scopes(const struct flattening *f, const struct buf *pieces,
                      struct written_texts *texts, struct buf *scopes, uint32_t *ret_offsets)
{
    _cleanup_free_ bool *used = calloc(f->n, sizeof *used);

    if (!used)
        return -ENOMEM;
    mark_used(f, pieces, used);
    for (size_t i = 0; i < f->n; i++) {
        struct index_scope s = f->scopes[i];

        if (!used[i])
            continue;
        if (!is_function(&s))
            s.parent = ret_offsets[s.parent];
        s.name = s.is_symbol ? written_symbol(texts, s.name) : written_text(texts, s.name);
        ret_offsets[i] = (uint32_t)scopes->len;
        scope_encode(&s, scopes);
    }
    return buf_error(scopes);
}

static void put_rows(const struct flattening *f, const struct buf *pieces, const uint32_t *offsets,
                     struct block_writer *out)
{
    const struct flat_row *p = TABLE_ROWS(pieces, struct flat_row);
    uint32_t last = INDEX_NONE;

    for (size_t i = 0; i < TABLE_COUNT(pieces, struct flat_row); i++) {
        uint32_t scope = p[i].range == INDEX_NONE ? INDEX_NONE : offsets[f->owners[p[i].range]];

        if (scope != last)
            scope_row_add(out, (struct scope_row){p[i].address, scope});
        last = scope;
    }
}

int scope_table_build(struct scope_table *t, struct written_texts *texts, struct buf *scopes,
                      struct buf *blocks, struct buf *rows)
{
    _cleanup_(flattening_fini) struct flattening f = {0};
    _cleanup_buf_ struct buf pieces = BUF_INIT(INDEX_SIZE_MAX);
    struct block_writer out = {.blocks = blocks, .rows = rows};

    if (t->ranges.len == 0)
        return 0;
    int r = flattening_init(&f, t);

    if (r == 0)
        r = flatten_scopes(&f, &pieces);
    if (r < 0)
        return r;
    _cleanup_free_ uint32_t *offsets = calloc(f.n, sizeof *offsets);

    r = offsets ? put_scopes(&f, &pieces, texts, scopes, offsets) : -ENOMEM;
    if (r < 0)
        return r;
    put_rows(&f, &pieces, offsets, &out);
    block_writer_end(&out);
    return buf_error(blocks) ? buf_error(blocks) : buf_error(rows);
}
