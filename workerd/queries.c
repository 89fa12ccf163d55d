/* SPDX-License-Identifier: Apache-2.0 */
/* The common case, one more crash of a known kind, is two statements between BEGIN and COMMIT:
 * find, which locks the group, and record, which sees everything that was committed before that
 * lock was granted. */
#include "workerd/queries.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"

#include "workerd/keys.h"
#include "workerd/params.h"
#include "workerd/references.h"

#define HOUR_USEC    (3600 * USEC_PER_SEC)
#define SPAN_MAX     (7 * 24 * HOUR_USEC) /* that the crashes of one report are spread over */
#define ATTEMPTS_MAX 20                   /* of one event's transaction; more is no coincidence */

/* Of this file's statics, beside db_outcome: a row that is needed is made now, so begin again. */
#define AGAIN 100

/* --- What an event refers to --- */

/* Ids of rows; 0: there is none yet. */
struct references {
    int64_t group, host, program, stack, problem, environment;
    struct key_params keys; /* by which the group is found; empty: by the event that it is like */
    bool adopts;            /* some of them lead nowhere yet */
};

/* The group is locked until the end of the transaction: whoever else stores a crash of it waits
 * here. One that was merged into another while we waited is none: its keys have moved on. */
#define FIND(group, keys, more)                                                                    \
    "SELECT (SELECT id FROM crash_groups WHERE id = (" group ") AND merged_into IS NULL "          \
    "        FOR NO KEY UPDATE), "                                                                 \
    "       (SELECT id FROM hosts WHERE hostname = $2), "                                          \
    "       (SELECT id FROM programs WHERE executable = $3 AND version = $4), "                    \
    "       (SELECT id FROM stacks WHERE digest = $5::bytea), "                                    \
    "       (SELECT id FROM problems WHERE problem = $6), "                                        \
    "       (SELECT id FROM environments WHERE digest = $7::bytea), " keys " " more

/* Whether an event that another is like is there: its group was merged under our hands if so. */
static int like_is_unknown(struct db *d, const struct event *e)
{
    static const struct db_query q = {"find-like-event",
                                      "SELECT FROM crash_events WHERE crash_id = $1::uuid LIMIT 1"};
    const char *const params[] = {e->like};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r)
        return r;
    return PQntuples(res) ? AGAIN : STORE_LIKE_UNKNOWN;
}

static int find(struct db *d, const struct event *e, struct arena *a, struct references *ret)
{
    static const struct db_query by_keys = {"find", FIND("SELECT " GROUP_OF_KEYS,
                                                         "k.key, k.more, " KEYS_LEAD_NOWHERE,
                                                         "FROM " KEYS_OF("$5", "$1", "$8", "$9"))};
    static const struct db_query by_like = {
        "find-like", FIND("SELECT coalesce(g.merged_into, g.id) FROM crash_events e "
                          "JOIN crash_groups g ON g.id = e.group_id "
                          "WHERE e.crash_id = $1::uuid LIMIT 1",
                          "NULL, NULL, false", "")};
    struct key_params keys = keys_of_event(e, a);
    struct digest_text digest = e->stack ? digest_text(e->stack->digest) : (struct digest_text){""};
    struct digest_text environment = digest_text(e->environment.digest);
    const char *const params[] = {
        e->like ? e->like : keys.key,
        e->hostname,
        e->executable,
        e->version,
        e->stack ? digest.text : NULL,
        e->problem,
        environment.text,
        keys.more,
        keys.first,
    };
    _cleanup_result_ PGresult *res = NULL;
    int r = e->like ? db_run(d, &by_like, params, ARRAY_SIZE(params) - 2, &res)
                    : RUN(d, by_keys, params, &res);

    if (r)
        return r;
    *ret = (struct references){
        .group = db_int(res, 0, 0),
        .host = db_int(res, 0, 1),
        .program = db_int(res, 0, 2),
        .stack = db_int(res, 0, 3),
        .problem = db_int(res, 0, 4),
        .environment = db_int(res, 0, 5),
        .keys = {arena_strdup(a, db_text(res, 0, 6)), arena_strdup(a, db_text(res, 0, 7)), NULL},
        .adopts = db_bool(res, 0, 8),
    };
    return e->like && !ret->group ? like_is_unknown(d, e) : 0;
}

