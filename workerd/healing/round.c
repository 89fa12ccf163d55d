/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/healing/round.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/arrivals.h"

#include "workerd/healing/again.h"
#include "workerd/healing/queries.h"
#include "workerd/regroup/requests.h"

#define MARKS_MAX     256                  /* of one round; more are another one's */
#define PAGE          100                  /* events that are asked for at once */
#define LOOK_USEC     (50 * USEC_PER_MSEC) /* between two looks at the queue of new crashes */
#define YIELD_USEC    USEC_PER_SEC         /* for which they go first */
#define REQUESTS_USEC USEC_PER_SEC

struct mark {
    char name[2 * 64 + 1];
};

struct round {
    struct worker *w;
    struct arena arena;
    struct mark marks[MARKS_MAX];
    size_t n_marks;
    struct text_set build_ids, crashes; /* of the marks */
    bool all;
    int64_t since;           /* what was analysed again at this time or later needs it no more */
    int64_t next;            /* monotonic: not before it the next event */
    int64_t next_requests;   /* monotonic: not before it a look at what people ask for */
    uint64_t n_events;       /* analysed by this pass */
    bool (*each)(void *arg); /* behind each event; NULL */
    void *arg;
};

/* --- The marks --- */

/* A mark's time is the clock of whoever left it: one that runs ahead of ours would never let the
 * round end. */
static int add_mark(const char *name, int64_t at, void *arg)
{
    struct round *r = arg;
    char *kept = r->marks[r->n_marks].name;

    strncat(kept, name, sizeof(r->marks[0].name) - 1);
    if (at > r->since)
        r->since = at;
    if (strcmp(kept, ARRIVAL_ALL) == 0)
        r->all = true;
    else if (uuid_valid(str_from(kept)))
        r->crashes.texts[r->crashes.n++] = kept;
    else
        r->build_ids.texts[r->build_ids.n++] = kept;
    return ++r->n_marks == MARKS_MAX;
}

static int read_marks(struct round *r)
{
    int64_t now = clock_now();
    int e;

    r->build_ids.texts = arena_array(&r->arena, const char *, MARKS_MAX);
    r->crashes.texts = arena_array(&r->arena, const char *, MARKS_MAX);
    e = arrivals_taken(r->w->store, add_mark, r);
    r->since = r->since < now ? r->since : now;
    return e < 0 ? e : 0;
}

/* --- No faster than it should --- */

static bool new_crashes_wait(struct round *r)
{
    struct queue_stats stats;

    return queue_stats(r->w->queue, &stats) == 0 && stats.waiting > 0;
}

/* False when it is to stop. */
static bool await_turn(struct round *r)
{
    int64_t yield = clock_mono() + YIELD_USEC;
    int64_t now;

    while (!r->w->stopping() && (now = clock_mono()) < yield && new_crashes_wait(r))
        clock_sleep(LOOK_USEC);
    now = clock_mono();
    if (r->next > now)
        clock_sleep(r->next - now);
    r->next = clock_mono() + USEC_PER_SEC / (int64_t)r->w->conf->heal_rate;
    return !r->w->stopping();
}

/* Whoever asked for a change of groups does not wait for all events of a round. */
static bool answer_requests(struct round *r)
{
    int64_t now = clock_mono();

    if (now < r->next_requests)
        return true;
    r->next_requests = now + REQUESTS_USEC;
    return !requests_due(r->w) || requests_run(r->w) == 0;
}

/* --- Events --- */

static int follow(struct round *r)
{
    bool more = true;
    int e = 0;

    while (e == 0 && more)
        e = query_heal_move(r->w->db, &more);
    return e;
}

static int heal(struct round *r, const struct heal_event *event, const struct text_set *build_ids)
{
    bool leads = false, merged = false;
    int e;

    if (!await_turn(r) || query_heal_lead(r->w->db, &leads) != 0 || !leads)
        return ROUND_CUT;
    if (!r->each && !answer_requests(r))
        return ROUND_CUT;
    e = again_analyse(r->w, event, build_ids, &merged);
    if (e == 0 && merged)
        e = follow(r);
    r->n_events++;
    if (e == 0 && r->each && !r->each(r->arg))
        e = ROUND_CUT;
    return e ? ROUND_CUT : 0;
}

static int heal_events(struct round *r, const struct heal_events *events,
                       const struct text_set *build_ids)
{
    int e = 0;

    for (size_t i = 0; i < events->n && e == 0; i++)
        e = heal(r, &events->rows[i], build_ids);
    return e;
}

