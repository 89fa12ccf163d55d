/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/grouping/alignment.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* How many functions x[i..] and y[j..] have in common, for every i and j. */
struct lengths {
    uint16_t *cells;
    size_t width;
};

static uint16_t *cell(const struct lengths *l, size_t i, size_t j)
{
    return &l->cells[i * l->width + j];
}

static bool same(const char *x, const char *y)
{
    return x && y && strcmp(x, y) == 0;
}

static void measure(const char *const *x, size_t n_x, const char *const *y, size_t n_y,
                    const struct lengths *l)
{
    for (size_t i = n_x; i-- > 0;)
        for (size_t j = n_y; j-- > 0;) {
            uint16_t down = *cell(l, i + 1, j), aside = *cell(l, i, j + 1);

            *cell(l, i, j) = same(x[i], y[j]) ? (uint16_t)(*cell(l, i + 1, j + 1) + 1)
                             : down > aside   ? down
                                              : aside;
        }
}

static void add(struct alignment *al, enum alignment_side side, size_t left, size_t right)
{
    al->rows[al->n++] = (struct aligned){side, left, right};
    al->n_both += side == ALIGNED_BOTH;
}

void alignment_make(const char *const *left, size_t n_left, const char *const *right,
                    size_t n_right, struct arena *a, struct alignment *ret)
{
    size_t n_x = n_left < ALIGNMENT_FRAMES_MAX ? n_left : ALIGNMENT_FRAMES_MAX;
    size_t n_y = n_right < ALIGNMENT_FRAMES_MAX ? n_right : ALIGNMENT_FRAMES_MAX;
    struct lengths l = {arena_array(a, uint16_t, (n_x + 1) * (n_y + 1)), n_y + 1};
    struct alignment al = {.rows = arena_array(a, struct aligned, n_x + n_y)};
    size_t i = 0, j = 0;

    measure(left, n_x, right, n_y, &l);
    while (i < n_x || j < n_y) {
        if (i < n_x && j < n_y && same(left[i], right[j])) {
            add(&al, ALIGNED_BOTH, i, j);
            i++;
            j++;
        } else if (j == n_y || (i < n_x && *cell(&l, i + 1, j) >= *cell(&l, i, j + 1))) {
            add(&al, ALIGNED_LEFT, i++, 0);
        } else {
            add(&al, ALIGNED_RIGHT, 0, j++);
        }
    }
    *ret = al;
}
