/* SPDX-License-Identifier: Apache-2.0 */
/* The transaction that heals one event: look, lock the groups that it is about in order of their
 * numbers, look again, and begin anew when something has moved between the two looks. Whoever
 * changes an event's group or the group of a key holds the lock of that group, so what the second
 * look sees stays true until the commit. */
#include "workerd/healing/queries.h"

#include "common/base/cleanup.h"

#include "workerd/healing/regroup.h"
#include "workerd/keys.h"
#include "workerd/params.h"
#include "workerd/references.h"

#define ATTEMPTS_MAX 20 /* more is no coincidence */

/* Of this file's statics, beside db_outcome: begin again. */
#define AGAIN 100

/* --- Looking --- */

/* An event as it is, and where it belongs now. */
struct look {
    int64_t home;                      /* its group */
    int64_t known;                     /* the group that its new keys lead to; 0: none */
    struct key_params keys;            /* by which */
    bool adopts;                       /* some of them lead nowhere yet */
    int64_t old_stack, stack, problem; /* ids, 0: none, or no row yet */
    int64_t host, program, flags;
    int64_t environment; /* 0: none was known when it came */
    int64_t home_events;
    bool proven; /* the first key leads somewhere, or another stack with names shares a further one
                  */
    bool home_is_whole; /* the group has a whole key that is none of the new ones */
};

static int look(struct db *d, const struct event *e, struct arena *a, struct look *ret)
{
    static const struct db_query q = {
        "heal-look",
        "SELECT h.id, (SELECT " GROUP_OF_KEYS "), e.stack_id, "
        "       (SELECT id FROM stacks WHERE digest = $4::bytea), "
        "       (SELECT id FROM problems WHERE problem = $5), e.host_id, e.program_id, e.flags, "
        "       h.event_count, EXISTS (SELECT FROM group_fingerprints f WHERE f.group_id = h.id "
        "                              AND f.quality = 2 AND f.fingerprint <> k.key), "
        "       k.key, k.more, " KEYS_LEAD_NOWHERE ", "
        "       EXISTS (SELECT FROM group_fingerprints f WHERE f.fingerprint = k.key) OR EXISTS "
        "           (SELECT FROM group_stacks t JOIN stacks s ON s.id = t.stack_id "
        "            WHERE t.group_id = h.id AND s.more_keys && k.more "
        "            AND s.digest IS DISTINCT FROM $4::bytea), e.environment_id "
        "FROM crash_events e JOIN crash_groups g ON g.id = e.group_id "
        "JOIN crash_groups h ON h.id = coalesce(g.merged_into, g.id), " KEYS_OF(
            "$4", "$3", "$6",
            "$7") " WHERE e.crash_id = $1::uuid AND e.received_at = $2::timestamptz"};
    struct moment at = moment(e->received_at);
    struct key_params keys = keys_of_event(e, a);
    struct digest_text digest = e->stack ? digest_text(e->stack->digest) : (struct digest_text){""};
    const char *const params[] = {e->crash_id, at.text,   keys.key,  e->stack ? digest.text : NULL,
                                  e->problem,  keys.more, keys.first};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    if (PQntuples(res) == 0)
        return HEAL_GONE;
    *ret = (struct look){
        .home = db_int(res, 0, 0),
        .known = db_int(res, 0, 1),
        .old_stack = db_int(res, 0, 2),
        .stack = db_int(res, 0, 3),
        .problem = db_int(res, 0, 4),
        .host = db_int(res, 0, 5),
        .program = db_int(res, 0, 6),
        .flags = db_int(res, 0, 7),
        .home_events = db_int(res, 0, 8),
        .home_is_whole = db_bool(res, 0, 9),
        .keys = {arena_strdup(a, db_text(res, 0, 10)), arena_strdup(a, db_text(res, 0, 11)), NULL},
        .adopts = db_bool(res, 0, 12),
        .proven = db_bool(res, 0, 13),
        .environment = db_int(res, 0, 14),
    };
    return 0;
}

static int lock_groups(struct db *d, const struct look *l)
{
    static const struct db_query q = {"heal-lock",
                                      "SELECT id FROM crash_groups WHERE id IN ($1, $2) "
                                      "ORDER BY id FOR NO KEY UPDATE"};
    struct number home = number(l->home), known = number(l->known ? l->known : l->home);
    const char *const params[] = {home.text, known.text};

    return RUN(d, q, params, NULL);
}

