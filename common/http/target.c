/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/target.h"

#include <string.h>

#include "common/http/percent.h"

/* "http://host/path" → "/path". */
static struct str origin_form(struct str raw)
{
    ptrdiff_t authority = str_find(raw, STR("://"));
    const char *slash;

    if (!str_starts(raw, STR("http://")) && !str_starts(raw, STR("https://")))
        return raw;
    raw.p += authority + 3;
    raw.n -= (size_t)authority + 3;
    slash = raw.n ? memchr(raw.p, '/', raw.n) : NULL;
    return slash ? (struct str){slash, raw.n - (size_t)(slash - raw.p)} : STR("/");
}

/* Takes the base path off. "/base" alone means "/base/". */
static bool below(struct str base, struct str *s)
{
    if (!str_starts(*s, base))
        return false;
    *s = (struct str){s->p + base.n, s->n - base.n};
    if (base.n > 0 && s->n == 0)
        *s = STR("/");
    return s->n > 0 && (s->p[0] == '/' || (base.n > 0 && s->p[0] == '?'));
}

int target_parse(struct arena *a, const char *raw, const char *base_path, struct target *ret)
{
    struct str s = origin_form(str_from(raw)), query, path;
    struct target t = {0};
    char *decoded;

    if (s.n == 0 || s.p[0] != '/')
        return TARGET_BAD;
    if (!below(str_from(base_path), &s))
        return TARGET_OUTSIDE;
    t.local = s.p[0] == '?' ? arena_printf(a, "/%.*s", (int)s.n, s.p) : arena_strndup(a, s.p, s.n);
    query = str_from(t.local);
    str_split(&query, '?', &path);
    if (percent_decode(a, path, false, &decoded) || form_parse(a, query, &t.query))
        return TARGET_BAD;
    t.path = decoded;
    *ret = t;
    return 0;
}
