/* SPDX-License-Identifier: Apache-2.0 */
/* Starting and stopping: a listening socket of ours, libmicrohttpd's pool of epoll threads on it,
 * the watchdog over slow peers. */
#include "common/http/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/http/exchange.h"

/* Version 0.9.75, whose buffer framing_block can read; later ones check more by themselves. */
#define LAYOUT_VERSION "0.9.75"

/* libmicrohttpd's own limit is never reached: at it, the threads take the listening socket out of
 * their epoll sets, and must find it there (listener_refuse). Ours closes what is too much at once,
 * instead of leaving it in the backlog. */
#define LIBRARY_CONNECTIONS_MAX 1048576u

static enum MHD_Result admit_connection(void *cls, const struct sockaddr *address, socklen_t n)
{
    const struct http_server *s = cls;
    unsigned max = s->o.connections_max;

    (void)address, (void)n;
    return max == 0 || atomic_load(&s->connections) < max ? MHD_YES : MHD_NO;
}

static void connection_changed(void *cls, struct MHD_Connection *connection, void **context,
                               enum MHD_ConnectionNotificationCode code)
{
    struct http_server *s = cls;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        atomic_fetch_add(&s->connections, 1);
        *context = pace_add(
            s->pace,
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
    } else {
        atomic_fetch_sub(&s->connections, 1);
        pace_remove(*context);
    }
}

static struct MHD_Daemon *start_daemon(struct http_server *s)
{
    const struct http_options *o = &s->o;
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, listener_hand_over(&s->listener), NULL},
        /* Strict, 0.9.75 closes without a word or sends a second head after the first; admission.c
           checks the same and more. */
        {MHD_OPTION_STRICT_FOR_CLIENT, s->layout_known ? 0 : 1, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, LIBRARY_CONNECTIONS_MAX, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, o->connections_per_ip_max, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, o->idle_seconds, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_CONNECTION_BYTES, NULL},
        /* The pool wants two threads at least; one is what there is without a pool. */
        {o->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, o->threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(flags, 0, admit_connection, s, exchange_step, s, MHD_OPTION_ARRAY,
                            options, MHD_OPTION_URI_LOG_CALLBACK, exchange_open, s,
                            MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, s,
                            MHD_OPTION_NOTIFY_CONNECTION, connection_changed, s, MHD_OPTION_END);
}

/* Threads inherit the signal mask: signals are for the program's own threads. */
static int start_threads(struct http_server *s)
{
    const struct pace_limits limits = {
        .peer = s->o.pace ? *s->o.pace : http_pace_default,
        .idle_usec = (int64_t)s->o.idle_seconds * USEC_PER_SEC,
    };
    sigset_t all, before;
    int r;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pace_new(&limits, &s->pace);
    if (r == 0) {
        errno = 0;
        s->daemon = start_daemon(s);
        if (!s->daemon)
            r = errno ? -errno : -EINVAL;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

static void server_free(struct http_server *s)
{
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    pace_free(s->pace);
    listener_close(&s->listener);
    pthread_cond_destroy(&s->idle);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static struct http_server *server_new(const struct http_options *o)
{
    struct http_server *s = calloc(1, sizeof(*s));
    pthread_condattr_t monotonic;

    if (!s)
        abort();
    s->o = *o;
    s->listener.fd = -1;
    s->layout_known = strcmp(MHD_get_version(), LAYOUT_VERSION) == 0;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return s;
}

int http_start(const struct http_options *o, struct http_server **ret)
{
    struct http_server *s = server_new(o);
    int r = listener_open(o->listen, &s->listener);

    if (r == 0)
        r = start_threads(s);
    if (r < 0) {
        server_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

/* Until no request is in flight, or the time is over. */
static void drain(struct http_server *s, int64_t grace_usec)
{
    int64_t until = clock_mono() + grace_usec;
    struct timespec deadline = {
        .tv_sec = until / USEC_PER_SEC,
        .tv_nsec = until % USEC_PER_SEC * 1000,
    };
    int r = 0;

    pthread_mutex_lock(&s->lock);
    while (s->in_flight > 0 && r == 0)
        r = pthread_cond_timedwait(&s->idle, &s->lock, &deadline);
    pthread_mutex_unlock(&s->lock);
}

void http_stop(struct http_server *s, int64_t grace_usec)
{
    if (!s)
        return;
    atomic_store(&s->draining, true);
    listener_refuse(&s->listener);
    drain(s, grace_usec);
    server_free(s);
}

unsigned http_port(const struct http_server *s)
{
    return listener_port(&s->listener);
}
