/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/grouping/decide.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/base/str.h"
#include "common/report/jsontext.h"
#include "common/report/limits.h"
#include "common/search/query.h"
#include "dashd/access/access.h"
#include "dashd/app.h"
#include "dashd/grouping/preview.h"
#include "dashd/group.h"

/* --- Asking --- */

static int refuse(struct decided *ret, unsigned status, const char *problem)
{
    *ret = (struct decided){.status = status, .problem = problem};
    return 0;
}

static int refuse_field(struct decided *ret, const char *field, const char *problem)
{
    *ret = (struct decided){.status = 400, .problem = problem, .field = field};
    return 0;
}

static int no_group(struct decided *ret)
{
    return refuse(ret, 404,
                  "There is no group with this number. The list of groups has those "
                  "that are there.");
}

struct wish {
    const char *kind, *detail; /* of the request */
    const char *action;        /* of the audit row */
    const char *subject;
};

static int ask(struct request *q, const struct wish *w, struct decided *ret)
{
    const struct audit_entry audit = {
        .actor = access_identity(q)->actor,
        .action = w->action,
        .subject = w->subject,
        .remote = request_remote(q),
        .detail = w->detail,
    };
    const struct request_new n = {w->kind, w->detail, &audit};
    int64_t id;
    int r = query_request_add(app_db(request_app(q)), &n, &id);

    if (r)
        return r;
    if (!id)
        return refuse(ret, 503,
                      "Too many requests about groups wait already. When corral-workerd "
                      "runs, they get fewer.");
    *ret = (struct decided){.request = id};
    return 0;
}

int decide_group(struct request *q, const char *text, int64_t *ret)
{
    int64_t id = text ? group_id_parse(text) : 0;
    struct group_row g = {0};
    int r = id ? group_follow(q, &id) : 0;

    if (!r && id)
        r = query_group(app_db(request_app(q)), request_arena(q), id, &g);
    if (!r)
        *ret = g.id;
    return r;
}

static const char *group_name(struct arena *a, int64_t id)
{
    return arena_printf(a, "G-%" PRId64, id);
}

/* --- Each --- */

int decide_merge(struct request *q, struct decided *ret)
{
    struct arena *a = request_arena(q);
    int64_t group = 0, into = 0;
    struct wish w = {.kind = "merge", .action = "group.merge.ask"};
    int r = decide_group(q, request_param(q, "id"), &group);

    if (!r)
        r = decide_group(q, request_form(q, "into"), &into);
    if (r)
        return r;
    if (!group)
        return no_group(ret);
    if (!into)
        return refuse_field(ret, "into",
                            "The field `into` must name the group that stays, such as G-142.");
    if (into == group)
        return refuse(ret, 409, "Both are the same group already.");
    w.detail = arena_printf(a, "{\"group\":%" PRId64 ",\"into\":%" PRId64 "}", group, into);
    w.subject = group_name(a, group);
    return ask(q, &w, ret);
}

int decide_split(struct request *q, struct decided *ret)
{
    struct arena *a = request_arena(q);
    struct selector s = selector_from_form(request_form(q, "by"));
    struct wish w = {.kind = "split", .action = "group.split.ask"};
    struct split_preview p = {.n = 0};
    const struct split_choice *choice;
    int64_t group = 0;
    int r = decide_group(q, request_param(q, "id"), &group);

    if (!r && group && s.kind != SELECT_NOTHING)
        r = preview_split(app_db(request_app(q)), a, group, s.frame, &p);
    if (r)
        return r;
    if (!group)
        return no_group(ret);
    if (s.kind == SELECT_NOTHING)
        return refuse_field(ret, "by",
                            "The field `by` must be signal, executable, or frame-N with N from "
                            "1 to 32.");
    choice = preview_choice(&p, &s);
    if (choice && choice->all > SPLIT_GROUPS_MAX)
        return refuse(ret, 409, "That would make more than 100 groups of this one.");
    if (!choice)
        return refuse(ret, 409,
                      "All crashes of this group are the same in that, so nothing would "
                      "be split.");
    w.detail =
        arena_printf(a, "{\"group\":%" PRId64 ",\"selector\":%s}", group, selector_json(&s, a));
    w.subject = group_name(a, group);
    return ask(q, &w, ret);
}

int decide_undo(struct request *q, struct decided *ret)
{
    struct arena *a = request_arena(q);
    struct wish w = {.kind = "undo", .action = "group.undo.ask"};
    struct decision_row d = {0};
    int64_t group = 0, id = 0;
    int r = decide_group(q, request_param(q, "id"), &group);

    if (str_to_i64(str_from(request_form(q, "decision")), &id) < 0 || id < 0 || id > INT32_MAX)
        id = 0;
    if (!r && group && id)
        r = query_decision(app_db(request_app(q)), a, id, group, &d);
    if (r)
        return r;
    if (!group)
        return no_group(ret);
    if (!d.id || (d.group_now != group && d.other_id != group && !d.parted))
        return refuse_field(ret, "decision",
                            "The field `decision` must be the number of one about this group.");
    if (d.undone_at)
        return refuse(ret, 409, "That has been undone already.");
    w.detail = arena_printf(a, "{\"decision\":%" PRId64 "}", id);
    w.subject = group_name(a, group);
    return ask(q, &w, ret);
}

