/* SPDX-License-Identifier: Apache-2.0 */
/* The handler's side: what may be kept, and what was only counted. Without the lock the same is
 * done with the records that are there: a bucket that has none is taken for full, and a crash whose
 * kind has none is counted with the host's. */
#include "client/spool/ledger.h"

#include <errno.h>
#include <string.h>

#include "client/spool/ledger_file.h"
#include "common/base/cleanup.h"

#define WANT_AGE_MAX (7 * 86400 * USEC_PER_SEC)

static size_t level(enum fidelity f)
{
    return (size_t)f - FIDELITY_META;
}

static bool is_known(const struct ledger_key *k)
{
    static const struct ledger_key unknown;

    return memcmp(k, &unknown, sizeof(unknown)) != 0;
}

/* --- Opening --- */

/* A text that is wrong was reported by who loaded the settings, and is taken for its default. */
static void read_budget(const char *text, const char *key, struct budget *ret)
{
    struct budget_error error;

    if (budget_parse(str_from(text), ret, &error) == 0)
        return;
    for (size_t i = 0; i < settings_n_keys; i++)
        if (strcmp(settings_keys[i].name, key) == 0)
            (void)budget_parse(str_from(settings_keys[i].default_value), ret, &error);
}

int ledger_open(int dir_fd, const struct settings *settings, struct ledger **ret)
{
    struct ledger *l = calloc(1, sizeof(*l));
    int r = l ? ledger_file_open(dir_fd, l) : -ENOMEM;

    if (r < 0) {
        free(l);
        return r;
    }
    read_budget(settings->budget_meta, "budget_meta", &l->budgets[level(FIDELITY_META)]);
    read_budget(settings->budget_slim, "budget_slim", &l->budgets[level(FIDELITY_SLIM)]);
    read_budget(settings->budget_full, "budget_full", &l->budgets[level(FIDELITY_FULL)]);
    *ret = l;
    return 0;
}

void ledger_close(struct ledger *l)
{
    if (!l)
        return;
    ledger_file_close(l);
    free(l);
}

/* --- Asking --- */

/* The records of a crash, by scope; NULL: no bucket is asked. */
struct buckets {
    struct ledger_record *of[BUDGET_SCOPES];
};

static struct ledger_record *get(struct ledger *l, enum budget_scope scope,
                                 const struct ledger_key *key, int64_t now, bool locked)
{
    struct ledger_record *r;

    if (scope != BUDGET_HOST && !is_known(key))
        return NULL;
    r = locked ? ledger_insert(l, scope, key, now) : ledger_find(l, scope, key);
    if (r)
        ledger_touch(l, r, now);
    return r;
}

static bool take_one(const struct budget_limit *limit, _Atomic int64_t *bucket, int64_t now)
{
    int64_t before = atomic_load(bucket), after;

    do {
        after = before;
        if (budget_take(limit, now, &after) == BUDGET_EMPTY)
            return false;
    } while (after != before && !atomic_compare_exchange_weak(bucket, &before, after));
    return true;
}

static void give_back(const struct budget_limit *limit, _Atomic int64_t *bucket)
{
    int64_t before = atomic_load(bucket), after;

    do {
        after = before;
        budget_give_back(limit, &after);
    } while (!atomic_compare_exchange_weak(bucket, &before, after));
}

/* All of them, also those that are not asked because another one is empty already: after a clock
 * was set back they would be found in the future one by one. */
static void catch_up(struct ledger *l, const struct buckets *b, int64_t now)
{
    for (size_t i = 0; i < BUDGET_SCOPES; i++)
        for (size_t f = 0; b->of[i] && f < LEDGER_LEVELS; f++) {
            int64_t before = atomic_load(&b->of[i]->full_at[f]);
            int64_t after = budget_now(&l->budgets[f].limits[i], now, before);

            if (after != before)
                (void)atomic_compare_exchange_strong(&b->of[i]->full_at[f], &before, after);
        }
}

