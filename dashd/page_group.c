/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/page.h"

#include "common/base/clock.h"
#include "dashd/app.h"
#include "dashd/group.h"
#include "dashd/summary.h"
#include "dashd/templates/templates.h"

void handle_group(struct request *q, struct response *r)
{
    int64_t asked = group_id_parse(request_param(q, "id")), id = asked;
    struct group_view v = {0};
    struct page p;
    int outcome;

    page_init(&p, q, "Group");
    outcome = id ? group_follow(q, &id) : 0;
    if (!outcome && id && id == asked)
        outcome = group_load(q, id, p.now, &v);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (id != asked) {
        response_redirect(r, q, arena_printf(p.arena, "/groups/G-%lld", (long long)id));
        return;
    }
    if (!v.group.id) {
        page_no_group(q, r);
        return;
    }
    p.section = SECTION_GROUPS;
    p.title = arena_printf(p.arena, "%s - G-%lld", v.group.title, (long long)id);
    p.api = arena_printf(p.arena, "/api/v1/groups/G-%lld", (long long)id);
    template_group(response_body(r), &p, &v);
    page_send(r);
}

void handle_group_markdown(struct request *q, struct response *r)
{
    const struct app *app = request_app(q);
    int64_t id = group_id_parse(request_param(q, "id"));
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
    summary_group(&v, app->conf->public_url, request_arena(q), response_body(r));
    page_send_text(r, "text/markdown; charset=utf-8");
}
