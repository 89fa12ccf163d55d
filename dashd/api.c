/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/api.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/report/jsontext.h"
#include "common/report/signals.h"
#include "common/store/blob.h"
#include "dashd/access/access.h"
#include "dashd/api_grouping.h"
#include "dashd/api_workflow.h"
#include "dashd/app.h"
#include "dashd/event.h"
#include "dashd/group.h"
#include "dashd/members.h"
#include "dashd/page.h"
#include "dashd/queries_facets.h"

#define ANALYSIS_INLINE_MAX (4u * 1024 * 1024) /* a larger one has an address of its own */

void api_send(struct response *r)
{
    buf_addc(response_body(r), '\n');
    response_type(r, "application/json");
    response_header(r, "Cache-Control", "no-store");
    response_tag(r);
}

/* --- Members --- */

void api_add_time(struct buf *b, const char *key, int64_t at)
{
    char text[CLOCK_TEXT_SIZE];

    if (at == 0)
        return;
    clock_format(at, text);
    jsontext_string(b, key, text);
}

void api_add_group_id(struct buf *b, const char *key, int64_t id)
{
    char text[32];

    snprintf(text, sizeof(text), "G-%" PRId64, id);
    jsontext_string(b, key, text);
}

/* The address of a page, for people. */
static void add_page(struct buf *b, struct request *q, const char *path)
{
    const struct app *app = request_app(q);

    jsontext_string(b, "url", arena_printf(request_arena(q), "%s%s", app->conf->public_url, path));
}

void api_add_group(struct buf *b, struct request *q, const struct group_row *g)
{
    api_add_group_id(b, "id", g->id);
    jsontext_string(b, "title", g->title);
    jsontext_string(b, "status", g->status);
    jsontext_string(b, "executable", g->executable);
    jsontext_string(b, "signal", signal_name(g->signal));
    jsontext_int(b, "event_count", (int64_t)g->event_count);
    jsontext_int(b, "host_count", (int64_t)g->host_count);
    api_add_time(b, "first_seen", g->first_seen);
    api_add_time(b, "last_seen", g->last_seen);
    api_add_time(b, "resolved_at", g->resolved_at);
    jsontext_string(b, "resolved_by", g->resolved_by);
    jsontext_bool(b, "may_be_several", g->may_be_several);
    add_page(b, q, arena_printf(request_arena(q), "/groups/G-%" PRId64, g->id));
}

/* Of a list: a group's own answer has them among the workflow. */
static void add_people(struct buf *b, const struct group_row *g)
{
    jsontext_string(b, "assignee", g->assignee);
    jsontext_array(b, "labels");
    for (size_t i = 0; i < g->n_labels; i++)
        jsontext_string(b, NULL, g->labels[i]);
    jsontext_end_array(b);
}

