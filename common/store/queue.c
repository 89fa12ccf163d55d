/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as of https://redis.io/commands, Redis 6.2 or later. Three facts carry this file:
 *
 *   - XADD + SADD and XACK + XDEL + SREM are each one MULTI, so the set names exactly what the
 *     stream holds, also in a snapshot that Redis comes back from; deleting what is done bounds
 *     the stream.
 *   - XREADGROUP and XAUTOCLAIM count a delivery before we see the job; XCLAIM … JUSTID does not
 *     count, which makes it the sign of life.
 *   - The group may vanish at any time (FLUSHALL): the NOGROUP error makes it again, from the
 *     start of the stream.
 *
 * hiredis 0.14 writes with write(2): the program must ignore SIGPIPE. */
#include "common/store/queue.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"

#define STREAM "corral:jobs"
#define GROUP  "workers"
#define QUEUED "corral:queued"
#define DEAD   "corral:dead"

#define CONNECT_USEC   (1 * USEC_PER_SEC)
#define COMMAND_USEC   (2 * USEC_PER_SEC)
#define BACKOFF_USEC   (250 * USEC_PER_MSEC) /* after a failure, before the next connection */
#define CLAIM_USEC_MAX (1 * USEC_PER_SEC)    /* between two looks for abandoned jobs */
#define DEAD_MAX       "100000"              /* dead letters kept, roughly */

struct queue {
    char *host; /* or the socket's path, with port 0 */
    int port;
    redisContext *c;      /* NULL: not connected */
    int64_t next_connect; /* monotonic */
    int64_t next_claim;   /* monotonic */
    char cursor[64];      /* where the next XAUTOCLAIM goes on */
    char message[160];
};

DEFINE_CLEANUP(cleanup_reply, redisReply, freeReplyObject)
#define _cleanup_reply_ _cleanup_(cleanup_reply)

/* --- The connection --- */

static struct timeval timeval_of(int64_t usec)
{
    return (struct timeval){.tv_sec = usec / USEC_PER_SEC, .tv_usec = usec % USEC_PER_SEC};
}

/* The connection is in an unknown state: whatever comes next on it could be the answer to something
 * else. */
static int drop(struct queue *q, const char *why)
{
    snprintf(q->message, sizeof(q->message), "%s", why);
    if (q->c)
        redisFree(q->c);
    q->c = NULL;
    q->next_connect = clock_mono() + BACKOFF_USEC;
    return QUEUE_UNAVAILABLE;
}

static int drop_failed(struct queue *q)
{
    return drop(q, q->c->errstr);
}

/* Redis was restarted, or has closed what was silent for long: found out before something is sent
 * in vain. */
static bool closed_while_idle(struct queue *q)
{
    struct pollfd p = {.fd = q->c->fd, .events = POLLIN};

    return poll(&p, 1, 0) != 0; /* nothing is due, so any event is the end */
}

static int connect_now(struct queue *q)
{
    struct timeval timeout = timeval_of(CONNECT_USEC);

    if (clock_mono() < q->next_connect)
        return QUEUE_UNAVAILABLE;
    q->c = q->port ? redisConnectWithTimeout(q->host, q->port, timeout)
                   : redisConnectUnixWithTimeout(q->host, timeout);
    if (!q->c)
        abort();
    return q->c->err ? drop_failed(q) : 0;
}

/* Before each command: a connection whose reads and writes end after usec. */
static int ready(struct queue *q, int64_t usec)
{
    int r;

    if (q->c && closed_while_idle(q)) {
        redisFree(q->c);
        q->c = NULL;
    }
    if (!q->c) {
        r = connect_now(q);
        if (r)
            return r;
    }
    if (redisSetTimeout(q->c, timeval_of(usec)) != REDIS_OK)
        return drop_failed(q);
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

int queue_new(const char *address, struct queue **ret)
{
    struct queue *q = calloc(1, sizeof(*q));
    int r;

    if (!q)
        abort();
    r = parse_address(address, &q->host, &q->port);
    if (r < 0) {
        queue_free(q);
        return r;
    }
    strcpy(q->cursor, "0-0");
    strcpy(q->message, "not connected yet");
    *ret = q;
    return 0;
}

void queue_free(struct queue *q)
{
    if (!q)
        return;
    if (q->c)
        redisFree(q->c);
    free(q->host);
    free(q);
}

bool queue_address_valid(const char *address)
{
    _cleanup_free_ char *host = NULL;
    int port;

    return parse_address(address, &host, &port) == 0;
}

const char *queue_message(const struct queue *q)
{
    return q->message;
}

/* --- Commands and their replies --- */

static bool is_array(const redisReply *r, size_t at_least)
{
    return r && r->type == REDIS_REPLY_ARRAY && r->elements >= at_least;
}

static bool is_text(const redisReply *r)
{
    return r && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS);
}

