/* SPDX-License-Identifier: Apache-2.0 */
/* Forms that change groups: one at a time from its page, many at once from a list. What could not
 * be changed is shown with the reason and is chosen still, so that nobody looks for it again. */
#include "dashd/page.h"

#include <inttypes.h>

#include "common/base/str.h"
#include "dashd/app.h"
#include "dashd/group.h"
#include "dashd/templates/templates.h"
#include "dashd/workflow/change.h"
#include "dashd/workflow/fields.h"

static unsigned status_of(enum change_result result)
{
    return result == CHANGE_NO_GROUP ? 404 : result == CHANGE_STALE ? 409 : 400;
}

void handle_group_act(struct request *q, struct response *r)
{
    struct asked asked;
    struct change c = {0};
    const char *wrong;
    int outcome = 0;

    if (access_check_form(q, r))
        return;
    wrong = fields_read(q, NULL, &asked).message;
    if (wrong) {
        page_problem(q, r, 400, wrong);
        return;
    }
    outcome =
        change_group(q, group_id_parse(request_param(q, "id")), &asked.wish, asked.revision, &c);
    if (outcome)
        page_database_failure(q, r, outcome);
    else if (c.problem)
        page_problem(q, r, status_of(c.result), c.problem);
    else
        response_redirect(
            r, q, arena_printf(request_arena(q), "/groups/G-%" PRId64 "#activity", c.group));
}

/* --- Many --- */

static int change_all(struct request *q, const struct asked *asked, struct bulk_view *v)
{
    struct arena *a = request_arena(q);

    v->failed = arena_array(a, struct bulk_failure, asked->n);
    for (size_t i = 0; i < asked->n; i++) {
        struct change c = {.result = CHANGE_REFUSED, .problem = "That is no group's number."};
        int outcome = asked->groups[i].id
                          ? change_group(q, asked->groups[i].id, &asked->wish, REVISION_ANY, &c)
                          : 0;

        if (outcome)
            return outcome;
        v->n_done += !c.problem;
        if (c.problem)
            v->failed[v->n_failed++] = (struct bulk_failure){asked->groups[i].name, c.problem};
    }
    return 0;
}

void handle_groups_act(struct request *q, struct response *r)
{
    struct bulk_view v = {0};
    struct asked asked;
    const char *wrong;
    struct page p;
    int outcome;

    if (access_check_form(q, r))
        return;
    wrong = fields_read(q, NULL, &asked).message;
    if (!wrong && asked.n == 0)
        wrong = "No group was chosen: tick those that are meant.";
    if (wrong) {
        page_problem(q, r, 400, wrong);
        return;
    }
    outcome = change_all(q, &asked, &v);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (v.n_failed == 0) {
        response_redirect(r, q, asked.back ? asked.back : "/groups");
        return;
    }
    page_init(&p, q, "Not all groups were changed");
    p.section = SECTION_GROUPS;
    v.action = wish_action_name(asked.wish.action);
    v.back = asked.back ? asked.back : "/groups";
    response_status(r, 409);
    template_bulk(response_body(r), &p, &v);
    page_send(r);
}