/* --- The event itself --- */

/* Everything hangs on the row of the event: when it is there already, nothing else happens. n is
 * the number of crashes that it stands for, hours is what they add to the hours' counters, more are
 * further statements of the same shape. */
#define RECORD(n, hours, more)                                                                     \
    "WITH event AS ("                                                                              \
    "  INSERT INTO crash_events (crash_id, received_at, crashed_at, group_id, stack_id, "          \
    "                            host_id, program_id, problem_id, pid, signal, flags, "            \
    "                            environment_id) "                                                 \
    "  VALUES ($1::uuid, $2::timestamptz, $3::timestamptz, $4, $5, $6, $7, $11, $8, $9, $10, "     \
    "$13) "                                                                                        \
    "  ON CONFLICT DO NOTHING RETURNING received_at AS at), " more "hour AS ("                     \
    "  INSERT INTO group_hours AS h (group_id, hour, events) " hours                               \
    "  ON CONFLICT (group_id, hour) DO UPDATE SET events = h.events + excluded.events), "          \
    "stack AS ("                                                                                   \
    "  INSERT INTO group_stacks AS s (group_id, stack_id, events) "                                \
    "  SELECT $4, $5, 1 FROM event WHERE $5::integer IS NOT NULL "                                 \
    "  ON CONFLICT (group_id, stack_id) DO UPDATE SET events = s.events + 1), "                    \
    "program AS ("                                                                                 \
    "  INSERT INTO group_programs AS p (group_id, program_id, events, first_seen, last_seen) "     \
    "  SELECT $4, $7, " n ", at, at FROM event "                                                   \
    "  ON CONFLICT (group_id, program_id) DO UPDATE SET events = p.events + excluded.events, "     \
    "      first_seen = least(p.first_seen, excluded.first_seen), "                                \
    "      last_seen = greatest(p.last_seen, excluded.last_seen)), "                               \
    "environment AS ("                                                                             \
    "  INSERT INTO group_environments AS v (group_id, environment_id, events, first_seen, "        \
    "                                       last_seen) "                                           \
    "  SELECT $4, $13, " n ", at, at FROM event "                                                  \
    "  ON CONFLICT (group_id, environment_id) DO UPDATE SET events = v.events + excluded.events, " \
    "      first_seen = least(v.first_seen, excluded.first_seen), "                                \
    "      last_seen = greatest(v.last_seen, excluded.last_seen)), "                               \
    "host AS ("                                                                                    \
    "  INSERT INTO group_hosts AS h (group_id, host_id, events, first_seen, last_seen) "           \
    "  SELECT $4, $6, " n ", at, at FROM event "                                                   \
    "  ON CONFLICT (group_id, host_id) DO UPDATE SET events = h.events + excluded.events, "        \
    "      first_seen = least(h.first_seen, excluded.first_seen), "                                \
    "      last_seen = greatest(h.last_seen, excluded.last_seen) "                                 \
    "  RETURNING (xmax = 0)::integer AS is_new), " /* A minute is exact enough for a list, and     \
                                                      spares a row that is hot for all groups. */  \
    "seen AS ("                                                                                    \
    "  UPDATE hosts SET last_seen = at FROM event "                                                \
    "  WHERE id = $6 AND last_seen < at - interval '1 minute'), "                                  \
    "grp AS ("                                                                                     \
    "  UPDATE crash_groups AS g SET event_count = g.event_count + " n ", "                         \
    "      host_count = g.host_count + host.is_new, "                                              \
    "      first_seen = least(g.first_seen, event.at), "                                           \
    "      last_seen = greatest(g.last_seen, event.at), "                                          \
    "      status = CASE WHEN g.status IN ('resolved', 'muted') "                                  \
    "               THEN group_status_after(g, event.at, $7, g.event_count + " n ") "              \
    "               ELSE g.status END "                                                            \
    "  FROM event, host WHERE g.id = $4 RETURNING g.status), "                                     \
    "woken AS ("                                                                                   \
    "  INSERT INTO group_activity (group_id, at, actor, kind, detail) "                            \
    "  SELECT b.id, event.at, 'system', grp.status, jsonb_build_object("                           \
    "      'from', b.status, 'event', $1::uuid, 'version', p.version, 'executable', "              \
    "p.executable) "                                                                               \
    "  FROM grp, event, crash_groups b, programs p "                                               \
    "  WHERE b.id = $4 AND p.id = $7 AND grp.status <> b.status) "                                 \
    "SELECT (SELECT count(*) FROM event), "                                                        \
    "       (SELECT status = 'resolved' FROM crash_groups WHERE id = $4) AND "                     \
    "       (SELECT status = 'regressed' FROM grp), "                                              \
    "       $12::bytea IS NULL OR EXISTS (SELECT FROM group_fingerprints "                         \
    "                                     WHERE fingerprint = $12::bytea AND group_id = $4)"