static bool is_error(const redisReply *r, const char *code)
{
    return r->type == REDIS_REPLY_ERROR && cstr_starts(r->str, code);
}

/* What Redis refuses it refuses for now: LOADING, OOM, MISCONF, READONLY, NOAUTH all end by
 * somebody's action there. The connection goes, for its address may lead elsewhere by then. */
static int refused(struct queue *q, const redisReply *r)
{
    return drop(q, r->type == REDIS_REPLY_ERROR ? r->str : "an answer of an unexpected form");
}

/* The next reply, which may be an error reply. */
static int get_reply(struct queue *q, redisReply **ret)
{
    void *reply = NULL;

    if (redisGetReply(q->c, &reply) != REDIS_OK || !reply)
        return drop_failed(q);
    *ret = reply;
    return 0;
}

static int __attribute__((format(printf, 2, 4)))
command(struct queue *q, const char *format, redisReply **ret, ...)
{
    va_list ap;
    int r;

    va_start(ap, ret);
    r = redisvAppendCommand(q->c, format, ap);
    va_end(ap);
    if (r != REDIS_OK)
        return drop_failed(q);
    return get_reply(q, ret);
}

static void begin(struct queue *q)
{
    redisAppendCommand(q->c, "MULTI");
}

/* Sends MULTI, the n commands that were appended since, and EXEC in one write; the replies of the n
 * go to *ret. A failed append (no memory) leaves err set and shows here. */
static int commit(struct queue *q, size_t n, redisReply **ret)
{
    _cleanup_reply_ redisReply *last = NULL;

    redisAppendCommand(q->c, "EXEC");
    if (q->c->err)
        return drop_failed(q);
    for (size_t i = 0; i < n + 2; i++) {
        redisReply *reply;
        int r = get_reply(q, &reply);

        if (r)
            return r;
        if (last)
            freeReplyObject(last);
        last = reply;
    }
    if (!is_array(last, n))
        return refused(q, last);
    for (size_t i = 0; i < n; i++)
        if (last->element[i]->type == REDIS_REPLY_ERROR)
            return refused(q, last->element[i]);
    if (ret)
        *ret = TAKE_PTR(last);
    return 0;
}

int queue_ping(struct queue *q)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = ready(q, COMMAND_USEC);

    if (r == 0)
        r = command(q, "PING", &reply);
    if (r)
        return r;
    return is_text(reply) ? 0 : refused(q, reply);
}

/* --- The maker's side --- */

int queue_push(struct queue *q, const char *crash_id)
{
    int r = ready(q, COMMAND_USEC);

    if (r)
        return r;
    begin(q);
    redisAppendCommand(q->c, "XADD " STREAM " * crash %s", crash_id);
    redisAppendCommand(q->c, "SADD " QUEUED " %s", crash_id);
    return commit(q, 2, NULL);
}

static void append_smismember(struct queue *q, const char *const *crash_ids, size_t n)
{
    _cleanup_free_ const char **argv = calloc(n + 2, sizeof(*argv));

    if (!argv)
        abort();
    argv[0] = "SMISMEMBER";
    argv[1] = QUEUED;
    memcpy(argv + 2, crash_ids, n * sizeof(*argv));
    redisAppendCommandArgv(q->c, (int)n + 2, argv, NULL);
}

/* An empty stream knows nothing, whatever the set says: so a stream that was deleted by hand heals,
 * too. */
int queue_known(struct queue *q, const char *const *crash_ids, size_t n, bool *ret_known)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = ready(q, COMMAND_USEC);
    bool empty;

    assert(n > 0 && n <= QUEUE_KNOWN_MAX);
    if (r)
        return r;
    begin(q);
    redisAppendCommand(q->c, "XLEN " STREAM);
    append_smismember(q, crash_ids, n);
    r = commit(q, 2, &reply);
    if (r)
        return r;
    if (!is_array(reply->element[1], n))
        return refused(q, reply->element[1]);
    empty = reply->element[0]->integer == 0;
    for (size_t i = 0; i < n; i++)
        ret_known[i] = !empty && reply->element[1]->element[i]->integer == 1;
    return 0;
}

/* --- The worker's side --- */

static int make_group(struct queue *q)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = command(q, "XGROUP CREATE " STREAM " " GROUP " 0 MKSTREAM", &reply);

    if (r)
        return r;
    /* BUSYGROUP: another worker was faster. */
    return is_text(reply) || is_error(reply, "BUSYGROUP") ? 0 : refused(q, reply);
}

/* Takes an entry out of stream and group. remove is how everything ends: acknowledged, buried, or
 * no job of ours. */
