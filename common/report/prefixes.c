/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/prefixes.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"

/* A text without the slashes at its end. */
static const char *folder_text(const char *p, size_t n, struct arena *a)
{
    while (n > 1 && p[n - 1] == '/')
        n--;
    return arena_strndup(a, p, n);
}

int prefixes_parse(const char *text, struct arena *a, struct prefixes *ret)
{
    struct prefixes p = {.n = 0};

    while (*text) {
        size_t n = strcspn(text, ":");
        const char *equals = memchr(text, '=', n);

        if (!equals || text[0] != '/' || equals[1] != '/' || p.n == PREFIXES_MAX)
            return -EINVAL;
        p.list[p.n].from = folder_text(text, (size_t)(equals - text), a);
        p.list[p.n++].to = folder_text(equals + 1, n - (size_t)(equals + 1 - text), a);
        text += n + (text[n] == ':');
    }
    *ret = p;
    return 0;
}

bool prefixes_valid(const char *text)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct prefixes unused;

    return prefixes_parse(text, &a, &unused) == 0;
}

/* The length of from when file lies below it; 0. */
static size_t match_length(const char *file, const char *from)
{
    size_t n = strlen(from);

    return strncmp(file, from, n) == 0 && file[n] == '/' ? n : 0;
}

const char *prefixes_match(const struct prefixes *p, const char *file, const char **ret_to)
{
    size_t best = 0, length = 0;

    for (size_t i = 0; i < p->n; i++) {
        size_t n = match_length(file, p->list[i].from);

        if (n > length) {
            length = n;
            best = i;
        }
    }
    if (length == 0)
        return NULL;
    *ret_to = p->list[best].to;
    return file + length + 1;
}

static const char *find_source(const struct prefixes *p, const char *file, struct arena *a)
{
    const char *to, *rest = prefixes_match(p, file, &to);

    return rest ? arena_printf(a, "%s/%s", to, rest) : NULL;
}

void prefixes_apply(const struct prefixes *p, struct analysis *an, struct arena *a)
{
    for (size_t t = 0; p->n > 0 && t < an->n_threads; t++) {
        for (size_t i = 0; i < an->threads[t].n_frames; i++) {
            struct frame *f = &an->threads[t].frames[i];

            if (f->file)
                f->source = find_source(p, f->file, a);
        }
    }
}