static int look_and_lock(struct db *d, const struct event *e, struct arena *a, struct look *ret)
{
    struct look before = {0};
    int r = look(d, e, a, &before);

    if (r == 0)
        r = lock_groups(d, &before);
    if (r == 0)
        r = look(d, e, a, ret);
    if (r)
        return r;
    return ret->home == before.home && ret->known == before.known ? 0 : AGAIN;
}

/* --- Where it belongs --- */

enum way { WAY_STAYS, WAY_ADOPTS, WAY_MERGES, WAY_MOVES, WAY_FOUNDS };

/* That an event without names came to a group by its addresses says nothing of whether the group's
 * other events are of the same bug. */
static enum way way_of(const struct look *l, const struct event *e)
{
    bool vague = l->flags & EVENT_NO_STACK, has_others = l->home_events > 1;
    bool is_other = has_others && l->home_is_whole && e->quality == QUALITY_WHOLE;

    if (l->known == l->home)
        return is_other && !l->proven ? WAY_FOUNDS : WAY_STAYS;
    if (l->known)
        return has_others && (vague || l->home_is_whole) ? WAY_MOVES : WAY_MERGES;
    return (has_others && vague) || is_other ? WAY_FOUNDS : WAY_ADOPTS;
}

static int merge(struct db *d, const struct look *l, struct heal_result *ret)
{
    bool home_is_older = l->home < l->known;

    ret->group_id = home_is_older ? l->home : l->known;
    ret->merged = home_is_older ? l->known : l->home;
    return regroup_merge(d, ret->group_id, ret->merged, "system");
}

/* Its further keys go with it. */
static int found(struct db *d, const struct look *l, const struct event *e, int64_t *ret)
{
    static const struct db_query q = {"heal-take-keys",
                                      "UPDATE group_fingerprints SET group_id = $1 "
                                      "WHERE group_id = $2 AND fingerprint = ANY ($3::bytea[])"};
    int r = reference_make_group(d, e, &l->keys, ret);
    struct number id = number(*ret), home = number(l->home);
    const char *const params[] = {id.text, home.text, l->keys.more};

    return r ? r : RUN(d, q, params, NULL);
}

/* Nobody was faster with the first key. */
static int still_leads(struct db *d, int64_t group, const struct key_params *keys)
{
    static const struct db_query q = {
        "heal-leads",
        "SELECT FROM group_fingerprints WHERE fingerprint = $1::bytea AND group_id = $2"};
    struct number id = number(group);
    const char *const params[] = {keys->key, id.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    return r ? r : PQntuples(res) ? 0 : AGAIN;
}

/* Before the event's row changes. */
static int find_group(struct db *d, const struct look *l, const struct event *e, enum way way,
                      struct heal_result *ret)
{
    int r = 0;

    *ret = (struct heal_result){.group_id = way == WAY_MOVES ? l->known : l->home};
    if ((way == WAY_ADOPTS || way == WAY_MERGES) && l->flags & EVENT_NO_STACK)
        r = regroup_drop_vague_keys(d, l->home);
    if (r == 0 && way == WAY_MERGES)
        r = merge(d, l, ret);
    if (r == 0 && way == WAY_FOUNDS)
        r = found(d, l, e, &ret->group_id);
    else if (r == 0 && l->adopts)
        r = keys_adopt(d, ret->group_id, &l->keys, e->quality);
    if (r == 0)
        r = still_leads(d, ret->group_id, &l->keys);
    ret->moved = ret->group_id != l->home;
    return r == REFERENCE_TAKEN ? AGAIN : r;
}

/* --- The event's row and its stack --- */

static int change_event(struct db *d, const struct event *e, const struct look *l, int64_t group)
{
    static const struct db_query q = {
        "heal-event", "UPDATE crash_events SET group_id = $3, stack_id = $4, problem_id = $5, "
                      "flags = $6 WHERE crash_id = $1::uuid AND received_at = $2::timestamptz"};
    struct moment at = moment(e->received_at);
    struct number id = number(group), stack = number(l->stack), problem = number(l->problem);
    struct number flags = number(e->flags | EVENT_REANALYSED);
    const char *const params[] = {e->crash_id,  at.text,   id.text, l->stack ? stack.text : NULL,
                                  problem.text, flags.text};

    return RUN(d, q, params, NULL);
}

static int give_stack(struct db *d, int64_t group, int64_t stack)
{
    static const struct db_query q = {
        "heal-give-stack",
        "INSERT INTO group_stacks AS s (group_id, stack_id, events) VALUES ($1, $2, 1) "
        "ON CONFLICT (group_id, stack_id) DO UPDATE SET events = s.events + 1"};
    struct number id = number(group), key = number(stack);
    const char *const params[] = {id.text, key.text};

    return stack == 0 ? 0 : RUN(d, q, params, NULL);
}

/* group is the one that the event's counters are in at this moment. */
static int take_stack(struct db *d, int64_t group, const struct look *l)
{
    static const struct db_query steps[] = {
        {"heal-take-stack",
         "UPDATE group_stacks SET events = events - 1, without_core = without_core - $3::bigint "
         "WHERE group_id = $1::integer AND stack_id = $2::integer"},
        {"heal-end-stack",
         "DELETE FROM group_stacks WHERE group_id = $1::integer AND stack_id = $2::integer "
         "AND events <= 0 * $3::bigint"},
        {"heal-orphan",
         "DELETE FROM stacks s WHERE s.id = $2::integer AND $1::integer + $3::bigint IS NOT NULL "
         "AND NOT EXISTS (SELECT FROM group_stacks g WHERE g.stack_id = s.id)"},
    };
    struct number id = number(group), stack = number(l->old_stack);
    struct number gone = number(l->flags & EVENT_WITHOUT_CORE ? 1 : 0);
    const char *const params[] = {id.text, stack.text, gone.text};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0 && l->old_stack; i++)
        r = RUN(d, steps[i], params, NULL);
    return r;
}

