/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/api_grouping.h"

#include <inttypes.h>

#include "common/base/str.h"
#include "common/report/jsontext.h"
#include "dashd/api.h"
#include "dashd/app.h"
#include "dashd/group.h"
#include "dashd/page.h"

/* --- Members --- */

void api_add_explanation(struct buf *b, const struct explanation *e)
{
    int64_t algorithm;

    jsontext_object(b, "grouping");
    jsontext_string(b, "class", e->class);
    jsontext_string(b, "tag", e->kind);
    jsontext_string(b, "detail", e->detail);
    jsontext_string(b, "message", e->message);
    jsontext_array(b, "keys");
    jsontext_string(b, NULL, e->key);
    for (size_t i = 0; i < e->n_more; i++)
        jsontext_string(b, NULL, e->more[i]);
    jsontext_end_array(b);
    if (e->algorithm && str_to_i64(str_from(e->algorithm), &algorithm) == 0)
        jsontext_int(b, "algorithm", algorithm);
    jsontext_string(b, "rules", e->rules);
    jsontext_end_object(b);
}

static void add_selector(struct buf *b, const struct selector *s)
{
    jsontext_object(b, "selector");
    if (s->kind == SELECT_FRAME)
        jsontext_int(b, "frame", s->frame);
    else if (s->kind != SELECT_NOTHING)
        jsontext_bool(b, s->kind == SELECT_SIGNAL ? "signal" : "executable", true);
    jsontext_end_object(b);
}

static void add_selector_text(struct buf *b, const char *text)
{
    struct selector s = selector_of_text(text);

    if (text)
        add_selector(b, &s);
}

static void add_camp(struct buf *b, const struct camp *c)
{
    jsontext_object(b, NULL);
    jsontext_string(b, "value", c->value);
    jsontext_int(b, "event_count", (int64_t)c->events);
    if (c->stacks)
        jsontext_int(b, "stack_count", (int64_t)c->stacks);
    jsontext_end_object(b);
}

