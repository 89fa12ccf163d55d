/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/form.h"

#include <string.h>

#include "common/http/percent.h"

static size_t count_pairs(struct str text)
{
    struct str pair;
    size_t n = 0;

    while (str_split(&text, '&', &pair))
        n += pair.n > 0;
    return n;
}

static int parse_pair(struct arena *a, struct str pair, struct form_field *ret)
{
    struct str value = pair, name;
    char *decoded_name, *decoded_value;

    str_split(&value, '=', &name);
    if (percent_decode(a, name, true, &decoded_name) ||
        percent_decode(a, value, true, &decoded_value))
        return FORM_BAD;
    *ret = (struct form_field){decoded_name, decoded_value};
    return 0;
}

int form_parse(struct arena *a, struct str text, struct form *ret)
{
    size_t pairs = count_pairs(text);
    struct form f = {0};
    struct str pair;

    if (pairs > FORM_FIELDS_MAX)
        return FORM_TOO_MANY;
    f.fields = arena_array(a, struct form_field, pairs);
    while (str_split(&text, '&', &pair)) {
        if (pair.n == 0)
            continue;
        if (parse_pair(a, pair, &f.fields[f.n]))
            return FORM_BAD;
        f.n++;
    }
    *ret = f;
    return 0;
}

const char *form_get(const struct form *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->fields[i].name, name) == 0)
            return f->fields[i].value;
    return NULL;
}

static struct str unquote(struct str s)
{
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
        return (struct str){s.p + 1, s.n - 2};
    return s;
}

struct str cookie_find(struct str header, struct str name)
{
    struct str pair;

    while (str_split(&header, ';', &pair)) {
        struct str value = pair, key;

        str_split(&value, '=', &key);
        if (value.p && str_eq(str_trim(key), name))
            return unquote(str_trim(value));
    }
    return (struct str){NULL, 0};
}
