/* SPDX-License-Identifier: Apache-2.0 */
/* When f calls g, and g ends by jumping to h, only f and h have frames. The compiler notes where
 * each call goes, so g can be told when there is one way only from f's call to h. A way is followed
 * within one file only. */
#include "workerd/naming/naming.h"

#include <string.h>

#include "workerd/unwind/effort.h"

#define VISITS_MAX 256 /* jumps that are looked at for one pair of frames */
#define HALVINGS   16u /* about how often a symbol is compared until it is found */

struct search {
    const struct index *index;
    uint32_t goal; /* where the function begins that has the next inner frame */
    uint32_t path[TAIL_CALLS_MAX];
    size_t depth;
    uint32_t found[TAIL_CALLS_MAX]; /* innermost first */
    size_t n_found, ways, visits;
};

static void note_way(struct search *s)
{
    s->ways++;
    s->n_found = s->depth;
    for (size_t i = 0; i < s->depth; i++)
        s->found[i] = s->path[s->depth - 1 - i];
}

static void search_from(struct search *s, uint32_t function)
{
    size_t n;
    const struct index_jump *jumps = index_jumps(s->index, function, &n);

    for (size_t i = 0; i < n && s->ways <= 1 && s->visits++ <= VISITS_MAX; i++) {
        s->path[s->depth++] = jumps[i].return_address;
        if (jumps[i].target == s->goal)
            note_way(s);
        else if (s->depth < TAIL_CALLS_MAX)
            search_from(s, jumps[i].target);
        s->depth--;
    }
}

static bool function_start(const struct place *p, uint32_t *ret)
{
    struct index_function chain[INDEX_CHAIN_MAX];
    size_t n = index_functions(p->index, p->address, chain);

    if (n == 0 || chain[n - 1].inlined)
        return false;
    *ret = chain[n - 1].start;
    return true;
}

/* Where the call leads to, in the file that the next inner frame is in. */
static bool entered_at(const struct place *caller, const struct index_callee *called,
                       const struct place *inner, uint32_t *ret)
{
    if (called->symbol)
        return index_entry(inner->index, called->symbol, ret);
    *ret = called->start;
    return caller->index == inner->index && caller->bias == inner->bias;
}

size_t naming_tail_calls(struct naming *n, const struct raw_frame *inner,
                         const struct raw_frame *outer, uint64_t ret[static TAIL_CALLS_MAX])
{
    struct place caller, callee;
    struct index_callee called;
    uint32_t first;

    if (!place_find(n->unwinder, outer->pc - 1, &caller) || !caller.index)
        return 0;
    if (!index_call(caller.index, caller.address + 1, &called) ||
        !place_find(n->unwinder, raw_frame_address(inner), &callee) || !callee.index)
        return 0;
    struct search s = {.index = callee.index};

    if (n->effort >= EFFORT_NAMES_MAX)
        return 0;
    n->effort += EFFORT_NAME + (called.symbol ? HALVINGS * strlen(called.symbol) : 0);
    if (!entered_at(&caller, &called, &callee, &first) || !function_start(&callee, &s.goal) ||
        first == s.goal)
        return 0;
    search_from(&s, first);
    n->effort += s.visits * EFFORT_JUMP;
    if (s.ways != 1 || s.visits > VISITS_MAX)
        return 0;
    for (size_t i = 0; i < s.n_found; i++)
        ret[i] = s.found[i] + callee.bias;
    return s.n_found;
}
