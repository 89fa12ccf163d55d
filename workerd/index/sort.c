/* SPDX-License-Identifier: Apache-2.0 */
/* Radix sort from the lowest byte up. A byte that all keys have in common takes no pass; for a few
 * keys the counting would cost more than it saves. */
#include "workerd/index/sort.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"

#define DIGITS sizeof(uint64_t)
#define FEW    32

static bool is_sorted(const struct sort_key *keys, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (keys[i].key < keys[i - 1].key)
            return false;
    return true;
}

static void sort_few(struct sort_key *keys, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct sort_key k = keys[i];
        size_t at = i;

        for (; at > 0 && keys[at - 1].key > k.key; at--)
            keys[at] = keys[at - 1];
        keys[at] = k;
    }
}

/* One pass: by one byte of the key. False when there was nothing to do. */
static bool distribute(const struct sort_key *from, struct sort_key *to, size_t n, unsigned shift)
{
    size_t starts[256] = {0}, sum = 0;

    for (size_t i = 0; i < n; i++)
        starts[from[i].key >> shift & 0xff]++;
    if (starts[from[0].key >> shift & 0xff] == n)
        return false;
    for (size_t i = 0; i < 256; i++) {
        size_t here = starts[i];

        starts[i] = sum;
        sum += here;
    }
    for (size_t i = 0; i < n; i++)
        to[starts[from[i].key >> shift & 0xff]++] = from[i];
    return true;
}

int sort_keys(struct sort_key *keys, size_t n)
{
    _cleanup_free_ struct sort_key *other = NULL;
    struct sort_key *from = keys, *to;

    if (is_sorted(keys, n))
        return 0;
    if (n <= FEW) {
        sort_few(keys, n);
        return 0;
    }
    other = reallocarray(NULL, n, sizeof *other);
    if (!other)
        return -ENOMEM;
    to = other;
    for (unsigned digit = 0; digit < DIGITS; digit++)
        if (distribute(from, to, n, 8 * digit)) {
            struct sort_key *swap = from;

            from = to;
            to = swap;
        }
    if (from != keys)
        memcpy(keys, from, n * sizeof *keys);
    return 0;
}
