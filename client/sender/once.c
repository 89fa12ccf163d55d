/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/once.h"

#include <stdio.h>
#include <sysexits.h>

#include "client/sender/eviction.h"
#include "client/sender/round.h"
#include "client/sender/tallies.h"
#include "client/sender/watch.h"
#include "common/base/log.h"
#include "common/base/version.h"

#define GROW_INTERVAL (USEC_PER_SEC / 5)

static bool came(void *arg)
{
    return watch_came(arg);
}

/* Reports, slim cores and modules, until nothing new came while it was at work. */
static int send_small(const struct shipper *s, struct round *ret)
{
    struct round round = {0};
    int r;

    do
        r = round_run(s, "", NULL, NULL, &round);
    while (r == 0 && round.verdict == UPLOAD_DONE && round.sent + round.rejected > 0);
    /* Once more behind the one that ended it: a sender that is started for each crash has no memory
     * of what did not go through the last time. */
    if (r == 0 && round.ended_by[0] && round.left > 1)
        r = round_run(s, round.ended_by, NULL, NULL, &round);
    *ret = round;
    return r;
}

/* With the lock. Follows a full core while the handler writes it, which it does not for long; what
 * crashes meanwhile comes first. */
static int send_all(const struct shipper *s, struct watch *w, struct round *ret)
{
    for (;;) {
        int r;

        watch_forget(w);
        r = send_small(s, ret);
        if (r == 0 && s->ledger)
            tallies_flush(s, NULL, NULL, ret);
        if (r == 0)
            r = eviction_run(s, false);
        if (r < 0 || ret->fulls == 0 || ret->verdict != UPLOAD_DONE)
            return r;
        r = round_run_fulls(s, "", came, w, ret);
        if (r < 0 || ret->fulls == 0 || ret->verdict != UPLOAD_DONE)
            return r;
        if (ret->growing && !ret->stopped)
            watch_wait(w, true, -1, GROW_INTERVAL);
    }
}

/* Nobody else does where no service runs. What fails here fails again where it matters. Behind one
 * try: of a host whose clock was set, all looks old. */
static void tidy_up(const struct shipper *s)
{
    (void)spool_sweep(s->spool, clock_now(), SPOOL_SWEEP_AGE);
    (void)eviction_age(s, clock_now());
}

/* A handler that finds the lock taken starts no sender. So after the lock is given back there is
 * one more look: what was spooled while we still held it is ours. */
static int send_until_empty(const struct shipper *s, struct watch *w, size_t *ret_left)
{
    for (;;) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct spool_list list;
        struct round round;
        int lock = -1, r = spool_lock(s->spool, &lock);

        if (r != 0)
            return r;
        r = send_all(s, w, &round);
        tidy_up(s);
        close(lock);
        if (r == 0)
            r = spool_list(s->spool, NULL, &a, &list);
        if (r < 0)
            return r;
        *ret_left = list.n;
        if (list.n == 0 || round.verdict != UPLOAD_DONE)
            return 0;
    }
}

static int run(const struct settings *settings, size_t *ret_left)
{
    struct connection_options options =
        connection_options(settings, "corral-sender/" CORRAL_VERSION);
    _cleanup_connection_ struct connection *connection = NULL;
    _cleanup_spool_ struct spool spool = SPOOL_CLOSED;
    _cleanup_watch_ struct watch watch = WATCH_CLOSED;
    struct complaint complaints[UPLOAD_VERDICTS] = {0};
    struct ledger *ledger = NULL;
    int r = spool_open(settings->spool, &spool);

    if (r < 0)
        return r;
    r = watch_open(settings->spool, &watch);
    if (r < 0)
        return r;
    spool_set_limits(settings->keep_free, UINT64_MAX);
    (void)ledger_open(spool.dir, settings, &ledger);
    connection = connection_new(&options);
    r = send_until_empty(&(struct shipper){.settings = settings,
                                           .spool = &spool,
                                           .connection = connection,
                                           .ledger = ledger,
                                           .complaints = complaints},
                         &watch, ret_left);
    ledger_close(ledger);
    return r;
}

int once_run(int argc, char **argv, const void *conf)
{
    const struct settings *settings = conf;
    size_t left = 0;
    int r;

    if (argc > 0) {
        fprintf(stderr, "corral-sender: --once takes no argument: %s\n", argv[0]);
        return 2;
    }
    r = run(settings, &left);
    if (r < 0) {
        log_error("cannot use the spool", LOG_STR("spool", settings->spool), LOG_ERRNO(r));
        return 1;
    }
    if (r == SPOOL_BUSY)
        log_info("another sender is at work on this spool", LOG_STR("spool", settings->spool));
    return r == SPOOL_BUSY || left > 0 ? EX_TEMPFAIL : 0;
}
