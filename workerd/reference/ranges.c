/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/reference/ranges.h"

#include <stdlib.h>

#define RANGES_MAX (8u << 20) /* of one list */
#define LOOK_BACK  32         /* ranges before an address that are looked at */

void ranges_add(struct ranges *r, uint64_t low, uint64_t high, uint64_t owner)
{
    if (low >= high)
        return;
    if (r->n == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 64;
        struct range *list =
            capacity > RANGES_MAX ? NULL : reallocarray(r->list, capacity, sizeof *list);

        if (!list)
            return;
        r->list = list;
        r->capacity = capacity;
    }
    r->list[r->n++] = (struct range){low, high, owner};
}

static int compare_ranges(const void *a, const void *b)
{
    const struct range *x = a, *y = b;

    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    return x->high > y->high ? -1 : x->high < y->high; /* the smaller one last: it is preferred */
}

void ranges_sort(struct ranges *r)
{
    if (r->n > 0)
        qsort(r->list, r->n, sizeof *r->list, compare_ranges);
}

const struct range *ranges_find(const struct ranges *r, uint64_t address)
{
    size_t low = 0, high = r->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (r->list[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i > 0 && low - i < LOOK_BACK; i--)
        if (address < r->list[i - 1].high)
            return &r->list[i - 1];
    return NULL;
}

void ranges_fini(struct ranges *r)
{
    free(r->list);
    *r = (struct ranges){0};
}