/* One token of each bucket of the level, or none of any. */
static bool take_all(struct ledger *l, const struct buckets *b, enum fidelity f, bool asked_for,
                     int64_t now)
{
    const struct budget_limit *limits = l->budgets[level(f)].limits;
    size_t first = f == FIDELITY_FULL && asked_for ? BUDGET_KIND + 1 : BUDGET_KIND;

    for (size_t i = first; i < BUDGET_SCOPES; i++) {
        if (!b->of[i] || take_one(&limits[i], &b->of[i]->full_at[level(f)], now))
            continue;
        while (i-- > first)
            if (b->of[i])
                give_back(&limits[i], &b->of[i]->full_at[level(f)]);
        return false;
    }
    return true;
}

static enum fidelity wanted(const struct ledger_record *r, int64_t now)
{
    int64_t at = atomic_load(&r->want_at), age;
    uint32_t want = atomic_load(&r->want);

    if (want < FIDELITY_META || want > FIDELITY_FULL)
        return FIDELITY_UNSAID;
    if (__builtin_sub_overflow(now, at, &age) || age > WANT_AGE_MAX || age < -WANT_AGE_MAX)
        return FIDELITY_UNSAID;
    return (enum fidelity)want;
}

enum fidelity ledger_ask(struct ledger *l, const struct ledger_case *c, enum fidelity most,
                         int64_t now)
{
    enum fidelity f = most, want = FIDELITY_UNSAID;
    struct buckets b;
    bool locked;

    if (!l)
        return most;
    locked = ledger_lock(l);
    b = (struct buckets){
        .of = {
            [BUDGET_KIND] = get(l, BUDGET_KIND, &c->kind, now, locked),
            [BUDGET_EXECUTABLE] = get(l, BUDGET_EXECUTABLE, &c->executable, now, locked),
            [BUDGET_CONTAINER] = get(l, BUDGET_CONTAINER, &c->container, now, locked),
            [BUDGET_HOST] = ledger_find(l, BUDGET_HOST, NULL),
        }};
    if (b.of[BUDGET_KIND])
        want = wanted(b.of[BUDGET_KIND], now);
    if (want != FIDELITY_UNSAID && want < f)
        f = want;
    catch_up(l, &b, now);
    while (f > FIDELITY_COUNT && !take_all(l, &b, f, want == FIDELITY_FULL, now))
        f--;
    if (locked)
        ledger_unlock(l);
    return f;
}

/* A bucket of the level that is empty, among those of the keys that are known. */
static bool is_empty(struct ledger *l, const struct ledger_key *const keys[BUDGET_SCOPES],
                     enum fidelity f, int64_t now)
{
    const struct budget_limit *limits = l->budgets[level(f)].limits;

    for (size_t i = 0; i < BUDGET_SCOPES; i++) {
        const struct ledger_record *r =
            !keys[i] || is_known(keys[i]) ? ledger_find(l, (enum budget_scope)i, keys[i]) : NULL;
        int64_t bucket = r ? atomic_load(&r->full_at[level(f)]) : 0;

        if (r && budget_take(&limits[i], now, &bucket) == BUDGET_EMPTY)
            return true;
    }
    return false;
}

bool ledger_spent(struct ledger *l, const struct ledger_case *c, enum fidelity most, int64_t now)
{
    const struct ledger_key *const keys[BUDGET_SCOPES] = {&c->kind, &c->executable, &c->container,
                                                          NULL};

    for (enum fidelity f = FIDELITY_META; f <= most; f++)
        if (!is_empty(l, keys, f, now))
            return false;
    return true;
}

enum fidelity ledger_wanted(struct ledger *l, const struct ledger_key *kind)
{
    const struct ledger_record *r = l && is_known(kind) ? ledger_find(l, BUDGET_KIND, kind) : NULL;