static void add_shares(struct buf *b, const char *key, const struct share_list *l,
                       const char *label, const char *detail)
{
    jsontext_array(b, key);
    for (size_t i = 0; i < l->n; i++) {
        jsontext_object(b, NULL);
        jsontext_string(b, label, l->rows[i].label);
        jsontext_string(b, detail, l->rows[i].detail);
        jsontext_int(b, "event_count", (int64_t)l->rows[i].events);
        api_add_time(b, "first_seen", l->rows[i].first_seen);
        api_add_time(b, "last_seen", l->rows[i].last_seen);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

/* Counts of the last 24 hours, the current one last. */
static void add_hours(struct buf *b, const struct trend *t)
{
    jsontext_array(b, "hours");
    for (size_t i = 0; i < t->n; i++)
        jsontext_int(b, NULL, (int64_t)t->bars[i].value);
    jsontext_end_array(b);
}

static void add_stack(struct buf *b, const struct stack_view *s)
{
    jsontext_array(b, "stack");
    for (size_t i = 0; i < s->n; i++) {
        jsontext_object(b, NULL);
        analysis_format_frame(s->frames[i].frame, b);
        jsontext_string(b, "verdict", s->frames[i].verdict);
        jsontext_string(b, "rule", s->frames[i].rule);
        jsontext_string(b, "name", s->frames[i].name);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

void api_add_event(struct buf *b, struct request *q, const struct event_row *e)
{
    jsontext_string(b, "id", e->crash_id);
    api_add_group_id(b, "group", e->group_id);
    api_add_time(b, "crashed_at", e->crashed_at);
    api_add_time(b, "received_at", e->received_at);
    jsontext_string(b, "host", e->host);
    jsontext_string(b, "executable", e->executable);
    jsontext_string(b, "version", e->version);
    jsontext_int(b, "pid", e->pid);
    jsontext_string(b, "signal", signal_name(e->signal));
    jsontext_bool(b, "restricted", e->flags & EVENT_RESTRICTED);
    jsontext_bool(b, "truncated", e->flags & EVENT_TRUNCATED);
    jsontext_string(b, "problem", e->problem);
    jsontext_int(b, "crashes", (int64_t)e->crashes);
    if (e->flags & EVENT_COUNTED)
        api_add_time(b, "first_at", e->first_at);
    add_page(b, q, arena_printf(request_arena(q), "/events/%s", e->crash_id));
}

/* --- Groups --- */

/* Each that was asked for is there, also when it has no value. */
static void add_facets(struct buf *b, const struct facet_list *l, unsigned set)
{
    if (set == 0)
        return;
    jsontext_object(b, "facets");
    for (unsigned f = 0; f < FACETS; f++) {
        if (!(set & 1u << f))
            continue;
        jsontext_array(b, facets[f].name);
        for (size_t i = 0; i < l->n; i++) {
            if (l->rows[i].facet != f)
                continue;
            jsontext_object(b, NULL);
            jsontext_string(b, "value", l->rows[i].value);
            jsontext_int(b, "groups", (int64_t)l->rows[i].groups);
            jsontext_end_object(b);
        }
        jsontext_end_array(b);
    }
    jsontext_end_object(b);
}

void api_wrong_listing(struct request *q, struct response *r, const struct listing_query *asked,
                       const char *wrong)
{
    struct listing_fault fault = listing_fault(asked, request_arena(q));

    response_problem_field(r, q, fault.parameter, fault.position, wrong);
}

/* Of a group in the list. */
static const char *const group_members[] = {
    "id",         "title",         "status",    "executable",  "signal",      "event_count",
    "host_count", "first_seen",    "last_seen", "resolved_at", "resolved_by", "may_be_several",
    "url",        "recent_events", "assignee",  "labels",      NULL,
};

static void add_row(struct buf *b, struct request *q, const struct group_row *g,
                    const struct members *wanted)
{
    size_t from = b->len;

    jsontext_object(b, NULL);
    api_add_group(b, q, g);
    add_people(b, g);
    jsontext_int(b, "recent_events", (int64_t)g->recent);
    jsontext_end_object(b);
    members_keep(wanted, b, from);
}

/* The address of the next page, with the same members. */
static const char *next_page(struct request *q, const struct listing *l, int64_t key, int64_t id)
{
    const char *fields = request_query(q, "fields");

    return arena_printf(request_arena(q), "<%s/api/v1/groups%s%s%s>; rel=\"next\"",
                        request_base_path(q), listing_after(l, request_arena(q), key, id),
                        fields ? "&fields=" : "", fields ? fields : "");
}

void api_groups(struct request *q, struct response *r)
{
    struct listing_query asked = group_listing_query(q);
    struct arena *a = request_arena(q);
    struct buf *b = response_body(r);
    struct group_list list;
    struct members wanted;
    struct listing l;
    const char *wrong = listing_parse(&asked, a, &l);
    struct facet_list values;
    unsigned set = 0;
    int outcome;

    if (wrong) {
        api_wrong_listing(q, r, &asked, wrong);
        return;
    }
    wrong = facets_parse(request_query(q, "facets"), &set);
    if (wrong) {
        response_problem_field(r, q, "facets", -1, wrong);
        return;
    }
    wrong = members_parse(a, request_query(q, "fields"), group_members, &wanted);
    if (wrong) {
        response_problem_field(r, q, "fields", -1, wrong);
        return;
    }
    outcome = query_groups(app_db(request_app(q)), a, &l, asked.now, &list);
    if (!outcome)
        outcome = query_facets(app_db(request_app(q)), a, &l, set, asked.now, &values);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    jsontext_object(b, NULL);
    jsontext_array(b, "groups");
    for (size_t i = 0; i < list.n; i++)
        add_row(b, q, &list.rows[i], &wanted);
    jsontext_end_array(b);
    add_facets(b, &values, set);
    if (list.more) {
        const struct group_row *last = &list.rows[list.n - 1];
        int64_t key = group_sort_key(last, l.sort);

        jsontext_string(b, "next_cursor", listing_cursor(a, key, last->id));
        response_header(r, "Link", next_page(q, &l, key, last->id));
    }
    jsontext_end_object(b);
    api_send(r);
}

static void add_group_details(struct buf *b, struct request *q, const struct group_view *v)
{
    jsontext_int(b, "recent_events", (int64_t)v->day.total);
    add_hours(b, &v->day);
    add_shares(b, "versions", &v->programs, "version", "executable");
    add_shares(b, "hosts", &v->hosts, "host", NULL);
    jsontext_array(b, "fingerprints");
    for (size_t i = 0; i < v->fingerprints.n; i++) {
        jsontext_object(b, NULL);
        jsontext_string(b, "fingerprint", v->fingerprints.rows[i].hex);
        jsontext_int(b, "algorithm", v->fingerprints.rows[i].algorithm);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
    jsontext_string(b, "stack_of", v->sample.crash_id);
    if (v->cause)
        analysis_format_cause(v->cause, b);
    add_stack(b, &v->stack);
    api_add_grouping(b, v);
    jsontext_array(b, "events");
    for (size_t i = 0; i < v->events.n; i++) {
        jsontext_object(b, NULL);
        api_add_event(b, q, &v->events.rows[i]);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

void api_group(struct request *q, struct response *r)
{
    int64_t id = group_id_parse(request_param(q, "id"));
    struct buf *b = response_body(r);
    struct group_view v = {0};
    int outcome = id ? group_follow(q, &id) : 0;

    if (!outcome && id)
        outcome = group_load(q, id, clock_now(), &v);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (!v.group.id) {
        page_no_group(q, r);
        return;
    }
    jsontext_object(b, NULL);
    api_add_group(b, q, &v.group);
    api_add_workflow(b, &v.workflow);
    add_group_details(b, q, &v);
    jsontext_end_object(b);
    response_header(r, "ETag",
                    arena_printf(request_arena(q), "\"%" PRId64 "\"", v.workflow.revision));
    api_send(r);
}

/* --- Events --- */

static void add_full(struct buf *b, const struct event_view *e)
{
    jsontext_int(b, "full_stored_bytes", e->full.stored);
    if (e->full.core_bytes != META_UNKNOWN)
        jsontext_int(b, "full_bytes", e->full.core_bytes);
    jsontext_bool(b, "full_truncated", e->full.core_truncated);
    if (!e->hidden)
        jsontext_string(b, "full_problem", e->full.core_problem);
    jsontext_string(b, "full_sha256", e->full.sha256);
}

static void add_core(struct buf *b, struct request *q, const struct event_view *e)
{
    const struct app *app = request_app(q);

    jsontext_object(b, "core");
    jsontext_string(b, "state", core_state_name(e->core));
    jsontext_string(b, "fidelity", fidelity_name(e->core_fidelity));
    if (e->has_full)
        add_full(b, e);
    if (e->core != CORE_NONE) {
        jsontext_int(b, "stored_bytes", (int64_t)e->core_stored);
        jsontext_string(b, "download",
                        arena_printf(request_arena(q), "%s/api/v1/events/%s/core",
                                     app->conf->public_url, e->crash_id));
    }
    jsontext_end_object(b);
}

/* Why the event is not as it was first. */
static void add_reanalysis(struct buf *b, struct request *q, const struct event_row *e)
{
    char *rest, *id, *ids = arena_strdup(request_arena(q), e->arrived ? e->arrived : "");

    if (!e->reanalysed_at)
        return;
    jsontext_object(b, "reanalysed");
    api_add_time(b, "at", e->reanalysed_at);
    jsontext_array(b, "build_ids");
    for (id = strtok_r(ids, ",", &rest); id; id = strtok_r(NULL, ",", &rest))
        jsontext_string(b, NULL, id);
    jsontext_end_array(b);
    jsontext_string(b, "problem", e->reanalysis_problem);
    jsontext_end_object(b);
}

static void add_details(struct buf *b, struct request *q, const struct event_view *e)
{
    size_t before;

    if (e->record) {
        buf_adds(b, ",\"meta\":");
        meta_format(&e->record->meta, b);
    }
    if (!e->analysis)
        return;
    before = b->len;
    buf_adds(b, ",\"analysis\":");
    analysis_format(e->analysis, b);
    if (b->len - before > ANALYSIS_INLINE_MAX || buf_error(b)) {
        b->error = 0;
        b->len = before;
        jsontext_string(b, "analysis_at",
                        arena_printf(request_arena(q), "%s/api/v1/events/%s/analysis",
                                     request_base_path(q), e->crash_id));
    }
}

static void add_explanation(struct buf *b, struct request *q, const struct event_view *e)
{
    struct explanation why;

    event_explain(&e->row, &e->stack, request_arena(q), &why);
    if (e->hidden)
        why.message = why.detail = NULL;
    api_add_explanation(b, &why);
}

static void add_known_event(struct buf *b, struct request *q, const struct event_view *e)
{
    api_add_event(b, q, &e->row);
    jsontext_string(b, "group_title", e->row.group_title);
    jsontext_string(b, "group_status", e->row.group_status);
    jsontext_string(b, "verdict", event_verdict(e, request_arena(q)));
    jsontext_string(b, "signal_code", event_code(e));
    if (event_cause(e))
        analysis_format_cause(event_cause(e), b);
    if (e->analysis && e->analysis->has_address)
        jsontext_hex(b, "fault_address", e->analysis->address);
    jsontext_string(b, "older", e->neighbours.older);
    jsontext_string(b, "newer", e->neighbours.newer);
    jsontext_bool(b, "details_hidden", e->hidden);
    add_reanalysis(b, q, &e->row);
    if (e->record)
        jsontext_string(b, "fidelity", fidelity_name(e->record->meta.fidelity));
    add_core(b, q, e);
    add_stack(b, &e->stack);
    add_explanation(b, q, e);
    add_details(b, q, e);
}

void api_event(struct request *q, struct response *r)
{
    struct buf *b = response_body(r);
    struct event_view e;
    int outcome = event_load(q, request_param(q, "id"), &e);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (e.state == EVENT_UNKNOWN) {
        page_no_event(q, r);
        return;
    }
    jsontext_object(b, NULL);
    jsontext_string(b, "state", e.state == EVENT_PENDING ? "queued" : "complete");
    if (e.state == EVENT_PENDING)
        jsontext_string(b, "id", e.crash_id);
    else
        add_known_event(b, q, &e);
    jsontext_end_object(b);
    api_send(r);
}

void api_event_analysis(struct request *q, struct response *r)
{
    struct app *app = request_app(q);
    _cleanup_fd_ int fd = -1;
    struct event_view e;
    struct stat st;
    int outcome = event_load(q, request_param(q, "id"), &e);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (e.state != EVENT_KNOWN || e.hidden ||
        blob_crash_file(app->blobs, e.crash_id, "analysis.json", &fd) != 0 || fstat(fd, &st) < 0) {
        page_no_event(q, r);
        return;
    }
    response_file(r, TAKE_FD(fd), (uint64_t)st.st_size);
    response_type(r, "application/json");
    response_header(r, "Cache-Control", "no-store");
}
