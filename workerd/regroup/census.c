/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/census.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/id.h"

#include "workerd/params.h"
#include "workerd/regroup/keys.h"

#define PAGE    5000
#define WHY_MAX 2048

struct reading {
    struct db *db;
    struct blob_store *store;
    const struct regroup_way *way;
    struct arena *arena;
    struct census *census;
    uint32_t *slots; /* indexes of keys plus one, by their digests */
    size_t mask;
};

/* --- Keys by their digests --- */

static uint32_t key_of(struct reading *r, const uint8_t digest[static SHA256_SIZE])
{
    struct census *c = r->census;
    uint64_t hash;

    memcpy(&hash, digest, sizeof(hash));
    for (size_t i = hash & r->mask;; i = (i + 1) & r->mask) {
        if (r->slots[i] == 0) {
            memcpy(c->keys[c->n_keys].digest, digest, SHA256_SIZE);
            r->slots[i] = (uint32_t)++c->n_keys;
        }
        if (memcmp(c->keys[r->slots[i] - 1].digest, digest, SHA256_SIZE) == 0)
            return r->slots[i] - 1;
    }
}

/* Room for every key that there may be. */
static void make_room(struct reading *r, size_t n_stacks, size_t n_keys)
{
    size_t max = n_stacks * (2 + GROUPING_KEYS_MAX) + n_keys + 1, slots = 1;

    while (slots < 2 * max)
        slots *= 2;
    r->mask = slots - 1;
    r->slots = arena_array(r->arena, uint32_t, slots);
    r->census->keys = arena_array(r->arena, struct assign_key, max);
}

/* --- Stacks --- */

/* "memory: parse() < read_file()" */
static const char *why(const struct grouping *g, size_t n_frames, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(WHY_MAX);
    const char *between = ": ";

    buf_adds(&b, g->class);
    for (size_t i = 0; i < n_frames && !buf_error(&b); i++) {
        if (g->verdicts[i].kind != VERDICT_KEPT || !g->verdicts[i].key)
            continue;
        buf_adds(&b, between);
        buf_adds(&b, g->verdicts[i].key);
        between = " < ";
    }
    return arena_strdup(a, buf_text(&b));
}

/* 64 digits each, with commas between them. */
static void add_more(struct reading *r, struct census_stack *s, const char *text)
{
    struct str rest = str_from(text), word;

    while (s->n_more < GROUPING_KEYS_MAX && str_split(&rest, ',', &word)) {
        uint8_t digest[SHA256_SIZE];

        if (hex_decode(word, digest, SHA256_SIZE) == 0)
            s->more[s->n_more++] = key_of(r, digest);
    }
}

static void add_known(struct reading *r, const PGresult *res, int i, struct census_stack *s)
{
    const uint8_t *key = regroup_bytes(res, i, 1, r->arena);
    const uint8_t *lineage = regroup_bytes(res, i, 2, r->arena);

    if (!key)
        return;
    s->key = key_of(r, key);
    s->lineage = lineage ? key_of(r, lineage) : s->key;
    s->quality = (uint8_t)db_int(res, i, 4);
    s->title_rank = (uint8_t)db_int(res, i, 5);
    add_more(r, s, db_text(res, i, 3));
    r->census->n_stacks++;
}

static int add_restacked(struct reading *r, const PGresult *res, int i, struct census_stack *s)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const struct old_stack old = {
        .id = s->id,
        .frames = db_text(res, i, 7),
        .facts = db_text(res, i, 8),
        .title = db_text(res, i, 9),
        .key = regroup_bytes(res, i, 1, &a),
    };
    const uint8_t *lineage = regroup_bytes(res, i, 2, &a);
    struct restacked now;
    int e = restack(r->db, r->store, r->way, &old, &a, &now);

    if (e || now.unreadable) {
        add_known(r, res, i, s);
        return e;
    }
    s->key = key_of(r, now.keys.key);
    s->lineage = key_of(r, lineage ? lineage : now.lineage);
    for (size_t k = 0; k < now.keys.n_more; k++)
        s->more[s->n_more++] = key_of(r, now.keys.more[k]);
    s->quality = (uint8_t)now.quality;
    s->title_rank = (uint8_t)now.title_rank;
    s->title = arena_strdup(r->arena, now.title);
    s->why = why(&now.grouping, now.row->crash.n_frames, r->arena);
    r->census->n_stacks++;
    r->census->n_regrouped++;
    return 0;
}

