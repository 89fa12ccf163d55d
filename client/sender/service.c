/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/service.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "client/sender/backoff.h"
#include "client/sender/eviction.h"
#include "client/sender/round.h"
#include "client/sender/watch.h"
#include "client/sender/tallies.h"
#include "common/base/log.h"
#include "common/base/version.h"
#include "common/daemon/daemon.h"

#define DRAIN_MAX      (10 * USEC_PER_SEC)
#define SWEEP_INTERVAL (3600 * USEC_PER_SEC)
#define LOCK_INTERVAL  USEC_PER_SEC
#define IDLE_INTERVAL                                                                              \
    (300 * USEC_PER_SEC) /* a look without a reason: for what inotify may have lost */
#define GROW_INTERVAL (USEC_PER_SEC / 5)

/* When rounds of one sort go on. */
struct rhythm {
    struct backoff backoff;
    char ended_by[UUID_TEXT_SIZE]; /* of the last one */
    int64_t due;                   /* monotonic */
    bool until_crash;              /* a new crash makes it due at once */
};

static struct service {
    const struct settings *settings;
    struct spool spool;
    struct connection *connection;
    struct ledger *ledger;
    struct complaint complaints[UPLOAD_VERDICTS];
    struct rhythm crashes, fulls, counts;
    struct tallies tallies;
    size_t n_fulls; /* that wait */
    struct watch watch;
    int lock, wake;                 /* lock: -1 while another sender has it */
    int64_t sweep_due, round_begun; /* monotonic */
    pthread_t thread;
    _Atomic int64_t stopping; /* monotonic time of the stop; 0: none */
} service = {.spool = SPOOL_CLOSED, .watch = WATCH_CLOSED, .lock = -1, .wake = -1};

static bool is_stopping(void *arg)
{
    (void)arg;
    return atomic_load(&service.stopping) != 0;
}

/* For the transfer under way. */
static bool is_overdue(void *arg)
{
    int64_t since = atomic_load(&service.stopping);

    (void)arg;
    return since != 0 && clock_mono() - since > DRAIN_MAX;
}

/* --- Rounds --- */

static bool have_lock(struct service *s)
{
    int r;

    if (s->lock >= 0)
        return true;
    r = spool_lock(&s->spool, &s->lock);
    if (r < 0)
        log_error("cannot lock the spool", LOG_ERRNO(r));
    return r == 0;
}

/* Modules have a second at least, so that a storm of crashes does not keep them here for ever. */
static bool is_urgent(void *arg)
{
    const struct service *s = arg;

    return clock_mono() - s->round_begun > USEC_PER_SEC && watch_came(&s->watch);
}

static struct shipper shipper_of(struct service *s)
{
    return (struct shipper){
        .settings = s->settings,
        .spool = &s->spool,
        .connection = s->connection,
        .ledger = s->ledger,
        .complaints = s->complaints,
        .urgent = is_urgent,
        .arg = s,
    };
}

static void check(const char *what, int r)
{
    if (r < 0)
        log_error(what, LOG_ERRNO(r));
}

static void sweep(struct service *s, int64_t now)
{
    struct shipper shipper = shipper_of(s);

    if (now < s->sweep_due)
        return;
    check("cannot sweep the spool", spool_sweep(&s->spool, clock_now(), SPOOL_SWEEP_AGE));
    check("cannot look for old crashes in the spool", eviction_age(&shipper, clock_now()));
    check("cannot count the spool", eviction_run(&shipper, true));
    s->sweep_due = now + SWEEP_INTERVAL;
}

/* A new crash ends the rest, but not when it is the server that needs it. A wrong token is for
 * people to mend: no use in asking often. */
static void rest(struct service *s, struct rhythm *rhythm, const struct round *round)
{
    int64_t now = clock_mono();
    uint64_t random;

    random_bytes(&random, sizeof(random));
    memcpy(rhythm->ended_by, round->ended_by, sizeof(rhythm->ended_by));
    rhythm->until_crash = round->verdict < UPLOAD_UNAVAILABLE;
    if (round->sent > 0 || round->verdict < UPLOAD_FAILED)
        backoff_succeed(&rhythm->backoff);
    if (round->verdict == UPLOAD_DENIED)
        rhythm->due = now + s->settings->retry_max;
    else if (round->verdict >= UPLOAD_FAILED)
        rhythm->due = now + backoff_fail(&rhythm->backoff, round->retry_after, random);
    else
        rhythm->due = now + IDLE_INTERVAL;
}

static void send_crashes(struct service *s)
{
    struct shipper shipper = shipper_of(s);
    struct round round = {.verdict = UPLOAD_FAILED};
    int r;

    watch_forget(&s->watch);
    s->round_begun = clock_mono();
    r = round_run(&shipper, s->crashes.ended_by, is_stopping, NULL, &round);
    check("cannot read the spool", r);
    s->n_fulls = round.fulls;
    if (s->fulls.until_crash) /* there may be one more */
        s->fulls.due = 0;
    rest(s, &s->crashes, &round);
    if (round.left > 0)
        check("cannot keep the spool within its limits", eviction_run(&shipper, false));
    if (round.verdict == UPLOAD_DONE && round.left == round.fulls)
        daemon_status(round.fulls > 0 ? "all is sent but full cores" : "all is sent");
    else
        daemon_status("%zu crashes wait; next attempt in %d s", round.left,
                      (int)((s->crashes.due - clock_mono()) / USEC_PER_SEC));
}

