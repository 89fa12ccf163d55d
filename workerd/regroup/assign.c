/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that have to stay together are one set; all that follows is about sets. Sorting brings rows
 * together that are about the same, so that nothing costs more than that. */
#include "workerd/regroup/assign.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

struct row {
    struct assign_row r;
    bool stays; /* the group goes on with this set */
};

struct work {
    const struct assign_input *in;
    struct arena *arena;
    uint32_t *parents; /* of keys; one that is its own is a set's name */
    struct row *rows;
    size_t n_rows;
    int64_t *owners; /* of each set, by its name */
    size_t n_new;
};

/* --- Sets of keys --- */

static uint32_t set_of(struct work *w, uint32_t key)
{
    while (w->parents[key] != key) {
        w->parents[key] = w->parents[w->parents[key]];
        key = w->parents[key];
    }
    return key;
}

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_keys(const struct work *w, uint32_t a, uint32_t b)
{
    return memcmp(w->in->keys[a].digest, w->in->keys[b].digest, SHA256_SIZE);
}

/* A set is called after its key with the lowest digest. */
static void unite(struct work *w, uint32_t a, uint32_t b)
{
    a = set_of(w, a);
    b = set_of(w, b);
    if (compare_keys(w, a, b) <= 0)
        w->parents[b] = a;
    else
        w->parents[a] = b;
}

static int by_lineage(const void *x, const void *y, void *arg)
{
    const struct assign_row *a = &((const struct row *)x)->r, *b = &((const struct row *)y)->r;
    int r = compare(a->group, b->group);

    if (r == 0)
        r = compare(a->lineage, b->lineage);
    return r ? r : compare_keys(arg, a->key, b->key);
}

static int by_set(const void *x, const void *y, void *arg)
{
    const struct assign_row *a = &((const struct row *)x)->r, *b = &((const struct row *)y)->r;
    int r = compare_keys(arg, a->key, b->key);

    return r ? r : compare(a->group, b->group);
}

static void sort(struct work *w, int (*order)(const void *, const void *, void *))
{
    qsort_r(w->rows, w->n_rows, sizeof(w->rows[0]), order, w);
}

static void unite_held(struct work *w)
{
    sort(w, by_lineage);
    for (size_t i = 1; i < w->n_rows; i++) {
        const struct assign_row *r = &w->rows[i].r, *before = &w->rows[i - 1].r;

        if (r->held && r->group == before->group)
            unite(w, r->key, before->key);
    }
}

/* Neighbours of one group and one set (and one lineage of it) become one row. */
static void add_up(struct work *w, bool same_lineage)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n_rows; i++) {
        struct row *row = &w->rows[i], *last = n ? &w->rows[n - 1] : NULL;

        if (!last || last->r.group != row->r.group || last->r.key != row->r.key ||
            (same_lineage && last->r.lineage != row->r.lineage)) {
            w->rows[n++] = *row;
            continue;
        }
        last->r.events += row->r.events;
        last->r.stack = row->r.stack < last->r.stack ? row->r.stack : last->r.stack;
        last->stays |= row->stays;
    }
    w->n_rows = n;
}

/* From here on a row's key is the name of its set. */
static void name_sets(struct work *w)
{
    for (size_t i = 0; i < w->n_rows; i++)
        w->rows[i].r.key = set_of(w, w->rows[i].r.key);
    sort(w, by_lineage);
    add_up(w, true);
}

/* --- Who stays, and whose a set is --- */

/* Of each lineage the set with most events; of equals the first, which has the lowest digest. */
static void find_stays(struct work *w)
{
    for (size_t i = 0, next; i < w->n_rows; i = next) {
        size_t most = i;

        for (next = i + 1; next < w->n_rows && w->rows[next].r.group == w->rows[i].r.group &&
                           w->rows[next].r.lineage == w->rows[i].r.lineage;
             next++) {
            if (w->rows[next].r.events > w->rows[most].r.events)
                most = next;
        }
        w->rows[most].stays = true;
    }
}

static bool is_new(const struct work *w, int64_t group)
{
    return w->in->first_new > 0 && group >= w->in->first_new;
}

/* a before b, which may be none: one that is held, one with more events, an older one. */
static bool is_better(const struct row *a, const struct row *b)
{
    if (!b || a->r.held != b->r.held)
        return !b || a->r.held;
    return a->r.events > b->r.events || (a->r.events == b->r.events && a->r.group < b->r.group);
}

/* news: of new groups, or of the others. */
static void claim_sets(struct work *w, bool news)
{
    for (size_t i = 0, next; i < w->n_rows; i = next) {
        const struct row *best = NULL;
        int64_t *owner = &w->owners[w->rows[i].r.key];

        for (next = i; next < w->n_rows && w->rows[next].r.key == w->rows[i].r.key; next++) {
            const struct row *row = &w->rows[next];

            if (row->stays && is_new(w, row->r.group) == news && is_better(row, best))
                best = row;
        }
        if (*owner == 0 && best)
            *owner = best->r.group;
    }
}

