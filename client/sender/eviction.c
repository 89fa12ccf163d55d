/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/eviction.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "client/sender/census.h"
#include "client/spool/usage.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/report/limits.h"
#include "common/report/meta.h"

#define AGED       QUOTA_PARTS
#define COUNTS_MAX 1024

static const char *const names[QUOTA_PARTS + 1] = {
    [QUOTA_FULL] = "full", [QUOTA_MODULE] = "module", [QUOTA_SLIM] = "slim",
    [QUOTA_META] = "meta", [AGED] = "aged",
};

/* --- Counts --- */

struct counts {
    uint64_t n[QUOTA_PARTS + 1];
};

static void read_counts(const struct spool *s, struct counts *c)
{
    _cleanup_buf_ struct buf b = BUF_INIT(COUNTS_MAX);
    struct str text, line, name;

    if (io_read_file(s->dir, EVICTION_COUNTS, &b) < 0)
        return;
    text = (struct str){buf_text(&b), b.len};
    while (str_split(&text, '\n', &line))
        if (str_split(&line, ' ', &name))
            for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (str_eq(name, str_from(names[i])))
                    (void)str_to_u64(line, UINT64_MAX / 2, &c->n[i]);
}

static void add_counts(const struct spool *s, const struct counts *more)
{
    _cleanup_buf_ struct buf b = BUF_INIT(COUNTS_MAX);
    struct counts c = {0};

    read_counts(s, &c);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        buf_printf(&b, "%s %llu\n", names[i], (unsigned long long)(c.n[i] + more->n[i]));
    (void)io_replace(s->dir, EVICTION_COUNTS, buf_text(&b), b.len, 0600);
}

/* --- A crash of which a part goes --- */

struct goner {
    struct entry entry;
    struct arena arena;
    struct crash_meta meta;
};

static int open_goner(const struct spool *s, const char *id, struct goner *ret)
{
    _cleanup_buf_ struct buf b = BUF_INIT(META_JSON_MAX);
    struct meta_error error;
    struct goner g = {.arena = ARENA_INIT(0)};
    int r = entry_open(s, id, &g.entry);

    if (r < 0)
        return r;
    if (entry_read_meta(&g.entry, &b) < 0 ||
        meta_parse((struct str){buf_text(&b), b.len}, &g.arena, &g.meta, &error) != 0)
        meta_init(&g.meta);
    *ret = g;
    return 0;
}

static void close_goner(struct goner *g)
{
    entry_close(&g->entry);
    arena_fini(&g->arena);
}

/* Its number still arrives: as one more of its kind. Only when it has left: one that stays because
 * of an error would be counted each time. */
static void count_it(const struct shipper *s, const struct goner *g, const char *why)
{
    const struct crash_meta *m = &g->meta;
    struct ledger_case c = {
        .path = m->executable,
        .comm = m->comm,
        .unit = m->unit,
        .signal = m->signal,
        .code = m->signal_code,
    };

    if (!s->ledger)
        return;
    (void)hex_decode(str_from(m->kind), c.kind.bytes, sizeof(c.kind.bytes));
    ledger_count(s->ledger, &c, why, m->crashed_at == META_UNKNOWN ? clock_now() : m->crashed_at);
}

/* The metadata is rewritten first: killed in between, it tells less than there is, and the core
 * goes the next time. What is acknowledged already needs no other words. */
static int drop_core(const struct shipper *s, struct goner *g, enum quota_part part)
{
    _cleanup_buf_ struct buf b = BUF_INIT(META_JSON_MAX);
    int r;

    if (!entry_is_acknowledged(s->spool, g->entry.id) && g->meta.crash_id) {
        g->meta.core_problem = EVICTION_WORDS;
        g->meta.fidelity = part == QUOTA_FULL ? FIDELITY_SLIM : FIDELITY_META;
        meta_format(&g->meta, &b);
        r = buf_error(&b);
        if (r == 0)
            r = entry_rewrite_meta(&g->entry, (struct str){buf_text(&b), b.len});
        if (r < 0 && r != -ENOSPC) /* a full disk takes no words, but must get room */
            return r;
    }
    return part == QUOTA_FULL ? entry_drop_full(&g->entry) : entry_drop_core(&g->entry);
}

