/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as of https://redis.io/commands, Redis 6.2 or later. Three facts carry this file:
 *
 *   - XADD + SADD and XACK + XDEL + SREM are each one MULTI, so the set names exactly what the
 *     stream holds, also in a snapshot that Redis comes back from; deleting what is done bounds
 *     the stream.
 *   - XREADGROUP and XAUTOCLAIM count a delivery before we see the job; XCLAIM … JUSTID does not
 *     count, which makes it the sign of life.
 *   - The group may vanish at any time (FLUSHALL): the NOGROUP error makes it again, from the
 *     start of the stream. */
#include "common/store/queue.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/store/redis.h"

#define STREAM "corral:jobs"
#define GROUP  "workers"
#define QUEUED "corral:queued"
#define DEAD   "corral:dead"
#define WAKE   "corral:arrived" /* a list of one element, or of none */

#define CLAIM_USEC_MAX (1 * USEC_PER_SEC) /* between two looks for abandoned jobs */
#define DEAD_MAX       "100000"           /* dead letters kept, roughly */

struct queue {
    struct redis redis;
    int64_t next_claim; /* monotonic */
    char cursor[64];    /* where the next XAUTOCLAIM goes on */
};

_Static_assert((int)QUEUE_UNAVAILABLE == (int)REDIS_UNAVAILABLE, "outcomes are passed on");

/* --- Life --- */

int queue_new(const char *address, struct queue **ret)
{
    struct queue *q = calloc(1, sizeof(*q));
    int r;

    if (!q)
        abort();
    r = redis_init(&q->redis, address);
    if (r < 0) {
        queue_free(q);
        return r;
    }
    strcpy(q->cursor, "0-0");
    *ret = q;
    return 0;
}

void queue_free(struct queue *q)
{
    if (!q)
        return;
    redis_fini(&q->redis);
    free(q);
}

bool queue_address_valid(const char *address)
{
    return redis_address_valid(address);
}

const char *queue_message(const struct queue *q)
{
    return q->redis.message;
}

int queue_ping(struct queue *q)
{
    return redis_ping(&q->redis);
}

/* --- The maker's side --- */

int queue_push(struct queue *q, const char *crash_id)
{
    int r = redis_ready(&q->redis, REDIS_COMMAND_USEC);

    if (r)
        return r;
    redis_begin(&q->redis);
    redisAppendCommand(q->redis.context, "XADD " STREAM " * crash %s", crash_id);
    redisAppendCommand(q->redis.context, "SADD " QUEUED " %s", crash_id);
    return redis_commit(&q->redis, 2, NULL);
}

static void append_smismember(struct queue *q, const char *const *crash_ids, size_t n)
{
    _cleanup_free_ const char **argv = calloc(n + 2, sizeof(*argv));

    if (!argv)
        abort();
    argv[0] = "SMISMEMBER";
    argv[1] = QUEUED;
    memcpy(argv + 2, crash_ids, n * sizeof(*argv));
    redisAppendCommandArgv(q->redis.context, (int)n + 2, argv, NULL);
}

/* An empty stream knows nothing, whatever the set says: so a stream that was deleted by hand heals,
 * too. */
int queue_known(struct queue *q, const char *const *crash_ids, size_t n, bool *ret_known)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = redis_ready(&q->redis, REDIS_COMMAND_USEC);
    bool empty;

    assert(n > 0 && n <= QUEUE_KNOWN_MAX);
    if (r)
        return r;
    redis_begin(&q->redis);
    redisAppendCommand(q->redis.context, "XLEN " STREAM);
    append_smismember(q, crash_ids, n);
    r = redis_commit(&q->redis, 2, &reply);
    if (r)
        return r;
    if (!redis_is_array(reply->element[1], n))
        return redis_refused(&q->redis, reply->element[1]);
    empty = reply->element[0]->integer == 0;
    for (size_t i = 0; i < n; i++)
        ret_known[i] = !empty && reply->element[1]->element[i]->integer == 1;
    return 0;
}

/* --- The worker's side --- */

static int make_group(struct queue *q)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = redis_command(&q->redis, "XGROUP CREATE " STREAM " " GROUP " 0 MKSTREAM", &reply);

    if (r)
        return r;
    /* BUSYGROUP: another worker was faster. */
    return redis_is_text(reply) || redis_is_error(reply, "BUSYGROUP")
               ? 0
               : redis_refused(&q->redis, reply);
}