static void add_similar(struct buf *b, const struct similar_groups *s)
{
    jsontext_array(b, "similar");
    for (size_t i = 0; i < s->n; i++) {
        jsontext_object(b, NULL);
        api_add_group_id(b, "id", s->rows[i].id);
        jsontext_string(b, "title", s->rows[i].title);
        jsontext_string(b, "status", s->rows[i].status);
        jsontext_int(b, "event_count", (int64_t)s->rows[i].event_count);
        jsontext_int(b, "percent", s->rows[i].percent);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

static void add_decision(struct buf *b, const struct decision_row *d)
{
    jsontext_object(b, NULL);
    jsontext_int(b, "id", d->id);
    jsontext_string(b, "kind", d->kind);
    api_add_time(b, "at", d->at);
    jsontext_string(b, "actor", d->actor);
    api_add_group_id(b, "group", d->group_id);
    if (d->other_id)
        api_add_group_id(b, "other", d->other_id);
    add_selector_text(b, d->selector);
    if (d->parted)
        jsontext_bool(b, "parted", true);
    api_add_time(b, "undone_at", d->undone_at);
    jsontext_string(b, "undone_by", d->undone_by);
    jsontext_end_object(b);
}

static void add_request(struct buf *b, const struct request_row *row)
{
    jsontext_int(b, "id", row->id);
    jsontext_string(b, "kind", row->kind);
    jsontext_string(b, "state", row->state);
    api_add_time(b, "at", row->at);
    jsontext_string(b, "actor", row->actor);
    if (row->group)
        api_add_group_id(b, "group", row->group);
    if (row->into)
        api_add_group_id(b, row->undone_kind ? "other" : "into", row->into);
    if (row->decision)
        jsontext_int(b, "decision", row->decision);
    add_selector_text(b, row->selector);
    jsontext_string(b, "build_id", row->build_id);
    jsontext_string(b, "query", row->query);
    jsontext_int(b, "total", (int64_t)row->total);
    jsontext_int(b, "done", (int64_t)row->done);
    jsontext_string(b, "problem", row->problem);
    api_add_time(b, "began_at", row->began_at);
    api_add_time(b, "ended_at", row->ended_at);
}

void api_add_grouping(struct buf *b, const struct group_view *v)
{
    api_add_explanation(b, &v->explanation);
    jsontext_bool(b, "held", v->state.held);
    if (v->hint.selector.kind != SELECT_NOTHING) {
        jsontext_object(b, "split_hint");
        add_selector(b, &v->hint.selector);
        jsontext_array(b, "camps");
        for (size_t i = 0; i < v->hint.n; i++)
            add_camp(b, &v->hint.camps[i]);
        jsontext_end_array(b);
        jsontext_array(b, "witnesses");
        for (size_t i = 0; i < v->hint.n_witnesses; i++)
            jsontext_string(b, NULL, witness_name(v->hint.witnesses[i]));
        jsontext_end_array(b);
        jsontext_end_object(b);
    }
    api_add_time(b, "one_bug_since", v->state.dismissed_at);
    add_similar(b, &v->similar);
    jsontext_array(b, "decisions");
    for (size_t i = 0; i < v->decisions.n; i++)
        add_decision(b, &v->decisions.rows[i]);
    jsontext_end_array(b);
    jsontext_array(b, "requests");
    for (size_t i = 0; i < v->requests.n; i++) {
        jsontext_object(b, NULL);
        add_request(b, &v->requests.rows[i]);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

/* --- What would be --- */

static void add_side(struct buf *b, struct request *q, const char *key, const struct merge_side *s)
{
    jsontext_object(b, key);
    api_add_group(b, q, &s->group);
    jsontext_int(b, "stack_count", (int64_t)s->stacks);
    jsontext_end_object(b);
}

void api_merge_preview(struct request *q, struct response *r)
{
    struct buf *b = response_body(r);
    struct merge_preview p = {.percent = 0};
    int64_t group = 0, into = 0;
    int outcome = decide_group(q, request_param(q, "id"), &group);

    if (!outcome)
        outcome = decide_group(q, request_query(q, "into"), &into);
    if (!outcome && group && into && group != into)
        outcome = preview_merge(app_db(request_app(q)), request_arena(q), group, into, &p);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (!group) {
        page_no_group(q, r);
        return;
    }
    if (!into || into == group) {
        response_problem_field(r, q, "into", -1,
                               "The parameter `into` must name another group, such as G-142.");
        return;
    }
    jsontext_object(b, NULL);
    add_side(b, q, "group", &p.from);
    add_side(b, q, "into", &p.into);
    add_side(b, q, "result", &p.result);
    jsontext_int(b, "percent", p.percent);
    jsontext_end_object(b);
    api_send(r);
}

static void add_choice(struct buf *b, const struct split_choice *c, struct arena *a)
{
    jsontext_object(b, NULL);
    jsontext_string(b, "by", selector_form(&c->selector, a));
    add_selector(b, &c->selector);
    jsontext_int(b, "camp_count", (int64_t)c->all);
    jsontext_array(b, "camps");
    for (size_t i = 0; i < c->n; i++)
        add_camp(b, &c->camps[i].camp);
    jsontext_end_array(b);
    jsontext_end_object(b);
}

void api_split_preview(struct request *q, struct response *r)
{
    struct arena *a = request_arena(q);
    struct buf *b = response_body(r);
    struct split_preview p = {.n = 0};
    int64_t group = 0;
    int outcome = decide_group(q, request_param(q, "id"), &group);

    if (!outcome && group)
        outcome = preview_split(app_db(request_app(q)), a, group, SELECTOR_FRAMES_SHOWN, &p);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (!group) {
        page_no_group(q, r);
        return;
    }
    jsontext_object(b, NULL);
    api_add_group_id(b, "group", group);
    jsontext_int(b, "without_stack", (int64_t)p.without_stack);
    jsontext_array(b, "choices");
    for (size_t i = 0; i < p.n; i++)
        add_choice(b, &p.choices[i], a);
    jsontext_end_array(b);
    jsontext_end_object(b);
    api_send(r);
}

/* --- Asking for it --- */

static void answer(struct request *q, struct response *r, int64_t id, unsigned status)
{
    const struct app *app = request_app(q);
    struct arena *a = request_arena(q);
    struct buf *b = response_body(r);
    struct request_row row = {0};
    int outcome = id ? query_request(app_db(request_app(q)), a, id, &row) : 0;

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (!row.id) {
        response_problem(r, q, 404, "There is no request about groups with this number.");
        return;
    }
    jsontext_object(b, NULL);
    add_request(b, &row);
    jsontext_string(
        b, "url", arena_printf(a, "%s/grouping-requests/%" PRId64, app->conf->public_url, row.id));
    jsontext_end_object(b);
    response_status(r, status);
    if (status == 202)
        response_header(
            r, "Location",
            arena_printf(a, "%s/api/v1/grouping-requests/%" PRId64, request_base_path(q), row.id));
    api_send(r);
}

static void asked(struct request *q, struct response *r, decide *wish)
{
    struct decided d;
    int outcome = wish(q, &d);

    if (outcome)
        page_database_failure(q, r, outcome);
    else if (d.field)
        response_problem_field(r, q, d.field, -1, d.problem);
    else if (d.status)
        page_problem(q, r, d.status, d.problem);
    else if (d.group)
        api_group(q, r);
    else
        answer(q, r, d.request, 202);
}

void api_merge(struct request *q, struct response *r)
{
    asked(q, r, decide_merge);
}

void api_split(struct request *q, struct response *r)
{
    asked(q, r, decide_split);
}

void api_undo(struct request *q, struct response *r)
{
    asked(q, r, decide_undo);
}

void api_remove(struct request *q, struct response *r)
{
    asked(q, r, decide_remove);
}

void api_reprocess(struct request *q, struct response *r)
{
    asked(q, r, decide_reprocess);
}

void api_one_bug(struct request *q, struct response *r)
{
    asked(q, r, decide_one_bug);
}

void api_reprocess_query(struct request *q, struct response *r)
{
    asked(q, r, decide_reprocess_query);
}

void api_grouping_request(struct request *q, struct response *r)
{
    int64_t id;

    if (str_to_i64(str_from(request_param(q, "id")), &id) < 0 || id < 0 || id > INT32_MAX)
        id = 0;
    answer(q, r, id, 200);
}
