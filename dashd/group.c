/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/group.h"

#include <inttypes.h>

#include "common/base/clock.h"
#include "dashd/access/access.h"
#include "dashd/app.h"
#include "dashd/queries_attributes.h"

enum { DAY_BARS = 24, MONTH_BARS = 30, EVENTS_SHOWN = 20, TICKET_FRAMES = 12 };

struct listing_query group_listing_query(struct request *q)
{
    const struct identity *who = access_identity(q);

    return (struct listing_query){
        .status = request_query(q, "status"),
        .text = request_query(q, "q"),
        .sort = request_query(q, "sort"),
        .limit = request_query(q, "limit"),
        .cursor = request_query(q, "cursor"),
        .from = request_query(q, "from"),
        .to = request_query(q, "to"),
        .me = who->user_id ? who->name : NULL,
        .now = clock_now(),
    };
}

int64_t group_sort_key(const struct group_row *g, enum listing_sort s)
{
    switch (s) {
    case SORT_LAST_SEEN:
        return g->last_seen;
    case SORT_FIRST_SEEN:
        return g->first_seen;
    case SORT_EVENTS:
        return (int64_t)g->event_count;
    case SORT_HOSTS:
        return (int64_t)g->host_count;
    case SORT_COUNT:
        break;
    }
    return 0;
}

static int load_trends(struct db *db, struct arena *a, int64_t now, struct group_view *v)
{
    struct hour_list hours;
    int r = query_hours(db, a, v->group.id, trend_since(now, TREND_DAY, MONTH_BARS), &hours);

    if (r)
        return r;
    trend_make(a, "Last 24 hours", &hours, now, TREND_HOUR, DAY_BARS, &v->day);
    trend_make(a, "Last 30 days", &hours, now, TREND_DAY, MONTH_BARS, &v->month);
    return 0;
}

/* What its analysis says, unless it is restricted and who asks may not see it. */
static void load_sample_details(struct request *q, struct group_view *v)
{
    struct arena *a = request_arena(q);
    const struct analysis *an;

    if (!v->sample.crash_id)
        return;
    if (v->sample.flags & EVENT_RESTRICTED && !access_has(q, MAY_CORE)) {
        v->explanation.message = v->explanation.detail = NULL;
        return;
    }
    an = event_analysis(request_app(q), a, v->sample.crash_id);
    if (!an || an->n_threads == 0)
        return;
    v->cause_shown = true;
    v->cause = an->cause.rule ? &an->cause : NULL;
    stack_take_arguments(&an->threads[0], a, &v->stack);
}

static int load_sample(struct request *q, struct db *db, struct arena *a, struct group_view *v)
{
    int r = query_group_sample(db, a, v->group.id, &v->sample);

    if (r)
        return r;
    if (v->sample.frames && stack_parse(str_from(v->sample.frames), a, &v->stack) < 0)
        v->stack = (struct stack_view){0};
    event_explain(&v->sample, &v->stack, a, &v->explanation);
    load_sample_details(q, v);
    return 0;
}

/* What the tracker is told of it. */
static const char *ticket_body(const struct group_view *v, const char *url, struct arena *a)
{
    const char *text = arena_printf(a, "%s\n\n%" PRIu64 " crashes on %" PRIu64 " hosts: %s\n\n",
                                    v->group.title, v->group.event_count, v->group.host_count, url);

    for (size_t i = 0; i < v->stack.n && i < TICKET_FRAMES; i++) {
        const struct frame *f = v->stack.frames[i].frame;

        text = arena_printf(a, "%s#%zu %s %s:%u\n", text, i, f->function ? f->function : "??",
                            f->file     ? f->file
                            : f->module ? f->module
                                        : "?",
                            f->line);
    }
    return text;
}

static int load_workflow(struct request *q, struct group_view *v)
{
    const struct dashd_conf *conf = ((struct app *)request_app(q))->conf;
    struct arena *a = request_arena(q);
    const char *url = arena_printf(a, "%s/groups/G-%" PRId64, conf->public_url, v->group.id);

    v->tracker = tracker_url(conf->tracker, v->group.title, ticket_body(v, url, a), url, a);
    return query_workflow(app_db(request_app(q)), a, v->group.id, &v->workflow);
}

/* Why it is one group, and what people made of that. */
static int load_grouping(struct db *db, struct arena *a, struct group_view *v)
{
    struct main_stack main;
    int r = query_group_state(db, a, v->group.id, &v->state);

    if (!r)
        r = similar_main_stack(db, a, v->group.id, &main);
    if (!r)
        r = similar_find(db, a, v->group.id, &main, &v->similar);
    if (!r)
        r = query_decisions(db, a, v->group.id, &v->decisions);
    if (!r)
        r = query_requests(db, a, v->group.id, &v->requests);
    if (!r)
        hint_parse(v->state.split_hint, a, &v->hint);
    return r;
}

/* Where it crashes, and from which version to which. */
static int load_attributes(struct db *db, struct arena *a, struct group_view *v)
{
    struct attribute_version_list versions;
    struct attribute_list attributes;
    int r = query_group_attributes(db, a, v->group.id, &attributes);

    if (!r)
        r = query_group_versions(db, a, v->group.id, &versions);
    if (r)
        return r;
    attributes_choose(attributes.rows, attributes.n, &v->attributes);
    v->began_in = attributes_began_in(versions.rows, versions.n);
    v->fixed_in = attributes_fixed_in(versions.rows, versions.n);
    return 0;
}

int group_follow(struct request *q, int64_t *id)
{
    int64_t into = 0;
    int r = query_group_merged_into(app_db(request_app(q)), *id, &into);

    if (!r && into)
        *id = into;
    return r;
}

int group_load(struct request *q, int64_t id, int64_t now, struct group_view *ret)
{
    struct db *db = app_db(request_app(q));
    struct arena *a = request_arena(q);
    struct group_view v = {0};
    int r = query_group(db, a, id, &v.group);

    if (!r && v.group.id) {
        v.signal = event_signal(a, v.group.signal);
        r = query_group_hosts(db, a, id, &v.hosts);
        if (!r)
            r = query_group_programs(db, a, id, &v.programs);
        if (!r)
            r = query_group_events(db, a, id, EVENTS_SHOWN, &v.events);
        if (!r)
            r = query_fingerprints(db, a, id, &v.fingerprints);
        if (!r)
            r = load_trends(db, a, now, &v);
        if (!r)
            r = load_sample(q, db, a, &v);
        if (!r)
            r = load_grouping(db, a, &v);
        if (!r)
            r = load_attributes(db, a, &v);
        if (!r)
            r = load_workflow(q, &v);
    }
    if (!r)
        *ret = v;
    return r;
}
