/* SPDX-License-Identifier: Apache-2.0 */
/* The table has twice the slots of what may be in it, so that a search ends after a step or two. */
#include "client/slim/pages.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MAX (1u << 28)

int pages_init(struct pages *p, size_t max)
{
    struct pages made = {.max = max, .shift = 63};

    assert(max <= PAGES_MAX);
    while ((1ull << (64 - made.shift)) < 2 * (uint64_t)max)
        made.shift--;
    made.list = malloc((max + 1) * sizeof *made.list);
    made.slots = calloc(1ull << (64 - made.shift), sizeof *made.slots);
    if (!made.list || !made.slots) {
        pages_fini(&made);
        return -ENOMEM;
    }
    /* Where our memory lies is as random as it has to be: a process that wants long searches would
     * have to know it. */
    made.seed =
        ((uint64_t)(uintptr_t)&made ^ (uint64_t)(uintptr_t)made.list << 20 ^ 0x9e3779b97f4a7c15u) |
        1;
    *p = made;
    return 0;
}

void pages_fini(struct pages *p)
{
    free(p->list);
    free(p->slots);
    *p = (struct pages){0};
}

/* The slot that has the page, or the free one where it would be. */
static uint64_t *find_slot(const struct pages *p, uint64_t page)
{
    uint64_t mask = (1ull << (64 - p->shift)) - 1;
    uint64_t i = (page / PAGE_BYTES * p->seed) >> p->shift;

    while (p->slots[i] != 0 && p->slots[i] != (page | 1))
        i = (i + 1) & mask;
    return &p->slots[i];
}

bool pages_have(const struct pages *p, uint64_t page)
{
    return *find_slot(p, page) != 0;
}

int pages_add(struct pages *p, uint64_t page)
{
    uint64_t *slot = find_slot(p, page);

    if (*slot != 0)
        return PAGES_HAD;
    if (p->n == p->max)
        return PAGES_FULL;
    p->list[p->n++] = page;
    *slot = page | 1;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* What was added is often in order already. */
void pages_sort(struct pages *p, size_t from)
{
    for (size_t i = from + 1; i < p->n; i++) {
        if (p->list[i - 1] > p->list[i]) {
            qsort(p->list + from, p->n - from, sizeof *p->list, compare);
            return;
        }
    }
}
