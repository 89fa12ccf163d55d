/* SPDX-License-Identifier: Apache-2.0 */
#include "client/transport/facts.h"

#include <inttypes.h>

#include "common/report/jsontree.h"
#include "common/report/meta.h"

#define VALUES_MAX 64

struct facts facts_of_dead_handler(void)
{
    return (struct facts){META_UNKNOWN, META_UNKNOWN,
                          "the handler ended before the core was complete"};
}

static int64_t number_at(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v) : META_UNKNOWN;
}

/* A header's value: visible ASCII and blanks. */
static const char *header_text(const char *text, struct arena *a)
{
    struct str s = str_from(text);
    char *copy;

    if (s.n > FACTS_PROBLEM_MAX)
        s.n = FACTS_PROBLEM_MAX;
    copy = arena_strndup(a, s.p, s.n);
    for (char *c = copy; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return copy;
}

struct facts facts_parse(struct str json, struct arena *a)
{
    _cleanup_json_ json_t *root = jsontree_object(json, VALUES_MAX, NULL);
    const char *problem = json_string_value(json_object_get(root, "core_problem"));
    struct facts f = {
        .core_bytes = number_at(root, "core_bytes"),
        .core_expected = number_at(root, "core_expected"),
    };

    if (problem && *problem)
        f.core_problem = header_text(problem, a);
    else if (!root || json_is_true(json_object_get(root, "core_truncated")))
        f.core_problem = "the core is not complete";
    return f;
}

void facts_headers(const struct facts *f, struct arena *a, const char *ret[FACTS_HEADERS_MAX])
{
    size_t n = 0;

    if (f->core_bytes != META_UNKNOWN)
        ret[n++] = arena_printf(a, "Corral-Core-Bytes: %" PRId64, f->core_bytes);
    if (f->core_expected != META_UNKNOWN)
        ret[n++] = arena_printf(a, "Corral-Core-Expected: %" PRId64, f->core_expected);
    if (f->core_problem)
        ret[n++] = arena_printf(a, "Corral-Core-Problem: %s", f->core_problem);
    ret[n] = NULL;
}
