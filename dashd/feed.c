/* SPDX-License-Identifier: Apache-2.0 */
/* Groups that are new or came back, as an Atom feed: for people with a feed reader, and for chat
 * rooms. What changes with each crash is not in it, so that readers which ask again and again get
 * 304. */
#include "dashd/api.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/report/signals.h"
#include "dashd/api_grouping.h"
#include "dashd/app.h"
#include "dashd/group.h"
#include "dashd/page.h"
#include "dashd/queries_feed.h"
#include "dashd/view/atom.h"
#include "dashd/view/html.h"

#define FEED_ENTRIES_MAX 50

static const char *entry_id(struct arena *a, const char *public_url, const struct news_row *n)
{
    const char *group = arena_printf(a, "groups/%" PRId64, n->group);

    return atom_id(a, public_url,
                   n->activity ? arena_printf(a, "%s/regressed/%" PRId64, group, n->activity)
                               : group);
}

static const char *entry_summary(struct arena *a, const struct news_row *n)
{
    const char *what = n->activity ? "came back" : "was seen for the first time";

    return arena_printf(a, "G-%" PRId64 " %s%s%s: %s in %s.", n->group, what,
                        n->version ? " in version " : "", n->version ? n->version : "",
                        signal_name(n->signal), n->executable ? n->executable : "a program");
}

static void add_entry(struct buf *b, struct arena *a, const char *public_url,
                      const struct news_row *n)
{
    const struct atom_entry e = {
        .id = entry_id(a, public_url, n),
        .title = arena_printf(a, "%s: %s", n->activity ? "Regressed" : "New", n->title),
        .summary = entry_summary(a, n),
        .updated = n->at,
        .page = arena_printf(a, "%s/groups/G-%" PRId64, public_url, n->group),
        .category = n->activity ? "regressed" : "new",
    };

    atom_entry(b, &e);
}

static void add_feed(struct buf *b, struct request *q, const struct listing *l,
                     const struct news_list *news)
{
    const char *public_url = ((const struct app *)request_app(q))->conf->public_url;
    struct arena *a = request_arena(q);
    const char *asked = listing_address(l, a);
    const struct atom_head head = {
        .id = atom_id(a, public_url, arena_printf(a, "groups%s", asked)),
        .title = *l->text ? arena_printf(a, "Corral: new and regressed groups, %s", l->text)
                          : "Corral: new and regressed groups",
        .updated = news->n ? news->rows[0].at : 0,
        .self = arena_printf(a, "%s%s", public_url, request_target(q)),
        .page = arena_printf(a, "%s/groups%s", public_url, asked),
    };

    atom_begin(b, &head);
    for (size_t i = 0; i < news->n; i++)
        add_entry(b, a, public_url, &news->rows[i]);
    atom_end(b);
}

void handle_feed(struct request *q, struct response *r)
{
    const char *status = request_query(q, "status");
    const struct listing_query asked = {.status = cstr_empty(status) ? "all" : status,
                                        .text = request_query(q, "q")};
    struct arena *a = request_arena(q);
    struct news_list news = {0};
    struct listing l;
    const char *wrong = listing_parse(&asked, a, &l);
    int outcome;

    if (wrong) {
        api_wrong_listing(q, r, &asked, wrong);
        return;
    }
    outcome = query_news(app_db(request_app(q)), a, &l, clock_now(), FEED_ENTRIES_MAX, &news);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    add_feed(response_body(r), q, &l, &news);
    response_type(r, "application/atom+xml");
    response_header(r, "Cache-Control", "private, max-age=60");
    response_header(r, "Vary", "Authorization, Cookie");
    response_tag(r);
}
