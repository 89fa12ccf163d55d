/* SPDX-License-Identifier: Apache-2.0 */
/* Programs by version: when each crashed first and last, what it brought and what it ended. */
#include "dashd/page.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "dashd/app.h"
#include "dashd/queries_releases.h"
#include "dashd/templates/templates.h"

#define GROUPS_SHOWN 200

/* --- All programs --- */

static void show_programs(struct request *q, struct response *r)
{
    struct app *app = request_app(q);
    struct programs_view v = {.filter.text = ""};
    struct page p;
    int outcome = 0;

    page_init(&p, q, "Releases");
    p.section = SECTION_RELEASES;
    v.wrong = filter_parse(request_query(q, "q"), request_query(q, "cursor"), p.arena, &v.filter);
    if (v.wrong)
        response_status(r, 400);
    else
        outcome = query_programs(app_db(app), p.arena, &v.filter, FILTER_PAGE, &v.list);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (v.list.more) {
        const struct program_row *last = &v.list.rows[v.list.n - 1];

        v.next = filter_after(&v.filter, p.arena, last->last_seen, last->id);
    }
    template_programs(response_body(r), &p, &v);
    page_send(r);
}

/* --- One --- */

static const struct version_row *find(const struct version_list *l, const char *version)
{
    for (size_t i = 0; version && i < l->n; i++)
        if (strcmp(l->rows[i].version, version) == 0)
            return &l->rows[i];
    return NULL;
}

static void sort_out(struct versions_view *v)
{
    for (size_t i = 0; i < v->groups.n; i++) {
        const struct version_group *g = &v->groups.rows[i];

        v->n_new += g->before == 0;
        v->n_gone += g->after == 0;
    }
}

static int fill(struct request *q, const struct page *p, struct versions_view *v)
{
    struct db *db = app_db(request_app(q));
    const char *before = request_query(q, "before");
    int r = query_versions(db, p->arena, v->executable, p->now, &v->list);

    if (r || v->list.n == 0)
        return r;
    v->after = find(&v->list, request_query(q, "after"));
    if (!v->after)
        v->after = &v->list.rows[0];
    v->before = find(&v->list, before);
    if (v->before == v->after)
        v->before = NULL;
    r = query_version_groups(db, p->arena, v->before ? v->before->id : 0, v->after->id,
                             GROUPS_SHOWN, &v->groups);
    if (!r)
        sort_out(v);
    return r;
}

static void show_versions(struct request *q, struct response *r, const char *executable)
{
    struct versions_view v = {.executable = executable};
    struct page p;
    int outcome;

    page_init(&p, q, arena_printf(request_arena(q), "Releases of %s", path_base(executable)));
    p.section = SECTION_RELEASES;
    outcome = fill(q, &p, &v);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (v.list.n == 0) {
        page_problem(q, r, 404,
                     "No version of this program has crashed. The list of releases has those that "
                     "did, by the path that they ran from.");
        return;
    }
    template_versions(response_body(r), &p, &v);
    page_send(r);
}

void handle_releases(struct request *q, struct response *r)
{
    const char *executable = request_query(q, "exe");

    if (cstr_empty(executable))
        show_programs(q, r);
    else
        show_versions(q, r, executable);
}
