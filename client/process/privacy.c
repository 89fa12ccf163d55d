/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/privacy.h"

#include <elf.h>
#include <string.h>

#include "client/spool/redact.h"
#include "common/base/cleanup.h"
#include "common/report/limits.h"

#define PSARGS_MAX            79 /* ELF_PRARGSZ of linux/elfcore.h, less the NUL */
#define AT_RANDOM_BYTES       16
#define VARIABLE_NAME_MAX     255
#define ENVIRONMENT_BYTES_MAX (64u * 1024) /* of all texts that are kept */

/* --- Reading --- */

static void read_area(const struct slim_source *memory, uint64_t start, uint64_t end, size_t max,
                      struct arena *a, struct privacy_area *ret)
{
    size_t want;
    ssize_t n;
    char *text;

    *ret = (struct privacy_area){.text = {"", 0}};
    if (start == 0 || end <= start)
        return;
    ret->start = start;
    ret->n = end - start;
    want = ret->n < max ? (size_t)ret->n : max;
    text = arena_alloc(a, want + 1);
    n = memory->read(memory->arg, start, text, want);
    if (n > 0)
        ret->text = (struct str){text, (size_t)n};
}

void privacy_read(const struct slim_source *memory, const struct procfs_stat *stat, struct arena *a,
                  struct privacy_areas *ret)
{
    read_area(memory, stat->arguments_start, stat->arguments_end, PRIVACY_ARGUMENTS_MAX, a,
              &ret->arguments);
    read_area(memory, stat->environment_start, stat->environment_end, PRIVACY_ENVIRONMENT_MAX, a,
              &ret->environment);
}

/* --- Ranges --- */

struct ranges {
    struct slim_range *items;
    size_t n;
    struct copies copies;
};

/* When there are too many the last one is made to cover the rest and all between. */
static void add_range(struct ranges *r, uint64_t start, uint64_t n)
{
    struct slim_range *last = r->n > 0 ? &r->items[r->n - 1] : NULL;
    uint64_t end = start + n;

    if (n == 0)
        return;
    if (!last || (start != last->start + last->n && r->n < PRIVACY_RANGES_MAX)) {
        r->items[r->n++] = (struct slim_range){start, n};
        return;
    }
    if (end < last->start + last->n)
        end = last->start + last->n;
    if (last->start > start)
        last->start = start;
    last->n = end - last->start;
}

/* A secret of the text that begins at start. */
static void add_secret(struct ranges *r, uint64_t start, const char *text, size_t from, size_t end)
{
    add_range(r, start + from, end - from);
    copies_add(&r->copies, text, from, end);
}

/* Where the two texts differ. */
static void add_differences(struct ranges *r, uint64_t start, const char *original,
                            const char *redacted, size_t n)
{
    for (size_t i = 0, end; i < n; i = end + 1) {
        for (end = i; end < n && original[end] != redacted[end]; end++)
            ;
        if (end > i)
            add_secret(r, start, original, i, end);
    }
}

static void add_unread(struct ranges *r, const struct privacy_area *area)
{
    add_range(r, area->start + area->text.n, area->n - area->text.n);
}

static char *redacted_copy(const struct privacy_area *area, const struct settings *s,
                           struct arena *a)
{
    char *text = arena_alloc(a, area->text.n + 1);

    memcpy(text, area->text.p, area->text.n);
    redact(text, area->text.n, REDACT_ARGUMENTS, s->redact);
    return text;
}

/* --- Command line --- */

/* A program that writes a title over its arguments (setproctitle) takes away their last NUL, and
 * may go on in the environment's place: the title ends with the first NUL (fs/proc/base.c). */
static struct str title_rest(const struct privacy_areas *areas)
{
    const struct privacy_area *args = &areas->arguments, *env = &areas->environment;

    if (args->text.n == 0 || args->text.n < args->n || args->text.p[args->text.n - 1] == '\0' ||
        env->start != args->start + args->n)
        return (struct str){"", 0};
    return (struct str){env->text.p, strnlen(env->text.p, env->text.n)};
}

static const char *join(const char *text, size_t n, struct arena *a)
{
    char *line;

    while (n > 0 && text[n - 1] == '\0')
        n--;
    line = arena_alloc(a, n + 1);
    for (size_t i = 0; i < n; i++)
        line[i] = text[i] ? text[i] : ' ';
    return line;
}

static void tell_arguments(const struct privacy_areas *areas, const struct settings *s,
                           struct arena *a, struct crash_meta *m, struct ranges *r,
                           const char **ret_psargs)
{
    const struct privacy_area *args = &areas->arguments;
    struct str rest = title_rest(areas);
    char *text = redacted_copy(args, s, a), *whole = text;
    size_t n = args->text.n;

    add_differences(r, args->start, args->text.p, text, args->text.n);
    add_unread(r, args);
    *ret_psargs = join(text, n < PSARGS_MAX ? n : PSARGS_MAX, a);
    if (rest.n > 0 && n + rest.n <= PRIVACY_ARGUMENTS_MAX) {
        whole = arena_alloc(a, n + rest.n + 1);
        memcpy(whole, args->text.p, n);
        memcpy(whole + n, rest.p, rest.n);
        n = strnlen(whole, n + rest.n);
        redact(whole, n, REDACT_ARGUMENTS, s->redact);
    }
    if (n > 0)
        m->command_line = join(whole, n, a);
    if (args->text.n < args->n)
        meta_cut(m, a, "command_line");
}

