/* SPDX-License-Identifier: Apache-2.0 */
/* Machines that crashes came from, and what crashes on one. */
#include "dashd/page.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "dashd/app.h"
#include "dashd/event.h"
#include "dashd/queries_hosts.h"
#include "dashd/templates/templates.h"

#define GROUPS_SHOWN 50
#define EVENTS_SHOWN 20

/* A name is hostile: one that is no segment of a path stands in the query instead. */
const char *host_path(struct arena *a, const char *hostname)
{
    bool segment = *hostname && *hostname != '.' && !strchr(hostname, '/');

    return arena_printf(a, segment ? "/hosts/%s" : "/hosts?name=%s", filter_percent(a, hostname));
}

static void show_host(struct request *q, struct response *r, const char *hostname);

void handle_hosts(struct request *q, struct response *r)
{
    struct app *app = request_app(q);
    struct hosts_view v = {.filter.text = ""};
    struct page p;
    int outcome = 0;

    if (request_query(q, "name")) {
        show_host(q, r, request_query(q, "name"));
        return;
    }
    page_init(&p, q, "Hosts");
    p.section = SECTION_HOSTS;
    v.wrong = filter_parse(request_query(q, "q"), request_query(q, "cursor"), p.arena, &v.filter);
    if (v.wrong)
        response_status(r, 400);
    else
        outcome = query_hosts(app_db(app), p.arena, &v.filter, FILTER_PAGE, p.now, &v.list);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (v.list.more) {
        const struct host_row *last = &v.list.rows[v.list.n - 1];

        v.next = filter_after(&v.filter, p.arena, last->last_seen, last->id);
    }
    template_hosts(response_body(r), &p, &v);
    page_send(r);
}

/* --- One --- */

/* What the host said about itself with its latest crash. */
static int fill_meta(struct request *q, struct host_view *v)
{
    struct event_view *e;
    int r;

    if (v->events.n == 0)
        return 0;
    e = arena_new(request_arena(q), struct event_view);
    r = event_load(q, v->events.rows[0].crash_id, e);
    if (!r && e->record && !e->hidden)
        v->meta = &e->record->meta;
    return r;
}

static int fill(struct request *q, const struct page *p, const char *hostname, struct host_view *v)
{
    struct db *db = app_db(request_app(q));
    int r = query_host(db, p->arena, hostname, p->now, &v->host);

    if (r || !v->host.id)
        return r;
    r = query_host_groups(db, p->arena, v->host.id, GROUPS_SHOWN, &v->groups);
    if (!r)
        r = query_host_events(db, p->arena, v->host.id, v->host.last_seen, EVENTS_SHOWN,
                              &v->events);
    return r ? r : fill_meta(q, v);
}

static void show_host(struct request *q, struct response *r, const char *hostname)
{
    struct host_view v = {0};
    struct page p;
    int outcome;

    page_init(&p, q, hostname);
    p.section = SECTION_HOSTS;
    outcome = fill(q, &p, hostname, &v);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (!v.host.id) {
        page_problem(q, r, 404,
                     "No crash has come from a host of this name. `corralctl client status` there "
                     "says whether its crashes are handed over and what still waits to be sent.");
        return;
    }
    template_host(response_body(r), &p, &v);
    page_send(r);
}

void handle_host(struct request *q, struct response *r)
{
    show_host(q, r, request_param(q, "name"));
}
