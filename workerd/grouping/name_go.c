/* SPDX-License-Identifier: Apache-2.0 */
/* Go's names are a path, a package, perhaps a type, and a function, with dots between. A package's
 * copy or major version is not part of it, and neither are the numbers of closures. */
#include "workerd/grouping/name.h"

#include <string.h>

#include "common/base/cleanup.h"

#define COMPONENT_MAX 512 /* bytes of the last component that are looked at */

static size_t count(struct str s, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

/* The last component of what was written, of which a package's name is the first part. */
static struct str last_component(const struct pass *p, size_t base)
{
    size_t i = p->n_out;

    while (i > base && p->n_out - i < COMPONENT_MAX && p->out[i - 1] != '/')
        i--;
    return slice((struct str){p->out, p->n_out}, i, p->n_out);
}

/* main.f.func1, main.f.func1.2, main.f.gowrap1: a closure of main.f, or how the compiler starts
 * one. Returns the position after it, or i. */
static size_t walk_go_closure(struct pass *p, size_t i, size_t n, size_t base)
{
    static const char *const kinds[] = {"func", "gowrap", "deferwrap"};
    struct str word = slice(p->in, i, i + n);
    size_t end = i + n;
    bool known = false;

    for (size_t k = 0; k < ARRAY_SIZE(kinds) && !known; k++) {
        size_t length = strlen(kinds[k]);

        known = str_starts(word, str_from(kinds[k])) && word.n > length &&
                number_length(word, length) == word.n - length;
    }
    if (!known || !out_ends(p, STR(".")) || count(last_component(p, base), '.') < 2)
        return i;
    while (at(p->in, end) == '.' && number_length(p->in, end + 1) > 0)
        end += 1 + number_length(p->in, end + 1);
    if (end < p->in.n && !is_one_of(p->in.p[end], ".-"))
        return i;
    if (out_ends(p, STR(".func.")))
        p->n_out--;
    else
        put(p, STR("func"));
    return end;
}

static bool is_major_version(struct str word, char next)
{
    return at(word, 0) == 'v' && word.n > 1 && number_length(word, 1) == word.n - 1 &&
           (next == '.' || next == '/');
}

size_t walk_go_escape(struct pass *p, size_t i)
{
    size_t start = i + 3, n = identifier_length(p->in, start);

    if (!starts_at(p->in, i, STR("%2e")))
        return i;
    if (is_major_version(slice(p->in, start, start + n), at(p->in, start + n)))
        return start + n;
    put(p, STR("."));
    return start;
}

/* The "v2" of a module's path, a copy of somebody's package in "vendor", and the package's
 * initialiser, where closures stand that belong to no function. */
size_t walk_go_word(struct pass *p, size_t i, size_t n, size_t base)
{
    struct str word = slice(p->in, i, i + n);
    char next = at(p->in, i + n);

    if (str_eq(word, STR("vendor")) && next == '/' && (p->n_out == base || out_ends(p, STR("/")))) {
        p->n_out = base;
        return i + n + 1;
    }
    if (is_major_version(word, next) && out_ends(p, STR("/"))) {
        p->n_out--;
        return i + n;
    }
    if (str_eq(word, STR("glob")) && starts_at(p->in, i + n, STR("..func"))) {
        put(p, STR("init"));
        return i + n + 1;
    }
    return walk_go_closure(p, i, n, base);
}
