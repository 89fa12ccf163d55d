/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/page.h"

#include <assert.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/store/blob.h"
#include "dashd/app.h"
#include "dashd/queries.h"
#include "dashd/templates/templates.h"
#include "dashd/view/format.h"

#define TOP_GROUPS   10
#define NEW_GROUPS   5
#define BARS         24
#define DAYS         30
#define PENDING_LATE (60 * USEC_PER_SEC) /* a crash that waits longer than this is worth a look */
#define FREE_LOW     (2ull << 30)

static const char *against(struct arena *a, uint64_t now, uint64_t before)
{
    char change[FORMAT_SIZE];

    format_change(now, before, change);
    return arena_printf(a, "%s the day before", change);
}

static const char *of_all(struct arena *a, uint64_t all, const char *what)
{
    char count[FORMAT_SIZE];

    format_count(all, count);
    return arena_printf(a, "of %s %s", count, what);
}

static void fill_figures(struct arena *a, const struct totals *t, struct overview_view *v)
{
    const struct figure figures[] = {
        {"Crashes, last 24 h", t->crashes, against(a, t->crashes, t->crashes_before), "",
         "/groups?status=all&sort=-last_seen"},
        {"Groups that crashed", t->groups, of_all(a, t->all_groups, "known"), "",
         "/groups?status=all"},
        {"New groups", t->new_groups, against(a, t->new_groups, t->new_groups_before),
         t->new_groups ? "bad" : "", "/groups?sort=-first_seen"},
        {"Regressed", t->regressed,
         t->regressed ? "resolved before, crashing again" : "none came back",
         t->regressed ? "bad" : "", "/groups?status=regressed"},
        {"Hosts affected", t->hosts, of_all(a, t->all_hosts, "known"), "", "/hosts"},
    };

    static_assert(sizeof(figures) == sizeof(v->figures), "one for each place");
    memcpy(v->figures, figures, sizeof(figures));
}

struct waiting {
    uint64_t n;
};

static int count_one(const char *crash_id, void *arg)
{
    struct waiting *w = arg;

    (void)crash_id;
    w->n++;
    return 0;
}

static uint64_t count_pending(struct app *app, int64_t older_than)
{
    struct waiting w = {0};

    return blob_pending_each(app->blobs, older_than, count_one, &w) < 0 ? 0 : w.n;
}

static void fill_health(struct app *app, const struct totals *t, struct overview_view *v)
{
    bool late = count_pending(app, PENDING_LATE) > 0;

    v->pending = count_pending(app, 0);
    if (blob_free_bytes(app->blobs, &v->free_bytes) < 0)
        v->free_bytes = 0;
    v->missing_modules = t->missing_modules;
    v->problems = t->problems;
    v->last_event = t->last_event;
    v->late = late;
    v->full = v->free_bytes < FREE_LOW;
}

static int fill_rows(struct app *app, const struct page *p, struct totals *t,
                     struct overview_view *v)
{
    struct db *db = app_db(app);
    const char *address = page_url(p, "/groups?status=all&").text;
    struct hour_list hours, days;
    int r = query_totals(db, p->now, t);

    if (!r)
        r = query_top_groups(db, p->arena, TOP_GROUPS, p->now, &v->top);
    if (!r)
        r = query_hours(db, p->arena, 0, trend_since(p->now, TREND_HOUR, BARS), &hours);
    if (!r)
        r = query_hours(db, p->arena, 0, trend_since(p->now, TREND_DAY, DAYS), &days);
    if (!r)
        r = query_new_groups(db, p->arena, p->now - TREND_DAY, NEW_GROUPS, p->now, &v->fresh);
    if (r)
        return r;
    trend_make_linked(p->arena, "Last 24 hours", &hours, p->now, TREND_HOUR, BARS, address,
                      &v->trend);
    trend_make_linked(p->arena, "Last 30 days", &days, p->now, TREND_DAY, DAYS, address, &v->month);
    return 0;
}

void handle_overview(struct request *q, struct response *r)
{
    struct app *app = request_app(q);
    struct overview_view v = {0};
    struct totals t;
    struct page p;
    int outcome;

    page_init(&p, q, "Overview");
    p.section = SECTION_OVERVIEW;
    outcome = fill_rows(app, &p, &t, &v);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    fill_figures(p.arena, &t, &v);
    fill_health(app, &t, &v);
    template_overview(response_body(r), &p, &v);
    page_send(r);
}
