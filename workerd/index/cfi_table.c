/* SPDX-License-Identifier: Apache-2.0 */
/* Rules by address. Ranges seldom overlap; where they do, what was added first counts. */
#include <errno.h>
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "workerd/index/flatten.h"
#include "workerd/index/tables.h"

/* Rows on their way out: neighbours with the same rule become one. */
struct cfi_output {
    struct buf *rows;
    uint32_t last;
};

static void put(struct cfi_output *o, uint32_t address, uint32_t rule)
{
    const struct index_cfi_row row = {address, rule};

    if (rule == o->last)
        return;
    table_add(o->rows, &row, sizeof row);
    o->last = rule;
}

/* What a range's rows say within [low, high). */
static void put_rows(struct cfi_output *o, const struct index_cfi_row *rows, size_t n, uint32_t low,
                     uint32_t high)
{
    size_t first = 0, end = n;

    while (first < end) { /* the first row after low */
        size_t middle = first + (end - first) / 2;

        if (rows[middle].address <= low)
            first = middle + 1;
        else
            end = middle;
    }
    put(o, low, first > 0 ? rows[first - 1].rule : INDEX_NONE);
    for (; first < n && rows[first].address < high; first++)
        put(o, rows[first].address, rows[first].rule);
}

static int flatten_ranges(const struct cfi_table *t, struct buf *ret)
{
    const struct cfi_range *r = TABLE_ROWS(&t->ranges, struct cfi_range);
    size_t n = TABLE_COUNT(&t->ranges, struct cfi_range);
    _cleanup_free_ struct flat_range *ranges = reallocarray(NULL, n, sizeof *ranges);

    if (!ranges)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        ranges[i] = (struct flat_range){r[i].low, r[i].high, i};
    return flatten(ranges, n, ret);
}

int cfi_table_build(const struct cfi_table *t, struct buf *rows)
{
    _cleanup_buf_ struct buf pieces = BUF_INIT(INDEX_SIZE_MAX);
    struct cfi_output o = {.rows = rows, .last = INDEX_NONE};
    const struct cfi_range *ranges = TABLE_ROWS(&t->ranges, struct cfi_range);
    const struct index_cfi_row *all = TABLE_ROWS(&t->rows, struct index_cfi_row);
    int r = t->ranges.len > 0 ? flatten_ranges(t, &pieces) : 0;

    if (r < 0)
        return r;
    const struct flat_row *p = TABLE_ROWS(&pieces, struct flat_row);
    size_t n = TABLE_COUNT(&pieces, struct flat_row);

    for (size_t i = 0; i < n; i++) {
        const struct cfi_range *range = &ranges[p[i].range == INDEX_NONE ? 0 : p[i].range];

        if (p[i].range == INDEX_NONE)
            put(&o, p[i].address, INDEX_NONE);
        else
            put_rows(&o, range->n > 0 ? all + range->first : NULL, range->n, p[i].address,
                     p[i + 1].address);
    }
    return buf_error(rows);
}
