/* SPDX-License-Identifier: Apache-2.0 */
/* A title is two halves with " in " between: how (the kind in words, or the signal's name) and
 * where (the culprit frame, else the program). Both come from crash data, so the whole is repaired
 * and cut at the end. */
#include "workerd/grouping/title.h"

#include <string.h>

#include "common/base/str.h"
#include "common/report/signals.h"

/* The text that follows the prefix in the message, up to one of the end bytes; NULL. */
static const char *quoted(const char *message, const char *prefix, const char *ends,
                          struct arena *a)
{
    const char *start = message ? strstr(message, prefix) : NULL;

    if (!start)
        return NULL;
    start += strlen(prefix);
    return arena_strndup(a, start, strcspn(start, ends));
}

static const char *exception_type(const char *message, struct arena *a)
{
    const char *type = quoted(message, "an instance of '", "'\n", a);

    return type ? type : quoted(message, "exception of type ", ":\n ", a);
}

/* "heap-use-after-free" is more than "sanitizer error", a type more than "uncaught exception". */
static const char *how(const struct crash_stack *s, enum crash_kind kind, struct arena *a)
{
    const char *words = crash_kind_words(kind);
    const char *detail = NULL;
    const char *name;

    if (kind == CRASH_EXCEPTION)
        detail = exception_type(s->message, a);
    if (kind == CRASH_SANITIZER)
        words = (detail = quoted(s->message, "Sanitizer: ", " \n", a)) ? detail : words;
    if (kind == CRASH_EXCEPTION && detail)
        words = arena_printf(a, "%s %s", words, detail);
    if (words)
        return words;
    name = signal_name(s->signal);
    if (name)
        return name;
    return s->signal ? arena_printf(a, "signal %lld", (long long)s->signal) : "crash";
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
    const char *manner = how(stack, g->kind, a);
    char *title = place ? arena_printf(a, "%s in %s", manner, place) : arena_strdup(a, manner);
    size_t n = strlen(title);

    utf8_repair(title, n);
    make_one_line(title);
    if (n > TITLE_MAX)
        title[utf8_valid_prefix(title, TITLE_MAX)] = '\0';
    return title;
}