static int remove_entry(struct queue *q, const char *entry, const char *crash_id, size_t n_before)
{
    redisAppendCommand(q->c, "XACK " STREAM " " GROUP " %s", entry);
    redisAppendCommand(q->c, "XDEL " STREAM " %s", entry);
    redisAppendCommand(q->c, "SREM " QUEUED " %s", crash_id);
    return commit(q, n_before + 3, NULL);
}

/* [entry id, [field, value, …]] as XREADGROUP and XAUTOCLAIM give it; a deleted entry has nil in
 * place of the fields. False when it is not a job as queue_push writes it. */
static bool read_entry(const redisReply *r, struct queue_job *job)
{
    const redisReply *fields;

    if (!is_array(r, 2) || !is_text(r->element[0]))
        return false;
    snprintf(job->entry, sizeof(job->entry), "%s", r->element[0]->str);
    fields = r->element[1];
    if (!is_array(fields, 2) || !is_text(fields->element[0]) || !is_text(fields->element[1]) ||
        strcmp(fields->element[0]->str, "crash") != 0 ||
        !uuid_valid((struct str){fields->element[1]->str, fields->element[1]->len}))
        return false;
    memcpy(job->crash_id, fields->element[1]->str, UUID_TEXT_SIZE);
    return true;
}

/* Something else than a job is removed, for it would come back for ever. */
static int accept_entry(struct queue *q, const redisReply *r, struct queue_job *job)
{
    int removed;

    job->entry[0] = '\0';
    if (read_entry(r, job))
        return 0;
    if (job->entry[0] == '\0')
        return QUEUE_EMPTY;
    begin(q);
    removed = remove_entry(q, job->entry, "", 0);
    return removed ? removed : QUEUE_EMPTY;
}

/* XPENDING … gives [[entry, consumer, idle, deliveries]], or nothing when the entry is not (this
 * consumer's) any more. */
static int count_deliveries(struct queue *q, const char *consumer, const char *entry, uint64_t *ret)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = command(q, "XPENDING " STREAM " " GROUP " %s %s 1 %s", &reply, entry, entry, consumer);

    if (r)
        return r;
    if (is_error(reply, "NOGROUP"))
        return QUEUE_LOST;
    if (!is_array(reply, 0))
        return refused(q, reply);
    if (reply->elements == 0)
        return QUEUE_LOST;
    if (!is_array(reply->element[0], 4))
        return refused(q, reply);
    *ret = (uint64_t)reply->element[0]->element[3]->integer;
    return 0;
}

/* One job that another consumer has left. The cursor is kept between calls, so that a long list of
 * jobs in good hands is looked through in turns. */
static int claim(struct queue *q, const char *consumer, int64_t idle_usec, struct queue_job *job)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = command(q, "XAUTOCLAIM " STREAM " " GROUP " %s %lld %s COUNT 1", &reply, consumer,
                    (long long)(idle_usec / USEC_PER_MSEC), q->cursor);

    if (r)
        return r;
    if (is_error(reply, "NOGROUP"))
        return QUEUE_EMPTY;
    if (!is_array(reply, 2) || !is_text(reply->element[0]) || !is_array(reply->element[1], 0))
        return refused(q, reply);
    snprintf(q->cursor, sizeof(q->cursor), "%s", reply->element[0]->str);
    if (reply->element[1]->elements == 0)
        return QUEUE_EMPTY;
    r = accept_entry(q, reply->element[1]->element[0], job);
    if (r)
        return r;
    r = count_deliveries(q, consumer, job->entry, &job->attempt);
    return r == QUEUE_LOST ? QUEUE_EMPTY : r;
}

static int read_group(struct queue *q, const char *consumer, int64_t wait_usec, redisReply **ret)
{
    /* BLOCK 0 would mean for ever; and the answer may take as long as we asked Redis to wait. */
    long long msec = wait_usec >= USEC_PER_MSEC ? wait_usec / USEC_PER_MSEC : 1;
    int r = ready(q, wait_usec + COMMAND_USEC);

    if (r)
        return r;
    return command(q, "XREADGROUP GROUP " GROUP " %s COUNT 1 BLOCK %lld STREAMS " STREAM " >", ret,
                   consumer, msec);
}

/* UNBLOCKED: the stream was deleted while we waited. */
static bool lacks_group(const redisReply *r)
{
    return is_error(r, "NOGROUP") || is_error(r, "UNBLOCKED");
}

static int read_healed(struct queue *q, const char *consumer, int64_t wait_usec, redisReply **ret)
{
    _cleanup_reply_ redisReply *first = NULL;
    int r = read_group(q, consumer, wait_usec, &first);

    if (r)
        return r;
    if (!lacks_group(first)) {
        *ret = TAKE_PTR(first);
        return 0;
    }
    r = make_group(q);
    return r ? r : read_group(q, consumer, wait_usec, ret);
}

