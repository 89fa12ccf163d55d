/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of bytes, each stored once and named by its offset: texts, rules, pairs of texts. Offsets
 * depend on the order of adding alone. Errors stick, as in a buf. */
#ifndef CORRAL_WORKERD_INDEX_INTERN_H
#define CORRAL_WORKERD_INDEX_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

struct intern_slot {
    uint32_t hash;
    uint32_t offset, size;
};

struct intern {
    struct buf bytes;
    struct intern_slot *slots; /* size 0: free */
    size_t n, capacity;        /* capacity: a power of two */
    uint64_t seed;             /* of the hash: nobody can prepare bytes that collide */
};

void intern_init(struct intern *t, size_t max);
void intern_fini(struct intern *t);
/* Offset of the run, added if it is new; n > 0. After an error (buf_error of bytes) 0. */
uint32_t intern_add(struct intern *t, const void *p, size_t n);
/* Offset of the run; INDEX_NONE when there is none. */
uint32_t intern_find(const struct intern *t, const void *p, size_t n);

#endif
