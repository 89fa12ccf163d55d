/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/workflow/queries.h"

#include <string.h>

#include "common/base/digest.h"
#include "common/base/id.h"
#include "dashd/rows.h"

#define TEXT(macro)        #macro
#define NUMBER_TEXT(macro) TEXT(macro)

/* --- What a group has --- */

static void read_state(struct arena *a, const PGresult *res, int row, void *ret)
{
    struct workflow_state *s = ret;

    *s = (struct workflow_state){
        .revision = db_int(res, row, 0),
        .assignee = text_at(a, res, row, 1),
        .rests = db_bool(res, row, 2),
        .rest =
            {
                .version = text_at(a, res, row, 3),
                .beyond = db_bool(res, row, 4),
                .until = db_int(res, row, 5),
                .events = db_int(res, row, 6),
                .hours = db_int(res, row, 7),
                .left = db_int(res, row, 8),
            },
    };
}

static int load_state(struct db *d, struct arena *a, int64_t group, struct workflow_state *ret)
{
    static const struct db_query q = {
        "workflow-state",
        "SELECT g.revision, u.name, r.group_id IS NOT NULL AND g.status IN ('resolved', 'muted'), "
        "       r.version, r.beyond, " USEC(
            "r.until") ", r.events, r.hours, "
                       "       greatest(0, r.events_at - g.event_count) "
                       "FROM crash_groups g LEFT JOIN users u ON u.id = g.assignee "
                       "LEFT JOIN group_rests r ON r.group_id = g.id WHERE g.id = $1"};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return FETCH_ONE(d, q, params, a, read_state, ret);
}

static void read_text(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(const char **)ret = text_at(a, res, row, 0);
}

static int load_lists(struct db *d, struct arena *a, int64_t group, struct workflow_state *ret)
{
    static const struct db_query labels = {
        "workflow-labels", "SELECT label FROM group_labels WHERE group_id = $1 ORDER BY label"};
    static const struct db_query links = {
        "workflow-links", "SELECT url FROM group_links WHERE group_id = $1 ORDER BY id"};
    static const struct db_query users = {
        "workflow-users", "SELECT name FROM users WHERE disabled_at IS NULL AND $1::integer > 0 "
                          "ORDER BY name LIMIT " NUMBER_TEXT(USERS_SHOWN)};
    struct number id = number(group);
    const char *const params[] = {id.text};
    int r = FETCH(d, labels, params, a, read_text, &ret->labels);

    if (!r)
        r = FETCH(d, links, params, a, read_text, &ret->links);
    return r ? r : FETCH(d, users, params, a, read_text, &ret->users);
}

static void read_activity(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct activity_row *)ret = (struct activity_row){
        .id = db_int(res, row, 0),
        .at = db_int(res, row, 1),
        .actor = text_at(a, res, row, 2),
        .kind = text_at(a, res, row, 3),
        .text = text_at(a, res, row, 4),
        .version = text_at(a, res, row, 5),
        .until = text_at(a, res, row, 6),
        .events = text_at(a, res, row, 7),
        .event = text_at(a, res, row, 8),
    };
}

static int load_activity(struct db *d, struct arena *a, int64_t group, struct workflow_state *ret)
{
    static const struct db_query q = {
        "workflow-activity",
        "SELECT id, " USEC(
            "at") ", actor, kind, detail ->> 'text', detail ->> 'version', "
                  "       detail ->> 'until', detail ->> 'events', detail ->> 'event' "
                  "FROM group_activity WHERE group_id = $1 "
                  "ORDER BY id DESC LIMIT " NUMBER_TEXT(ACTIVITY_SHOWN)};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return FETCH(d, q, params, a, read_activity, &ret->activity);
}

