/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata from JSON: the table's fields one by one, and a function for each list. */
#include <errno.h>
#include <stdio.h>

#include <jansson.h>

#include "common/base/id.h"
#include "common/report/jsontree.h"
#include "common/report/limits.h"
#include "common/report/metavalue.h"

#define META_VALUES_MAX                                                                            \
    (64u * 1024) /* JSON values of all kinds: five for each module and thread, and room */

static struct str text_of(const json_t *v)
{
    return (struct str){json_string_value(v), json_string_length(v)};
}

static int read_texts(const json_t *list, const struct meta_field *f, struct arena *a,
                      const char *pointer, struct meta_texts *texts, struct meta_error *e)
{
    size_t n = json_array_size(list);
    struct meta_texts read = {0};

    if (n > (size_t)f->min)
        return meta_wrong(e, pointer, "more than %zu entries", (size_t)f->min);
    read.items = arena_array(a, const char *, n);
    for (; read.n < n; read.n++) {
        const json_t *v = json_array_get(list, read.n);
        int r = meta_want(json_is_string(v), pointer, "a list of texts", e);

        if (r == 0)
            r = meta_put_text(a, text_of(v).p, text_of(v).n, (size_t)f->max, pointer,
                              &read.items[read.n], e);
        if (r)
            return r;
    }
    *texts = read;
    return 0;
}

static int read_field(const json_t *v, const struct meta_field *f, struct arena *a,
                      struct crash_meta *m, struct meta_error *e)
{
    void *field = meta_member(m, f);
    char pointer[64];
    int r;

    snprintf(pointer, sizeof(pointer), "/%s", f->name);
    switch (f->type) {
    case META_TEXT:
        r = meta_want(json_is_string(v), pointer, "a text", e);
        return r ? r
                 : meta_put_text(a, text_of(v).p, text_of(v).n, (size_t)f->max, pointer, field, e);
    case META_TEXTS:
        r = meta_want(json_is_array(v), pointer, "a list", e);
        return r ? r : read_texts(v, f, a, pointer, field, e);
    case META_NUMBER:
    case META_SIGNAL:
        r = meta_want(json_is_integer(v), pointer, "a whole number", e);
        return r ? r : meta_put_number(json_integer_value(v), f, field, pointer, e);
    case META_TIME:
        r = meta_want(json_is_string(v), pointer, "a text", e);
        return r ? r : meta_put_time(text_of(v), field, pointer, e);
    case META_BOOL:
        r = meta_want(json_is_boolean(v), pointer, "true or false", e);
        if (r == 0)
            *(bool *)field = json_is_true(v);
        return r;
    case META_ENCODING:
        r = meta_want(json_is_string(v), pointer, "a text", e);
        return r ? r : meta_put_encoding(text_of(v), field, pointer, e);
    case META_FIDELITY: /* a newer client may know more of them */
        if (json_is_string(v))
            *(enum fidelity *)field = fidelity_parse(text_of(v));
        return 0;
    }
    return -EINVAL;
}

static int read_fields(const json_t *root, struct arena *a, struct crash_meta *m,
                       struct meta_error *e)
{
    for (size_t i = 0; i < meta_n_fields; i++) {
        const json_t *v = json_object_get(root, meta_fields[i].name);
        int r;

        if (!v || json_is_null(v))
            continue;
        r = read_field(v, &meta_fields[i], a, m, e);
        if (r)
            return r;
    }
    return 0;
}

/* --- Lists --- */

/* The array under key: NULL when it is not given. */
static int list_of(const json_t *root, const char *key, size_t max, const json_t **ret_list,
                   struct meta_error *e)
{
    const json_t *list = json_object_get(root, key);
    char pointer[64];
    int r;

    *ret_list = NULL;
    if (!list || json_is_null(list))
        return 0;
    snprintf(pointer, sizeof(pointer), "/%s", key);
    r = meta_want(json_is_array(list), pointer, "a list", e);
    if (r)
        return r;
    if (json_array_size(list) > max)
        return meta_wrong(e, pointer, "more than %zu entries", max);
    *ret_list = list;
    return 0;
}

static int read_list_text(const json_t *entry, const char *key, struct arena *a, size_t max,
                          const char *pointer, const char **field, struct meta_error *e)
{
    const json_t *v = json_object_get(entry, key);

    if (!v || json_is_null(v))
        return 0;
    if (!json_is_string(v))
        return meta_wrong(e, pointer, "%s must be a text", key);
    return meta_put_text(a, text_of(v).p, text_of(v).n, max, pointer, field, e);
}

static int read_thread(const json_t *entry, struct arena *a, const char *pointer,
                       struct meta_thread *t, struct meta_error *e)
{
    const json_t *tid = json_object_get(entry, "tid");