/* Takes an entry out of stream and group. remove is how everything ends: acknowledged, buried, or
 * no job of ours. */
static int remove_entry(struct queue *q, const char *entry, const char *crash_id, size_t n_before)
{
    redisAppendCommand(q->redis.context, "XACK " STREAM " " GROUP " %s", entry);
    redisAppendCommand(q->redis.context, "XDEL " STREAM " %s", entry);
    redisAppendCommand(q->redis.context, "SREM " QUEUED " %s", crash_id);
    return redis_commit(&q->redis, n_before + 3, NULL);
}

/* [entry id, [field, value, …]] as XREADGROUP and XAUTOCLAIM give it; a deleted entry has nil in
 * place of the fields. False when it is not a job as queue_push writes it. */
static bool read_entry(const redisReply *r, struct queue_job *job)
{
    const redisReply *fields;

    if (!redis_is_array(r, 2) || !redis_is_text(r->element[0]))
        return false;
    snprintf(job->entry, sizeof(job->entry), "%s", r->element[0]->str);
    fields = r->element[1];
    if (!redis_is_array(fields, 2) || !redis_is_text(fields->element[0]) ||
        !redis_is_text(fields->element[1]) || strcmp(fields->element[0]->str, "crash") != 0 ||
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
    redis_begin(&q->redis);
    removed = remove_entry(q, job->entry, "", 0);
    return removed ? removed : QUEUE_EMPTY;
}

/* XPENDING … gives [[entry, consumer, idle, deliveries]], or nothing when the entry is not (this
 * consumer's) any more. */
static int count_deliveries(struct queue *q, const char *consumer, const char *entry, uint64_t *ret)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = redis_command(&q->redis, "XPENDING " STREAM " " GROUP " %s %s 1 %s", &reply, entry,
                          entry, consumer);

    if (r)
        return r;
    if (redis_is_error(reply, "NOGROUP"))
        return QUEUE_LOST;
    if (!redis_is_array(reply, 0))
        return redis_refused(&q->redis, reply);
    if (reply->elements == 0)
        return QUEUE_LOST;
    if (!redis_is_array(reply->element[0], 4))
        return redis_refused(&q->redis, reply);
    *ret = (uint64_t)reply->element[0]->element[3]->integer;
    return 0;
}

/* One job that another consumer has left. The cursor is kept between calls, so that a long list of
 * jobs in good hands is looked through in turns. */
static int claim(struct queue *q, const char *consumer, int64_t idle_usec, struct queue_job *job)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = redis_command(&q->redis, "XAUTOCLAIM " STREAM " " GROUP " %s %lld %s COUNT 1", &reply,
                          consumer, (long long)(idle_usec / USEC_PER_MSEC), q->cursor);

    if (r)
        return r;
    if (redis_is_error(reply, "NOGROUP"))
        return QUEUE_EMPTY;
    if (!redis_is_array(reply, 2) || !redis_is_text(reply->element[0]) ||
        !redis_is_array(reply->element[1], 0))
        return redis_refused(&q->redis, reply);
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
    int r = redis_ready(&q->redis, wait_usec + REDIS_COMMAND_USEC);

    if (r)
        return r;
    return redis_command(&q->redis,
                         "XREADGROUP GROUP " GROUP " %s COUNT 1 BLOCK %lld STREAMS " STREAM " >",
                         ret, consumer, msec);
}

/* UNBLOCKED: the stream was deleted while we waited. */
static bool lacks_group(const redisReply *r)
{
    return redis_is_error(r, "NOGROUP") || redis_is_error(r, "UNBLOCKED");
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
    if (!redis_is_array(reply, 1) || !redis_is_array(reply->element[0], 2) ||
        !redis_is_array(reply->element[0]->element[1], 1))
        return redis_refused(&q->redis, reply);
    job->attempt = 1;
    return accept_entry(q, reply->element[0]->element[1]->element[0], job);
}

static int take(struct queue *q, const char *consumer, int64_t wait_usec, int64_t idle_usec,
                struct queue_job *job)
{
    int64_t now = clock_mono(), pause = idle_usec / 2;
    int r;

