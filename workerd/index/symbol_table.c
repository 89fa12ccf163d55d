/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols by address: the nearest one whose size covers an address; where there is none, the
 * nearest label, up to where the next function begins. So a label's range ends there, functions
 * come before labels, and of each sort the last in order counts: by address, then rank, then name
 * (the first in the alphabet, so that it is always the same one). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/index/flatten.h"
#include "workerd/index/sort.h"
#include "workerd/index/tables.h"

#define LABELS ((uint64_t)1 << 32) /* added to the priority of a label */

/* Descending names: the last one counts. */
static int compare_names(const void *a, const void *b, void *arg)
{
    const struct symbol_entry *x = a, *y = b;
    int order = strcmp(text_get(arg, y->name), text_get(arg, x->name));

    if (order != 0)
        return order;
    return x->end != y->end ? (x->end > y->end ? -1 : 1) : 0;
}

static bool same_place(const struct symbol_entry *a, const struct symbol_entry *b)
{
    return a->start == b->start && a->rank == b->rank;
}

/* Sorted by start and rank in linear time; only then the few that have both in common by name. */
static int sort_symbols(struct symbol_entry *s, size_t n, const struct text_table *texts)
{
    _cleanup_free_ struct sort_key *keys = reallocarray(NULL, n, sizeof *keys);
    _cleanup_free_ struct symbol_entry *copy = reallocarray(NULL, n, sizeof *copy);
    size_t end;

    if (!keys || !copy)
        return -ENOMEM;
    memcpy(copy, s, n * sizeof *s);
    for (size_t i = 0; i < n; i++)
        keys[i] = (struct sort_key){(uint64_t)s[i].start << 8 | s[i].rank, (uint32_t)i};
    int r = sort_keys(keys, n);

    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        s[i] = copy[keys[i].value];
    for (size_t i = 0; i < n; i = end) {
        for (end = i + 1; end < n && same_place(&s[i], &s[end]);)
            end++;
        if (end > i + 1)
            qsort_r(s + i, end - i, sizeof *s, compare_names, (void *)(uintptr_t)texts);
    }
    return 0;
}

static void to_ranges(const struct symbol_entry *s, size_t n, struct flat_range *ret)
{
    uint32_t next_function = UINT32_MAX;

    for (size_t i = n; i > 0; i--) {
        const struct symbol_entry *e = &s[i - 1];
        uint32_t end = e->label && next_function < e->end ? next_function : e->end;

        ret[i - 1] = (struct flat_range){e->start, end, (e->label ? LABELS : 0) + (n - i)};
        if (!e->label)
            next_function = e->start;
    }
}

static void put_rows(const struct buf *pieces, const struct symbol_entry *symbols, struct buf *rows)
{
    const struct flat_row *p = TABLE_ROWS(pieces, struct flat_row);
    size_t n = TABLE_COUNT(pieces, struct flat_row);
    struct index_symbol_row last = {0};

    for (size_t i = 0; i < n; i++) {
        struct index_symbol_row row = {.address = p[i].address};

        if (p[i].range != INDEX_NONE) {
            row.start = symbols[p[i].range].start;
            row.name = symbols[p[i].range].name;
        }
        if (row.start != last.start || row.name != last.name)
            table_add(rows, &row, sizeof row);
        last = row;
    }
}

int symbol_table_build(struct buf *entries, const struct text_table *texts, struct buf *rows)
{
    _cleanup_buf_ struct buf pieces = BUF_INIT(INDEX_SIZE_MAX);
    struct symbol_entry *s = TABLE_ROWS(entries, struct symbol_entry);
    size_t n = TABLE_COUNT(entries, struct symbol_entry);
    _cleanup_free_ struct flat_range *ranges = NULL;

    if (n == 0)
        return 0;
    ranges = reallocarray(NULL, n, sizeof *ranges);
    int r = ranges ? sort_symbols(s, n, texts) : -ENOMEM;

    if (r < 0)
        return r;
    to_ranges(s, n, ranges);
    r = flatten(ranges, n, &pieces);
    if (r < 0)
        return r;
    put_rows(&pieces, s, rows);
    return buf_error(rows);
}
