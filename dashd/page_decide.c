/* SPDX-License-Identifier: Apache-2.0 */
/* Merging, splitting and undoing: a page that shows what would be, a form that asks for it, and a
 * page on which one sees it being done. */
#include "dashd/page.h"

#include <string.h>

#include "common/base/str.h"
#include "dashd/app.h"
#include "dashd/grouping/decide.h"
#include "dashd/templates/templates.h"

#define REFRESH "2" /* seconds, of the page of a request that is not done */

/* The group of the address, or a response that there is none. */
static int find_group(struct request *q, struct response *r, struct page *p, int64_t *ret)
{
    int64_t id = 0;
    int outcome = decide_group(q, request_param(q, "id"), &id);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return 1;
    }
    if (!id) {
        page_no_group(q, r);
        return 1;
    }
    page_init(p, q, "Group");
    p->section = SECTION_GROUPS;
    *ret = id;
    return 0;
}

/* --- What would be --- */

static int load_merge(struct request *q, int64_t group, struct merge_view *v)
{
    struct db *db = app_db(request_app(q));
    struct arena *a = request_arena(q);
    struct main_stack main;
    int64_t into = 0;
    int r = query_group(db, a, group, &v->group);

    if (!r && *v->into)
        r = decide_group(q, v->into, &into);
    if (r)
        return r;
    v->has_preview = into && into != group;
    if (*v->into && !into)
        v->wrong = "There is no group of this number. Write one such as G-142.";
    else if (into == group)
        v->wrong = "That is this group itself, or one that was merged into it.";
    if (v->has_preview)
        return preview_merge(db, a, group, into, &v->preview);
    r = similar_main_stack(db, a, group, &main);
    return r ? r : similar_find(db, a, group, &main, &v->similar);
}

void handle_merge_preview(struct request *q, struct response *r)
{
    const char *into = request_query(q, "into");
    struct merge_view v = {.into = into ? into : ""};
    int64_t group;
    struct page p;
    int outcome;

    if (find_group(q, r, &p, &group))
        return;
    outcome = load_merge(q, group, &v);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (v.wrong)
        response_status(r, 400);
    if (v.has_preview)
        p.api = arena_printf(p.arena, "/api/v1/groups/G-%lld/merge?into=G-%lld", (long long)group,
                             (long long)v.preview.into.group.id);
    p.title = arena_printf(p.arena, "Merge G-%lld", (long long)group);
    template_merge(response_body(r), &p, &v);
    page_send(r);
}

void handle_split_preview(struct request *q, struct response *r)
{
    const char *by = request_query(q, "by");
    struct selector s = selector_from_form(by);
    unsigned frames = s.frame > SELECTOR_FRAMES_SHOWN ? s.frame : SELECTOR_FRAMES_SHOWN;
    struct split_view v = {0};
    int64_t group;
    struct page p;
    int outcome;

    if (find_group(q, r, &p, &group))
        return;
    outcome = preview_split(app_db(request_app(q)), p.arena, group, frames, &v.preview);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (s.kind != SELECT_NOTHING)
        v.chosen = preview_choice(&v.preview, &s);
    if (by && s.kind == SELECT_NOTHING)
        v.wrong = "A group can be split by the signal, the program or a frame from 1 to 32.";
    else if (by && !v.chosen)
        v.wrong = "All crashes of this group are the same in that: nothing would be split.";
    if (v.wrong)
        response_status(r, 400);
    p.api = arena_printf(p.arena, "/api/v1/groups/G-%lld/split", (long long)group);
    p.title = arena_printf(p.arena, "Split G-%lld", (long long)group);
    template_split(response_body(r), &p, &v);
    page_send(r);
}

/* --- Asking for it --- */

static void asked(struct request *q, struct response *r, decide *wish)
{
    struct decided d;
    int outcome;

    if (access_check_form(q, r))
        return;
    outcome = wish(q, &d);
    if (outcome)
        page_database_failure(q, r, outcome);
    else if (d.status)
        page_problem(q, r, d.status, d.problem);
    else if (d.group)
        response_redirect(r, q,
                          arena_printf(request_arena(q), "/groups/G-%lld", (long long)d.group));
    else
        response_redirect(
            r, q, arena_printf(request_arena(q), "/grouping-requests/%lld", (long long)d.request));
}

void handle_merge(struct request *q, struct response *r)
{
    asked(q, r, decide_merge);
}

void handle_split(struct request *q, struct response *r)
{
    asked(q, r, decide_split);
}

void handle_undo(struct request *q, struct response *r)
{
    asked(q, r, decide_undo);
}

void handle_remove(struct request *q, struct response *r)
{
    asked(q, r, decide_remove);
}

void handle_remove_page(struct request *q, struct response *r)
{
    struct group_row g = {0};
    int64_t group;
    struct page p;
    int outcome;

    if (find_group(q, r, &p, &group))
        return;
    outcome = query_group(app_db(request_app(q)), p.arena, group, &g);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    p.title = arena_printf(p.arena, "Remove G-%lld", (long long)group);
    template_remove(response_body(r), &p, &g);
    page_send(r);
}

void handle_reprocess(struct request *q, struct response *r)
{
    asked(q, r, decide_reprocess);
}

void handle_one_bug(struct request *q, struct response *r)
{
    asked(q, r, decide_one_bug);
}

void handle_reprocess_query(struct request *q, struct response *r)
{
    asked(q, r, decide_reprocess_query);
}

/* --- Seeing it done --- */

/* Of a merge it is the one that stays. */
static int64_t group_afterwards(const struct request_row *row)
{
    return strcmp(row->kind, "merge") == 0 ? row->into : row->group;
}

void handle_grouping_request(struct request *q, struct response *r)
{
    struct request_view v = {.group = 0};
    int64_t id;
    struct page p;
    int outcome = 0;

    if (str_to_i64(str_from(request_param(q, "id")), &id) == 0 && id > 0 && id <= INT32_MAX)
        outcome = query_request(app_db(request_app(q)), request_arena(q), id, &v.row);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (!v.row.id) {
        page_problem(q, r, 404, "There is no request about groups with this number.");
        return;
    }
    page_init(&p, q, "Request");
    v.words = request_words(&v.row, p.arena);
    v.group = group_afterwards(&v.row);
    p.section = SECTION_GROUPS;
    p.title = v.words;
    p.api = arena_printf(p.arena, "/api/v1/grouping-requests/%lld", (long long)id);
    if (!v.row.ended_at && strcmp(v.row.state, "failed") != 0 && strcmp(v.row.state, "done") != 0)
        p.refresh = REFRESH;
    template_grouping_request(response_body(r), &p, &v);
    page_send(r);
}