static const struct db_query record_one = {
    "record", RECORD("1", "SELECT $4, date_trunc('hour', at), 1 FROM event", "")};

/* The crashes of a report are spread evenly over the hours that they happened in, of which the last
 * is that of its receipt: hosts' clocks are not trusted, only how long it took. */
#define SHARE "($14::bigint * (i + 1) / $15::bigint - $14::bigint * i / $15::bigint)"
static const struct db_query record_counted = {
    "record-counted",
    RECORD("$14::bigint",
           "SELECT $4, date_trunc('hour', at) - i * interval '1 hour', " SHARE
           "  FROM event, generate_series(0, $15::bigint - 1) AS i WHERE " SHARE " > 0",
           "counted AS ("
           "  INSERT INTO event_counts (crash_id, received_at, first_at, crashes) "
           "  SELECT $1::uuid, at, $16::timestamptz, $14::bigint FROM event), ")};

/* From the hour of the first to the hour of the last. */
static int64_t hours_of(const struct event *e)
{
    int64_t span = e->crashed_at - e->first_at;
    int64_t end = e->received_at / HOUR_USEC;

    span = span < 0 ? 0 : span < SPAN_MAX ? span : SPAN_MAX;
    return end - (e->received_at - span) / HOUR_USEC + 1;
}

static int record(struct db *d, const struct event *e, const struct references *ids,
                  struct stored *ret)
{
    struct moment received = moment(e->received_at), crashed = moment(e->crashed_at);
    struct moment first = moment(e->first_at);
    struct number group = number(ids->group), stack = number(ids->stack), host = number(ids->host);
    struct number program = number(ids->program), pid = number(e->pid), signal = number(e->signal);
    struct number flags = number(e->flags), problem = number(ids->problem);
    struct number environment = number(ids->environment);
    struct number crashes = number(e->crashes), hours = number(hours_of(e));
    bool counted = e->flags & EVENT_COUNTED;
    const char *const params[] = {
        e->crash_id,
        received.text,
        crashed.text,
        group.text,
        ids->stack ? stack.text : NULL,
        host.text,
        program.text,
        e->pid ? pid.text : NULL,
        signal.text,
        flags.text,
        problem.text,
        ids->keys.key,
        environment.text,
        crashes.text, /* of the counted ones alone, from here on */
        hours.text,
        first.text,
    };
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, counted ? &record_counted : &record_one, params,
                   counted ? ARRAY_SIZE(params) : ARRAY_SIZE(params) - 3, &res);

    if (r)
        return r;
    if (!db_bool(res, 0, 2)) /* the key has got another group while we waited for this one */
        return AGAIN;
    ret->repeated = db_int(res, 0, 0) == 0;
    ret->regressed = db_bool(res, 0, 1); /* the plain SELECT still sees the row from before */
    ret->group_id = ids->group;
    return 0;
}

/* --- The transaction --- */

static bool lacks_reference(const struct references *ids, const struct event *e)
{
    return !ids->host || !ids->program || !ids->environment || (e->stack && !ids->stack) ||
           (e->problem && !ids->problem);
}

static int make_references(struct db *d, const struct event *e, const struct references *ids,
                           struct arena *a, struct stored *ret)
{
    int r = 0;