/* The frames only of those that are to be grouped: $2 says how the others are. */
static int read_stacks(struct reading *r)
{
    static const struct db_query q = {
        "census-stacks",
        "SELECT s.id, encode(s.key, 'hex'), encode(l.lot, 'hex'), "
        "       array_to_string(ARRAY(SELECT encode(m, 'hex') FROM unnest(s.more_keys) m), ','), "
        "       s.quality, s.title_rank, d.due, CASE WHEN d.due THEN s.frames::text END, "
        "       CASE WHEN d.due THEN nullif(s.facts::text, '{}') END, "
        "       CASE WHEN d.due THEN s.title END "
        "FROM stacks s LEFT JOIN stack_lineages l ON l.stack_id = s.id, "
        "LATERAL (SELECT $2 <> '' AND (s.grouped <> $2 "
        "                OR s.key IN (SELECT base FROM key_splits)) AS due) AS d "
        "WHERE s.id > $1 ORDER BY s.id LIMIT $3::integer"};
    struct number rows = number(PAGE);
    int64_t last = 0;
    int e = 0;

    for (int n = PAGE; e == 0 && n == PAGE;) {
        struct number from = number(last);
        const char *const params[] = {from.text, r->way ? r->way->grouped : "", rows.text};
        _cleanup_result_ PGresult *res = NULL;

        e = RUN(r->db, q, params, &res);
        n = e ? 0 : PQntuples(res);
        for (int i = 0; i < n && e == 0; i++) {
            struct census_stack *s = &r->census->stacks[r->census->n_stacks];

            *s = (struct census_stack){.id = last = db_int(res, i, 0)};
            if (db_bool(res, i, 6))
                e = add_restacked(r, res, i, s);
            else
                add_known(r, res, i, s);
        }
    }
    return e;
}

static int by_id(const void *x, const void *y)
{
    const struct census_stack *a = x, *b = y;

    return (a->id > b->id) - (a->id < b->id);
}

/* --- Groups --- */

static int read_shares(struct reading *r)
{
    static const struct db_query q = {
        "census-shares", "SELECT s.group_id, s.stack_id, s.events, g.held FROM group_stacks s "
                         "JOIN crash_groups g ON g.id = s.group_id "
                         "WHERE (s.group_id, s.stack_id) > ($1::integer, $2::integer) "
                         "ORDER BY s.group_id, s.stack_id LIMIT $3::integer"};
    struct census *c = r->census;
    struct number rows = number(PAGE);
    int64_t group = 0, stack = 0;
    int e = 0;

    for (int n = PAGE; e == 0 && n == PAGE;) {
        struct number from = number(group), behind = number(stack);
        const char *const params[] = {from.text, behind.text, rows.text};
        _cleanup_result_ PGresult *res = NULL;

        e = RUN(r->db, q, params, &res);
        n = e ? 0 : PQntuples(res);
        for (int i = 0; i < n; i++) {
            const struct census_stack wanted = {.id = stack = db_int(res, i, 1)}, *s;

            group = db_int(res, i, 0);
            s = bsearch(&wanted, c->stacks, c->n_stacks, sizeof(wanted), by_id);
            if (s)
                c->shares[c->n_shares++] = (struct census_share){
                    group, db_bool(res, i, 3), (uint32_t)(s - c->stacks), db_int(res, i, 2)};
        }
    }
    return e;
}

static int read_owners(struct reading *r)
{
    static const struct db_query q = {
        "census-owners", "SELECT encode(fingerprint, 'hex'), group_id FROM group_fingerprints "
                         "WHERE fingerprint > $1::bytea ORDER BY fingerprint LIMIT $2::integer"};
    struct number rows = number(PAGE);
    struct digest_text last = {"\\x"};
    int e = 0;

    for (int n = PAGE; e == 0 && n == PAGE;) {
        const char *const params[] = {last.text, rows.text};
        _cleanup_result_ PGresult *res = NULL;

        e = RUN(r->db, q, params, &res);
        n = e ? 0 : PQntuples(res);
        for (int i = 0; i < n; i++) {
            uint8_t digest[SHA256_SIZE];

            if (hex_decode(str_from(db_text(res, i, 0)), digest, SHA256_SIZE) < 0)
                continue;
            r->census->keys[key_of(r, digest)].owner = db_int(res, i, 1);
            last = digest_text(digest);
        }
    }
    return e;
}

/* --- The whole --- */

int census_moment(struct db *d)
{
    static const struct db_query q = {"census-moment",
                                      "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"};

    return db_run(d, &q, NULL, 0, NULL);
}

static int count(struct reading *r)
{
    static const struct db_query q = {"census-count",
                                      "SELECT (SELECT count(*) FROM stacks), "
                                      "       (SELECT count(*) FROM group_stacks), "
                                      "       (SELECT count(*) FROM group_fingerprints)"};
    _cleanup_result_ PGresult *res = NULL;
    int e = db_run(r->db, &q, NULL, 0, &res);

    if (e)
        return e;
    r->census->stacks = arena_array(r->arena, struct census_stack, (size_t)db_int(res, 0, 0) + 1);
    r->census->shares = arena_array(r->arena, struct census_share, (size_t)db_int(res, 0, 1) + 1);
    make_room(r, (size_t)db_int(res, 0, 0), (size_t)db_int(res, 0, 2));
    return 0;
}

int census_read(struct db *d, struct blob_store *store, const struct regroup_way *way,
                struct arena *a, struct census *ret)
{
    struct census c = {0};
    struct reading r = {.db = d, .store = store, .way = way, .arena = a, .census = &c};
    int e = count(&r);