    return r ? wanted(r, clock_now()) : FIDELITY_UNSAID;
}

/* --- Counting --- */

/* The end of a path says more than its beginning. */
static void put_end(char *to, size_t size, const char *text)
{
    size_t n = text ? strlen(text) : 0;

    memset(to, 0, size);
    if (n > 0)
        memcpy(to, n < size ? text : text + n - (size - 1), n < size ? n : size - 1);
}

static void put(char *to, size_t size, const char *text)
{
    size_t n = text ? strnlen(text, size) : 0;

    memset(to, 0, size);
    if (n > 0)
        memcpy(to, text, n);
}

static void describe(struct ledger_record *r, const struct ledger_case *c, const char *why)
{
    atomic_store(&r->described, 0);
    r->signal = c->signal;
    r->code = c->code;
    r->offset = c->offset;
    put_end(r->path, sizeof(r->path), c->path);
    put_end(r->module, sizeof(r->module), c->module);
    put(r->comm, sizeof(r->comm), c->comm);
    put(r->unit, sizeof(r->unit), c->unit);
    put(r->build_id, sizeof(r->build_id), c->build_id);
    put(r->why, sizeof(r->why), why);
    atomic_store(&r->described, 1);
}

/* Crashes of all kinds that found no room: nothing that is of one kind only may be told of them. */
static const struct ledger_case anything = {.signal = INT64_MIN, .code = INT64_MIN};

/* Everything that a report of the next count needs is there before the count is. */
static void prepare(struct ledger_record *r, const struct ledger_case *c, const char *why,
                    int64_t now)
{
    int64_t counted, claimed, settled;

    ledger_mend(r);
    counted = atomic_load(&r->counted);
    claimed = atomic_load(&r->claimed);
    settled = atomic_load(&r->settled);
    if (counted == settled || !atomic_load(&r->described))
        describe(r, c, why);
    if (counted == (claimed > settled ? claimed : settled))
        r->first_at = r->last_at = now;
    if (now > r->last_at)
        r->last_at = now;
    if (now < r->first_at)
        r->first_at = now;
}

static void ring(struct ledger *l)
{
    (void)!pwrite(l->fd, "", 1, offsetof(struct ledger_header, bell));
}

void ledger_count(struct ledger *l, const struct ledger_case *c, const char *why, int64_t now)
{
    struct ledger_record *r;
    bool locked, first;

    if (!l)
        return;
    locked = ledger_lock(l);
    r = get(l, BUDGET_KIND, &c->kind, now, locked);
    if (!r) {
        r = ledger_find(l, BUDGET_HOST, NULL);
        c = &anything;
    }
    if (locked)
        prepare(r, c, why, now);
    first = ledger_waiting(r) == 0;
    atomic_fetch_add(&r->counted, 1);
    if (locked)
        ledger_unlock(l);
    if (first)
        ring(l);
}

bool ledger_like(struct ledger *l, const struct ledger_case *c, char ret[static UUID_TEXT_SIZE])
{
    const struct ledger_record *r = NULL;
    char id[UUID_TEXT_SIZE];

    if (l && is_known(&c->kind))
        r = ledger_find(l, BUDGET_KIND, &c->kind);
    if (!r || !atomic_load(&r->has_like) || !ledger_id_unpack(r->like, id))
        return false;
    memcpy(ret, id, sizeof(id));
    return true;
}

void ledger_spooled(struct ledger *l, const struct ledger_case *c, const char *crash_id)
{
    struct ledger_record *r;
    uint8_t id[16];

    if (!l || ledger_id_pack(crash_id, id) < 0 || !ledger_lock(l))
        return;
    r = get(l, BUDGET_KIND, &c->kind, clock_now(), true);
    if (r) {
        atomic_store(&r->has_like, 0);
        memcpy(r->like, id, sizeof(id));
        atomic_store(&r->has_like, 1);
    }
    ledger_unlock(l);
}
