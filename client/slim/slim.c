/* SPDX-License-Identifier: Apache-2.0 */
/* The order of choosing is the order of worth: when the room is used up, what comes later is left
 * out. What is chosen is copied in a few rounds, for some of it can only be found by looking at
 * what was copied before. */
#include "client/slim/slim.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/slim/choice.h"
#include "client/slim/evidence.h"
#include "client/slim/held.h"
#include "client/slim/image.h"
#include "client/slim/interrupted.h"
#include "client/slim/libraries.h"
#include "client/slim/linkmap.h"
#include "client/slim/pointers.h"
#include "client/slim/stacks.h"
#include "common/base/cleanup.h"

#define TOTAL_MAX (4ull << 30)

struct slim {
    const struct corefile *core;
    struct held held;
    struct image image;
    bool cut;
};

static void choose_crashing(struct choice *c, const struct slim_limits *limits)
{
    const struct core_layout *l = c->core->layout;

    if (c->core->n_threads > 0)
        stacks_keep_one(c, stack_register(c->core, 0, l->sp),
                        stack_register(c->core, 0, stack_thread_pointer(l)),
                        limits->crashing_stack);
}

static void choose_modules(struct choice *c, struct library_data *ret_data)
{
    choice_allow(c, choice_room(c) / 4);
    linkmap_keep(c);
    choice_allow(c, choice_room(c) / 4);
    libraries_keep_first_pages(c);
    choice_allow(c, choice_room(c) / 4);
    libraries_keep_data(c, ret_data);
}

static int take(struct choice *c, struct held *h, const struct slim_limits *limits)
{
    _cleanup_(interrupted_fini) struct interrupted in = {0};
    struct library_data data;

    evidence_keep_code(c);
    choose_crashing(c, limits);
    choose_modules(c, &data);
    stacks_keep_thread_data(c);
    stacks_keep_others(c, limits->other_stack, limits->pointers);
    int r = held_copy(h, c);

    if (r == 0)
        r = interrupted_keep(c, h, limits, &in);
    if (r < 0)
        return r;
    evidence_keep_interrupted(c, &in);
    choice_allow(c, limits->pointers);
    libraries_keep_message(c, h, &data);
    pointers_keep(c, h, &in, limits->pointers);
    r = held_copy(h, c);
    return r < 0 || limits->pointers == 0 ? r : evidence_keep_exception(c, h);
}

bool slim_understands(const struct corefile *core)
{
    return core->layout->machine == EM_X86_64;
}

int slim_take(const struct corefile *core, const void *head, size_t head_size,
              const struct slim_source *source, const struct slim_limits *limits, struct slim **ret)
{
    _cleanup_(choice_fini) struct choice c = {0};
    _cleanup_free_ struct slim *s = calloc(1, sizeof *s);
    uint64_t total = limits->total < TOTAL_MAX ? limits->total : TOTAL_MAX;

    assert(slim_understands(core));
    if (!s)
        return -ENOMEM;
    s->core = core;
    int r = choice_init(&c, core, source, total);

    if (r == 0)
        r = take(&c, &s->held, limits);
    if (r < 0) {
        held_fini(&s->held);
        return r;
    }
    s->cut = c.cut;
    image_init(&s->image, core, &s->held, head, head_size);
    *ret = TAKE_PTR(s);
    return 0;
}

void slim_free(struct slim *s)
{
    if (!s)
        return;
    held_fini(&s->held);
    free(s);
}

size_t slim_read(const struct slim *s, uint64_t address, void *p, size_t n)
{
    return held_read(&s->held, address, p, n);
}

static void blank(struct held *h, struct slim_range r)
{
    uint64_t end = r.n > UINT64_MAX - r.start ? UINT64_MAX : r.start + r.n;

    for (size_t i = held_piece(h, r.start); i < h->n && h->pieces[i].address < end; i++) {
        struct piece *p = &h->pieces[i];
        uint64_t start = p->address > r.start ? p->address : r.start;
        uint64_t stop = p->address + p->n < end ? p->address + p->n : end;

        memset(h->memory + p->at + (start - p->address), '*', (size_t)(stop - start));
    }
}

void slim_blank(struct slim *s, const struct slim_range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        blank(&s->held, ranges[i]);
}

void slim_each(struct slim *s, void (*look)(void *arg, void *p, size_t n), void *arg)
{
    struct held *h = &s->held;

    for (size_t i = 0; i < h->n; i++)
        look(arg, h->memory + h->pieces[i].at, (size_t)h->pieces[i].n);
}

void slim_set_arguments(struct slim *s, const char *text)
{
    image_set_arguments(&s->image, text);
}

bool slim_was_cut(const struct slim *s)
{
    return s->cut;
}

uint64_t slim_size(const struct slim *s)
{
    return image_size(&s->image);
}

int slim_write(const struct slim *s, int (*write)(void *arg, const void *p, size_t n), void *arg)
{
    return image_write(&s->image, write, arg);
}
