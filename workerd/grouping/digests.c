/* SPDX-License-Identifier: Apache-2.0 */
/* Every digest begins with the algorithm's version and the kind of the key, so that keys of
 * different kinds never meet. */
#include "workerd/grouping/digests.h"

#include <signal.h>
#include <string.h>

#include "workerd/grouping/message.h"
#include "workerd/grouping/normalise.h"

bool is_crash_signal(int64_t signal)
{
    return signal == 0 || signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
           signal == SIGILL || signal == SIGABRT || signal == SIGTRAP || signal == SIGSYS;
}

/* With its NUL, so that no two sequences of texts are the same bytes. */
static void add(struct digest *d, const char *text)
{
    digest_add(d, text, strlen(text) + 1);
}

static void add_kept(const struct selection *s, struct digest *d)
{
    for (size_t i = 0; i < s->n_kept; i++)
        add(d, s->verdicts[s->kept[i]].key);
}

static struct digest *begin(const struct selection *s, enum key_kind kind)
{
    struct digest *d = digest_new();

    add(d, arena_printf(s->arena, "corral fingerprint %d %s", FINGERPRINT_VERSION,
                        key_kind_name(kind)));
    return d;
}

static struct grouping_key finish(struct digest *d, enum key_kind kind)
{
    struct grouping_key key = {.kind = kind};

    digest_finish(d, key.digest);
    digest_free(d);
    return key;
}

/* What tells two crashes of one class apart at one place. A panic's message does not: its numbers
 * and names are those of the case, and as often as not it is not known. */
static const char *distinction(const struct grouping *g, struct arena *a)
{
    if (!g->detail)
        return "";
    if (g->kind == CRASH_ASSERTION)
        return g->detail;
    return g->kind == CRASH_EXCEPTION ? normalise_function(g->detail, a) : "";
}

struct grouping_key key_of_symbols(const struct selection *s, const struct grouping *g)
{
    struct digest *d = begin(s, KEY_SYMBOLS);

    add(d, g->class);
    add(d, distinction(g, s->arena));
    add_kept(s, d);
    return finish(d, KEY_SYMBOLS);
}

struct grouping_key key_of_addresses(const struct selection *s, enum key_kind kind)
{
    int64_t signal = s->stack->signal;
    struct digest *d = begin(s, kind);

    add(d, is_crash_signal(signal) ? "crash"
                                   : arena_printf(s->arena, "signal %lld", (long long)signal));
    add_kept(s, d);
    return finish(d, kind);
}

/* The message without its parameters: what panics for everyone else says each time something else.
 */
static const char *said(const struct grouping *g, struct arena *a)
{
    return g->detail ? message_without_parameters(g->detail, a) : "";
}

struct grouping_key key_of_place(const struct selection *s, const struct grouping *g,
                                 const char *build_id, struct str place)
{
    struct digest *d = begin(s, KEY_PLACE);

    add(d, g->class);
    add(d, build_id);
    add(d, arena_strndup(s->arena, place.p, place.n));
    add(d, said(g, s->arena));
    return finish(d, KEY_PLACE);
}

struct grouping_key key_of_program(const struct selection *s, const struct grouping *g)
{
    const struct crash_stack *stack = s->stack;
    struct digest *d = begin(s, KEY_PROGRAM);

    add(d, normalise_module(stack->executable, s->arena));
    add(d, g->class);
    add(d, said(g, s->arena));
    add(d, normalise_module(stack->n_frames > 0 ? stack->frames[0].module : NULL, s->arena));
    if (stack->why)
        add(d, stack->why);
    return finish(d, KEY_PROGRAM);
}
