/* SPDX-License-Identifier: Apache-2.0 */
/* In rounds: each goes one handler further in every thread that has one, then copies what that
 * needs, so that the next round can look at it. */
#include "client/slim/interrupted.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "client/slim/stacks.h"
#include "common/base/cleanup.h"

/* Where the search stands in a thread. */
struct search {
    size_t thread;
    uint64_t sp;
};

void interrupted_fini(struct interrupted *i)
{
    free(i->list);
    *i = (struct interrupted){0};
}

static uint64_t thread_pointer(const struct corefile *core, size_t thread)
{
    return stack_register(core, thread, stack_thread_pointer(core->layout));
}

static bool find_frame(const struct choice *c, const struct held *h, const struct search *s,
                       struct sigframe *ret)
{
    struct stack stack;
    size_t n;

    if (!stack_find(c->core, s->sp, thread_pointer(c->core, s->thread), &stack))
        return false;
    uint64_t page = page_of(stack.start);
    const uint8_t *p = held_at(h, page, &n);

    if (!p)
        return false;
    return sigframe_find(p, n < INTERRUPTED_SCAN ? n : INTERRUPTED_SCAN,
                         s->sp > page ? (size_t)(s->sp - page) : 0, ret);
}

static void keep_stack(struct choice *c, const struct search *s, const struct slim_limits *limits)
{
    uint64_t tp = thread_pointer(c->core, s->thread);

    stacks_keep_one(c, s->sp, tp, s->thread == 0 ? limits->crashing_stack : limits->other_stack);
}

/* One step in each thread; returns in how many there was something. */
static size_t step(struct choice *c, const struct held *h, const struct slim_limits *limits,
                   struct search *searches, size_t n, struct interrupted *in)
{
    size_t found = 0;

    for (size_t i = 0; i < n && in->n < INTERRUPTED_MAX; i++) {
        struct search s = searches[i];
        struct sigframe frame;

        if (!find_frame(c, h, &s, &frame))
            continue;
        in->list[in->n++] = (struct interruption){s.thread, frame};
        s.sp = frame.sp;
        keep_stack(c, &s, limits);
        searches[found++] = s;
    }
    return found;
}

int interrupted_keep(struct choice *c, struct held *h, const struct slim_limits *limits,
                     struct interrupted *ret)
{
    const struct corefile *core = c->core;
    size_t n = core->n_threads;
    _cleanup_free_ struct search *searches = calloc(n + 1, sizeof *searches);
    _cleanup_(interrupted_fini) struct interrupted in = {
        .list = malloc(INTERRUPTED_MAX * sizeof *in.list)};
    int r = 0;

    if (!searches || !in.list)
        return -ENOMEM;
    if (core->layout->machine != EM_X86_64)
        n = 0;
    for (size_t i = 0; i < n; i++)
        searches[i] = (struct search){i, stack_register(core, i, core->layout->sp)};
    for (unsigned depth = 0; depth < INTERRUPTED_DEPTH && n > 0 && r == 0; depth++) {
        n = step(c, h, limits, searches, n, &in);
        r = held_copy(h, c);
    }
    if (r < 0)
        return r;
    *ret = in;
    in.list = NULL;
    return 0;
}