/* Of one group and stack, page by page. */
static int heal_stack(struct round *r, const struct heal_stack *s)
{
    struct heal_event after = {0};
    int e = 0;

    for (size_t n = PAGE; e == 0 && n == PAGE;) {
        _cleanup_arena_ struct arena a;
        struct heal_events events;

        arena_init(&a, 0);
        e = query_heal_events(r->w->db, s, r->since, &after, PAGE, &a, &events) ? ROUND_CUT : 0;
        n = e ? 0 : events.n;
        if (n > 0)
            after = events.rows[n - 1];
        if (e == 0)
            e = heal_events(r, &events, &s->build_ids);
    }
    return e;
}

/* What a query names, portion by portion; counted only, or analysed. */
static int go_through(struct round *r, const struct search_query *q, int64_t *count)
{
    static const struct text_set by_hand = {0};
    struct heal_event after = {0};
    bool more = true;
    int e = 0;

    while (e == 0 && more && !r->w->stopping()) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct heal_events events;

        if (query_heal_matching(r->w->db, q, r->since, &after, &a, &events, &after, &more) != 0)
            return ROUND_CUT;
        if (count)
            *count += (int64_t)events.n;
        else
            e = heal_events(r, &events, &by_hand);
    }
    return e ? e : more ? ROUND_CUT : 0;
}

/* A group may have got another number since the list was made, and its events with it: a pass that
 * finds nothing to do is the last one. */
static int pass(struct round *r)
{
    _cleanup_arena_ struct arena a;
    struct heal_stacks stacks = {0};
    int e = 0;

    arena_init(&a, 0);
    if (r->all)
        e = query_heal_groups(r->w->db, &a, &stacks);
    else if (r->build_ids.n > 0)
        e = query_heal_stacks(r->w->db, &r->build_ids, &a, &stacks);
    if (e)
        return ROUND_CUT;
    r->n_events = 0;
    for (size_t i = 0; i < stacks.n && e == 0; i++)
        e = heal_stack(r, &stacks.rows[i]);
    return e;
}

static int heal_crash(struct round *r, const char *crash_id)
{
    static const struct text_set none = {0};
    struct heal_events events;

    if (query_heal_one(r->w->db, crash_id, &r->arena, &events) != 0)
        return ROUND_CUT;
    return events.n ? heal(r, &events.rows[0], &none) : 0;
}

/* --- The round --- */

static int heal_all(struct round *r)
{
    int e = follow(r) ? ROUND_CUT : 0; /* what a round that was cut off has left */

    for (size_t i = 0; i < r->crashes.n && e == 0; i++)
        e = heal_crash(r, r->crashes.texts[i]);
    if (e == 0)
        e = pass(r);
    while (e == 0 && r->n_events > 0)
        e = pass(r);
    return e;
}

static int finish(struct round *r)
{
    int e = heal_all(r);

    for (size_t i = 0; i < r->n_marks && e == 0; i++)
        e = arrival_done(r->w->store, r->marks[i].name);
    return e;
}

int round_run(struct worker *w)
{
    struct round r = {.w = w};
    int64_t began = clock_mono();
    int e;

    arena_init(&r.arena, 0);
    e = read_marks(&r);
    if (e == 0 && r.n_marks > 0) {
        e = finish(&r);
        log_info(e ? "healing put off" : "healed what lacked it", LOG_UINT("marks", r.n_marks),
                 LOG_INT("usec", clock_mono() - began));
    }
    arena_fini(&r.arena);
    return e;
}

int round_group(struct worker *w, int64_t group, int64_t since, bool (*each)(void *arg), void *arg)
{
    const struct heal_stack whole = {.group_id = group};
    struct round r = {.w = w, .since = since, .each = each, .arg = arg};
    int e = follow(&r) ? ROUND_CUT : 0;

    return e ? e : heal_stack(&r, &whole);
}

int round_query_count(struct worker *w, const struct search_query *q, int64_t since, int64_t *ret)
{
    struct round r = {.w = w, .since = since};
    int64_t n = 0;
    int e = go_through(&r, q, &n);

    if (e == 0)
        *ret = n;
    return e;
}

int round_query(struct worker *w, const struct search_query *q, int64_t since,
                bool (*each)(void *arg), void *arg)
{
    struct round r = {.w = w, .since = since, .each = each, .arg = arg};
    int e = follow(&r) ? ROUND_CUT : 0;

    return e ? e : go_through(&r, q, NULL);
}