static int drop_part(const struct shipper *s, const char *id, enum quota_part part)
{
    bool sent = entry_is_acknowledged(s->spool, id);
    struct goner g;
    int r = open_goner(s->spool, id, &g);

    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return r;
    r = part == QUOTA_META ? entry_remove(&g.entry) : drop_core(s, &g, part);
    if (r == 0 && part == QUOTA_META && !sent)
        count_it(s, &g, EVICTION_WORDS);
    close_goner(&g);
    return r;
}

/* --- Quotas --- */

static int drop(const struct shipper *s, const struct census *c, const struct quota_victim *v)
{
    const char *name = c->names[v->item];
    int r = 0;

    if (v->part != QUOTA_MODULE)
        r = drop_part(s, name, v->part);
    else if (unlinkat(s->spool->modules, name, 0) < 0 && errno != ENOENT)
        r = -errno;
    log_warning("the spool is full: something was given up", LOG_STR("part", names[v->part]),
                LOG_STR(v->part == QUOTA_MODULE ? "module" : "crash_id", name),
                LOG_UINT("bytes", c->items[v->item].bytes[v->part]));
    return r;
}

static int enforce(const struct shipper *s)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct quota_limits limits = {
        .total = usage_target(s->settings),
        .share = s->settings->spool_max / 100 * s->settings->spool_share,
        .lacking = spool_lacking(s->spool->dir),
    };
    struct counts counts = {0};
    struct quota_victim *victims;
    struct census c;
    size_t n = 0;
    int r = census_take(s->spool, &a, &c);

    if (r < 0)
        return r;
    victims = arena_array(&a, struct quota_victim, c.n * QUOTA_PARTS + 1);
    n = quota_choose(c.items, c.n, &limits, victims);
    for (size_t i = 0; i < n && r == 0; i++) {
        r = drop(s, &c, &victims[i]);
        c.items[victims[i].item].bytes[victims[i].part] = 0;
        counts.n[victims[i].part]++;
    }
    usage_set(s->spool, quota_total(c.items, c.n));
    if (n > 0)
        add_counts(s->spool, &counts);
    return r;
}

int eviction_run(const struct shipper *s, bool thorough)
{
    if (!thorough && usage_read(s->spool) <= usage_target(s->settings) &&
        spool_lacking(s->spool->dir) == 0)
        return 0;
    return enforce(s);
}

/* --- Age --- */

static int give_up_old(const struct shipper *s, const char *id)
{
    bool sent = entry_is_acknowledged(s->spool, id);
    struct goner g;
    int r = open_goner(s->spool, id, &g);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    log_warning(sent ? "the rest of a crash was given up: it is older than spool_age"
                     : "a crash was given up: it is older than spool_age; see rejected/",
                LOG_STR("crash_id", id));
    r = sent ? entry_remove(&g.entry) : entry_reject(&g.entry, STR("older than spool_age\n"));
    if (r == 0 && !sent)
        count_it(s, &g, "given up: older than spool_age");
    close_goner(&g);
    return r;
}

int eviction_age(const struct shipper *s, int64_t now)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    int64_t oldest = (now - s->settings->spool_age) / USEC_PER_MSEC;
    struct counts counts = {0};
    struct spool_list list;
    int r = spool_list(s->spool, NULL, &a, &list);

    for (size_t i = 0; r == 0 && i < list.n && uuid_time_msec(list.ids[i]) < oldest; i++) {
        r = give_up_old(s, list.ids[i]);
        counts.n[AGED]++;
    }
    if (counts.n[AGED] > 0)
        add_counts(s->spool, &counts);
    return r;
}
