/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/index/scopes.h"

#include "workerd/index/format.h"
#include "workerd/index/varint.h"

void scope_encode(const struct index_scope *s, struct buf *b)
{
    uint8_t bytes[5 * VARINT_MAX], *p = bytes;
    bool inlined = s->parent != INDEX_NONE;

    p = varint_put(p, inlined ? b->len - s->parent : 0);
    if (!inlined)
        p = varint_put(p, s->start);
    p = varint_put(p, s->name);
    if (inlined) {
        p = varint_put(p, s->file == INDEX_NONE ? 0 : (uint64_t)s->file + 1);
        p = varint_put(p, s->line);
        p = varint_put(p, s->column);
    }
    buf_add(b, bytes, (size_t)(p - bytes));
}

/* Where an inlined call stands. */
static bool decode_call(struct varint_reader *r, struct index_scope *s)
{
    if (!varint_get32(r, &s->file) || !varint_get32(r, &s->line) || !varint_get32(r, &s->column))
        return false;
    s->file = s->file == 0 ? INDEX_NONE : s->file - 1;
    return true;
}

bool scope_decode(const uint8_t *bytes, size_t size, uint32_t offset, struct index_scope *ret)
{
    struct index_scope s = {.parent = INDEX_NONE, .file = INDEX_NONE};
    uint32_t distance;

    if (offset >= size)
        return false;
    struct varint_reader r = {bytes + offset, bytes + size};

    if (!varint_get32(&r, &distance) || distance > offset)
        return false;
    if (distance > 0)
        s.parent = offset - distance;
    else if (!varint_get32(&r, &s.start))
        return false;
    if (!varint_get32(&r, &s.name) || (distance > 0 && !decode_call(&r, &s)))
        return false;
    *ret = s;
    return true;
}
