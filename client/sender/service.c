/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/service.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include "client/sender/backoff.h"
#include "client/sender/round.h"
#include "common/base/log.h"
#include "common/daemon/daemon.h"

#define DRAIN_MAX      (10 * USEC_PER_SEC)
#define SWEEP_INTERVAL (3600 * USEC_PER_SEC)
#define SWEEP_AGE                                                                                  \
    (2 * 3600 * USEC_PER_SEC) /* longer than any handler takes (hold_max is at most an hour) */
#define LOCK_INTERVAL USEC_PER_SEC
#define IDLE_INTERVAL                                                                              \
    (300 * USEC_PER_SEC) /* a look without a reason: for what inotify may have lost */

static struct service {
    const struct settings *settings;
    struct spool spool;
    struct connection *connection;
    struct backoff backoff;
    char ended_by[UUID_TEXT_SIZE]; /* of the last round */
    int lock, inotify, wake;       /* lock: -1 while another sender has it */
    int64_t sweep_due;             /* monotonic */
    pthread_t thread;
    _Atomic int64_t stopping; /* monotonic time of the stop; 0: none */
} service = {.spool = SPOOL_CLOSED, .lock = -1, .inotify = -1, .wake = -1};

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

static void sweep(struct service *s, int64_t now)
{
    int r;

    if (now < s->sweep_due)
        return;
    r = spool_sweep(&s->spool, clock_now(), SWEEP_AGE);
    if (r < 0)
        log_error("cannot sweep the spool", LOG_ERRNO(r));
    s->sweep_due = now + SWEEP_INTERVAL;
}

/* How long to rest after a round, and whether a new crash ends the rest: not when it is the server
 * that needs it. A wrong token is for people to mend: no use in asking often. */
struct rest {
    int64_t usec;
    bool until_crash;
};

static struct rest rest_after(struct service *s, const struct round *round)
{
    uint64_t random;

    random_bytes(&random, sizeof(random));
    switch (round->verdict) {
    case UPLOAD_UNAVAILABLE:
        if (round->sent > 0)
            backoff_succeed(&s->backoff);
        return (struct rest){backoff_fail(&s->backoff, round->retry_after, random), false};
    case UPLOAD_DENIED:
        return (struct rest){s->settings->retry_max, false};
    case UPLOAD_FAILED:
        return (struct rest){backoff_fail(&s->backoff, round->retry_after, random), true};
    case UPLOAD_DONE:
    case UPLOAD_REFUSED:
        break;
    }
    backoff_succeed(&s->backoff);
    return (struct rest){IDLE_INTERVAL, true};
}

static struct rest send_all(struct service *s)
{
    struct shipper shipper = {s->settings, &s->spool, s->connection};
    struct round round = {.verdict = UPLOAD_FAILED};
    int r = round_run(&shipper, s->ended_by, is_stopping, NULL, &round);
    struct rest rest;

    if (r < 0)
        log_error("cannot read the spool", LOG_STR("spool", s->settings->spool), LOG_ERRNO(r));
    memcpy(s->ended_by, round.ended_by, sizeof(s->ended_by));
    rest = rest_after(s, &round);
    if (round.verdict == UPLOAD_DONE)
        daemon_status("all is sent");
    else
        daemon_status("%zu crashes wait; next attempt in %d s", round.left,
                      (int)(rest.usec / USEC_PER_SEC));
    return rest;
}

/* --- The thread --- */

static bool crash_came(struct service *s)
{
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool any = false;

    while (read(s->inotify, events, sizeof(events)) > 0)
        any = true;
    return any;
}

static void take_rest(struct service *s, struct rest rest)
{
    int64_t end = clock_mono() + rest.usec, left;

    while (!is_stopping(NULL) && (left = end - clock_mono()) > 0) {
        struct pollfd fds[] = {{.fd = s->wake, .events = POLLIN},
                               {.fd = s->inotify, .events = POLLIN}};

        (void)poll(fds, rest.until_crash ? 2 : 1, (int)(left / USEC_PER_MSEC) + 1);
        if (rest.until_crash && crash_came(s))
            break;
    }
}

static void *run(void *arg)
{
    struct service *s = arg;

    while (!is_stopping(NULL)) {
        struct rest rest = {LOCK_INTERVAL, false};

        if (have_lock(s)) {
            sweep(s, clock_mono());
            rest = send_all(s);
        }
        take_rest(s, rest);
    }
    return NULL;
}

/* --- Start and stop --- */

static int watch_spool(struct service *s)
{
    s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    s->wake = eventfd(0, EFD_CLOEXEC);
    if (s->inotify < 0 || s->wake < 0)
        return -errno;
    return inotify_add_watch(s->inotify, s->settings->spool, IN_MOVED_TO) < 0 ? -errno : 0;
}

int service_start(const struct settings *settings)
{
    struct service *s = &service;
    int r = spool_open(settings->spool, &s->spool);

    if (r < 0) {
        log_error("cannot open the spool", LOG_STR("spool", settings->spool), LOG_ERRNO(r));
        return r;
    }
    s->settings = settings;
    s->backoff = (struct backoff){.min = settings->retry_min, .max = settings->retry_max};
    r = watch_spool(s);
    if (r < 0)
        return r;
    s->connection = connection_new(&(struct connection_options){
        .server = settings->server,
        .user_agent = "corral-sender/" CORRAL_VERSION,
        .token_file = settings->token_file,
        .ca_file = settings->ca_file,
        .timeout = settings->timeout,
        .cancelled = is_overdue,
    });
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
    close(s->inotify);
    close(s->wake);
    if (s->lock >= 0)
        close(s->lock);
    spool_close(&s->spool);
}