    if (!ids->host)
        r = reference_make_host(d, e);
    if (r == 0 && !ids->program)
        r = reference_make_program(d, e);
    if (r == 0 && !ids->environment)
        r = reference_make_environment(d, e);
    if (r == 0 && e->stack && !ids->stack) {
        r = reference_make_stack(d, e, a);
        ret->new_stack = true;
    }
    if (r == 0 && e->problem && !ids->problem)
        r = reference_make_problem(d, e->problem);
    return r;
}

/* In a transaction. AGAIN, from the start: in *ids is what was found. */
static int store(struct db *d, const struct event *e, struct arena *a, struct references *ids,
                 struct stored *ret)
{
    int r = find(d, e, a, ids);

    if (r)
        return r;
    if (lacks_reference(ids, e))
        return AGAIN;
    ret->new_group = ids->group == 0;
    if (ret->new_group)
        r = reference_make_group(d, e, &ids->keys, &ids->group);
    else if (ids->adopts)
        r = keys_adopt(d, ids->group, &ids->keys, e->quality);
    if (r == REFERENCE_TAKEN)
        return AGAIN;
    return r ? r : record(d, e, ids, ret);
}

static int ensure_partition(struct db *d, const struct event *e)
{
    static const struct db_query q = {
        "partition-add",
        "SELECT ensure_event_partition(($1::timestamptz AT TIME ZONE 'UTC')::date)"};
    struct moment at = moment(e->received_at);
    const char *const params[] = {at.text};

    return RUN(d, q, params, NULL);
}

/* One attempt, committed or rolled back, and what has to be made before the next one. */
static int attempt(struct db *d, const struct event *e, struct arena *a, struct stored *ret)
{
    struct references ids = {0};
    int r = db_begin(d);

    if (r)
        return r;
    r = store(d, e, a, &ids, ret);
    /* A report that was grouped otherwise the first time leaves no empty group behind. */
    if (r == 0 && !(ret->repeated && ret->new_group))
        r = db_commit(d);
    else if (r == 0)
        db_rollback(d);
    if (r == 0)
        return 0;
    db_rollback(d);
    if (r == DB_NO_PARTITION) {
        r = ensure_partition(d, e);
        return r ? r : AGAIN;
    }
    if (r == AGAIN && lacks_reference(&ids, e)) {
        r = make_references(d, e, &ids, a, ret);
        /* What is new is rare: the day's partition is made sure of with it, so that the first group
         * of a day does not lose its number to a rollback. */
        if (r == 0)
            r = ensure_partition(d, e);
        return r ? r : AGAIN;
    }
    return r;
}

int query_store_event(struct db *d, const struct event *e, struct arena *a, struct stored *ret)
{
    struct stored s = {0};
    int r = AGAIN;

    for (unsigned i = 0; i < ATTEMPTS_MAX && (r == AGAIN || r == DB_RETRY); i++)
        r = attempt(d, e, a, &s);
    if (r == 0)
        *ret = s;
    return r == AGAIN || r == DB_RETRY ? DB_UNAVAILABLE : r;
}

/* --- The schema --- */

int query_ping(struct db *d)
{
    static const struct db_query q = {"ping", "SELECT 1"};

    return db_run(d, &q, NULL, 0, NULL);
}

int query_schema_version(struct db *d, int64_t *ret)
{
    static const struct db_query q = {"schema-version",
                                      "SELECT max(version) FROM schema_migrations"};
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, &q, NULL, 0, &res);

    if (r == 0)
        *ret = db_int(res, 0, 0);
    return r;
}

/* The number is any that nobody else takes. */
const char script_migration_lock[] = "SELECT pg_advisory_lock(4848676361);";

const char script_migration_table[] = "CREATE TABLE IF NOT EXISTS schema_migrations ("
                                      "    version    integer PRIMARY KEY,"
                                      "    name       text NOT NULL,"
                                      "    applied_at timestamptz NOT NULL DEFAULT now(),"
                                      "    sha256     text NOT NULL);"
                                      "GRANT SELECT ON schema_migrations TO PUBLIC;";

const struct db_query query_migrations = {
    "migrations", "SELECT version, sha256 FROM schema_migrations ORDER BY version"};

const struct db_query query_migration_add = {
    "migration-add", "INSERT INTO schema_migrations (version, name, sha256) VALUES ($1, $2, $3)"};