/* --- What nobody stays with --- */

/* Which sets have events, or stand beside a first key: of the others nothing is known but where
 * they led to. A key that only stands beside others leads where its stacks' first keys lead. */
static bool *find_beside(struct work *w)
{
    bool *beside = arena_array(w->arena, bool, w->in->n_keys);

    for (size_t i = 0; i < w->in->n_links; i++)
        beside[set_of(w, w->in->links[i].more)] = true;
    for (size_t i = 0; i < w->n_rows; i++)
        beside[w->rows[i].r.key] = false;
    return beside;
}

/* Where it led to before: of several groups the oldest. */
static void keep_owners(struct work *w, bool news)
{
    int64_t *before = arena_array(w->arena, int64_t, w->in->n_keys);
    const bool *beside = find_beside(w);

    for (uint32_t i = 0; i < w->in->n_keys; i++) {
        int64_t owner = w->in->keys[i].owner, *first = &before[set_of(w, i)];

        if (owner > 0 && is_new(w, owner) == news && (*first == 0 || owner < *first))
            *first = owner;
    }
    for (uint32_t i = 0; i < w->in->n_keys; i++) {
        if (w->parents[i] == i && w->owners[i] == 0 && !beside[i])
            w->owners[i] = before[i];
    }
}

struct vote {
    int64_t events, owner;
};

/* What has an owner already keeps it as long as anything speaks for it. */
static void vote(struct work *w, struct vote *v, uint32_t set, int64_t owner, int64_t events)
{
    if (owner <= 0)
        return;
    if (owner == w->in->keys[set].owner)
        events = INT64_MAX;
    if (!v->owner || events > v->events || (events == v->events && owner < v->owner))
        *v = (struct vote){events, owner};
}

/* One step along the links, from sets that are somebody's to sets that are nobody's. False when
 * there was none to go. */
static bool follow_links(struct work *w)
{
    struct vote *votes = arena_array(w->arena, struct vote, w->in->n_keys);
    bool went = false;

    for (size_t i = 0; i < w->in->n_links; i++) {
        const struct assign_link *l = &w->in->links[i];
        uint32_t a = set_of(w, l->key), b = set_of(w, l->more);

        if (w->owners[a] == 0)
            vote(w, &votes[a], a, w->owners[b], l->events);
        if (w->owners[b] == 0)
            vote(w, &votes[b], b, w->owners[a], l->events);
    }
    for (uint32_t i = 0; i < w->in->n_keys; i++) {
        if (w->owners[i] == 0 && votes[i].owner) {
            w->owners[i] = votes[i].owner;
            went = true;
        }
    }
    return went;
}

/* Those that share a key would have been one group if they had come one after the other. */
static void unite_orphans(struct work *w)
{
    for (size_t i = 0; i < w->in->n_links; i++) {
        uint32_t a = set_of(w, w->in->links[i].key), b = set_of(w, w->in->links[i].more);

        if (w->owners[a] == 0 && w->owners[b] == 0)
            unite(w, a, b);
    }
}

static int by_stack(const void *x, const void *y, void *arg)
{
    const struct assign_row *a = &((const struct row *)x)->r, *b = &((const struct row *)y)->r;
    int r = compare(a->stack, b->stack);

    return r ? r : compare_keys(arg, a->key, b->key);
}

static void make_groups(struct work *w)
{
    unite_orphans(w);
    sort(w, by_stack);
    for (size_t i = 0; i < w->n_rows; i++) {
        uint32_t set = set_of(w, w->rows[i].r.key);

        if (w->owners[set] == 0)
            w->owners[set] = -(int64_t)++w->n_new;
    }
}

/* --- The whole --- */

static void find_owners(struct work *w, bool news)
{
    claim_sets(w, news);
    keep_owners(w, news);
    while (follow_links(w))
        ;
}

static void begin(struct work *w)
{
    const struct assign_input *in = w->in;

    w->parents = arena_array(w->arena, uint32_t, in->n_keys);
    w->owners = arena_array(w->arena, int64_t, in->n_keys);
    w->rows = arena_array(w->arena, struct row, in->n_rows);
    w->n_rows = in->n_rows;
    for (uint32_t i = 0; i < in->n_keys; i++)
        w->parents[i] = i;
    for (size_t i = 0; i < in->n_rows; i++)
        w->rows[i].r = in->rows[i];
}

void assign_keys(const struct assign_input *in, struct arena *a, struct assign_result *ret)
{
    struct work w = {.in = in, .arena = a};

    begin(&w);
    unite_held(&w);
    name_sets(&w);
    find_stays(&w);
    sort(&w, by_set);
    add_up(&w, false);
    find_owners(&w, false);
    if (in->first_new > 0)
        find_owners(&w, true);
    make_groups(&w);
    ret->owners = arena_array(a, int64_t, in->n_keys);
    for (uint32_t i = 0; i < in->n_keys; i++)
        ret->owners[i] = w.owners[set_of(&w, i)];
    ret->n_new = w.n_new;
}
