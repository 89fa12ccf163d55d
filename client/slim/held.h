/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the dying process that was copied, found by address. The copies lie one after the other
 * in one anonymous mapping; a piece says which addresses a part of it is. What could not be read is
 * not there: the process may be killed at any moment, and then no read succeeds any more. */
#ifndef CORRAL_CLIENT_SLIM_HELD_H
#define CORRAL_CLIENT_SLIM_HELD_H

#include "client/slim/choice.h"

struct piece {
    uint64_t address, n;
    size_t at; /* in held.memory */
};

struct held {
    uint8_t *memory;
    size_t used, size;
    struct piece *pieces; /* by address, never overlapping */
    size_t n, capacity;
    size_t chosen;     /* so many pages of the choice have been tried */
    size_t constants;  /* … and so many of its constants */
    unsigned failures; /* reads that gave nothing */
};

void held_fini(struct held *h);
/* Copies what was chosen since the last call. -ENOMEM. */
int held_copy(struct held *h, struct choice *c);
/* The index of the first piece that ends beyond the address; h->n: none. */
size_t held_piece(const struct held *h, uint64_t address);
/* What is held from the address on in one piece: *ret_n bytes; NULL: nothing. */
const uint8_t *held_at(const struct held *h, uint64_t address, size_t *ret_n);
/* Copies up to n bytes, across pieces that touch; returns how many. */
size_t held_read(const struct held *h, uint64_t address, void *p, size_t n);

#endif
