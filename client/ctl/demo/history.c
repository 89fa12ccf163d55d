/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/demo/history.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"

#define HOUR     (3600 * USEC_PER_SEC)
#define DAY      (24 * HOUR)
#define ROWS_MAX 2048
#define RECENT   (10 * 60 * USEC_PER_SEC) /* how long ago the newest crashes ended */
#define SEED_MIX 0x9e3779b97f4a7c15ull

const char *const demo_hosts[DEMO_HOSTS] = {
    "demo-web-1", "demo-web-2", "demo-web-3", "demo-batch-1", "demo-db-1", "demo-db-2",
};

const char *const demo_versions[DEMO_VERSIONS] = {"2.2.0", "2.3.1", "2.4.0"};

const char *const demo_programs[DEMO_PROGRAMS] = {
    [DEMO_SESSION_CACHE] = "session-cache",
    [DEMO_IMAGE_THUMBS] = "image-thumbs",
    [DEMO_JSON_WALK] = "json-walk",
    [DEMO_JOB_QUEUE] = "job-queue",
    [DEMO_LEDGER] = "ledger",
    [DEMO_RATE_METER] = "rate-meter",
    [DEMO_CHAT_RELAY] = "chat-relay",
    [DEMO_LOCK_ORDER] = "lock-order",
};

enum { WEB = 0x07, BATCH = 0x08, DB_1 = 0x10, DB_2 = 0x20, ALL = 0x3f };

/* On each day from `from` days ago to `to`, on each of these hosts, with a chance of so many in a
 * hundred, there are 1 to `most` crashes. Day 0 is the last three hours. */
struct phase {
    enum demo_program program;
    int from, to, version;
    unsigned hosts;
    int chance, most;
};

static const struct phase phases[] = {
    /* Resolved, and back with the third version. */
    {DEMO_SESSION_CACHE, 29, 20, 0, WEB, 60, 4},
    {DEMO_SESSION_CACHE, 19, 13, 1, WEB, 30, 2},
    {DEMO_SESSION_CACHE, 2, 0, 2, WEB, 80, 6},
    /* The host with bad memory: its heap is corrupt, and whatever runs there falls. */
    {DEMO_IMAGE_THUMBS, 28, 11, 1, WEB | DB_2, 15, 1},
    {DEMO_IMAGE_THUMBS, 10, 0, 2, DB_2, 95, 9},
    {DEMO_JSON_WALK, 10, 1, 2, DB_2, 70, 4},
    {DEMO_JOB_QUEUE, 10, 2, 1, DB_2, 20, 1},
    {DEMO_LEDGER, 10, 1, 2, DB_2, 60, 3},
    {DEMO_CHAT_RELAY, 10, 1, 2, DB_2, 60, 3},
    /* Always there, now and then. */
    {DEMO_JSON_WALK, 29, 12, 0, WEB | BATCH, 25, 2},
    {DEMO_JSON_WALK, 11, 0, 2, WEB | BATCH, 25, 2},
    /* Rare for weeks; today on every host, all the time. */
    {DEMO_JOB_QUEUE, 29, 2, 1, BATCH, 40, 2},
    {DEMO_JOB_QUEUE, 0, 0, 2, ALL, 100, 40},
    /* Often, and nobody minds: muted. */
    {DEMO_LEDGER, 25, 1, 1, BATCH | DB_1, 90, 5},
    /* Over since the second version: resolved. */
    {DEMO_RATE_METER, 29, 14, 0, ALL, 40, 3},
    /* Somebody is at it. */
    {DEMO_CHAT_RELAY, 21, 1, 1, WEB, 50, 3},
    /* New. */
    {DEMO_LOCK_ORDER, 2, 0, 2, DB_1 | BATCH, 60, 1},
};

/* xorshift64*: a few good bits are enough, and every machine has the same. */
static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 2685821657736338717ull) >> 33) % below;
}

/* A day's crashes lie within a few hours of it. */
static void place(struct demo_crashes *c, int day, int64_t now, uint64_t *state)
{
    int64_t begin = now - day * DAY - (int64_t)draw(state, 6) * HOUR;
    int64_t span = c->count > 1 ? (1 + (int64_t)draw(state, 4)) * HOUR : 0;

    if (day == 0) { /* the newest ones have just happened */
        c->last_at = now - RECENT;
        c->first_at = c->count > 1 ? now - 2 * HOUR : c->last_at;
        return;
    }
    c->first_at = begin;
    c->last_at = begin + span;
}

static void add_day(const struct phase *p, int day, int64_t now, uint64_t *state, struct history *h)
{
    for (int host = 0; host < DEMO_HOSTS; host++) {
        struct demo_crashes c = {.program = p->program, .host = host, .version = p->version};

        if (!(p->hosts & 1u << host) || (int)draw(state, 100) >= p->chance || h->n == ROWS_MAX)
            continue;
        /* The great ones are great: at least half of what they may be. */
        c.count = 1 + (p->most > 10 ? p->most / 2 : 0);
        c.count += draw(state, (uint32_t)(p->most - c.count + 1));
        place(&c, day, now, state);
        h->rows[h->n++] = c;
        h->crashes += c.count;
    }
}

void history_make(uint64_t seed, int64_t now, struct arena *a, struct history *ret)
{
    struct history h = {.rows = arena_array(a, struct demo_crashes, ROWS_MAX)};
    uint64_t state = (seed + 1) * SEED_MIX | 1;

    for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
        for (int day = phases[i].from; day >= phases[i].to; day--)
            add_day(&phases[i], day, now, &state, &h);
    *ret = h;
}

static int first_host(unsigned hosts)
{
    int host = 0;

    while (!(hosts & 1u << host))
        host++;
    return host;
}

struct demo_crashes history_begin(enum demo_program program, int64_t now)
{
    const struct phase *first = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
        if (phases[i].program == program && (!first || phases[i].from > first->from))
            first = &phases[i];
    return (struct demo_crashes){
        .program = program,
        .host = first_host(first->hosts),
        .version = first->version,
        .first_at = now - first->from * DAY,
        .last_at = now - first->from * DAY,
        .count = 1,
    };
}

bool history_has_host(const char *name)
{
    for (size_t i = 0; name && i < DEMO_HOSTS; i++)
        if (strcmp(demo_hosts[i], name) == 0)
            return true;
    return false;
}