    if (now >= q->next_claim) {
        r = redis_ready(&q->redis, REDIS_COMMAND_USEC);
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
    rest = q->redis.next_connect - clock_mono();
    if (r == QUEUE_UNAVAILABLE && rest > 0)
        clock_sleep(rest < wait_usec ? rest : wait_usec);
    return r;
}

int queue_touch(struct queue *q, const char *consumer, const struct queue_job *job)
{
    _cleanup_reply_ redisReply *reply = NULL;
    uint64_t deliveries;
    int r = redis_ready(&q->redis, REDIS_COMMAND_USEC);

    if (r == 0)
        r = count_deliveries(q, consumer, job->entry, &deliveries);
    if (r == 0)
        r = redis_command(&q->redis, "XCLAIM " STREAM " " GROUP " %s 0 %s JUSTID", &reply, consumer,
                          job->entry);
    if (r)
        return r;
    if (!redis_is_array(reply, 0))
        return redis_refused(&q->redis, reply);
    return reply->elements ? 0 : QUEUE_LOST;
}

int queue_ack(struct queue *q, const struct queue_job *job)
{
    int r = redis_ready(&q->redis, REDIS_COMMAND_USEC);

    if (r)
        return r;
    redis_begin(&q->redis);
    return remove_entry(q, job->entry, job->crash_id, 0);
}

int queue_bury(struct queue *q, const struct queue_job *job, const char *reason)
{
    int r = redis_ready(&q->redis, REDIS_COMMAND_USEC);

    if (r)
        return r;
    redis_begin(&q->redis);
    redisAppendCommand(q->redis.context,
                       "XADD " DEAD " MAXLEN ~ " DEAD_MAX " * crash %s reason %s attempts %llu",
                       job->crash_id, reason, (unsigned long long)job->attempt);
    return remove_entry(q, job->entry, job->crash_id, 1);
}

/* --- Numbers --- */

static int length(struct queue *q, const char *stream, uint64_t *ret)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = redis_command(&q->redis, "XLEN %s", &reply, stream);

    if (r)
        return r;
    if (reply->type != REDIS_REPLY_INTEGER)
        return redis_refused(&q->redis, reply);
    *ret = (uint64_t)reply->integer;
    return 0;
}

/* The summary form of XPENDING: [count, first, last, consumers]. */
static int count_taken(struct queue *q, uint64_t *ret)
{
    _cleanup_reply_ redisReply *reply = NULL;
    int r = redis_command(&q->redis, "XPENDING " STREAM " " GROUP, &reply);

    if (r)
        return r;
    if (redis_is_error(reply, "NOGROUP")) {
        *ret = 0;
        return 0;
    }
    if (!redis_is_array(reply, 1) || reply->element[0]->type != REDIS_REPLY_INTEGER)
        return redis_refused(&q->redis, reply);
    *ret = (uint64_t)reply->element[0]->integer;
    return 0;
}

int queue_stats(struct queue *q, struct queue_stats *ret)
{
    uint64_t all = 0, taken = 0, dead = 0;
    int r = redis_ready(&q->redis, REDIS_COMMAND_USEC);

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

/* --- Arrivals --- */

int queue_wake(struct queue *q)
{
    int r = redis_ready(&q->redis, REDIS_COMMAND_USEC);

    if (r)
        return r;
    redis_begin(&q->redis);
    redisAppendCommand(q->redis.context, "LPUSH " WAKE " 1");
    redisAppendCommand(q->redis.context, "LTRIM " WAKE " 0 0");
    return redis_commit(&q->redis, 2, NULL);
}

/* The fraction has been taken by BLPOP since Redis 6.0. */
int queue_await_wake(struct queue *q, int64_t wait_usec)
{
    _cleanup_reply_ redisReply *reply = NULL;
    long long msec = wait_usec >= USEC_PER_MSEC ? wait_usec / USEC_PER_MSEC : 1;
    int r = redis_ready(&q->redis, wait_usec + REDIS_COMMAND_USEC);

    if (r == 0)
        r = redis_command(&q->redis, "BLPOP " WAKE " %lld.%03lld", &reply, msec / 1000,
                          msec % 1000);
    if (r)
        return r;
    if (reply->type == REDIS_REPLY_NIL)
        return QUEUE_EMPTY;
    return redis_is_array(reply, 2) ? 0 : redis_refused(&q->redis, reply);
}