    if (e == 0)
        e = read_stacks(&r);
    if (e == 0)
        e = read_shares(&r);
    if (e == 0)
        e = read_owners(&r);
    if (e == 0)
        *ret = c;
    return e;
}

/* --- Assignment --- */

static int by_keys(const void *x, const void *y)
{
    const struct assign_link *a = x, *b = y;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->more > b->more) - (a->more < b->more);
}

static size_t add_up_links(struct assign_link *links, size_t n)
{
    size_t kept = 0;

    qsort(links, n, sizeof(links[0]), by_keys);
    for (size_t i = 0; i < n; i++) {
        if (kept && by_keys(&links[kept - 1], &links[i]) == 0)
            links[kept - 1].events += links[i].events;
        else
            links[kept++] = links[i];
    }
    return kept;
}

void census_assign(const struct census *c, struct arena *a, struct assign_result *ret)
{
    struct assign_row *rows = arena_array(a, struct assign_row, c->n_shares);
    struct assign_link *links = arena_array(a, struct assign_link, c->n_shares * GROUPING_KEYS_MAX);
    size_t n_links = 0;

    for (size_t i = 0; i < c->n_shares; i++) {
        const struct census_share *s = &c->shares[i];
        const struct census_stack *stack = &c->stacks[s->stack];

        rows[i] = (struct assign_row){s->group,       s->held,   stack->key,
                                      stack->lineage, s->events, stack->id};
        for (size_t k = 0; k < stack->n_more; k++)
            links[n_links++] = (struct assign_link){stack->key, stack->more[k], s->events};
    }
    n_links = add_up_links(links, n_links);
    assign_keys(
        &(struct assign_input){rows, c->n_shares, c->keys, c->n_keys, links, n_links, c->first_new},
        a, ret);
}

/* --- Owners --- */

struct piece {
    int64_t owner, group, events;
    uint32_t stack;
};

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_stack(const void *x, const void *y)
{
    const struct piece *a = x, *b = y;
    int r = compare(a->owner, b->owner);

    return r ? r : compare(a->stack, b->stack);
}

static int by_source(const void *x, const void *y)
{
    const struct piece *a = x, *b = y;
    int r = compare(a->owner, b->owner);

    return r ? r : compare(a->group, b->group);
}

static bool names_more(const struct census *c, const struct census_owner *o, uint32_t stack,
                       int64_t events, int64_t best_events)
{
    const struct census_stack *s = &c->stacks[stack], *best = &c->stacks[o->best];

    if (best_events < 0 || s->title_rank != best->title_rank)
        return best_events < 0 || s->title_rank > best->title_rank;
    return events > best_events;
}

/* Pieces of one owner, by stack. */
static void find_best(const struct census *c, const struct piece *p, size_t n,
                      struct census_owner *o)
{
    int64_t best = -1;

    for (size_t i = 0, next; i < n; i = next) {
        const struct census_stack *s = &c->stacks[p[i].stack];
        int64_t events = 0;

        for (next = i; next < n && p[next].stack == p[i].stack; next++)
            events += p[next].events;
        o->changed |= s->key != s->lineage;
        o->events += events;
        if (names_more(c, o, p[i].stack, events, best)) {
            o->best = p[i].stack;
            best = events;
        }
    }
}

/* Pieces of one owner, by group. */
static void find_source(const struct piece *p, size_t n, struct census_owner *o)
{
    for (size_t i = 0, next; i < n; i = next) {
        int64_t events = 0;

        for (next = i; next < n && p[next].group == p[i].group; next++)
            events += p[next].events;
        if (!o->source || events > o->from_source) {
            o->source = p[i].group;
            o->from_source = events;
        }
    }
}

static size_t same_owner(const struct piece *p, size_t n)
{
    size_t same = 1;

    while (same < n && p[same].owner == p[0].owner)
        same++;
    return same;
}

void census_owners(const struct census *c, const struct assign_result *r, struct arena *a,
                   struct census_owner **ret, size_t *ret_n)
{
    struct piece *p = arena_array(a, struct piece, c->n_shares);
    struct census_owner *owners = arena_array(a, struct census_owner, c->n_shares + 1);
    size_t n = 0;

    for (size_t i = 0; i < c->n_shares; i++) {
        const struct census_share *s = &c->shares[i];

        p[i] = (struct piece){r->owners[c->stacks[s->stack].key], s->group, s->events, s->stack};
    }
    qsort(p, c->n_shares, sizeof(p[0]), by_stack);
    for (size_t i = 0, next; i < c->n_shares; i = next) {
        next = i + same_owner(p + i, c->n_shares - i);
        owners[n] = (struct census_owner){.id = p[i].owner};
        find_best(c, p + i, next - i, &owners[n++]);
    }
    qsort(p, c->n_shares, sizeof(p[0]), by_source);
    n = 0;
    for (size_t i = 0, next; i < c->n_shares; i = next) {
        next = i + same_owner(p + i, c->n_shares - i);
        find_source(p + i, next - i, &owners[n++]);
    }
    *ret = owners;
    *ret_n = n;
}
