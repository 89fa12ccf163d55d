/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/owners.h"

#include <string.h>

#include "common/base/cleanup.h"

#include "workerd/params.h"
#include "workerd/regroup/census.h"

#define BATCH 1000 /* keys of one statement */

struct plan {
    struct db *db;
    struct arena *arena;
    struct census census;
    struct assign_result result;
    struct census_owner *owners;
    size_t n_owners;
    int64_t *new_ids; /* of the n-th new group */
    uint8_t *qualities;
};

/* --- Groups --- */

/* What is split off has the state of the group that it comes from: nobody is told of what they have
 * seen. Its times become those of its events once they follow: first_seen is not before the last,
 * nor last_seen behind the first that there was. */
static int make_group(struct plan *p, const struct census_owner *o)
{
    static const struct db_query q = {
        "owners-new",
        "WITH made AS ("
        "INSERT INTO crash_groups (title, title_rank, executable, signal, status, resolved_at, "
        "                          resolved_by, assignee, first_seen, last_seen) "
        "SELECT s.title, s.title_rank, coalesce(s.facts ->> 'executable', g.executable), "
        "       coalesce((s.facts ->> 'signal')::smallint, g.signal), g.status, g.resolved_at, "
        "       g.resolved_by, g.assignee, g.last_seen, g.first_seen "
        "FROM stacks s, crash_groups g WHERE s.id = $1 AND g.id = $2 RETURNING id), "
        "rest AS (INSERT INTO group_rests "
        "         SELECT made.id, r.executable, r.version, r.version_order, r.beyond, r.until, "
        "                r.events, r.events_at, r.hours "
        "         FROM made, group_rests r WHERE r.group_id = $2), "
        "labels AS (INSERT INTO group_labels "
        "           SELECT made.id, l.label FROM made, group_labels l WHERE l.group_id = $2) "
        "SELECT id FROM made"};
    struct number stack = number(p->census.stacks[o->best].id), source = number(o->source);
    const char *const params[] = {stack.text, source.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(p->db, q, params, &res);

    if (r)
        return r;
    if (PQntuples(res) == 0)
        return DB_RETRY;
    p->new_ids[-o->id] = db_int(res, 0, 0);
    return 0;
}

/* The title is that of the stacks it has now, if any has another key. */
static int change_title(struct plan *p, const struct census_owner *o)
{
    static const struct db_query q = {
        "owners-title",
        "UPDATE crash_groups g SET title = s.title, title_rank = s.title_rank FROM stacks s "
        "WHERE g.id = $1 AND s.id = $2 AND s.title <> '' "
        "AND (g.title <> s.title OR g.title_rank <> s.title_rank)"};
    struct number group = number(o->id), stack = number(p->census.stacks[o->best].id);
    const char *const params[] = {group.text, stack.text};

    return RUN(p->db, q, params, NULL);
}

/* New groups in the order of their numbers, which is that of their first stacks. */
static int make_groups(struct plan *p)
{
    const struct census_owner **made =
        arena_array(p->arena, const struct census_owner *, p->result.n_new + 1);
    int r = 0;

    p->new_ids = arena_array(p->arena, int64_t, p->result.n_new + 1);
    for (size_t i = 0; i < p->n_owners && r == 0; i++) {
        const struct census_owner *o = &p->owners[i];

        if (o->id < 0)
            made[-o->id] = o;
        else if (o->changed)
            r = change_title(p, o);
    }
    for (size_t i = 1; i <= p->result.n_new && r == 0; i++)
        r = made[i] ? make_group(p, made[i]) : 0;
    return r;
}

/* --- Keys --- */

static void find_qualities(struct plan *p)
{
    p->qualities = arena_array(p->arena, uint8_t, p->census.n_keys + 1);
    for (size_t i = 0; i < p->census.n_stacks; i++) {
        const struct census_stack *s = &p->census.stacks[i];

        if (s->quality > p->qualities[s->key])
            p->qualities[s->key] = s->quality;
        for (size_t k = 0; k < s->n_more; k++) {
            uint8_t most = s->quality < QUALITY_MAKESHIFT ? s->quality : QUALITY_MAKESHIFT;

            if (most > p->qualities[s->more[k]])
                p->qualities[s->more[k]] = most;
        }
    }
}

struct batch {
    struct text_set keys, groups, qualities;
};

static void begin_batch(struct batch *b, struct arena *a)
{
    text_set_init(&b->keys, BATCH, a);
    text_set_init(&b->groups, BATCH, a);
    text_set_init(&b->qualities, BATCH, a);
}

/* Whoever stores a crash of a group has its lock: those that lose a key are locked first, so that a
 * crash that was found its group by that key is counted before, or finds another. */
static int write_batch(struct plan *p, const struct batch *b)
{
    static const struct db_query lock = {
        "owners-lock",
        "SELECT id FROM crash_groups WHERE id IN (SELECT f.group_id FROM group_fingerprints f "
        "WHERE f.fingerprint = ANY ($1::bytea[])) ORDER BY id FOR NO KEY UPDATE"};
    static const struct db_query write = {
        "owners-write",
        "INSERT INTO group_fingerprints AS f (fingerprint, group_id, algorithm, quality) "
        "SELECT u.key, u.id, $4::smallint, u.quality "
        "FROM unnest($1::bytea[], $2::integer[], $3::smallint[]) AS u (key, id, quality) "
        "ORDER BY u.key ON CONFLICT (fingerprint) DO UPDATE "
        "SET group_id = excluded.group_id, algorithm = excluded.algorithm"};
    struct number algorithm = number(FINGERPRINT_VERSION);
    const char *const params[] = {array_text(&b->keys, p->arena), array_text(&b->groups, p->arena),
                                  array_text(&b->qualities, p->arena), algorithm.text};
    int r = b->keys.n == 0 ? 0 : db_run(p->db, &lock, params, 1, NULL);

    return r || b->keys.n == 0 ? r : RUN(p->db, write, params, NULL);
}

static void add_key(struct plan *p, struct batch *b, size_t key, int64_t group)
{
    b->keys.texts[b->keys.n++] =
        arena_strdup(p->arena, digest_text(p->census.keys[key].digest).text);
    b->groups.texts[b->groups.n++] = arena_strdup(p->arena, number(group).text);
    b->qualities.texts[b->qualities.n++] = arena_strdup(p->arena, number(p->qualities[key]).text);
}

static int write_keys(struct plan *p, int64_t *ret_moved)
{
    struct batch b;
    int r = 0;

    begin_batch(&b, p->arena);
    for (size_t i = 0; i < p->census.n_keys && r == 0; i++) {
        int64_t group = p->result.owners[i];

        group = group < 0 ? p->new_ids[-group] : group;
        if (group == 0 || group == p->census.keys[i].owner)
            continue;
        add_key(p, &b, i, group);
        ++*ret_moved;
        if (b.keys.n < BATCH)
            continue;
        r = write_batch(p, &b);
        begin_batch(&b, p->arena);
    }
    return r ? r : write_batch(p, &b);
}

/* --- What is over --- */

/* Keys that stacks had and none has any more; those of a decision stay, for it can be undone; and
 * all of an older algorithm, but for crashes without any frame, which have no row to be grouped
 * by. */
static int forget(struct plan *p)
{
    static const struct db_query steps[] = {
        {"owners-forget",
         "DELETE FROM group_fingerprints f WHERE (f.fingerprint IN (SELECT key FROM "
         "stack_lineages) "
         "    OR (f.algorithm < $1::smallint AND f.quality > 0)) "
         "AND NOT EXISTS (SELECT FROM stacks s WHERE s.key = f.fingerprint) "
         "AND NOT EXISTS (SELECT FROM key_splits k WHERE k.base = f.fingerprint) "
         "AND f.fingerprint NOT IN (SELECT m FROM stacks s, unnest(s.more_keys) AS m)"},
        {"owners-lineages", "DELETE FROM stack_lineages WHERE $1::smallint > 0"},
    };
    struct number algorithm = number(FINGERPRINT_VERSION);
    const char *const params[] = {algorithm.text};
    int r = RUN(p->db, steps[0], params, NULL);

    return r ? r : RUN(p->db, steps[1], params, NULL);
}

/* --- The whole --- */

int owners_write(struct db *d, int64_t first_new, struct owners_result *ret)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct plan p = {.db = d, .arena = &a};
    struct owners_result result = {0};
    int r = census_read(d, NULL, NULL, &a, &p.census);

    if (r)
        return r;
    p.census.first_new = first_new;
    census_assign(&p.census, &a, &p.result);
    census_owners(&p.census, &p.result, &a, &p.owners, &p.n_owners);
    find_qualities(&p);
    r = make_groups(&p);
    if (r == 0)
        r = write_keys(&p, &result.keys_moved);
    if (r == 0)
        r = forget(&p);
    result.groups_made = (int64_t)p.result.n_new;
    if (r == 0)
        *ret = result;
    return r;
}
