/* SPDX-License-Identifier: Apache-2.0 */
/* A stack pointer is the process' own: it may lead into the heap (a coroutine, a goroutine), below
 * the stack (an overflow), or nowhere. */
#include "client/slim/stacks.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

#define RED_ZONE       128u           /* below the stack pointer, used by leaf functions (psABI) */
#define GUARD_MAX      (1024u * 1024) /* a frame that overflowed may have begun so far below */
#define GUARD_SEGMENTS 4u             /* … and so many mappings may lie there */
#define TOUCHING_MAX   64u            /* mappings that follow each other and are one stack */
#define OUTERMOST      (64u * 1024)   /* of a stack that is too long */
#define UNSURE_MAX     (1024u * 1024) /* of a stack whose end is not known */
#define THREAD_BEFORE  1024u          /* bytes around the thread pointer: */
#define THREAD_AFTER   2560u          /* struct pthread of glibc has about 2,300 */

size_t stack_thread_pointer(const struct core_layout *l)
{
    for (size_t i = 0; i < l->n_registers; i++)
        if (strcmp(l->registers[i].name, "fs_base") == 0)
            return i;
    return SIZE_MAX;
}

uint64_t stack_register(const struct corefile *c, size_t thread, size_t index)
{
    return index == SIZE_MAX ? 0 : core_thread_register(c, &c->threads[thread], index);
}

/* The dumped segment that has the address, or begins not far above it. */
static size_t find_segment(const struct corefile *core, uint64_t sp)
{
    size_t first = choice_segment(core, sp);

    for (size_t i = first; i < core->n_segments && i < first + GUARD_SEGMENTS; i++) {
        const struct core_segment *s = &core->segments[i];

        if (s->start > sp && s->start - sp > GUARD_MAX)
            break;
        if (s->start + s->filesz > sp)
            return i;
    }
    return core->n_segments;
}

/* Where dumped, writable memory that goes on from segment i ends. */
static uint64_t touching_end(const struct corefile *core, size_t i)
{
    const struct core_segment *s = &core->segments[i];
    uint64_t end = s->start + s->filesz;

    for (size_t k = i + 1; k < core->n_segments && k <= i + TOUCHING_MAX; k++) {
        if (s->filesz < s->memsz || core->segments[k].start != end ||
            core->segments[k].filesz == 0 || !(core->segments[k].flags & PF_W))
            break;
        s = &core->segments[k];
        end = s->start + s->filesz;
    }
    return end;
}

bool stack_find(const struct corefile *core, uint64_t sp, uint64_t thread_pointer,
                struct stack *ret)
{
    size_t i = find_segment(core, sp);

    if (sp < PAGE_BYTES || i == core->n_segments)
        return false;
    uint64_t start = page_of(sp - RED_ZONE);
    struct stack s = {.start = start, .end = touching_end(core, i)};

    if (start < core->segments[i].start)
        s.start = core->segments[i].start;
    if (core->auxv_random > sp && core->auxv_random < s.end) {
        s.sure = true; /* the main stack, which ends with its mapping */
    } else if (thread_pointer > sp && thread_pointer < s.end) {
        s.sure = true;
        if (s.end - thread_pointer > THREAD_AFTER)
            s.end = page_of(thread_pointer + THREAD_AFTER) + PAGE_BYTES;
        if (s.end > touching_end(core, i))
            s.end = touching_end(core, i);
    }
    *ret = s;
    return true;
}

void stacks_keep_one(struct choice *c, uint64_t sp, uint64_t thread_pointer, uint64_t max)
{
    struct stack s;

    if (!stack_find(c->core, sp, thread_pointer, &s))
        return;
    if (max > choice_room(c) / 2)
        max = choice_room(c) / 2;
    if (!s.sure && max > UNSURE_MAX)
        max = UNSURE_MAX;
    choice_allow(c, max);
    if (s.end - s.start <= max) {
        c->cut |= !choice_keep(c, s.start, s.end - s.start);
        return;
    }
    uint64_t outermost = max / 2 < OUTERMOST ? page_of(max / 2) : OUTERMOST;

    c->cut |= s.sure;
    choice_keep(c, s.end - outermost, outermost);
    choice_keep(c, s.start, max - outermost);
}

/* The largest share that all can have: halved until it fits, for an equal part of each stack is
 * worth more than some stacks whole and others not at all. */
static uint64_t find_share(const struct stack *stacks, size_t n, uint64_t max, uint64_t room)
{
    for (uint64_t share = max; share > PAGE_BYTES; share /= 2) {
        uint64_t sum = 0;

        for (size_t i = 0; i < n; i++) {
            uint64_t whole = stacks[i].end - page_of(stacks[i].start);

            sum += whole < share ? whole : share;
        }
        if (sum <= room)
            return share;
    }
    return PAGE_BYTES;
}

void stacks_keep_others(struct choice *c, uint64_t max, uint64_t spare)
{
    const struct corefile *core = c->core;
    size_t tp = stack_thread_pointer(core->layout), n = 0;
    _cleanup_free_ struct stack *stacks = calloc(core->n_threads + 1, sizeof *stacks);

    if (!stacks) {
        c->cut = true;
        return;
    }
    for (size_t i = 1; i < core->n_threads; i++)
        n += stack_find(core, stack_register(core, i, core->layout->sp),
                        stack_register(core, i, tp), &stacks[n]);
    uint64_t room = choice_room(c) > spare ? choice_room(c) - spare : 0;
    uint64_t share = find_share(stacks, n, max, room);

    choice_allow(c, room);
    for (size_t i = 0; i < n; i++) {
        uint64_t whole = stacks[i].end - stacks[i].start;
        uint64_t part = page_of(stacks[i].start) + share - stacks[i].start;

        if (whole > part)
            c->cut |= stacks[i].sure;
        c->cut |= !choice_keep(c, stacks[i].start, whole < part ? whole : part);
    }
}

void stacks_keep_thread_data(struct choice *c)
{
    size_t tp = stack_thread_pointer(c->core->layout);

    choice_allow(c, choice_room(c) / 4);
    for (size_t i = 0; i < c->core->n_threads; i++) {
        uint64_t at = stack_register(c->core, i, tp);

        if (at > THREAD_BEFORE)
            c->cut |= !choice_keep(c, at - THREAD_BEFORE, THREAD_BEFORE + THREAD_AFTER);
    }
}
