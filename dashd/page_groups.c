/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/page.h"

#include <assert.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/search/pasted.h"
#include "dashd/app.h"
#include "dashd/group.h"
#include "dashd/queries.h"
#include "dashd/templates/templates.h"

/* Signal, program and version: what is quickly counted and tells most. */
#define FACETS_SHOWN 0x0eu

/* The order of the columns. */
static const struct {
    enum listing_sort sort;
    const char *label;
} columns[SORT_COUNT] = {
    {SORT_EVENTS, "Events"},
    {SORT_HOSTS, "Hosts"},
    {SORT_LAST_SEEN, "Last seen"},
    {SORT_FIRST_SEEN, "First seen"},
};

static uint64_t count_of(const struct status_counts *counts, const struct listing_status *s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < counts->n; i++)
        if (strstr(s->postgres, counts->rows[i].status))
            n += counts->rows[i].groups;
    return n;
}

static void fill_tabs(struct arena *a, const struct status_counts *counts, struct groups_view *v)
{
    v->never = counts->n == 0;
    v->n_tabs = listing_statuses_n;
    assert(v->n_tabs <= ARRAY_SIZE(v->tabs));
    for (size_t i = 0; i < v->n_tabs; i++)
        v->tabs[i] = (struct tab){
            .label = listing_statuses[i].label,
            .address = listing_with_status(&v->listing, a, listing_statuses[i].name),
            .count = count_of(counts, &listing_statuses[i]),
            .current = v->listing.status == &listing_statuses[i],
        };
}

static void fill_heads(struct arena *a, struct groups_view *v)
{
    for (size_t i = 0; i < SORT_COUNT; i++)
        v->sorts[i] = (struct sort_head){
            .label = columns[i].label,
            .address = listing_with_sort(&v->listing, a, columns[i].sort),
            .order = columns[i].sort != v->listing.sort ? "none"
                     : v->listing.ascending             ? "ascending"
                                                        : "descending",
        };
}

static int fill(struct app *app, const struct page *p, struct groups_view *v)
{
    struct status_counts counts;
    int r = query_status_counts(app_db(app), p->arena, &counts);

    if (!r)
        r = query_groups(app_db(app), p->arena, &v->listing, p->now, &v->list);
    if (r)
        return r;
    r = query_facets(app_db(app), p->arena, &v->listing, FACETS_SHOWN, p->now, &v->facets);
    if (r)
        return r;
    fill_tabs(p->arena, &counts, v);
    fill_heads(p->arena, v);
    if (v->list.more) {
        const struct group_row *last = &v->list.rows[v->list.n - 1];

        v->next =
            listing_after(&v->listing, p->arena, group_sort_key(last, v->listing.sort), last->id);
    }
    return 0;
}

/* An id in the search field leads to its page, a backtrace to its functions. */
static bool jump(struct request *q, struct response *r)
{
    struct arena *a = request_arena(q);
    const char *text = request_query(q, "q"), *to = NULL;
    struct pasted p = search_pasted(str_from(text), a);
    _cleanup_buf_ struct buf b = BUF_INIT(4 * SEARCH_QUERY_MAX);

    if (p.kind == PASTED_EVENT)
        to = arena_printf(a, "/events/%s", p.id);
    else if (p.kind == PASTED_GROUP)
        to = arena_printf(a, "/groups/G-%lld", (long long)p.group);
    else if (p.kind != PASTED_QUERY)
        html_percent(&b, p.query);
    if (!to && b.len)
        to = arena_printf(a, "/groups?status=all&q=%s", buf_text(&b));
    if (to)
        response_redirect(r, q, to);
    return to != NULL;
}

/* The query goes with it; order and page mean nothing there, and the state only narrows it. */
static const char *feed_address(struct arena *a, const struct listing *l)
{
    _cleanup_buf_ struct buf b = BUF_INIT(4 * SEARCH_QUERY_MAX);

    buf_adds(&b, "/groups.atom");
    if (*l->text) {
        buf_adds(&b, "?q=");
        html_percent(&b, l->text);
    }
    return arena_strdup(a, buf_text(&b));
}

void handle_groups(struct request *q, struct response *r)
{
    struct listing_query asked = group_listing_query(q);
    struct groups_view v = {0};
    struct page p;
    int outcome;

    if (jump(q, r))
        return;
    page_init(&p, q, "Groups");
    p.section = SECTION_GROUPS;
    v.wrong = listing_parse(&asked, p.arena, &v.listing);
    if (v.wrong) {
        v.mistake = listing_mistake(asked.text, p.arena);
        response_status(r, 400);
    } else {
        p.search = v.listing.text;
        v.ticks = p.may_triage && p.who->csrf;
        v.back = arena_printf(p.arena, "/groups%s", listing_address(&v.listing, p.arena));
        p.api = arena_printf(p.arena, "/api/v1/groups%s", listing_address(&v.listing, p.arena));
        p.feed = feed_address(p.arena, &v.listing);
        outcome = fill(request_app(q), &p, &v);
        if (outcome) {
            page_database_failure(q, r, outcome);
            return;
        }
    }
    template_groups(response_body(r), &p, &v);
    page_send(r);
}