/* Why it crashed is what the latest analysis of all that show it says. */
static int tell_cause(struct db *d, const struct event *e, int64_t stack)
{
    static const struct db_query q = {"heal-cause",
                                      "UPDATE stacks SET cause = $2 WHERE id = $1 AND cause <> $2"};
    struct number id = number(stack);
    const char *const params[] = {id.text, e->cause};

    return stack == 0 ? 0 : RUN(d, q, params, NULL);
}

/* What the stack lacks is what its latest analysis lacked, for all that show it. */
static int tell_lack(struct db *d, const struct event *e, int64_t stack, struct arena *a)
{
    static const struct db_query q = {
        "heal-lack",
        "WITH lack AS (SELECT m.id, u.status "
        "              FROM unnest($2::text[], $3::smallint[]) AS u (build_id, status) "
        "              JOIN modules m ON m.build_id = u.build_id), "
        "gone AS (DELETE FROM stack_modules WHERE stack_id = $1::integer "
        "         AND module_id NOT IN (SELECT id FROM lack)) "
        "INSERT INTO stack_modules AS s (stack_id, module_id, status) "
        "SELECT $1::integer, id, status FROM lack "
        "ON CONFLICT (stack_id, module_id) DO UPDATE SET status = excluded.status "
        "WHERE s.status <> excluded.status"};
    struct number id = number(stack);
    const char *const params[] = {id.text, array_text(&e->lacking.build_ids, a),
                                  array_text(&e->lacking.statuses, a)};

    return stack == 0 ? 0 : RUN(d, q, params, NULL);
}

static int note(struct db *d, const struct heal_event *e, const struct text_set *build_ids,
                int64_t at, const char *problem, struct arena *a)
{
    static const struct db_query q = {
        "heal-note",
        "INSERT INTO event_reanalyses AS r (crash_id, received_at, at, build_ids, problem) "
        "VALUES ($1::uuid, $2::timestamptz, $3::timestamptz, $4::text[], $5) "
        "ON CONFLICT (crash_id, received_at) DO UPDATE SET at = excluded.at, "
        "    problem = excluded.problem, build_ids = (SELECT coalesce(array_agg(b), '{}') FROM "
        "    (SELECT DISTINCT b FROM unnest(r.build_ids || excluded.build_ids) AS b LIMIT 64) x)"};
    struct moment received = moment(e->received_at), now = moment(at);
    const char *const params[] = {e->crash_id, received.text, now.text, array_text(build_ids, a),
                                  problem};

    return RUN(d, q, params, NULL);
}

/* --- The transaction --- */

static struct heal_event key_of(const struct event *e)
{
    struct heal_event key = {.received_at = e->received_at};

    for (size_t i = 0; i < sizeof(key.crash_id) - 1 && e->crash_id[i]; i++)
        key.crash_id[i] = e->crash_id[i];
    return key;
}

static int count_elsewhere(struct db *d, const struct look *l, const struct event *e, int64_t group)
{
    const struct regroup_move m = {
        .crash_id = e->crash_id,
        .received_at = e->received_at,
        .from = l->home,
        .to = group,
        .host = l->host,
        .program = l->program,
        .environment = l->environment,
    };

    return regroup_move(d, &m);
}

