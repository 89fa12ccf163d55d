/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/page.h"

#include "dashd/app.h"
#include "dashd/group.h"
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

static void change(struct request *q, struct response *r, bool resolve)
{
    int64_t id = group_id_parse(request_param(q, "id"));
    bool changed = false;
    int outcome;

    if (access_check_form(q, r))
        return;
    outcome = id ? group_follow(q, &id) : 0;
    if (!outcome && id)
        outcome = group_resolve(q, id, resolve, &changed);
    if (outcome)
        page_database_failure(q, r, outcome);
    else /* also when nothing changed: somebody was faster, and the page shows it */
        response_redirect(r, q, arena_printf(request_arena(q), "/groups/G-%lld", (long long)id));
}

void handle_group_resolve(struct request *q, struct response *r)
{
    change(q, r, true);
}

void handle_group_reopen(struct request *q, struct response *r)
{
    change(q, r, false);
}
