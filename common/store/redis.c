/* SPDX-License-Identifier: Apache-2.0 */
/* hiredis 0.14 writes with write(2): the program must ignore SIGPIPE. */
#include "common/store/redis.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/str.h"

#define CONNECT_USEC (1 * USEC_PER_SEC)
#define BACKOFF_USEC (250 * USEC_PER_MSEC) /* after a failure, before the next connection */

/* --- The connection --- */

static struct timeval timeval_of(int64_t usec)
{
    return (struct timeval){.tv_sec = usec / USEC_PER_SEC, .tv_usec = usec % USEC_PER_SEC};
}

/* The connection is in an unknown state: whatever comes next on it could be the answer to something
 * else. */
static int drop(struct redis *s, const char *why)
{
    snprintf(s->message, sizeof(s->message), "%s", why);
    if (s->context)
        redisFree(s->context);
    s->context = NULL;
    s->next_connect = clock_mono() + BACKOFF_USEC;
    return REDIS_UNAVAILABLE;
}

static int drop_failed(struct redis *s)
{
    return drop(s, s->context->errstr);
}

/* Redis was restarted, or has closed what was silent for long: found out before something is sent
 * in vain. */
static bool closed_while_idle(struct redis *s)
{
    struct pollfd p = {.fd = s->context->fd, .events = POLLIN};

    return poll(&p, 1, 0) != 0; /* nothing is due, so any event is the end */
}

static int connect_now(struct redis *s)
{
    struct timeval timeout = timeval_of(CONNECT_USEC);

    if (clock_mono() < s->next_connect)
        return REDIS_UNAVAILABLE;
    s->context = s->port ? redisConnectWithTimeout(s->host, s->port, timeout)
                         : redisConnectUnixWithTimeout(s->host, timeout);
    if (!s->context)
        abort();
    return s->context->err ? drop_failed(s) : 0;
}

/* Before each command: a connection whose reads and writes end after usec. */
int redis_ready(struct redis *s, int64_t usec)
{
    int r;

    if (s->context && closed_while_idle(s)) {
        redisFree(s->context);
        s->context = NULL;
    }
    if (!s->context) {
        r = connect_now(s);
        if (r)
            return r;
    }
    if (redisSetTimeout(s->context, timeval_of(usec)) != REDIS_OK)
        return drop_failed(s);
    return 0;
}

static int parse_address(const char *address, char **ret_host, int *ret_port)
{
    const char *colon = strrchr(address, ':');
    struct str host;
    uint64_t port;

    if (cstr_starts(address, "unix:/")) {
        *ret_host = strdup(address + strlen("unix:"));
        *ret_port = 0;
        return 0;
    }
    if (!colon || colon == address || str_to_u64(str_from(colon + 1), 65535, &port) < 0 || !port)
        return -EINVAL;
    host = (struct str){address, (size_t)(colon - address)};
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (struct str){host.p + 1, host.n - 2};
    *ret_host = strndup(host.p, host.n);
    *ret_port = (int)port;
    return 0;
}

int redis_init(struct redis *s, const char *address)
{
    *s = (struct redis){0};
    strcpy(s->message, "not connected yet");
    return parse_address(address, &s->host, &s->port);
}

void redis_fini(struct redis *s)
{
    if (s->context)
        redisFree(s->context);
    free(s->host);
    *s = (struct redis){0};
}

bool redis_address_valid(const char *address)
{
    _cleanup_free_ char *host = NULL;
    int port;

    return parse_address(address, &host, &port) == 0;
}

/* --- Commands and their replies --- */

bool redis_is_array(const redisReply *r, size_t at_least)
{
    return r && r->type == REDIS_REPLY_ARRAY && r->elements >= at_least;
}

bool redis_is_text(const redisReply *r)
{
    return r && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS);
}

bool redis_is_error(const redisReply *r, const char *code)
{
    return r->type == REDIS_REPLY_ERROR && cstr_starts(r->str, code);
}

/* What Redis refuses it refuses for now: LOADING, OOM, MISCONF, READONLY, NOAUTH all end by
 * somebody's action there. The connection goes, for its address may lead elsewhere by then. */
int redis_refused(struct redis *s, const redisReply *r)
{
    return drop(s, r->type == REDIS_REPLY_ERROR ? r->str : "an answer of an unexpected form");
}

/* The next reply, which may be an error reply. */
static int get_reply(struct redis *s, redisReply **ret)
{
    void *reply = NULL;

    if (redisGetReply(s->context, &reply) != REDIS_OK || !reply)
        return drop_failed(s);
    *ret = reply;
    return 0;
}

int redis_command(struct redis *s, const char *format, redisReply **ret, ...)
{
    va_list ap;
    int r;

    va_start(ap, ret);
    r = redisvAppendCommand(s->context, format, ap);
    va_end(ap);
    if (r != REDIS_OK)
        return drop_failed(s);
    return get_reply(s, ret);
}

void redis_begin(struct redis *s)
{
    redisAppendCommand(s->context, "MULTI");
}

/* Sends MULTI, the n commands that were appended since, and EXEC in one write; the replies of the n
 * go to *ret. A failed append (no memory) leaves err set and shows here. */
int redis_commit(struct redis *s, size_t n, redisReply **ret)
{
    _cleanup_reply_ redisReply *last = NULL;

    redisAppendCommand(s->context, "EXEC");
    if (s->context->err)
        return drop_failed(s);
    for (size_t i = 0; i < n + 2; i++) {
        redisReply *reply;
        int r = get_reply(s, &reply);

        if (r)
            return r;
        if (last)
            freeReplyObject(last);
        last = reply;
    }
    if (!redis_is_array(last, n))
        return redis_refused(s, last);
    for (size_t i = 0; i < n; i++)
        if (last->element[i]->type == REDIS_REPLY_ERROR)
            return redis_refused(s, last->element[i]);
    if (ret)
        *ret = TAKE_PTR(last);
    return 0;
}

int redis_ping(struct redis *s)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = redis_ready(s, REDIS_COMMAND_USEC);

    if (r == 0)
        r = redis_command(s, "PING", &reply);
    if (r)
        return r;
    return redis_is_text(reply) ? 0 : redis_refused(s, reply);
}