/* Between the parts of a full core: what is new goes first, when it can go at all. */
static bool others_wait(void *arg)
{
    struct service *s = arg;

    return is_stopping(NULL) || (s->crashes.until_crash && watch_came(&s->watch)) ||
           clock_mono() >= s->crashes.due;
}

static void send_fulls(struct service *s)
{
    struct shipper shipper = shipper_of(s);
    struct round round = {.verdict = UPLOAD_FAILED};

    check("cannot read the spool",
          round_run_fulls(&shipper, s->fulls.ended_by, others_wait, s, &round));
    s->n_fulls = round.fulls;
    rest(s, &s->fulls, &round);
    if (round.verdict != UPLOAD_DONE)
        return;
    if (round.stopped)
        s->fulls.due = 0;
    else if (round.growing)
        s->fulls.due = clock_mono() + GROW_INTERVAL;
}

static void send_counts(struct service *s)
{
    struct shipper shipper = shipper_of(s);
    struct round round = {.verdict = UPLOAD_DONE};
    int64_t next = tallies_send(&s->tallies, &shipper, is_stopping, NULL, &round);

    rest(s, &s->counts, &round);
    if (s->counts.until_crash)
        s->counts.due = next == INT64_MAX ? INT64_MAX : clock_mono() + next;
}

/* --- The thread --- */

static int64_t next_due(const struct service *s)
{
    int64_t due = s->crashes.due;

    if (s->n_fulls > 0 && s->fulls.due < due)
        due = s->fulls.due;
    return s->counts.due < due ? s->counts.due : due;
}

/* A crash that comes while the server rests still may be one too many for the spool. */
static void wait_for_work(struct service *s)
{
    struct shipper shipper = shipper_of(s);

    watch_wait(&s->watch, true, s->wake, next_due(s) - clock_mono());
    if (!watch_came(&s->watch))
        return;
    if (s->counts.until_crash && s->ledger)
        s->counts.due = 0;
    if (s->crashes.until_crash) {
        s->crashes.due = 0;
    } else {
        watch_forget(&s->watch);
        check("cannot keep the spool within its limits", eviction_run(&shipper, false));
    }
}

static void *run(void *arg)
{
    struct service *s = arg;

    while (!is_stopping(NULL)) {
        if (!have_lock(s)) {
            watch_wait(&s->watch, false, s->wake, LOCK_INTERVAL);
            continue;
        }
        if (clock_mono() >= s->crashes.due)
            send_crashes(s);
        sweep(s, clock_mono()); /* behind one try: of a host whose clock was set, all looks old */
        if (s->n_fulls > 0 && clock_mono() >= s->fulls.due)
            send_fulls(s);
        if (clock_mono() >= s->counts.due)
            send_counts(s);
        wait_for_work(s);
    }
    return NULL;
}

/* --- Start and stop --- */

/* The handler rings when counts begin to wait. */
static void open_ledger(struct service *s)
{
    char path[PATH_MAX];
    int r = ledger_open(s->spool.dir, s->settings, &s->ledger);

    if (r < 0) {
        log_error("cannot open the ledger: no counts are sent", LOG_ERRNO(r));
        s->counts.due = INT64_MAX;
        return;
    }
    snprintf(path, sizeof(path), "%s/" LEDGER_FILE, s->settings->spool);
    r = watch_also(&s->watch, path);
    if (r < 0)
        log_warning("cannot watch the ledger: counts are sent late", LOG_ERRNO(r));
}

int service_start(const struct settings *settings)
{
    struct service *s = &service;
    struct connection_options options;
    int r = spool_open(settings->spool, &s->spool);

    if (r < 0) {
        log_error("cannot open the spool", LOG_STR("spool", settings->spool), LOG_ERRNO(r));
        return r;
    }
    s->settings = settings;
    s->crashes.backoff = s->fulls.backoff = s->counts.backoff =
        (struct backoff){.min = settings->retry_min, .max = settings->retry_max};
    spool_set_limits(settings->keep_free, UINT64_MAX);
    r = watch_open(settings->spool, &s->watch);
    s->wake = eventfd(0, EFD_CLOEXEC);
    if (r < 0 || s->wake < 0)
        return r < 0 ? r : -errno;
    open_ledger(s);
    options = connection_options(settings, "corral-sender/" CORRAL_VERSION);
    options.cancelled = is_overdue;
    s->connection = connection_new(&options);
    return -pthread_create(&s->thread, NULL, run, s);
}

void service_stop(void)
{
    const uint64_t one = 1;
    struct service *s = &service;

    atomic_store(&s->stopping, clock_mono());
    if (write(s->wake, &one, sizeof(one)) < 0)
        log_error("cannot wake the sender", LOG_ERRNO(errno));
    pthread_join(s->thread, NULL);
    connection_free(s->connection);
    ledger_close(s->ledger);
    watch_close(&s->watch);
    close(s->wake);
    if (s->lock >= 0)
        close(s->lock);
    spool_close(&s->spool);
}