/* A job that nobody had yet: [[stream, [entry]]], or nil after the wait. */
static int read_new(struct queue *q, const char *consumer, int64_t wait_usec, struct queue_job *job)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = read_healed(q, consumer, wait_usec, &reply);

    if (r)
        return r;
    if (reply->type == REDIS_REPLY_NIL || lacks_group(reply))
        return QUEUE_EMPTY;
    if (!is_array(reply, 1) || !is_array(reply->element[0], 2) ||
        !is_array(reply->element[0]->element[1], 1))
        return refused(q, reply);
    job->attempt = 1;
    return accept_entry(q, reply->element[0]->element[1]->element[0], job);
}

static int take(struct queue *q, const char *consumer, int64_t wait_usec, int64_t idle_usec,
                struct queue_job *job)
{
    int64_t now = clock_mono(), pause = idle_usec / 2;
    int r;

    if (now >= q->next_claim) {
        r = ready(q, COMMAND_USEC);
        if (r == 0)
            r = claim(q, consumer, idle_usec, job);
        if (r != QUEUE_EMPTY)
            return r;
        q->next_claim = now + (pause < CLAIM_USEC_MAX ? pause : CLAIM_USEC_MAX);
    }
    return read_new(q, consumer, wait_usec, job);
}

int queue_take(struct queue *q, const char *consumer, int64_t wait_usec, int64_t idle_usec,
               struct queue_job *ret)
{
    struct queue_job job = {0};
    int64_t rest;
    int r = take(q, consumer, wait_usec, idle_usec, &job);

    if (r == 0)
        *ret = job;
    /* A worker calls this in a loop: the pause of the back-off is spent here. */
    rest = q->next_connect - clock_mono();
    if (r == QUEUE_UNAVAILABLE && rest > 0)
        clock_sleep(rest < wait_usec ? rest : wait_usec);
    return r;
}

int queue_touch(struct queue *q, const char *consumer, const struct queue_job *job)
{
    _cleanup_reply_ redisReply *reply = NULL;
    uint64_t deliveries;
    int r = ready(q, COMMAND_USEC);

    if (r == 0)
        r = count_deliveries(q, consumer, job->entry, &deliveries);
    if (r == 0)
        r = command(q, "XCLAIM " STREAM " " GROUP " %s 0 %s JUSTID", &reply, consumer, job->entry);
    if (r)
        return r;
    if (!is_array(reply, 0))
        return refused(q, reply);
    return reply->elements ? 0 : QUEUE_LOST;
}

int queue_ack(struct queue *q, const struct queue_job *job)
{
    int r = ready(q, COMMAND_USEC);

    if (r)
        return r;
    begin(q);
    return remove_entry(q, job->entry, job->crash_id, 0);
}

int queue_bury(struct queue *q, const struct queue_job *job, const char *reason)
{
    int r = ready(q, COMMAND_USEC);

    if (r)
        return r;
    begin(q);
    redisAppendCommand(q->c,
                       "XADD " DEAD " MAXLEN ~ " DEAD_MAX " * crash %s reason %s attempts %llu",
                       job->crash_id, reason, (unsigned long long)job->attempt);
    return remove_entry(q, job->entry, job->crash_id, 1);
}

/* --- Numbers --- */

static int length(struct queue *q, const char *stream, uint64_t *ret)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = command(q, "XLEN %s", &reply, stream);

    if (r)
        return r;
    if (reply->type != REDIS_REPLY_INTEGER)
        return refused(q, reply);
    *ret = (uint64_t)reply->integer;
    return 0;
}

/* The summary form of XPENDING: [count, first, last, consumers]. */
static int count_taken(struct queue *q, uint64_t *ret)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = command(q, "XPENDING " STREAM " " GROUP, &reply);

    if (r)
        return r;
    if (is_error(reply, "NOGROUP")) {
        *ret = 0;
        return 0;
    }
    if (!is_array(reply, 1) || reply->element[0]->type != REDIS_REPLY_INTEGER)
        return refused(q, reply);
    *ret = (uint64_t)reply->element[0]->integer;
    return 0;
}

int queue_stats(struct queue *q, struct queue_stats *ret)
{
    uint64_t all = 0, taken = 0, dead = 0;
    int r = ready(q, COMMAND_USEC);

    if (r == 0)
        r = length(q, STREAM, &all);
    if (r == 0)
        r = count_taken(q, &taken);
    if (r == 0)
        r = length(q, DEAD, &dead);
    if (r)
        return r;
    /* What is done is deleted, so the stream is as long as waiting and taken together. */
    ret->waiting = all > taken ? all - taken : 0;
    ret->taken = taken;
    ret->dead = dead;
    return 0;
}
