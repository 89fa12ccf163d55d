/* SPDX-License-Identifier: Apache-2.0 */
/* A title is two halves with " in " between: how (the kind in words, or the signal's name) and
 * where (the culprit frame, else the program). Both come from crash data, so the whole is repaired
 * and cut at the end. */
#include "workerd/grouping/title.h"

#include <signal.h>
#include <string.h>

#include "common/base/str.h"
#include "common/report/signals.h"

#define QUOTED_MAX 80 /* bytes of an expression or a message in a title */

/* At most max bytes of it, whole characters, with a mark that some are missing. */
static const char *shortened(const char *text, struct arena *a)
{
    size_t n = strlen(text);

    if (n <= QUOTED_MAX)
        return text;
    n = utf8_valid_prefix(text, QUOTED_MAX);
    return arena_printf(a, "%.*s…", (int)n, text);
}

static const char *signal_words(const struct crash_stack *s, const struct grouping *g,
                                struct arena *a)
{
    bool handled = g->handled && (s->signal == SIGABRT || s->signal == 0);
    const char *name = signal_name(handled ? g->handled_signal : s->signal);

    if (handled)
        return name ? name : "crash";
    if (s->signal == SIGABRT || (s->signal == 0 && strcmp(g->class, "abort") == 0))
        return "abort";
    if (name)
        return name;
    return s->signal ? arena_printf(a, "signal %lld", (long long)s->signal) : "crash";
}

/* "heap-use-after-free" is more than "sanitizer error", a type more than "uncaught exception". */
static const char *how(const struct crash_stack *s, const struct grouping *g, struct arena *a)
{
    const char *detail = g->detail ? shortened(g->detail, a) : NULL;

    switch (detail ? g->kind : CRASH_KINDS) {
    case CRASH_EXCEPTION:
        return arena_printf(a, "uncaught %s", detail);
    case CRASH_ASSERTION:
        return arena_printf(a, "assertion \"%s\" failed", detail);
    case CRASH_PANIC:
        return arena_printf(a, "panic \"%s\"", detail);
    case CRASH_SANITIZER:
    case CRASH_UNDEFINED:
    case CRASH_RACE:
    case CRASH_LEAK:
        return detail;
    default:
        break;
    }
    return g->kind != CRASH_NONE ? crash_kind_words(g->kind) : signal_words(s, g, a);
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

static const char *source_place(const struct frame *f, struct arena *a)
{
    if (cstr_empty(f->file))
        return "";
    if (f->line == 0)
        return arena_printf(a, " %s", last_component(f->file));
    return arena_printf(a, " %s:%u", last_component(f->file), f->line);
}

static const char *where(const struct crash_stack *s, const struct grouping *g, struct arena *a)
{
    const struct frame *f = g->has_culprit ? &s->frames[g->culprit] : NULL;
    const char *name = f ? g->verdicts[g->culprit].name : NULL;

    if (name)
        return arena_printf(a, "%s()%s", name, source_place(f, a));
    if (f && f->module && f->offset == 0)
        return last_component(f->module);
    if (f && f->module)
        return arena_printf(a, "%s+0x%llx", last_component(f->module),
                            (unsigned long long)f->offset);
    if (!cstr_empty(s->executable))
        return last_component(s->executable);
    return NULL;
}

static void make_one_line(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
    }
}

const char *title_make(const struct crash_stack *stack, const struct grouping *g, struct arena *a)
{
    const char *place = where(stack, g, a);
    const char *manner = how(stack, g, a);
    char *title = place ? arena_printf(a, "%s in %s", manner, place) : arena_strdup(a, manner);
    size_t n = strlen(title);

    utf8_repair(title, n);
    make_one_line(title);
    if (n > TITLE_MAX)
        title[utf8_valid_prefix(title, TITLE_MAX)] = '\0';
    return title;
}
