/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/round.h"

#include <errno.h>
#include <string.h>

#include "client/sender/full.h"
#include "client/sender/modules.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"

/* For corralctl: what the last round that failed said; removed by the next one that succeeds. */
#define LAST_ERROR "last-error"

static void note_error(const struct shipper *s, const char *detail)
{
    _cleanup_buf_ struct buf b = BUF_INIT(2 * ANSWER_DETAIL_MAX);
    char now[CLOCK_TEXT_SIZE];

    clock_format(clock_now(), now);
    buf_printf(&b, "%s %s\n", now, detail);
    (void)io_replace(s->spool->dir, LAST_ERROR, buf_text(&b), b.len, 0600);
}

/* --- What is said --- */

/* What each verdict does to the round, and how it is said. */
static const struct {
    const char *message;
    enum log_level level;
    bool ends_round;
} verdicts[] = {
    [UPLOAD_DONE] = {"crash sent", LOG_LEVEL_INFO, false},
    [UPLOAD_REFUSED] = {"the server refused a crash for good; see rejected/ in the spool",
                        LOG_LEVEL_WARNING, false},
    [UPLOAD_FAILED] = {"a crash could not be sent and stays", LOG_LEVEL_WARNING, false},
    [UPLOAD_UNAVAILABLE] = {"the server takes nothing now", LOG_LEVEL_WARNING, true},
    [UPLOAD_DENIED] =
        {"the server does not accept our token: set token_file to one with scope ingest",
         LOG_LEVEL_ERROR, true},
};

static bool is_failure(enum upload_verdict v)
{
    return v != UPLOAD_DONE && v != UPLOAD_REFUSED;
}

/* A failure that repeats is said when it begins and once an hour. */
static enum log_level level_of(const struct shipper *s, enum upload_verdict v)
{
    if (is_failure(v) && !complaint_fail(&s->complaints[v], clock_mono()))
        return LOG_LEVEL_DEBUG;
    return verdicts[v].level;
}

/* The server took something: what it did not take before is over. */
static void end_complaints(const struct shipper *s)
{
    struct complaint was;

    for (size_t v = UPLOAD_UNAVAILABLE; v < ARRAY_SIZE(verdicts); v++)
        if (complaint_end(&s->complaints[v], &was))
            log_info("the server takes crashes again", LOG_UINT("failures", was.times),
                     LOG_INT("seconds", (clock_mono() - was.since) / USEC_PER_SEC));
}

static void account(const struct shipper *s, const struct upload *u, struct round *round)
{
    if (!is_failure(u->verdict)) {
        if (u->status != 0) /* it was asked */
            end_complaints(s);
        return;
    }
    note_error(s, u->detail);
    if (u->verdict > round->verdict)
        round->verdict = u->verdict;
    if (u->retry_after > round->retry_after)
        round->retry_after = u->retry_after;
}

static void say(const struct shipper *s, const char *id, const struct upload *u, int64_t begun)
{
    log_line(level_of(s, u->verdict), verdicts[u->verdict].message, LOG_STR("crash_id", id),
             LOG_INT("status", u->status), LOG_STR("detail", u->detail),
             LOG_INT("msec", (clock_mono() - begun) / USEC_PER_MSEC));
}

static void cannot_use(struct upload *u, struct arena *a, int error)
{
    u->verdict = UPLOAD_FAILED;
    u->detail =
        arena_printf(a, "cannot read or change it in the spool: %s", strerrordesc_np(-error));
}

/* --- Steps --- */

static void step_post(const struct shipper *s, const char *id, struct round *round)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    int64_t begun = clock_mono();
    struct upload u = {0};
    int r = shipment_post(s, id, &a, &u);

    if (r == SHIPMENT_NOTHING || r == -ENOENT) /* -ENOENT: somebody tidied up the spool meanwhile */
        return;
    if (r < 0)
        cannot_use(&u, &a, r);
    say(s, id, &u, begun);
    round->sent += u.verdict == UPLOAD_DONE;
    round->rejected += u.verdict == UPLOAD_REFUSED;
    account(s, &u, round);
}

static void send_modules(const struct shipper *s, const char *id, struct round *round)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    int64_t begun = clock_mono();
    struct upload u = {0};
    int r = shipment_modules(s, id, &a, &u);

    if (r == SHIPMENT_NOTHING || r == -ENOENT)
        return;
    if (r < 0)
        cannot_use(&u, &a, r);
    if (is_failure(u.verdict))
        say(s, id, &u, begun);
    account(s, &u, round);
}

