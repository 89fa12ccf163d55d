/* SPDX-License-Identifier: Apache-2.0 */
/* How much may be read out of order: what references, lists and names lead to is read again for
 * each place that leads there, so a small file could make for hours of work. All of it together is
 * bounded by the size of the sections; what a compiler writes stays far below. */
#ifndef CORRAL_WORKERD_INDEXER_EFFORT_H
#define CORRAL_WORKERD_INDEXER_EFFORT_H

#include <stdbool.h>
#include <stdint.h>

#define EFFORT_LEAST    (4u << 20)
#define EFFORT_PER_BYTE 16u /* of all sections */

struct effort {
    uint64_t left; /* steps of a few nanoseconds each */
    bool spent;    /* something was left undone */
};

/* False when there is less left; then nothing is left at all. */
static inline bool effort_spend(struct effort *e, uint64_t steps)
{
    if (steps > e->left) {
        e->left = 0;
        e->spent = true;
        return false;
    }
    e->left -= steps;
    return true;
}

#endif
