/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes by query, the newest first: the page and the same as JSON. */
#include "dashd/page.h"

#include "common/base/clock.h"
#include "common/report/jsontext.h"
#include "dashd/api.h"
#include "dashd/api_grouping.h"
#include "dashd/app.h"
#include "dashd/queries_events.h"
#include "dashd/templates/templates.h"

static struct eventlist_query asked_of(struct request *q)
{
    const struct identity *who = access_identity(q);

    return (struct eventlist_query){
        .text = request_query(q, "q"),
        .limit = request_query(q, "limit"),
        .cursor = request_query(q, "cursor"),
        .from = request_query(q, "from"),
        .to = request_query(q, "to"),
        .me = who->user_id ? who->name : NULL,
        .now = clock_now(),
    };
}

/* The address of what follows; NULL at the end. */
static const char *next_page(const struct eventlist *l, const struct event_page *p, struct arena *a)
{
    const struct event_row *last = p->n ? &p->rows[p->n - 1] : NULL;

    return p->more ? eventlist_after(l, a, last->received_at, last->crash_id) : NULL;
}

void handle_events(struct request *q, struct response *r)
{
    struct eventlist_query asked = asked_of(q);
    struct events_view v = {0};
    struct page p;
    int outcome;

    page_init(&p, q, "Events");
    p.section = SECTION_EVENTS;
    v.wrong = eventlist_parse(&asked, p.arena, &v.list);
    if (v.wrong) {
        v.mistake = listing_mistake(asked.text, p.arena);
        response_status(r, 400);
    } else {
        outcome = query_events(app_db(request_app(q)), p.arena, &v.list, p.now, &v.rows);
        if (outcome) {
            page_database_failure(q, r, outcome);
            return;
        }
        p.api = arena_printf(p.arena, "/api/v1/events%s", eventlist_address(&v.list, p.arena));
        v.next = next_page(&v.list, &v.rows, p.arena);
    }
    template_events(response_body(r), &p, &v);
    page_send(r);
}

void api_events(struct request *q, struct response *r)
{
    struct eventlist_query asked = asked_of(q);
    struct arena *a = request_arena(q);
    struct buf *b = response_body(r);
    struct event_page rows;
    struct eventlist l;
    const char *wrong = eventlist_parse(&asked, a, &l), *next;
    int outcome;

    if (wrong) {
        response_problem(r, q, 400, "%s", wrong);
        return;
    }
    outcome = query_events(app_db(request_app(q)), a, &l, asked.now, &rows);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    jsontext_object(b, NULL);
    jsontext_array(b, "events");
    for (size_t i = 0; i < rows.n; i++) {
        jsontext_object(b, NULL);
        api_add_event(b, q, &rows.rows[i]);
        jsontext_string(b, "group_title", rows.rows[i].group_title);
        jsontext_string(b, "group_status", rows.rows[i].group_status);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
    next = next_page(&l, &rows, a);
    if (next) {
        const struct event_row *last = &rows.rows[rows.n - 1];

        jsontext_string(b, "next_cursor", eventlist_cursor(a, last->received_at, last->crash_id));
        response_header(
            r, "Link",
            arena_printf(a, "<%s/api/v1/events%s>; rel=\"next\"", request_base_path(q), next));
    }
    jsontext_end_object(b);
    api_send(r);
}
