/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with open addressing. A slot keeps the half of the hash that also says where it
 * stands, so that growing needs no bytes again. */
#include "workerd/index/intern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "workerd/index/checksum.h"
#include "workerd/index/format.h"

#define SMALLEST 1024u /* slots */

void intern_init(struct intern *t, size_t max)
{
    *t = (struct intern){.seed = (uintptr_t)t};
    buf_init(&t->bytes, max);
}

void intern_fini(struct intern *t)
{
    buf_fini(&t->bytes);
    free(t->slots);
    t->slots = NULL;
    t->n = t->capacity = 0;
}

static bool is_free(const struct intern_slot *s)
{
    return s->size == 0;
}

static bool grow(struct intern *t)
{
    size_t capacity = t->capacity ? 2 * t->capacity : SMALLEST;
    struct intern_slot *slots = calloc(capacity, sizeof *slots);

    if (!slots)
        return false;
    for (size_t i = 0; i < t->capacity; i++) {
        size_t at = t->slots[i].hash & (capacity - 1);

        if (is_free(&t->slots[i]))
            continue;
        while (!is_free(&slots[at]))
            at = (at + 1) & (capacity - 1);
        slots[at] = t->slots[i];
    }
    free(t->slots);
    t->slots = slots;
    t->capacity = capacity;
    return true;
}

/* The slot that has the run, or the free one where it belongs. The table is not full. */
static struct intern_slot *find(const struct intern *t, const void *p, size_t n, uint32_t hash)
{
    size_t at = hash & (t->capacity - 1);

    for (;; at = (at + 1) & (t->capacity - 1)) {
        struct intern_slot *s = &t->slots[at];

        if (is_free(s) ||
            (s->hash == hash && s->size == n && memcmp(t->bytes.data + s->offset, p, n) == 0))
            return s;
    }
}

uint32_t intern_add(struct intern *t, const void *p, size_t n)
{
    uint32_t hash = (uint32_t)xxh64(p, n, t->seed);

    if (4 * (t->n + 1) > 3 * t->capacity && !grow(t))
        t->bytes.error = -ENOMEM;
    if (buf_error(&t->bytes))
        return 0;
    struct intern_slot *s = find(t, p, n, hash);

    if (!is_free(s))
        return s->offset;
    size_t offset = t->bytes.len;

    buf_add(&t->bytes, p, n);
    if (buf_error(&t->bytes))
        return 0;
    *s = (struct intern_slot){.hash = hash, .offset = (uint32_t)offset, .size = (uint32_t)n};
    t->n++;
    return s->offset;
}

uint32_t intern_find(const struct intern *t, const void *p, size_t n)
{
    if (t->n == 0)
        return INDEX_NONE;
    const struct intern_slot *s = find(t, p, n, (uint32_t)xxh64(p, n, t->seed));

    return is_free(s) ? INDEX_NONE : s->offset;
}
