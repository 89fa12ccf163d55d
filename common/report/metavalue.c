/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/metavalue.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/report/limits.h"

/* --- Mistakes --- */

int meta_wrong(struct meta_error *e, const char *pointer, const char *format, ...)
{
    va_list ap;

    snprintf(e->pointer, sizeof(e->pointer), "%s", pointer);
    va_start(ap, format);
    vsnprintf(e->message, sizeof(e->message), format, ap);
    va_end(ap);
    return META_OUT_OF_BOUNDS;
}

/* --- Values --- */

int meta_put_text(struct arena *a, const char *text, size_t n, size_t max, const char *pointer,
                  const char **field, struct meta_error *e)
{
    if (n > max)
        return meta_wrong(e, pointer, "longer than %zu bytes", max);
    if (memchr(text, '\0', n))
        return meta_wrong(e, pointer, "holds a NUL byte");
    *field = arena_strndup(a, text, n);
    return 0;
}

int meta_put_number(int64_t value, const struct meta_field *f, int64_t *field, const char *pointer,
                    struct meta_error *e)
{
    if (value < f->min || value > f->max)
        return meta_wrong(e, pointer, "must lie between %" PRId64 " and %" PRId64, f->min, f->max);
    *field = value;
    return 0;
}

int meta_put_time(struct str text, int64_t *field, const char *pointer, struct meta_error *e)
{
    if (clock_parse(text, field) < 0)
        return meta_wrong(e, pointer, "must be a time such as 2026-11-21T07:49:00Z (RFC 3339)");
    return 0;
}

int meta_put_encoding(struct str text, enum core_encoding *field, const char *pointer,
                      struct meta_error *e)
{
    for (size_t i = 0; i < meta_n_encodings; i++)
        if (str_eq(text, str_from(meta_encodings[i]))) {
            *field = (enum core_encoding)i;
            return 0;
        }
    return meta_wrong(e, pointer, "must be identity or zstd");
}

int meta_want(bool right, const char *pointer, const char *type, struct meta_error *e)
{
    return right ? 0 : meta_wrong(e, pointer, "must be %s", type);
}

static bool has_tag(const struct crash_meta *m, struct str key)
{
    for (size_t i = 0; i < m->n_tags; i++)
        if (str_eq(str_from(m->tags[i].key), key))
            return true;
    return false;
}

/* A key that came twice would make JSON that no reader of ours takes. */
int meta_put_tag(struct arena *a, struct str key, struct str value, struct crash_meta *m,
                 struct meta_error *e)
{
    struct meta_tag tag = {0};
    int r;

    if (m->n_tags == META_TAGS_MAX)
        return meta_wrong(e, "/tags", "more than %d tags", META_TAGS_MAX);
    if (has_tag(m, key))
        return meta_wrong(e, "/tags", "a tag came twice");
    r = meta_put_text(a, key.p, key.n, 64, "/tags", &tag.key, e);
    if (r == 0)
        r = meta_put_text(a, value.p, value.n, 1024, "/tags", &tag.value, e);
    if (r)
        return r;
    if (!m->tags)
        m->tags = arena_array(a, struct meta_tag, META_TAGS_MAX);
    m->tags[m->n_tags++] = tag;
    return 0;
}

int meta_check_crash_id(const struct crash_meta *m, struct meta_error *e)
{
    if (m->crash_id && !uuid_valid(str_from(m->crash_id)))
        return meta_wrong(e, "/crash_id", "must be a UUID of version 7 in lower case");
    return 0;
}
