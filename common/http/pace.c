/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/pace.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "common/base/clock.h"

#define TICK_MIN_USEC (5 * USEC_PER_MSEC)
#define TICK_MAX_USEC (1 * USEC_PER_SEC)
#define GONE_TICKS    2 /* in which a half-closed connection has brought nothing on */

const struct http_pace http_pace_default = {
    .header_usec = 15 * USEC_PER_SEC,
    .window_usec = 20 * USEC_PER_SEC,
    .window_bytes = 20 * 1024, /* 1 KiB/s: far below the slowest modem, far above a drip */
    .linger_usec = 5 * USEC_PER_SEC,
};

struct pace_entry {
    struct pace *pace;
    struct pace_entry *next, **link;
    struct pace_state state;
    int fd;
    bool late;
    unsigned gone; /* ticks since the peer closed in the middle of a body */
    uint64_t seen; /* state.moved at the last tick */
};

struct pace {
    struct pace_limits limits;
    pthread_mutex_t lock; /* over everything below */
    pthread_cond_t stop_requested;
    struct pace_entry *entries;
    bool stop;
    pthread_t thread;
};

enum pace_verdict pace_judge(const struct pace_limits *l, const struct pace_state *s, int64_t now)
{
    int64_t elapsed = now - s->since;

    switch (s->phase) {
    case PACE_HEADERS:
        return elapsed > l->peer.header_usec ? PACE_LATE : PACE_FINE;
    case PACE_BODY:
        if (elapsed < l->peer.window_usec)
            return PACE_FINE;
        return s->moved < l->peer.window_bytes ? PACE_LATE : PACE_NEW_WINDOW;
    case PACE_IDLE:
        /* Whoever is still here after the silence that is allowed has begun to send a head. */
        return l->idle_usec && elapsed > l->idle_usec + l->peer.header_usec ? PACE_LATE : PACE_FINE;
    case PACE_LINGER:
        return elapsed > l->peer.linger_usec ? PACE_LATE : PACE_FINE;
    case PACE_REPLY:
        break;
    }
    return PACE_FINE;
}

static void enter(struct pace_entry *e, enum pace_phase phase, int64_t now)
{
    e->state = (struct pace_state){.phase = phase, .since = now};
}

/* Bytes that the peer has sent and we have not read: then we are the slow one. */
static bool has_unread(int fd)
{
    int n;

    return ioctl(fd, FIONREAD, &n) == 0 && n > 0;
}

static bool hung_up(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};

    return poll(&p, 1, 0) > 0 && (p.revents & POLLRDHUP);
}

/* libmicrohttpd 0.9.75 waits by edges and now and then misses the end of a stream that comes
 * together with data: a cut upload would stay until the idle timeout. Shutting our side down as
 * well makes another edge. */
static void nudge_if_gone(struct pace_entry *e)
{
    bool still = e->state.phase == PACE_BODY && e->state.moved == e->seen && !has_unread(e->fd);

    e->seen = e->state.moved;
    e->gone = still && hung_up(e->fd) ? e->gone + 1 : 0;
    if (e->gone >= GONE_TICKS)
        shutdown(e->fd, SHUT_RDWR);
}

static void check(struct pace *p, struct pace_entry *e, int64_t now)
{
    enum pace_verdict verdict = pace_judge(&p->limits, &e->state, now);

    nudge_if_gone(e);
    if (e->late || verdict == PACE_FINE)
        return;
    if (verdict == PACE_NEW_WINDOW || (e->state.phase != PACE_LINGER && has_unread(e->fd))) {
        enter(e, e->state.phase, now);
        return;
    }
    e->late = true;
    shutdown(e->fd, SHUT_RDWR);
}

/* Often enough that the shortest limit is overrun by a quarter of it at most. */
static int64_t tick_usec(const struct http_pace *l)
{
    int64_t shortest = l->header_usec;

    if (l->window_usec < shortest)
        shortest = l->window_usec;
    if (l->linger_usec < shortest)
        shortest = l->linger_usec;
    shortest /= 4;
    return shortest < TICK_MIN_USEC   ? TICK_MIN_USEC
           : shortest > TICK_MAX_USEC ? TICK_MAX_USEC
                                      : shortest;
}

static void wait_until(struct pace *p, int64_t mono_usec)
{
    struct timespec deadline = {
        .tv_sec = mono_usec / USEC_PER_SEC,
        .tv_nsec = mono_usec % USEC_PER_SEC * 1000,
    };

    pthread_cond_timedwait(&p->stop_requested, &p->lock, &deadline);
}

static void *watch(void *arg)
{
    struct pace *p = arg;
    int64_t tick = tick_usec(&p->limits.peer);

    pthread_setname_np(pthread_self(), "http-pace");
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        int64_t now = clock_mono();

        for (struct pace_entry *e = p->entries; e; e = e->next)
            check(p, e, now);
        wait_until(p, now + tick);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

int pace_new(const struct pace_limits *limits, struct pace **ret)
{
    struct pace *p = calloc(1, sizeof(*p));
    pthread_condattr_t monotonic;
    int r;

    if (!p)
        return -ENOMEM;
    p->limits = *limits;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->stop_requested, &monotonic);
    pthread_condattr_destroy(&monotonic);
    r = pthread_create(&p->thread, NULL, watch, p);
    if (r != 0) {
        free(p);
        return -r;
    }
    *ret = p;
    return 0;
}

void pace_free(struct pace *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    assert(!p->entries);
    p->stop = true;
    pthread_cond_signal(&p->stop_requested);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->stop_requested);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

struct pace_entry *pace_add(struct pace *p, int fd)
{
    struct pace_entry *e = calloc(1, sizeof(*e));

    if (!e)
        abort();
    e->pace = p;
    e->fd = fd;
    enter(e, PACE_HEADERS, clock_mono());
    pthread_mutex_lock(&p->lock);
    e->next = p->entries;
    e->link = &p->entries;
    if (e->next)
        e->next->link = &e->next;
    p->entries = e;
    pthread_mutex_unlock(&p->lock);
    return e;
}

void pace_remove(struct pace_entry *e)
{
    struct pace *p = e->pace;

    pthread_mutex_lock(&p->lock);
    *e->link = e->next;
    if (e->next)
        e->next->link = e->link;
    pthread_mutex_unlock(&p->lock);
    free(e);
}

void pace_enter(struct pace_entry *e, enum pace_phase phase)
{
    pthread_mutex_lock(&e->pace->lock);
    enter(e, phase, clock_mono());
    pthread_mutex_unlock(&e->pace->lock);
}

void pace_request(struct pace_entry *e)
{
    pthread_mutex_lock(&e->pace->lock);
    if (e->state.phase != PACE_HEADERS)
        enter(e, PACE_HEADERS, clock_mono());
    pthread_mutex_unlock(&e->pace->lock);
}

void pace_moved(struct pace_entry *e, size_t n)
{
    pthread_mutex_lock(&e->pace->lock);
    e->state.moved += n;
    pthread_mutex_unlock(&e->pace->lock);
}

bool pace_was_late(struct pace_entry *e)
{
    bool late;

    pthread_mutex_lock(&e->pace->lock);
    late = e->late;
    pthread_mutex_unlock(&e->pace->lock);
    return late;
}