static void step_modules(const struct shipper *s, const char *id, struct round *round)
{
    if (shipper_is_urgent(s)) /* the next round comes at once */
        return;
    send_modules(s, id, round);
}

/* --- Rounds --- */

struct pass {
    const struct shipper *s;
    const struct spool_list *list;
    size_t first;
    bool (*stop)(void *arg);
    void *arg;
    struct round *round;
};

static size_t first_after(const struct spool_list *list, const char *id)
{
    size_t i = 0;

    while (i < list->n && strcmp(list->ids[i], id) <= 0)
        i++;
    return i < list->n ? i : 0;
}

/* One step for each crash, until a verdict ends the round. */
static void pass_over(const struct pass *p,
                      void (*step)(const struct shipper *s, const char *id, struct round *round))
{
    for (size_t i = 0; i < p->list->n && !verdicts[p->round->verdict].ends_round; i++) {
        const char *id = p->list->ids[(p->first + i) % p->list->n];

        if (p->stop && p->stop(p->arg))
            return;
        step(p->s, id, p->round);
        if (verdicts[p->round->verdict].ends_round)
            memcpy(p->round->ended_by, id, UUID_TEXT_SIZE);
    }
}

static int count_left(const struct shipper *s, struct round *round)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct spool_list list;
    int r = spool_list(s->spool, NULL, &a, &list);

    if (r < 0)
        return r;
    round->left = list.n;
    for (size_t i = 0; i < list.n; i++)
        round->fulls += entry_has_full(s->spool, list.ids[i]);
    if (round->verdict == UPLOAD_DONE && list.n == round->fulls)
        (void)unlinkat(s->spool->dir, LAST_ERROR, 0);
    return 0;
}

int round_run(const struct shipper *s, const char *after, bool (*stop)(void *arg), void *arg,
              struct round *ret)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct round round = {.verdict = UPLOAD_DONE};
    struct spool_list list;
    struct pass pass = {s, &list, 0, stop, arg, &round};
    int r = spool_list(s->spool, NULL, &a, &list);

    if (r < 0)
        return r;
    pass.first = first_after(&list, after);
    pass_over(&pass, step_post);
    pass_over(&pass, step_modules);
    if (!verdicts[round.verdict].ends_round)
        modules_send_debuginfo(s, stop, arg);
    r = count_left(s, &round);
    if (r == 0)
        *ret = round;
    return r;
}

/* --- Full cores --- */

static void say_full(const struct shipper *s, const char *id, const struct full_visit *v,
                     int64_t begun)
{
    if (v->lost)
        log_warning("a full core was given up", LOG_STR("crash_id", id),
                    LOG_STR("detail", v->lost));
    else if (v->upload.verdict == UPLOAD_DONE)
        log_info("full core sent", LOG_STR("crash_id", id), LOG_UINT("bytes", v->bytes),
                 LOG_INT("msec", (clock_mono() - begun) / USEC_PER_MSEC));
    else
        say(s, id, &v->upload, begun);
}

static void step_full(const struct pass *p, const char *id)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    int64_t begun = clock_mono();
    struct full_visit v = {0};
    int r = full_send(p->s, id, p->stop, p->arg, &a, &v);

    if (r == FULL_NONE || r == -ENOENT)
        return;
    p->round->growing |= r == FULL_GROWS;
    p->round->stopped |= r == FULL_STOPPED;
    if (r > 0)
        return;
    if (r < 0)
        cannot_use(&v.upload, &a, r);
    p->round->sent += v.upload.verdict == UPLOAD_DONE;
    say_full(p->s, id, &v, begun);
    account(p->s, &v.upload, p->round);
}

int round_run_fulls(const struct shipper *s, const char *after, bool (*stop)(void *arg), void *arg,
                    struct round *ret)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct round round = {.verdict = UPLOAD_DONE};
    struct spool_list list;
    struct pass pass = {s, &list, 0, stop, arg, &round};
    int r = spool_list(s->spool, NULL, &a, &list);

    if (r < 0)
        return r;
    pass.first = first_after(&list, after);
    for (size_t i = 0; i < list.n && !round.stopped && !verdicts[round.verdict].ends_round; i++) {
        const char *id = list.ids[(pass.first + i) % list.n];

        step_full(&pass, id);
        if (round.verdict != UPLOAD_DONE)
            memcpy(round.ended_by, id, UUID_TEXT_SIZE);
    }
    r = count_left(s, &round);
    if (r == 0)
        *ret = round;
    return r;
}
