/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/details.h"

#include <string.h>

#include "dashd/source/checkout.h"
#include "dashd/values.h"

/* Behind the last signal handler's trampoline, where what went wrong first is. */
static size_t faulting_frame(const struct stack_view *s)
{
    for (size_t i = s->n; i-- > 0;)
        if (s->frames[i].frame->signal && i + 1 < s->n)
            return i + 1;
    return 0;
}

static const char *faulting_instruction(const struct cause *c)
{
    for (size_t i = 0; i < c->n_evidence; i++)
        if (strcmp(c->evidence[i].what, "instruction") == 0)
            return c->evidence[i].value;
    return NULL;
}

static void add_excerpt(const struct prefixes *roots, const struct frame *f, struct arena *a,
                        struct frame_details *d)
{
    struct excerpt x;

    switch (checkout_excerpt(roots, f, a, &x)) {
    case 0:
        d->excerpt = arena_memdup(a, &x, sizeof(x));
        return;
    case EXCERPT_NO_SUCH_LINE:
        d->no_excerpt = "The file in the checkout has no such line: it is of another version.";
        return;
    case EXCERPT_NOT_TEXT:
        d->no_excerpt = "The file in the checkout is no text.";
        return;
    default:
        return;
    }
}

size_t details_add(const struct analysis *an, const struct prefixes *roots, struct arena *a,
                   struct stack_view *s)
{
    size_t fault = faulting_frame(s), culprit = stack_culprit(s), excerpts = 0;

    for (size_t i = 0; i < s->n; i++) {
        const struct frame *f = s->frames[i].frame;
        struct frame_details *d = arena_new(a, struct frame_details);

        d->open = i == culprit;
        d->remedy = values_remedy(an, f, a);
        d->instruction = i == fault ? faulting_instruction(&an->cause) : NULL;
        if (excerpts < DETAILS_EXCERPTS)
            add_excerpt(roots, f, a, d);
        excerpts += d->excerpt != NULL;
        s->frames[i].details = d;
    }
    return excerpts;
}