static int change(struct db *d, const struct healed *h, const struct look *l, struct arena *a,
                  struct heal_result *ret)
{
    const struct event *e = h->event;
    const struct heal_event key = key_of(e);
    enum way way = way_of(l, e);
    bool alone = way == WAY_MOVES || way == WAY_FOUNDS;
    int r = find_group(d, l, e, way, ret);

    if (r == 0)
        r = change_event(d, e, l, ret->group_id);
    if (r == 0 && alone)
        r = count_elsewhere(d, l, e, ret->group_id);
    if (r == 0)
        r = give_stack(d, ret->group_id, l->stack);
    if (r == 0)
        r = take_stack(d, alone ? l->home : ret->group_id, l);
    if (r == 0)
        r = tell_lack(d, e, l->stack, a);
    if (r == 0)
        r = tell_cause(d, e, l->stack);
    if (r == 0)
        r = regroup_title(d, ret->group_id, e);
    return r ? r : note(d, &key, h->build_ids, h->at, NULL, a);
}

static bool lacks_reference(const struct look *l, const struct event *e)
{
    return (e->stack && !l->stack) || (e->problem && !l->problem);
}

static int make_references(struct db *d, const struct event *e, const struct look *l,
                           struct arena *a)
{
    int r = 0;

    if (e->stack && !l->stack)
        r = reference_make_stack(d, e, a);
    if (r == 0 && e->problem && !l->problem)
        r = reference_make_problem(d, e->problem);
    return r;
}

/* Committed, or rolled back. */
static int end(struct db *d, int r)
{
    if (r == 0)
        r = db_commit(d);
    if (r)
        db_rollback(d);
    return r;
}

static int attempt(struct db *d, const struct healed *h, struct arena *a, struct heal_result *ret)
{
    struct look l = {0};
    int r = db_begin(d);

    if (r)
        return r;
    r = look_and_lock(d, h->event, a, &l);
    if (r == 0 && lacks_reference(&l, h->event)) {
        db_rollback(d);
        r = make_references(d, h->event, &l, a);
        return r ? r : AGAIN;
    }
    if (r == 0)
        r = change(d, h, &l, a, ret);
    return end(d, r);
}

int query_heal_store(struct db *d, const struct healed *h, struct arena *a, struct heal_result *ret)
{
    struct heal_result result = {0};
    int r = reference_make_modules(d, h->event, a);

    if (r)
        return r;
    r = AGAIN;
    for (unsigned i = 0; i < ATTEMPTS_MAX && (r == AGAIN || r == DB_RETRY); i++)
        r = attempt(d, h, a, &result);
    if (r == 0)
        *ret = result;
    return r == AGAIN || r == DB_RETRY ? DB_UNAVAILABLE : r;
}

/* --- Leaving it as it is --- */

/* Whoever is counted as without a core is counted once. */
static int leave(struct db *d, const struct heal_event *e, bool without_core)
{
    static const struct db_query q = {
        "heal-leave",
        "WITH old AS (SELECT coalesce(g.merged_into, g.id) AS group_id, e.stack_id, e.flags "
        "             FROM crash_events e JOIN crash_groups g ON g.id = e.group_id "
        "             WHERE e.crash_id = $1::uuid AND e.received_at = $2::timestamptz "
        "             FOR NO KEY UPDATE), "
        "core AS (UPDATE group_stacks s SET without_core = s.without_core + 1 FROM old "
        "         WHERE s.group_id = old.group_id AND s.stack_id = old.stack_id "
        "         AND old.flags & 32 = 0 AND $3::smallint & 32 <> 0) "
        "UPDATE crash_events e SET flags = e.flags | $3::smallint FROM old "
        "WHERE e.crash_id = $1::uuid AND e.received_at = $2::timestamptz RETURNING e.flags"};
    struct moment at = moment(e->received_at);
    struct number flags = number(EVENT_REANALYSED | (without_core ? EVENT_WITHOUT_CORE : 0));
    const char *const params[] = {e->crash_id, at.text, flags.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    return PQntuples(res) ? 0 : HEAL_GONE;
}

int query_heal_leave(struct db *d, const struct heal_event *e, const struct text_set *build_ids,
                     int64_t at, const char *problem, bool without_core, struct arena *a)
{
    int r = DB_RETRY;

    for (unsigned i = 0; i < ATTEMPTS_MAX && r == DB_RETRY; i++) {
        r = db_begin(d);
        if (r)
            return r;
        r = leave(d, e, without_core);
        if (r == 0)
            r = note(d, e, build_ids, at, problem, a);
        r = end(d, r);
    }
    return r == DB_RETRY ? DB_UNAVAILABLE : r;
}
