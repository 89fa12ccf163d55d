/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/workflow/change.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/report/jsontext.h"
#include "dashd/access/access.h"
#include "dashd/app.h"
#include "dashd/group.h"
#include "dashd/rows.h"
#include "dashd/workflow/queries.h"

#define DETAIL_MAX (4u * WISH_COMMENT_MAX)

/* One change on its way; result and problem are its outcome so far. */
struct changing {
    struct db *db;
    struct arena *arena;
    const struct group_wish *wish;
    const struct identity *who;
    const char *remote;
    int64_t revision; /* that is expected */
    struct workflow_lock group;
    const char *newest; /* the version that "next" is behind; NULL */
    struct change out;
};

static int refuse(struct changing *c, enum change_result result, const char *problem)
{
    c->out.result = result;
    c->out.problem = problem;
    return 0;
}

/* --- Resting and waking --- */

static int rest(struct changing *c)
{
    const struct group_wish *w = c->wish;
    const char *version = w->versions == VERSION_IN ? w->version : c->newest;
    const struct rest_new n = {
        .executable = c->group.executable,
        .version = w->versions == VERSION_ANY ? NULL : version,
        .order = version_order(str_from(w->versions == VERSION_ANY ? "" : version)),
        .beyond = w->versions == VERSION_NEXT,
        .until = w->until,
        .events = w->events,
        .events_at = c->group.event_count + w->events,
        .hours = w->hours,
    };
    int r = query_workflow_wake(c->db, c->group.id);
    bool plain = w->action == WISH_RESOLVE && w->versions == VERSION_ANY;

    return r || plain ? r : query_workflow_rest(c->db, c->group.id, &n);
}

static int find_newest(struct changing *c)
{
    int r = 0;

    if (c->wish->versions != VERSION_NEXT)
        return 0;
    r = query_workflow_newest(c->db, c->arena, c->group.id, &c->newest);
    if (!r && !c->newest)
        return refuse(c, CHANGE_REFUSED,
                      "None of its crashes tells a version that others could be compared with, so "
                      "there is no next one.");
    return r;
}

static int change_resolve(struct changing *c)
{
    int r = find_newest(c);

    if (r || c->out.result == CHANGE_REFUSED)
        return r;
    if (strcmp(c->group.status, "resolved") == 0 && c->wish->versions == VERSION_ANY)
        return refuse(c, CHANGE_UNCHANGED, NULL);
    r = query_workflow_resolve(c->db, c->group.id, c->who->user_id);
    return r ? r : rest(c);
}

static int change_mute(struct changing *c)
{
    int r = find_newest(c);

    if (r || c->out.result == CHANGE_REFUSED)
        return r;
    r = query_workflow_mute(c->db, c->group.id);
    return r ? r : rest(c);
}

static int change_reopen(struct changing *c)
{
    int r;

    if (strcmp(c->group.status, "resolved") != 0 && strcmp(c->group.status, "muted") != 0)
        return refuse(c, CHANGE_UNCHANGED, NULL);
    r = query_workflow_open(c->db, c->group.id);
    return r ? r : query_workflow_wake(c->db, c->group.id);
}

/* --- The rest --- */

static int settle(struct changing *c, int r, bool changed)
{
    return r || changed ? r : refuse(c, CHANGE_UNCHANGED, NULL);
}

static int change_assign(struct changing *c)
{
    bool known = true, changed = false;
    int r = query_workflow_assign(c->db, c->group.id, c->wish->text, &known, &changed);

    if (!r && !known)
        return refuse(c, CHANGE_REFUSED, "There is no user of this name who may sign in.");
    return settle(c, r, changed);
}

static int add(struct changing *c, enum workflow_list l, const char *full_problem)
{
    bool full = false, changed = false;
    int r = query_workflow_add(c->db, l, c->group.id, c->wish->text, &full, &changed);

    if (!r && full)
        return refuse(c, CHANGE_REFUSED, full_problem);
    return settle(c, r, changed);
}

static int take(struct changing *c, enum workflow_list l)
{
    bool changed = false;
    int r = query_workflow_remove(c->db, l, c->group.id, c->wish->text, &changed);

    return settle(c, r, changed);
}