int query_workflow_newest(struct db *d, struct arena *a, int64_t group, const char **ret)
{
    static const struct db_query q = {
        "workflow-newest",
        "SELECT p.version FROM crash_groups g JOIN group_programs gp ON gp.group_id = g.id "
        "JOIN programs p ON p.id = gp.program_id "
        "WHERE g.id = $1 AND p.executable = g.executable AND p.version_order <> '' "
        "ORDER BY p.version_order DESC LIMIT 1"};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return FETCH_ONE(d, q, params, a, read_text, ret);
}

int query_workflow(struct db *d, struct arena *a, int64_t group, struct workflow_state *ret)
{
    struct workflow_state s;
    int r = load_state(d, a, group, &s);

    if (!r)
        r = query_workflow_newest(d, a, group, &s.newest);
    if (!r)
        r = load_lists(d, a, group, &s);
    if (!r)
        r = load_activity(d, a, group, &s);
    if (!r)
        *ret = s;
    return r;
}

/* --- Changes --- */

static void read_lock(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct workflow_lock *)ret = (struct workflow_lock){
        .id = db_int(res, row, 0),
        .revision = db_int(res, row, 1),
        .event_count = db_int(res, row, 2),
        .status = text_at(a, res, row, 3),
        .executable = text_at(a, res, row, 4),
    };
}

int query_workflow_lock(struct db *d, struct arena *a, int64_t group, struct workflow_lock *ret)
{
    static const struct db_query q = {
        "workflow-lock", "SELECT id, revision, event_count, status, executable FROM crash_groups "
                         "WHERE id = $1 AND merged_into IS NULL FOR NO KEY UPDATE"};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return FETCH_ONE(d, q, params, a, read_lock, ret);
}

int query_workflow_resolve(struct db *d, int64_t group, int64_t user)
{
    static const struct db_query q = {
        "workflow-resolve", "UPDATE crash_groups SET status = 'resolved', resolved_at = now(), "
                            "resolved_by = $2::integer WHERE id = $1"};
    struct number id = number(group), by = number(user);
    const char *const params[] = {id.text, user ? by.text : NULL};

    return RUN(d, q, params, NULL);
}

int query_workflow_open(struct db *d, int64_t group)
{
    static const struct db_query q = {
        "workflow-open", "UPDATE crash_groups SET status = 'ongoing', resolved_at = NULL, "
                         "resolved_by = NULL WHERE id = $1"};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return RUN(d, q, params, NULL);
}

int query_workflow_mute(struct db *d, int64_t group)
{
    static const struct db_query q = {
        "workflow-mute", "UPDATE crash_groups SET status = 'muted', resolved_at = NULL, "
                         "resolved_by = NULL WHERE id = $1"};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return RUN(d, q, params, NULL);
}

int query_workflow_wake(struct db *d, int64_t group)
{
    static const struct db_query q = {"workflow-wake",
                                      "DELETE FROM group_rests WHERE group_id = $1"};
    struct number id = number(group);
    const char *const params[] = {id.text};

    return RUN(d, q, params, NULL);
}

/* bytea in its hexadecimal form; only what has an order has more than the prefix. */
struct order_text {
    char text[3 + 2 * VERSION_ORDER_MAX];
};

static struct order_text order_text(const struct version_order *o)
{
    struct order_text t = {"\\x"};

    hex_encode(o->bytes, o->n, t.text + 2);
    return t;
}

int query_workflow_rest(struct db *d, int64_t group, const struct rest_new *n)
{
    static const struct db_query q = {
        "workflow-rest",
        "INSERT INTO group_rests (group_id, executable, version, version_order, beyond, until, "
        "                         events, events_at, hours) "
        "VALUES ($1, $2, $3, $4::bytea, $5::boolean, " TIME("$6") ", $7, $8, $9)"};
    struct number id = number(group), until = number(n->until), events = number(n->events);
    struct number events_at = number(n->events_at), hours = number(n->hours);
    struct order_text order = order_text(&n->order);
    const char *const params[] = {
        id.text,
        n->version ? n->executable : NULL,
        n->version,
        n->version ? order.text : NULL,
        n->beyond ? "true" : "false",
        n->until ? until.text : NULL,
        n->events ? events.text : NULL,
        n->events && !n->hours ? events_at.text : NULL,
        n->hours ? hours.text : NULL,
    };

    return RUN(d, q, params, NULL);
}

