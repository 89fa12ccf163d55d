/* SPDX-License-Identifier: Apache-2.0 */
/* A function, or a call that was expanded inline, as bytes: numbers as in varint.h, one scope after
 * the other, named by the offset where it begins.
 *
 *   function  0, start, name
 *   inlined   how many bytes before this one its parent begins, name, file + 1 or 0, line, column
 */
#ifndef CORRAL_WORKERD_INDEX_SCOPES_H
#define CORRAL_WORKERD_INDEX_SCOPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

struct index_scope {
    uint32_t parent; /* offset of the scope that it was expanded in; INDEX_NONE: a function */
    uint32_t start;  /* a function's first address */
    uint32_t name;   /* text, or 0 */
    uint32_t file;   /* of the call, index into FILES; INDEX_NONE: unknown */
    uint32_t line;   /* of the call; 0: unknown */
    uint32_t column;
    bool is_symbol; /* while an index is made: the name is to be made readable */
};

/* Appends it; its parent is before it in b. */
void scope_encode(const struct index_scope *s, struct buf *b);
/* False when there is none at the offset. */
bool scope_decode(const uint8_t *bytes, size_t size, uint32_t offset, struct index_scope *ret);

#endif