static int change_label(struct changing *c)
{
    return add(c, LIST_LABELS, "It has 32 labels already: take one away first.");
}

static int change_unlabel(struct changing *c)
{
    return take(c, LIST_LABELS);
}

static int change_link(struct changing *c)
{
    return add(c, LIST_LINKS, "It has 32 links already: take one away first.");
}

static int change_unlink(struct changing *c)
{
    return take(c, LIST_LINKS);
}

/* All there is to it is that it is told. */
static int change_comment(struct changing *c)
{
    (void)c;
    return 0;
}

static int (*const changers[])(struct changing *c) = {
    [WISH_RESOLVE] = change_resolve, [WISH_REOPEN] = change_reopen, [WISH_MUTE] = change_mute,
    [WISH_ASSIGN] = change_assign,   [WISH_LABEL] = change_label,   [WISH_UNLABEL] = change_unlabel,
    [WISH_COMMENT] = change_comment, [WISH_LINK] = change_link,     [WISH_UNLINK] = change_unlink,
};

/* --- Telling --- */

static void add_end(const struct changing *c, struct buf *b)
{
    const struct group_wish *w = c->wish;
    char until[CLOCK_TEXT_SIZE];

    if (w->versions == VERSION_IN)
        jsontext_string(b, "version", w->version);
    if (w->versions == VERSION_NEXT)
        jsontext_string(b, "version", arena_printf(c->arena, "later than %s", c->newest));
    if (w->until) {
        clock_format(w->until, until);
        jsontext_string(b, "until", until);
    }
    if (w->events && w->hours)
        jsontext_string(
            b, "events",
            arena_printf(c->arena, "%" PRId64 " in %" PRId64 " h", w->events, w->hours));
    else if (w->events)
        jsontext_string(b, "events", arena_printf(c->arena, "%" PRId64, w->events));
}

static const char *detail_of(const struct changing *c)
{
    _cleanup_buf_ struct buf b = BUF_INIT(DETAIL_MAX);

    jsontext_object(&b, NULL);
    jsontext_string(&b, "text", c->wish->text);
    add_end(c, &b);
    jsontext_end_object(&b);
    return buf_error(&b) < 0 ? "{}" : arena_strdup(c->arena, buf_text(&b));
}

static int tell(struct changing *c)
{
    const char *done = wish_done_name(c->wish->action), *detail = detail_of(c);
    const struct audit_entry audit = {
        .actor = c->who->actor,
        .action = arena_printf(c->arena, "group.%s", wish_action_name(c->wish->action)),
        .subject = arena_printf(c->arena, "G-%" PRId64, c->group.id),
        .remote = c->remote,
        .detail = c->wish->action == WISH_COMMENT ? NULL : detail,
    };
    int r = query_workflow_tell(c->db, c->group.id, c->who->actor, done, detail);

    return r ? r : query_audit(c->db, &audit);
}

/* --- The transaction --- */

static int change(struct changing *c, int64_t id)
{
    int r = query_workflow_lock(c->db, c->arena, id, &c->group);

    if (r)
        return r;
    if (!c->group.id)
        return refuse(c, CHANGE_NO_GROUP, "There is no group with this number.");
    c->out.group = c->group.id;
    if (c->revision != REVISION_ANY && c->revision != c->group.revision)
        return refuse(c, CHANGE_STALE,
                      "Somebody has changed the group meanwhile: look at it again first.");
    r = changers[c->wish->action](c);
    return r || c->out.result != CHANGE_DONE ? r : tell(c);
}

int change_group(struct request *q, int64_t id, const struct group_wish *w, int64_t revision,
                 struct change *ret)
{
    struct changing c = {
        .db = app_db(request_app(q)),
        .arena = request_arena(q),
        .wish = w,
        .who = access_identity(q),
        .remote = request_remote(q),
        .revision = revision,
    };
    int r = group_follow(q, &id);

    if (!r)
        r = IN_TRANSACTION(c.db, change(&c, id));
    if (!r)
        *ret = c.out;
    return r;
}
