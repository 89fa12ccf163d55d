/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON object as the fields of a form, so that a handler of forms takes both. What a tree may
 * cost is bounded by the route's limit of the body. */
#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "common/base/cleanup.h"
#include "common/http/form.h"

DEFINE_CLEANUP(cleanup_json, json_t, json_decref)

/* NULL: it is no plain value. */
static const char *plain_text(struct arena *a, const json_t *value)
{
    if (json_is_string(value))
        return arena_strdup(a, json_string_value(value));
    if (json_is_integer(value))
        return arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    return NULL;
}

static int add_field(struct form *f, const char *name, const char *value)
{
    if (!value)
        return FORM_BAD;
    if (f->n == FORM_FIELDS_MAX)
        return FORM_TOO_MANY;
    f->fields[f->n++] = (struct form_field){name, value};
    return 0;
}

static int add_texts(struct arena *a, const char *name, const json_t *list, struct form *f)
{
    size_t i;
    json_t *item;
    int r = 0;

    json_array_foreach(list, i, item)
    {
        r = json_is_string(item) ? add_field(f, name, plain_text(a, item)) : FORM_BAD;
        if (r)
            break;
    }
    return r;
}

int form_parse_json(struct arena *a, struct str text, struct form *ret)
{
    _cleanup_(cleanup_json) json_t *root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    struct form f = {.fields = arena_array(a, struct form_field, FORM_FIELDS_MAX)};
    const char *key;
    json_t *value;
    int r;

    if (!json_is_object(root))
        return FORM_BAD;
    json_object_foreach(root, key, value)
    {
        const char *name = arena_strdup(a, key);

        if (json_is_null(value))
            continue;
        r = json_is_array(value) ? add_texts(a, name, value, &f)
                                 : add_field(&f, name, plain_text(a, value));
        if (r)
            return r;
    }
    *ret = f;
    return 0;
}