/* --- Environment --- */

bool privacy_allows(const char *list, struct str name)
{
    struct str rest = str_from(list ? list : ""), word;

    while (str_split(&rest, ' ', &word)) {
        if (word.n > 0 && word.p[word.n - 1] == '*') {
            if (str_starts(name, (struct str){word.p, word.n - 1}))
                return true;
        } else if (word.n > 0 && str_eq(name, word)) {
            return true;
        }
    }
    return false;
}

struct environment {
    const struct settings *settings;
    struct arena *arena;
    struct crash_meta *meta;
    struct ranges *ranges;
    size_t kept; /* bytes */
};

static void keep_text(struct environment *e, const char *text, size_t n, size_t max)
{
    struct meta_texts *list = &e->meta->environment;

    if (n > max) {
        meta_cut(e->meta, e->arena, "environment");
        n = utf8_valid_prefix(text, max) ?: max;
    }
    if (list->n == META_ENVIRONMENT_MAX || e->kept + n > ENVIRONMENT_BYTES_MAX) {
        meta_cut(e->meta, e->arena, "environment");
        return;
    }
    e->kept += n;
    list->items[list->n++] = arena_strndup(e->arena, text, n);
}

/* "NAME=value", of which the value may be no secret; a text that is none is one all through. */
static void tell_variable(struct environment *e, uint64_t start, struct str original,
                          const char *redacted)
{
    const char *equals = original.n ? memchr(original.p, '=', original.n) : NULL;
    size_t name = equals ? (size_t)(equals - original.p) : 0;

    if (!equals) {
        add_range(e->ranges, start, original.n);
    } else if (privacy_allows(e->settings->environment, (struct str){original.p, name})) {
        add_differences(e->ranges, start, original.p, redacted, original.n);
        keep_text(e, redacted, original.n, META_TEXT_MAX);
    } else {
        add_secret(e->ranges, start, original.p, name + 1, original.n);
        keep_text(e, original.p, name, VARIABLE_NAME_MAX);
    }
}

static void tell_environment(const struct privacy_area *area, struct environment *e)
{
    const char *redacted = redacted_copy(area, e->settings, e->arena);
    struct str rest = area->text, text;

    e->meta->environment.items = arena_array(e->arena, const char *, META_ENVIRONMENT_MAX);
    while (rest.n > 0 && str_split(&rest, '\0', &text)) {
        size_t at = (size_t)(text.p - area->text.p);

        tell_variable(e, area->start + at, text, redacted + at);
    }
    add_unread(e->ranges, area);
    if (area->text.n < area->n)
        meta_cut(e->meta, e->arena, "environment");
}

void privacy_apply(const struct privacy_areas *areas, const struct settings *s, struct arena *a,
                   struct crash_meta *m, struct privacy *ret)
{
    struct ranges r = {.items = arena_array(a, struct slim_range, PRIVACY_RANGES_MAX)};
    struct environment e = {.settings = s, .arena = a, .meta = m, .ranges = &r};
    struct copies *copies = arena_alloc(a, sizeof(*copies));

    copies_init(&r.copies, a);
    tell_arguments(areas, s, a, m, &r, &ret->arguments);
    tell_environment(&areas->environment, &e);
    ret->ranges = r.items;
    ret->n_ranges = r.n;
    copies_settle(&r.copies);
    *copies = r.copies;
    ret->copies = copies;
}

/* --- The core --- */

void privacy_from_core(const struct corefile *core, const struct settings *s, struct arena *a,
                       struct privacy *ret)
{
    struct ranges r = {.items = arena_array(a, struct slim_range, 1)};
    const struct core_segment *stack = corefile_segment(core, core->auxv_random);
    char *text = arena_strdup(a, core->arguments ? core->arguments : "");
    uint64_t from = core->auxv_random + AT_RANDOM_BYTES;

    if (core->auxv_random != 0 && stack && stack->start + stack->memsz > from)
        add_range(&r, from, stack->start + stack->memsz - from);
    redact(text, strlen(text), REDACT_LINE, s->redact);
    *ret = (struct privacy){.ranges = r.items, .n_ranges = r.n, .arguments = text};
}

static void rewrite_notes(const struct core_layout *l, uint8_t *notes, size_t size,
                          const char *arguments)
{
    struct elf_note note;
    size_t offset = 0;

    while (elf_note_next(notes, size, 4, &offset, &note) == 0) {
        char *text = (char *)notes + (note.desc - notes) + l->prpsinfo_arguments;
        size_t room = (size_t)(l->prpsinfo_size - l->prpsinfo_arguments);

        if (note.type != NT_PRPSINFO || note.desc_size < l->prpsinfo_size)
            continue;
        memset(text, 0, room);
        memcpy(text, arguments, strnlen(arguments, room - 1));
    }
}

void privacy_rewrite_head(const struct corefile *core, void *head, size_t n, const char *arguments)
{
    struct elf_view v;
    struct elf_segment g;

    if (elf_open(head, n, &v) != 0)
        return;
    for (uint32_t i = 0; elf_segment(&v, i, &g) == 0; i++)
        if (g.type == PT_NOTE && g.offset < n)
            rewrite_notes(core->layout, (uint8_t *)head + g.offset,
                          g.filesz < n - g.offset ? (size_t)g.filesz : n - (size_t)g.offset,
                          arguments);
}
