/* SPDX-License-Identifier: Apache-2.0 */
/* A group's shares, sorted by where their keys lead, are what becomes of it: as settle.c does it,
 * a group of which nothing stays is merged into the group that gets most of it, and whatever else
 * goes away is split off. */
#include "workerd/regroup/forecast.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/cleanup.h"

#include "workerd/params.h"

/* What one group gives to another, or keeps: owner is its own number. */
struct part {
    int64_t owner, events;
    size_t stacks;
    uint32_t stack; /* with most events */
    int64_t most;
};

struct printing {
    struct db *db;
    const struct census *census;
    const struct assign_result *result;
    struct arena *arena;
    struct census_owner *owners;
    size_t n_owners;
    FILE *out;
    struct forecast sum;
};

/* --- Names --- */

static int group_title(struct printing *p, int64_t group, const char **ret)
{
    static const struct db_query q = {"forecast-title",
                                      "SELECT title FROM crash_groups WHERE id = $1"};
    struct number id = number(group);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(p->db, q, params, &res);

    if (e == 0)
        *ret = PQntuples(res) ? arena_strdup(p->arena, db_text(res, 0, 0)) : "";
    return e;
}

static const char *new_title(const struct printing *p, int64_t owner)
{
    for (size_t i = 0; i < p->n_owners; i++) {
        if (p->owners[i].id == owner)
            return p->census->stacks[p->owners[i].best].title;
    }
    return NULL;
}

/* "G-7 SIGSEGV in parse() parse.c:3", "new group 1 …" */
static int name(struct printing *p, int64_t owner, const char **ret)
{
    const char *title;
    int e = 0;

    if (owner < 0) {
        title = new_title(p, owner);
        *ret = arena_printf(p->arena, "new group %" PRId64 " (%s)", -owner, title ? title : "");
        return 0;
    }
    e = group_title(p, owner, &title);
    if (e == 0)
        *ret = arena_printf(p->arena, "G-%" PRId64 " (%s)", owner, title);
    return e;
}

/* The frames that counted when the stack was grouped last. */
static int frames_before(struct printing *p, int64_t stack, const char **ret)
{
    static const struct db_query q = {
        "forecast-frames",
        "SELECT string_agg(coalesce(f ->> 'function', f ->> 'module', '?'), ' < ' ORDER BY n) "
        "FROM stacks s, jsonb_array_elements(s.frames) WITH ORDINALITY AS x (f, n) "
        "WHERE s.id = $1 AND f ->> 'verdict' = 'kept'"};
    struct number id = number(stack);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(p->db, q, params, &res);

    if (e == 0)
        *ret = arena_strdup(p->arena, db_text(res, 0, 0) ? db_text(res, 0, 0) : "");
    return e;
}

static int print_why(struct printing *p, const struct part *part)
{
    const struct census_stack *s = &p->census->stacks[part->stack];
    const char *before;
    int e = frames_before(p, s->id, &before);

    if (e == 0)
        fprintf(p->out, "    %zu %s, such as number %" PRId64 ", by %s; before by %s\n",
                part->stacks, part->stacks == 1 ? "stack" : "stacks", s->id,
                s->why ? s->why : "what it had", before);
    return e;
}

/* --- One group --- */

static int by_owner(const void *x, const void *y)
{
    const struct part *a = x, *b = y;

    return (a->owner > b->owner) - (a->owner < b->owner);
}

/* Shares of one group to its parts. */
static size_t make_parts(struct printing *p, const struct census_share *s, size_t n,
                         struct part *parts)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        parts[i] = (struct part){p->result->owners[p->census->stacks[s[i].stack].key], s[i].events,
                                 1, s[i].stack, s[i].events};
    qsort(parts, n, sizeof(parts[0]), by_owner);
    for (size_t i = 0; i < n; i++) {
        struct part *last = kept ? &parts[kept - 1] : NULL;

        if (!last || last->owner != parts[i].owner) {
            parts[kept++] = parts[i];
            continue;
        }
        if (parts[i].most > last->most) {
            last->most = parts[i].most;
            last->stack = parts[i].stack;
        }
        last->events += parts[i].events;
        last->stacks++;
    }
    return kept;
}

/* The part that goes with the group's own number; NULL when a part stays. */
static const struct part *main_part(const struct part *parts, size_t n, int64_t group)
{
    const struct part *most = NULL;

    for (size_t i = 0; i < n; i++) {
        if (parts[i].owner == group)
            return NULL;
        if (!most || parts[i].events > most->events)
            most = &parts[i];
    }
    return most;
}

static int print_part(struct printing *p, int64_t group, const struct part *part, bool is_main)
{
    const char *from, *to;
    int e = name(p, group, &from);

    if (e == 0)
        e = name(p, part->owner, &to);
    if (e)
        return e;
    fprintf(p->out, "%s %s %s %s: %" PRId64 " %s\n", is_main ? "merge" : "split", from,
            is_main ? "into" : "off to", to, part->events, part->events == 1 ? "event" : "events");
    p->sum.moved += part->events;
    p->sum.merged += is_main;
    return print_why(p, part);
}

static int print_group(struct printing *p, const struct census_share *s, size_t n)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct part *parts = arena_array(&a, struct part, n);
    size_t n_parts = make_parts(p, s, n, parts);
    const struct part *most = main_part(parts, n_parts, s->group);
    int e = 0;

    if (n_parts == 1 && !most)
        return 0;
    p->sum.split += n_parts > 1;
    for (size_t i = 0; i < n_parts && e == 0; i++) {
        if (parts[i].owner != s->group)
            e = print_part(p, s->group, &parts[i], &parts[i] == most);
    }
    for (size_t i = 0; i < n_parts && e == 0 && !most; i++) {
        if (parts[i].owner == s->group) {
            fprintf(p->out, "  what stays in G-%" PRId64 ":\n", s->group);
            e = print_why(p, &parts[i]);
        }
    }
    return e;
}

int forecast_print(struct db *d, const struct census *c, const struct assign_result *r,
                   struct arena *a, FILE *out, struct forecast *ret)
{
    struct printing p = {.db = d, .census = c, .result = r, .arena = a, .out = out};
    int e = 0;

    census_owners(c, r, a, &p.owners, &p.n_owners);
    p.sum.made = r->n_new;
    for (size_t i = 0, next; i < c->n_shares && e == 0; i = next) {
        for (next = i + 1; next < c->n_shares && c->shares[next].group == c->shares[i].group;)
            next++;
        e = print_group(&p, &c->shares[i], next - i);
    }
    *ret = p.sum;
    return e;
}