    if (!json_is_integer(tid) || json_integer_value(tid) < 0 || json_integer_value(tid) > INT32_MAX)
        return meta_wrong(e, pointer, "tid must be a whole number");
    t->tid = json_integer_value(tid);
    return read_list_text(entry, "name", a, 64, pointer, &t->name, e);
}

/* Addresses are hexadecimal texts ("0x7f…"): a JSON number loses bits beyond 2^53 in many readers.
 */
static int read_address(const json_t *entry, const char *key, const char *pointer, uint64_t *field,
                        struct meta_error *e)
{
    const json_t *v = json_object_get(entry, key);

    if (!v || json_is_null(v))
        return 0;
    if (jsontree_address(v, field) < 0)
        return meta_wrong(e, pointer, "%s must be an address such as \"0x7f0000001000\"", key);
    return 0;
}

static int read_module(const json_t *entry, struct arena *a, const char *pointer,
                       struct meta_module *m, struct meta_error *e)
{
    int r = meta_want(json_is_object(entry), pointer, "an object", e);

    if (r == 0)
        r = read_list_text(entry, "path", a, META_TEXT_MAX, pointer, &m->path, e);
    if (r == 0)
        r = read_list_text(entry, "build_id", a, BUILD_ID_TEXT_SIZE - 1, pointer, &m->build_id, e);
    if (r == 0)
        r = read_address(entry, "start", pointer, &m->start, e);
    if (r == 0)
        r = read_address(entry, "end", pointer, &m->end, e);
    if (r)
        return r;
    if (m->build_id && !hex_valid(str_from(m->build_id), BUILD_ID_TEXT_SIZE - 1))
        return meta_wrong(e, pointer, "build_id must be an even number of hexadecimal digits");
    m->offered = json_is_true(json_object_get(entry, "offered"));
    return 0;
}

static int read_threads(const json_t *root, struct arena *a, struct crash_meta *m,
                        struct meta_error *e)
{
    const json_t *list;
    int r = list_of(root, "threads", META_THREADS_MAX, &list, e);

    if (r || !list)
        return r;
    m->threads = arena_array(a, struct meta_thread, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        char pointer[64];

        snprintf(pointer, sizeof(pointer), "/threads/%zu", i);
        r = read_thread(json_array_get(list, i), a, pointer, &m->threads[i], e);
        if (r)
            return r;
        m->n_threads++;
    }
    return 0;
}

static int read_modules(const json_t *root, struct arena *a, struct crash_meta *m,
                        struct meta_error *e)
{
    const json_t *list;
    int r = list_of(root, "modules", META_MODULES_MAX, &list, e);

    if (r || !list)
        return r;
    m->modules = arena_array(a, struct meta_module, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        char pointer[64];

        snprintf(pointer, sizeof(pointer), "/modules/%zu", i);
        r = read_module(json_array_get(list, i), a, pointer, &m->modules[i], e);
        if (r)
            return r;
        m->n_modules++;
    }
    return 0;
}

static int read_tags(json_t *root, struct arena *a, struct crash_meta *m, struct meta_error *e)
{
    json_t *tags = json_object_get(root, "tags"), *value;
    const char *key;

    if (!tags || json_is_null(tags))
        return 0;
    if (!json_is_object(tags))
        return meta_wrong(e, "/tags", "must be an object of texts");
    json_object_foreach(tags, key, value)
    {
        int r = meta_want(json_is_string(value), "/tags", "an object of texts", e);

        if (r == 0)
            r = meta_put_tag(a, str_from(key), text_of(value), m, e);
        if (r)
            return r;
    }
    return 0;
}

/* --- The whole --- */

int meta_parse(struct str json, struct arena *a, struct crash_meta *ret,
               struct meta_error *ret_error)
{
    _cleanup_json_ json_t *root = NULL;
    struct crash_meta m;
    struct jsontree_error where;
    int r;

    *ret_error = (struct meta_error){0};
    root = jsontree_object(json, META_VALUES_MAX, &where);
    if (!root) {
        snprintf(ret_error->message, sizeof(ret_error->message), "not a JSON object: %s (line %d)",
                 where.text, where.line);
        return META_MALFORMED;
    }
    meta_init(&m);
    r = read_fields(root, a, &m, ret_error);
    if (r == 0)
        r = meta_check_crash_id(&m, ret_error);
    if (r == 0)
        r = read_threads(root, a, &m, ret_error);
    if (r == 0)
        r = read_modules(root, a, &m, ret_error);
    if (r == 0)
        r = read_tags(root, a, &m, ret_error);
    if (r == 0)
        *ret = m;
    return r;
}