int decide_reprocess(struct request *q, struct decided *ret)
{
    struct arena *a = request_arena(q);
    const char *build_id = request_form(q, "build_id");
    struct wish w = {.kind = "reprocess", .action = "group.reprocess.ask"};
    int64_t group = 0;
    int r = decide_group(q, request_param(q, "id"), &group);

    if (r)
        return r;
    if (!group)
        return no_group(ret);
    w.subject = group_name(a, group);
    if (!build_id) {
        w.detail = arena_printf(a, "{\"group\":%" PRId64 "}", group);
    } else if (hex_valid(str_from(build_id), BUILD_ID_TEXT_SIZE - 1)) {
        w.detail = arena_printf(a, "{\"build_id\":\"%s\"}", build_id);
    } else {
        return refuse_field(ret, "build_id",
                            "A build-id is an even number of hexadecimal digits in lower case; "
                            "`readelf -n FILE` shows it.");
    }
    return ask(q, &w, ret);
}

int decide_remove(struct request *q, struct decided *ret)
{
    struct arena *a = request_arena(q);
    struct wish w = {.kind = "remove", .action = "group.remove.ask"};
    int64_t group = 0;
    int r = decide_group(q, request_param(q, "id"), &group);

    if (r)
        return r;
    if (!group)
        return no_group(ret);
    w.detail = arena_printf(a, "{\"group\":%" PRId64 "}", group);
    w.subject = group_name(a, group);
    return ask(q, &w, ret);
}

int decide_one_bug(struct request *q, struct decided *ret)
{
    struct audit_entry audit = {
        .actor = access_identity(q)->actor,
        .action = "group.one-bug",
        .remote = request_remote(q),
    };
    bool changed = false;
    int64_t group = 0;
    int r = decide_group(q, request_param(q, "id"), &group);

    audit.subject = group_name(request_arena(q), group);
    if (!r && group)
        r = query_dismiss_hint(app_db(request_app(q)), group, &audit, &changed);
    if (r)
        return r;
    if (!group)
        return no_group(ret);
    *ret = (struct decided){.group = group};
    return 0;
}

/* One that names nothing would be for all crashes that there are. */
int decide_reprocess_query(struct request *q, struct decided *ret)
{
    struct arena *a = request_arena(q);
    const char *text = request_form(q, "query");
    _cleanup_buf_ struct buf b = BUF_INIT(8 * SEARCH_QUERY_MAX);
    struct wish w = {.kind = "reprocess", .action = "events.reprocess.ask", .subject = "query"};
    struct search_query query = {.n_terms = 0};
    struct search_mistake m;

    if (search_parse(str_from(text), a, &query, &m) != 0)
        return refuse_field(ret, "query",
                            arena_printf(a, "The field `query`, from byte %zu on: %s%s%s%s",
                                         m.at + 1, m.message, m.nearest ? "; did you mean " : "",
                                         m.nearest ? m.nearest : "", m.nearest ? "?" : "."));
    if (query.n_terms == 0)
        return refuse_field(ret, "query",
                            "The field `query` must say which crashes, such as host:web1.");
    jsontext_object(&b, NULL);
    jsontext_string(&b, "query", text);
    jsontext_end_object(&b);
    w.detail = arena_strdup(a, buf_text(&b));
    return ask(q, &w, ret);
}

/* --- Words --- */

static const char *split_words(const struct request_row *r, struct arena *a)
{
    struct selector s = selector_of_text(r->selector);

    return arena_printf(a, "G-%" PRId64 " by %s", r->group, selector_words(&s, a));
}

const char *request_words(const struct request_row *r, struct arena *a)
{
    bool undo = strcmp(r->kind, "undo") == 0;
    const char *kind = undo && r->undone_kind ? r->undone_kind : r->kind;

    if (strcmp(kind, "merge") == 0)
        return undo ? arena_printf(a, "Take G-%" PRId64 " out of G-%" PRId64 " again", r->into,
                                   r->group)
                    : arena_printf(a, "Merge G-%" PRId64 " into G-%" PRId64, r->group, r->into);
    if (strcmp(kind, "split") == 0)
        return arena_printf(a, "%s %s", undo ? "Undo the split of" : "Split", split_words(r, a));
    if (strcmp(kind, "reprocess") == 0 && r->query)
        return arena_printf(a, "Analyse the crashes again that match %s", r->query);
    if (strcmp(kind, "reprocess") == 0)
        return r->build_id ? arena_printf(a, "Analyse events with build-id %s again", r->build_id)
                           : arena_printf(a, "Analyse the events of G-%" PRId64 " again", r->group);
    if (strcmp(kind, "remove") == 0)
        return arena_printf(a, "Remove G-%" PRId64 " with all its crashes", r->group);
    if (strcmp(kind, "regroup") == 0)
        return "Group all crashes anew";
    return arena_printf(a, "Undo decision %" PRId64, r->decision);
}

const char *actor_words(const char *actor, struct arena *a)
{
    if (cstr_starts(actor, "user:"))
        return actor + strlen("user:");
    if (cstr_starts(actor, "token:"))
        return arena_printf(a, "program %s", actor + strlen("token:"));
    return actor;
}
