/* SPDX-License-Identifier: Apache-2.0 */
/* At most half of the slots are taken. Offsets that were chosen to meet in one slot make a look-up
 * long; PROBES_MAX bounds it, and what is not found then is as if it had not been there. */
#include "workerd/indexer/offsetmap.h"

#include <stdlib.h>

#define FIRST_BITS 8u
#define PROBES_MAX 64u

void offset_map_fini(struct offset_map *m)
{
    free(m->slots);
    *m = (struct offset_map){0};
}

static size_t size_of(const struct offset_map *m)
{
    return m->slots ? (size_t)1 << (64 - m->shift) : 0;
}

/* The slot of the offset, or the free one where it belongs; NULL: neither is near. */
static struct offset_slot *slot_of(const struct offset_map *m, uint64_t offset)
{
    size_t mask = size_of(m) - 1;
    size_t i = (size_t)((offset * 0x9E3779B97F4A7C15u) >> m->shift);

    for (unsigned probes = 0; probes < PROBES_MAX; probes++, i = (i + 1) & mask)
        if (m->slots[i].key == 0 || m->slots[i].key == offset + 1)
            return &m->slots[i];
    return NULL;
}

bool offset_map_get(const struct offset_map *m, uint64_t offset, uint32_t *ret)
{
    const struct offset_slot *s = m->slots ? slot_of(m, offset) : NULL;

    if (!s || s->key == 0)
        return false;
    *ret = s->value;
    return true;
}

static bool grow(struct offset_map *m)
{
    struct offset_map larger = {.shift = m->slots ? m->shift - 1 : 64 - FIRST_BITS};
    size_t size = size_of(m);

    larger.slots = calloc((size_t)1 << (64 - larger.shift), sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < size; i++) {
        const struct offset_slot *old = &m->slots[i];
        struct offset_slot *s = old->key ? slot_of(&larger, old->key - 1) : NULL;

        if (s) {
            *s = *old;
            larger.n++;
        }
    }
    free(m->slots);
    *m = larger;
    return true;
}

bool offset_map_add(struct offset_map *m, uint64_t offset, uint32_t value)
{
    if (m->n >= OFFSET_MAP_MAX || (2 * m->n >= size_of(m) && !grow(m)))
        return false;
    struct offset_slot *s = slot_of(m, offset);

    if (!s || s->key != 0)
        return false;
    *s = (struct offset_slot){offset + 1, value};
    m->n++;
    return true;
}
