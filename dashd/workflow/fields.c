/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/workflow/fields.h"

#include <stddef.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/http/form.h"
#include "common/report/jsontree.h"
#include "dashd/access/access.h"
#include "dashd/view/listing.h"
#include "dashd/workflow/change.h"

#define JSON_VALUES_MAX 512

/* Everything that a body may say, as texts. */
struct body {
    struct wish_fields fields;
    const char *revision, *back;
    struct asked_group *groups;
    size_t n;
};

static const struct {
    const char *name;
    size_t offset;
} members[] = {
    {"action", offsetof(struct body, fields.action)},
    {"in", offsetof(struct body, fields.in)},
    {"until", offsetof(struct body, fields.until)},
    {"to", offsetof(struct body, fields.to)},
    {"label", offsetof(struct body, fields.label)},
    {"text", offsetof(struct body, fields.text)},
    {"url", offsetof(struct body, fields.url)},
    {"revision", offsetof(struct body, revision)},
    {"back", offsetof(struct body, back)},
};

static void set_member(struct body *b, const char *name, const char *value)
{
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (strcmp(members[i].name, name) == 0)
            *(const char **)((char *)b + members[i].offset) = value;
}

static const char *add_group(struct body *b, const char *name)
{
    int64_t id = group_id_parse(name);

    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->groups[i].name, name) == 0)
            return NULL;
    if (b->n == FIELDS_GROUPS_MAX)
        return "No more than 200 groups can be changed at once.";
    b->groups[b->n++] = (struct asked_group){name, id};
    return NULL;
}

/* --- The two forms --- */

static const char *read_form(struct request *q, struct body *b)
{
    struct form form;
    const char *wrong = NULL;

    if (form_parse(request_arena(q), request_body(q), &form) != 0)
        return "The form in the request's body is broken.";
    for (size_t i = 0; i < form.n && !wrong; i++) {
        if (strcmp(form.fields[i].name, "id") == 0)
            wrong = add_group(b, form.fields[i].value);
        else
            set_member(b, form.fields[i].name, form.fields[i].value);
    }
    return wrong;
}

static const char *read_ids(json_t *ids, struct arena *a, struct body *b)
{
    const char *wrong = NULL;
    size_t i;
    json_t *id;

    json_array_foreach(ids, i, id)
    {
        if (!json_is_string(id))
            return "`ids` must be an array of texts such as \"G-142\".";
        wrong = wrong ?: add_group(b, arena_strdup(a, json_string_value(id)));
    }
    return wrong;
}

static const char *read_json(struct request *q, struct body *b)
{
    _cleanup_json_ json_t *root = jsontree_object(request_body(q), JSON_VALUES_MAX, NULL);
    struct arena *a = request_arena(q);
    const char *name;
    json_t *value;

    if (!root)
        return "The body says that it is JSON, but is no JSON object.";
    json_object_foreach(root, name, value)
    {
        if (json_is_string(value))
            set_member(b, arena_strdup(a, name), arena_strdup(a, json_string_value(value)));
        else if (json_is_integer(value))
            set_member(b, arena_strdup(a, name),
                       arena_printf(a, "%lld", (long long)json_integer_value(value)));
        else if (strcmp(name, "ids") != 0 && !json_is_null(value))
            return "All members but `ids` are texts.";
    }
    return read_ids(json_object_get(root, "ids"), a, b);
}

static bool is_json(struct request *q)
{
    const char *type = request_header(q, "Content-Type");

    return type && cstr_starts(type, "application/json");
}

/* --- The whole --- */

/* An ETag begins with the revision: "12.a5fef1e1", of which the rest tells the content, as it is
 * read. Programs send it back as If-Match. */
static const char *read_revision(struct request *q, const struct body *b, int64_t *ret)
{
    const char *wanted = request_header(q, "If-Match");
    struct str s = str_trim(str_from(wanted ? wanted : b->revision)), revision;

    *ret = REVISION_ANY;
    if (s.n == 0 || str_eq(s, STR("*")))
        return NULL;
    if (str_starts(s, STR("W/"))) /* compressed on its way */
        s = (struct str){s.p + 2, s.n - 2};
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
        s = (struct str){s.p + 1, s.n - 2};
    if (!str_split(&s, '.', &revision) || str_to_i64(revision, ret) < 0 || *ret < 0)
        return "If-Match must be the ETag that came with the group.";
    return NULL;
}

const char *fields_read(struct request *q, const char *action, struct asked *ret)
{
    const struct identity *who = access_identity(q);
    struct arena *a = request_arena(q);
    struct body b = {.groups = arena_array(a, struct asked_group, FIELDS_GROUPS_MAX)};
    const char *wrong = is_json(q) ? read_json(q, &b) : read_form(q, &b);
    struct asked asked = {.groups = b.groups, .n = b.n};

    if (action)
        b.fields.action = action;
    if (!wrong)
        wrong = wish_parse(&b.fields, who->user_id ? who->name : NULL, clock_now(), a, &asked.wish);
    if (!wrong)
        wrong = read_revision(q, &b, &asked.revision);
    if (wrong)
        return wrong;
    asked.back = b.back ? access_safe_path(b.back) : NULL;
    asked.n = b.n;
    *ret = asked;
    return NULL;
}
