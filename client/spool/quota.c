/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/quota.h"

#include <stdlib.h>

static uint64_t size_of(const struct quota_item *item)
{
    uint64_t sum = 0;

    for (int part = 0; part < QUOTA_PARTS; part++)
        sum += item->bytes[part];
    return sum;
}

uint64_t quota_total(const struct quota_item *items, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += size_of(&items[i]);
    return sum;
}

/* --- Groups --- */

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_times(const struct quota_item *a, const struct quota_item *b)
{
    return (a->at > b->at) - (a->at < b->at);
}

static int by_kind(const void *a, const void *b, void *arg)
{
    const struct quota_item *items = arg;
    const struct quota_item *x = &items[((const struct quota_victim *)a)->item];
    const struct quota_item *y = &items[((const struct quota_victim *)b)->item];
    int order = compare(x->kind, y->kind);

    return order ? order : compare_times(x, y);
}

static int by_executable(const void *a, const void *b, void *arg)
{
    const struct quota_item *items = arg;

    return compare(items[((const struct quota_victim *)a)->item].executable,
                   items[((const struct quota_victim *)b)->item].executable);
}

/* The last one of each run of the same kind; among those of an unknown kind, all. */
static void mark_newest(struct quota_item *items, size_t n, struct quota_victim *order)
{
    qsort_r(order, n, sizeof(*order), by_kind, items);
    for (size_t i = 0; i < n; i++) {
        struct quota_item *item = &items[order[i].item];

        item->newest = item->kind == 0 || i + 1 == n || items[order[i + 1].item].kind != item->kind;
    }
}

static void sum_executables(struct quota_item *items, size_t n, struct quota_victim *order)
{
    size_t leader = 0;

    qsort_r(order, n, sizeof(*order), by_executable, items);
    for (size_t i = 0; i < n; i++) {
        struct quota_item *item = &items[order[i].item];

        if (i == 0 || item->executable == 0 || items[leader].executable != item->executable)
            leader = order[i].item;
        item->leader = leader;
        item->sum = 0;
        items[leader].sum += size_of(item);
    }
}

/* --- The order of going --- */

static int rank(const struct quota_item *item, enum quota_part part)
{
    static const int ranks[QUOTA_PARTS] = {
        [QUOTA_FULL] = 0, [QUOTA_MODULE] = 2, [QUOTA_SLIM] = 3, [QUOTA_META] = 5};
    bool core = part == QUOTA_FULL || part == QUOTA_SLIM;

    return ranks[part] + (core && item->newest);
}

static int by_worth(const void *a, const void *b, void *arg)
{
    const struct quota_item *items = arg;
    const struct quota_victim *v = a, *w = b;
    int x = rank(&items[v->item], v->part), y = rank(&items[w->item], w->part);

    return x != y ? x - y : compare_times(&items[v->item], &items[w->item]);
}

static bool may_go(const struct quota_item *item, enum quota_part part)
{
    if (item->growing && (part == QUOTA_FULL || part == QUOTA_META))
        return false;
    return item->bytes[part] > 0;
}

static size_t line_up(const struct quota_item *items, size_t n, struct quota_victim *ret)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        for (enum quota_part part = 0; part < QUOTA_PARTS; part++)
            if (may_go(&items[i], part))
                ret[count++] = (struct quota_victim){i, part};
    return count;
}

size_t quota_choose(struct quota_item *items, size_t n, const struct quota_limits *limits,
                    struct quota_victim *ret)
{
    uint64_t total = quota_total(items, n), freed = 0;
    size_t candidates, chosen = 0;

    for (size_t i = 0; i < n; i++)
        ret[i] = (struct quota_victim){i, QUOTA_META};
    mark_newest(items, n, ret);
    sum_executables(items, n, ret);
    candidates = line_up(items, n, ret);
    qsort_r(ret, candidates, sizeof(*ret), by_worth, items);
    for (size_t i = 0; i < candidates; i++) {
        const struct quota_victim v = ret[i];
        struct quota_item *leader = &items[items[v.item].leader];
        uint64_t bytes = items[v.item].bytes[v.part];
        bool disk = freed < limits->lacking && v.part != QUOTA_META;
        bool share = items[v.item].executable != 0 && leader->sum > limits->share;

        if (!disk && !share && total <= limits->total)
            continue;
        total -= bytes;
        leader->sum -= bytes;
        freed += bytes;
        ret[chosen++] = v;
    }
    return chosen;
}
