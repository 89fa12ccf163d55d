/* SPDX-License-Identifier: Apache-2.0 */
/* Segments that overlap (no kernel writes such) count once, as part of the first. */
#include "client/slim/loads.h"

/* The first piece that ends beyond the place where we are; NULL: none. */
static const struct piece *next_piece(struct loads *l)
{
    const struct held *h = l->held;

    while (l->piece < h->n && h->pieces[l->piece].address + h->pieces[l->piece].n <= l->at)
        l->piece++;
    return l->piece < h->n ? &h->pieces[l->piece] : NULL;
}

/* From here to the end, or to where it changes whether memory is held. A piece may go on in the
 * next segment. */
static struct load take_run(struct loads *l, uint64_t end)
{
    struct load load = {.start = l->at};
    const struct piece *p = next_piece(l);

    if (p && p->address <= l->at) {
        load.held = true;
        for (; p && p->address <= l->at && l->at < end; p = next_piece(l))
            l->at = p->address + p->n < end ? p->address + p->n : end;
    } else {
        l->at = p && p->address < end ? p->address : end;
    }
    load.n = l->at - load.start;
    return load;
}

static bool next_in_segment(struct loads *l, const struct core_segment *s, struct load *ret)
{
    uint64_t end = s->start + s->memsz;

    if (l->at < s->start)
        l->at = s->start;
    while (l->at < end) {
        *ret = take_run(l, end);
        if (ret->held || !l->held_only)
            return true;
    }
    return false;
}

bool loads_next(struct loads *l, struct load *ret)
{
    for (; l->segment < l->core->n_segments; l->segment++) {
        const struct core_segment *s = &l->core->segments[l->segment];

        if (next_in_segment(l, s, ret)) {
            ret->flags = s->flags;
            return true;
        }
    }
    return false;
}
