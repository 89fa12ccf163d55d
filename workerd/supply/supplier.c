/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/supply/supplier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#include "workerd/counters.h"
#include "workerd/life.h"
#include "workerd/supply/provide.h"
#include "workerd/supply/queries.h"

#define PORTION    20                 /* that are asked for before the order is looked at anew */
#define IDLE_USEC  (2 * USEC_PER_SEC) /* between two looks whether something is missing */
#define SLICE_USEC (100 * USEC_PER_MSEC)
#define RETRY_USEC (600 * USEC_PER_SEC) /* of what failed: servers come back */

/* --- Who is asked --- */

static const char *urls_of(const struct worker_conf *conf)
{
    const char *urls = conf->debuginfod_urls[0] ? conf->debuginfod_urls : getenv("DEBUGINFOD_URLS");

    return !urls || strcmp(urls, "none") == 0 ? "" : urls;
}

bool supplier_wanted(const struct worker_conf *conf)
{
    return *urls_of(conf) || *conf->debug_folders;
}

/* --- One after the other --- */

static const struct {
    const char *word;
    enum counter counter;
} ends[] = {
    [PROVIDE_STORED] = {"stored", COUNTER_FETCHES_STORED},
    [PROVIDE_PRESENT] = {"present", COUNTER_FETCHES_STORED},
    [PROVIDE_NOT_FOUND] = {"not_found", COUNTER_FETCHES_NOT_FOUND},
    [PROVIDE_REFUSED] = {"refused", COUNTER_FETCHES_REFUSED},
    [PROVIDE_FAILED] = {"failed", COUNTER_FETCHES_FAILED},
};

/* What nobody has is known for long; what went wrong may go well soon. */
static int64_t again_at(const struct worker_conf *conf, int end, int64_t now)
{
    int64_t wait = conf->debuginfod_retry;

    return now + (end == PROVIDE_FAILED && wait > RETRY_USEC ? RETRY_USEC : wait);
}

static int supply(struct provider *p, const struct want *w, struct arena *a)
{
    struct worker *worker = p->worker;
    const char *reason = "";
    int end = provide(p, w, a, &reason);
    int64_t now = clock_now();

    if (end < 0) {
        if (end != -ECANCELED)
            log_error("cannot fetch a module", LOG_STR("build_id", w->build_id), LOG_ERRNO(end));
        return end;
    }
    if (end != PROVIDE_PRESENT)
        metrics_add(worker->metrics, ends[end].counter, 1);
    log_info("module fetch", LOG_STR("build_id", w->build_id),
             LOG_STR("kind", module_kind_name(w->kind)), LOG_STR("result", ends[end].word),
             LOG_STR("reason", reason));
    return query_supply_note(
        worker->db, w, now, again_at(worker->conf, end, now),
        end == PROVIDE_PRESENT ? reason : arena_printf(a, "%s: %s", ends[end].word, reason));
}

/* 0 when something was asked for, so that there may be more. */
static int supply_portion(struct provider *p)
{
    _cleanup_arena_ struct arena a;
    struct wants wants = {0};
    bool leads = false;
    int r;

    arena_init(&a, 0);
    r = query_supply_lead(p->worker->db, &leads);
    if (r == 0 && leads)
        r = query_supply_wants(p->worker->db, clock_now(), PORTION, &a, &wants);
    for (size_t i = 0; i < wants.n && r == 0 && !p->worker->stopping(); i++)
        r = supply(p, &wants.rows[i], &a);
    return r ? r : wants.n ? 0 : 1;
}

/* --- The process --- */

static void rest(struct worker *w)
{
    for (int64_t until = clock_mono() + IDLE_USEC; clock_mono() < until && !w->stopping();)
        clock_sleep(SLICE_USEC);
}

int supplier_run(const struct worker_conf *conf, struct metrics *m)
{
    struct worker w;
    struct provider p = {.worker = &w, .urls = urls_of(conf)};

    if (life_begin(conf, m, &w) < 0)
        return 1;
    p.errand = ERRAND_INIT(conf->fetcher, w.stopping);
    while (!w.stopping()) {
        if (supply_portion(&p) != 0)
            rest(&w);
    }
    errand_fini(&p.errand);
    life_end(&w);
    return 0;
}
