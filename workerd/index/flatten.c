/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/index/flatten.h"

#include <errno.h>
#include <stdbool.h>

#include "common/base/cleanup.h"
#include "workerd/index/format.h"
#include "workerd/index/sort.h"
#include "workerd/index/tables.h"

/* The open ranges; the one that counts is the first. A range that has ended stays until it comes to
 * be the first, or until all have ended. */
struct heap {
    const struct flat_range *ranges;
    uint32_t *list; /* indexes into ranges */
    size_t n;
    uint32_t end; /* of the one that ends last */
};

static bool before(const struct heap *h, uint32_t a, uint32_t b)
{
    uint64_t x = h->ranges[a].priority, y = h->ranges[b].priority;

    return x != y ? x < y : a < b;
}

/* The range begins at the address, before which no other will. */
static void heap_push(struct heap *h, uint32_t range, uint32_t address)
{
    if (h->end <= address)
        h->n = h->end = 0;
    size_t at = h->n++;

    if (h->ranges[range].high > h->end)
        h->end = h->ranges[range].high;
    for (; at > 0 && before(h, range, h->list[(at - 1) / 2]); at = (at - 1) / 2)
        h->list[at] = h->list[(at - 1) / 2];
    h->list[at] = range;
}

static void heap_pop(struct heap *h)
{
    uint32_t last = h->list[--h->n];
    size_t at = 0, child;

    while ((child = 2 * at + 1) < h->n) {
        if (child + 1 < h->n && before(h, h->list[child + 1], h->list[child]))
            child++;
        if (!before(h, h->list[child], last))
            break;
        h->list[at] = h->list[child];
        at = child;
    }
    h->list[at] = last;
}

/* The range that counts at the address; INDEX_NONE. */
static uint32_t heap_first(struct heap *h, uint32_t address)
{
    while (h->n > 0 && h->ranges[h->list[0]].high <= address)
        heap_pop(h);
    return h->n > 0 ? h->list[0] : INDEX_NONE;
}

static void add_row(struct buf *rows, uint32_t address, uint32_t range, uint32_t *last)
{
    const struct flat_row row = {address, range};

    if (range == *last)
        return;
    table_add(rows, &row, sizeof row);
    *last = range;
}

/* order: the ranges by their first address. */
static void sweep(struct heap *h, const struct sort_key *order, size_t n, struct buf *rows)
{
    uint32_t last = INDEX_NONE, at = 0;
    size_t next = 0;

    while (next < n || h->n > 0) {
        if (h->n == 0)
            at = (uint32_t)order[next].key;
        for (; next < n && order[next].key <= at; next++)
            heap_push(h, order[next].value, at);
        uint32_t first = heap_first(h, at);

        add_row(rows, at, first, &last);
        if (first == INDEX_NONE)
            continue;
        at = h->ranges[first].high;
        if (next < n && order[next].key < at)
            at = (uint32_t)order[next].key;
    }
}

/* The ranges that are not empty, by their first address. */
static int sort_ranges(const struct flat_range *ranges, size_t n, struct sort_key *ret,
                       size_t *ret_n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (ranges[i].low < ranges[i].high)
            ret[kept++] = (struct sort_key){.key = ranges[i].low, .value = (uint32_t)i};
    *ret_n = kept;
    return sort_keys(ret, kept);
}

int flatten(const struct flat_range *ranges, size_t n, struct buf *rows)
{
    _cleanup_free_ struct sort_key *order = NULL;
    _cleanup_free_ uint32_t *list = NULL;

    if (n == 0)
        return 0;
    if (n >= INDEX_NONE)
        return -E2BIG;
    order = reallocarray(NULL, n, sizeof *order);
    list = reallocarray(NULL, n, sizeof *list);
    if (!order || !list)
        return -ENOMEM;
    struct heap h = {.ranges = ranges, .list = list};
    int r = sort_ranges(ranges, n, order, &n);

    if (r < 0)
        return r;
    sweep(&h, order, n, rows);
    return buf_error(rows);
}
