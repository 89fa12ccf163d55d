/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/members.h"

#include <string.h>

#include <jansson.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

DEFINE_CLEANUP(cleanup_json, json_t, json_decref)

static bool is_known(const char *name, const char *const *known)
{
    while (*known && strcmp(*known, name) != 0)
        known++;
    return *known;
}

const char *members_parse(struct arena *a, const char *text, const char *const *known,
                          struct members *ret)
{
    struct str rest = str_from(text), word;
    struct members m = {.n = 0};

    while (text && str_split(&rest, ',', &word)) {
        const char *name = arena_strndup(a, word.p, word.n);

        if (m.n == MEMBERS_MAX || !is_known(name, known))
            return "fields must be names of members with commas between them, such as id,title";
        m.names[m.n++] = name;
    }
    *ret = m;
    return NULL;
}

/* The buffer's text may begin with the comma that parts it from the object before. */
void members_keep(const struct members *m, struct buf *b, size_t from)
{
    size_t start = from + (b->len > from && buf_text(b)[from] == ',');
    _cleanup_(cleanup_json) json_t *all = NULL, *kept = NULL;
    _cleanup_free_ char *text = NULL;

    if (m->n == 0 || buf_error(b))
        return;
    all = json_loadb(buf_text(b) + start, b->len - start, 0, NULL);
    kept = json_object();
    for (size_t i = 0; i < m->n; i++) {
        json_t *value = json_object_get(all, m->names[i]);

        if (value)
            json_object_set(kept, m->names[i], value);
    }
    text = json_dumps(kept, JSON_COMPACT);
    b->len = start;
    buf_adds(b, text ? text : "{}");
}
