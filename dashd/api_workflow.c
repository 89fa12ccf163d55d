/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/api_workflow.h"

#include <string.h>

#include "common/base/str.h"
#include "common/report/jsontext.h"
#include "dashd/api.h"
#include "dashd/api_grouping.h"
#include "dashd/group.h"
#include "dashd/page.h"
#include "dashd/workflow/change.h"
#include "dashd/workflow/fields.h"

/* --- Members --- */

static void add_texts(struct buf *b, const char *name, const struct label_list *l)
{
    jsontext_array(b, name);
    for (size_t i = 0; i < l->n; i++)
        jsontext_string(b, NULL, l->rows[i]);
    jsontext_end_array(b);
}

static void add_rest(struct buf *b, const struct rest_row *r)
{
    jsontext_object(b, "wakes");
    jsontext_string(b, r->beyond ? "after_version" : "from_version", r->version);
    api_add_time(b, "at", r->until);
    if (r->events)
        jsontext_int(b, "event_count", r->events);
    if (r->hours)
        jsontext_int(b, "within_hours", r->hours);
    else if (r->events)
        jsontext_int(b, "events_left", r->left);
    jsontext_end_object(b);
}

static void add_activity(struct buf *b, const struct activity_row *row)
{
    jsontext_object(b, NULL);
    jsontext_int(b, "id", row->id);
    api_add_time(b, "at", row->at);
    jsontext_string(b, "actor", row->actor);
    jsontext_string(b, "kind", row->kind);
    jsontext_string(b, "text", row->text);
    jsontext_string(b, "version", row->version);
    jsontext_string(b, "until", row->until);
    jsontext_string(b, "events", row->events);
    jsontext_string(b, "event", row->event);
    jsontext_end_object(b);
}

void api_add_workflow(struct buf *b, const struct workflow_state *s)
{
    jsontext_int(b, "revision", s->revision);
    jsontext_string(b, "assignee", s->assignee);
    add_texts(b, "labels", &s->labels);
    add_texts(b, "links", &s->links);
    if (s->rests)
        add_rest(b, &s->rest);
    jsontext_array(b, "activity");
    for (size_t i = 0; i < s->activity.n; i++)
        add_activity(b, &s->activity.rows[i]);
    jsontext_end_array(b);
}

/* --- One --- */

static unsigned status_of(enum change_result result)
{
    return result == CHANGE_NO_GROUP ? 404 : result == CHANGE_STALE ? 412 : 400;
}

/* Asking for what is so already is fine: the answer is the group as it is. */
void api_group_act(struct request *q, struct response *r)
{
    const char *action = strrchr(request_path(q), '/') + 1;
    struct asked asked;
    struct change c = {0};
    struct fields_fault fault = fields_read(q, action, &asked);
    int outcome;

    if (fault.message) {
        response_problem_field(r, q, fault.field, -1, fault.message);
        return;
    }
    outcome =
        change_group(q, group_id_parse(request_param(q, "id")), &asked.wish, asked.revision, &c);
    if (outcome)
        page_database_failure(q, r, outcome);
    else if (c.result == CHANGE_NO_GROUP)
        page_no_group(q, r);
    else if (c.problem)
        response_problem(r, q, status_of(c.result), "%s", c.problem);
    else
        api_group(q, r);
}

/* --- Many --- */

static const char *const results[] = {
    [CHANGE_DONE] = "done",   [CHANGE_UNCHANGED] = "unchanged", [CHANGE_NO_GROUP] = "not_found",
    [CHANGE_STALE] = "stale", [CHANGE_REFUSED] = "refused",
};

static void add_result(struct buf *b, const char *name, const struct change *c)
{
    jsontext_object(b, NULL);
    jsontext_string(b, "id", name);
    jsontext_string(b, "result", results[c->result]);
    jsontext_string(b, "problem", c->problem);
    jsontext_end_object(b);
}

void api_groups_act(struct request *q, struct response *r)
{
    struct buf *b = response_body(r);
    struct asked asked;
    struct fields_fault fault = fields_read(q, NULL, &asked);

    if (!fault.message && asked.n == 0)
        fault = (struct fields_fault){"`ids` must name the groups, such as [\"G-142\"].", "ids"};
    if (fault.message) {
        response_problem_field(r, q, fault.field, -1, fault.message);
        return;
    }
    jsontext_object(b, NULL);
    jsontext_array(b, "results");
    for (size_t i = 0; i < asked.n; i++) {
        struct change c = {.result = CHANGE_NO_GROUP, .problem = "That is no group's number."};
        int outcome = asked.groups[i].id
                          ? change_group(q, asked.groups[i].id, &asked.wish, REVISION_ANY, &c)
                          : 0;

        if (outcome) {
            page_database_failure(q, r, outcome);
            return;
        }
        add_result(b, asked.groups[i].name, &c);
    }
    jsontext_end_array(b);
    jsontext_end_object(b);
    api_send(r);
}