int query_workflow_assign(struct db *d, int64_t group, const char *name, bool *ret_known,
                          bool *ret_changed)
{
    static const struct db_query known = {
        "workflow-user", "SELECT FROM users WHERE name = $1 AND disabled_at IS NULL"};
    static const struct db_query q = {
        "workflow-assign",
        "UPDATE crash_groups g SET assignee = u.id "
        "FROM (SELECT (SELECT id FROM users WHERE name = $2 AND disabled_at IS NULL) AS id) u "
        "WHERE g.id = $1 AND g.assignee IS DISTINCT FROM u.id RETURNING g.id"};
    struct number id = number(group);
    const char *const user[] = {name}, *const params[] = {id.text, name};
    _cleanup_result_ PGresult *found = NULL, *res = NULL;
    int r = RUN(d, known, user, &found);

    if (r)
        return r;
    *ret_known = !*name || PQntuples(found) == 1;
    *ret_changed = false;
    if (!*ret_known)
        return 0;
    r = RUN(d, q, params, &res);
    if (!r)
        *ret_changed = PQntuples(res) == 1;
    return r;
}

static const struct {
    struct db_query add, remove, count;
    int64_t max;
} lists[] = {
    [LIST_LABELS] = {{"workflow-label", "INSERT INTO group_labels (group_id, label) "
                                        "VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1"},
                     {"workflow-unlabel", "DELETE FROM group_labels "
                                          "WHERE group_id = $1 AND label = $2 RETURNING 1"},
                     {"workflow-label-count",
                      "SELECT count(*) FROM group_labels WHERE group_id = $1"},
                     WISH_LABELS_MAX},
    [LIST_LINKS] = {{"workflow-link", "INSERT INTO group_links (group_id, url) "
                                      "VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1"},
                    {"workflow-unlink", "DELETE FROM group_links "
                                        "WHERE group_id = $1 AND url = $2 RETURNING 1"},
                    {"workflow-link-count", "SELECT count(*) FROM group_links WHERE group_id = $1"},
                    WISH_LINKS_MAX},
};

static int change_list(struct db *d, const struct db_query *q, int64_t group, const char *value,
                       bool *ret_changed)
{
    struct number id = number(group);
    const char *const params[] = {id.text, value};
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, q, params, ARRAY_SIZE(params), &res);

    if (!r)
        *ret_changed = PQntuples(res) == 1;
    return r;
}

int query_workflow_add(struct db *d, enum workflow_list l, int64_t group, const char *value,
                       bool *ret_full, bool *ret_changed)
{
    struct number id = number(group);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, &lists[l].count, params, ARRAY_SIZE(params), &res);

    if (r)
        return r;
    *ret_full = db_int(res, 0, 0) >= lists[l].max;
    *ret_changed = false;
    return *ret_full ? 0 : change_list(d, &lists[l].add, group, value, ret_changed);
}

int query_workflow_remove(struct db *d, enum workflow_list l, int64_t group, const char *value,
                          bool *ret_changed)
{
    return change_list(d, &lists[l].remove, group, value, ret_changed);
}

int query_workflow_tell(struct db *d, int64_t group, const char *actor, const char *kind,
                        const char *detail)
{
    static const struct db_query q = {
        "workflow-tell",
        "WITH g AS (UPDATE crash_groups SET revision = revision + 1 WHERE id = $1) "
        "INSERT INTO group_activity (group_id, actor, kind, detail) VALUES ($1, $2, $3, "
        "$4::jsonb)"};
    struct number id = number(group);
    const char *const params[] = {id.text, actor, kind, detail};

    return RUN(d, q, params, NULL);
}
