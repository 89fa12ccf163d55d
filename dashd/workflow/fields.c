/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/workflow/fields.h"

#include <stddef.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/http/form.h"
#include "dashd/access/access.h"
#include "dashd/view/listing.h"
#include "dashd/workflow/change.h"

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

/* A button has one value: "mute 7d" is the action and what belongs to it. */
static void split_action(struct body *b, struct arena *a)
{
    static const struct {
        const char *action, *member;
    } values[] = {{"resolve", "in"}, {"mute", "until"}, {"assign", "to"}};
    struct str rest = str_from(b->fields.action), action;

    if (str_find(rest, STR(" ")) < 0)
        return;
    str_split(&rest, ' ', &action);
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        if (str_eq(action, str_from(values[i].action))) {
            set_member(b, values[i].member, arena_strndup(a, rest.p, rest.n));
            b->fields.action = values[i].action;
        }
}

static const char *read_body(struct request *q, struct body *b)
{
    const struct form *form = request_fields(q);
    const char *wrong = NULL;

    for (size_t i = 0; i < form->n && !wrong; i++) {
        const struct form_field *f = &form->fields[i];

        if (strcmp(f->name, "id") == 0 || strcmp(f->name, "ids") == 0)
            wrong = add_group(b, f->value);
        else
            set_member(b, f->name, f->value);
    }
    split_action(b, request_arena(q));
    return wrong;
}

/* --- The whole --- */

/* An ETag begins with the revision, "7-90ab…" or W/"7-90ab…" when the answer was compressed;
 * programs send it back as If-Match. What else the group's page tells may have changed since. */
static const char *read_revision(struct request *q, const struct body *b, int64_t *ret)
{
    const char *wanted = request_header(q, "If-Match");
    struct str s = str_trim(str_from(wanted ? wanted : b->revision)), revision;

    *ret = REVISION_ANY;
    if (s.n == 0 || str_eq(s, STR("*")))
        return NULL;
    if (s.n > 2 && s.p[0] == 'W' && s.p[1] == '/')
        s = (struct str){s.p + 2, s.n - 2};
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
        s = (struct str){s.p + 1, s.n - 2};
    str_split(&s, '-', &revision);
    if (str_to_i64(revision, ret) < 0 || *ret < 0)
        return "If-Match must be the ETag that came with the group.";
    return NULL;
}

struct fields_fault fields_read(struct request *q, const char *action, struct asked *ret)
{
    const struct identity *who = access_identity(q);
    struct arena *a = request_arena(q);
    struct body b = {.groups = arena_array(a, struct asked_group, FIELDS_GROUPS_MAX)};
    const char *wrong = read_body(q, &b);
    struct asked asked = {.groups = b.groups, .n = b.n};

    if (wrong)
        return (struct fields_fault){wrong, "ids"};
    if (action)
        b.fields.action = action;
    wrong = wish_parse(&b.fields, who->user_id ? who->name : NULL, clock_now(), a, &asked.wish);
    if (wrong)
        return (struct fields_fault){wrong, wish_field(b.fields.action)};
    wrong = read_revision(q, &b, &asked.revision);
    if (wrong)
        return (struct fields_fault){wrong, "revision"};
    asked.back = b.back ? access_safe_path(b.back) : NULL;
    *ret = asked;
    return (struct fields_fault){NULL, NULL};
}
