/* SPDX-License-Identifier: Apache-2.0 */
/* Against a Redis of its own; each test begins with an empty one. */
#include "common/store/queue.h"

#include <errno.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "common/base/cleanup.h"
#include "tests/lib/server.h"
#include "tests/lib/unit.h"

#define WAIT_USEC (5 * USEC_PER_SEC) /* for what comes for certain */
#define IDLE_USEC (3600 * USEC_PER_SEC)
#define SHORT     (10 * USEC_PER_MSEC)

static struct server redis;

/* What a test does behind the queue's back. */
static long long ask(const char *command)
{
    redisContext *c = redisConnectUnix(redis.address);
    redisReply *reply;
    long long n;

    ck_assert(c && !c->err);
    reply = redisCommand(c, command);
    ck_assert_ptr_nonnull(reply);
    ck_assert_msg(reply->type != REDIS_REPLY_ERROR, "%s: %s", command, reply->str);
    n = reply->integer;
    freeReplyObject(reply);
    redisFree(c);
    return n;
}

static struct queue *open_queue(void)
{
    char address[80];
    struct queue *q;

    snprintf(address, sizeof(address), "unix:%s", redis.address);
    ck_assert_int_eq(queue_new(address, &q), 0);
    return q;
}

static struct queue *open_empty(void)
{
    ask("FLUSHALL");
    return open_queue();
}

static void push_new(struct queue *q, char id[static UUID_TEXT_SIZE])
{
    uuid_new(id);
    ck_assert_int_eq(queue_push(q, id), 0);
}

static void check_stats(struct queue *q, uint64_t waiting, uint64_t taken, uint64_t dead)
{
    struct queue_stats s;

    ck_assert_int_eq(queue_stats(q, &s), 0);
    ck_assert_uint_eq(s.waiting, waiting);
    ck_assert_uint_eq(s.taken, taken);
    ck_assert_uint_eq(s.dead, dead);
}

START_TEST(addresses)
{
    static const char *const wrong[] = {
        "", "redis", ":6379", "host:", "host:0", "host:65536", "host:6379x", "unix:relative"};
    static const char *const right[] = {"127.0.0.1:6379", "[::1]:6379", "redis.example:1",
                                        "unix:/x"};
    struct queue *q;

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_msg(queue_new(wrong[i], &q) == -EINVAL, "%s", wrong[i]);
    for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
        ck_assert_msg(queue_new(right[i], &q) == 0, "%s", right[i]);
        queue_free(q);
    }
    queue_free(NULL);
}
END_TEST

START_TEST(round_trip)
{
    struct queue *q = open_empty();
    char first[UUID_TEXT_SIZE], second[UUID_TEXT_SIZE];
    struct queue_job job;

    ck_assert_int_eq(queue_ping(q), 0);
    check_stats(q, 0, 0, 0);
    push_new(q, first);
    push_new(q, second);
    check_stats(q, 2, 0, 0);
    ck_assert_int_eq(queue_take(q, "a", WAIT_USEC, IDLE_USEC, &job), 0);
    ck_assert_str_eq(job.crash_id, first);
    ck_assert_uint_eq(job.attempt, 1);
    check_stats(q, 1, 1, 0);
    ck_assert_int_eq(queue_ack(q, &job), 0);
    check_stats(q, 1, 0, 0);
    ck_assert_int_eq(queue_take(q, "a", WAIT_USEC, IDLE_USEC, &job), 0);
    ck_assert_str_eq(job.crash_id, second);
    ck_assert_int_eq(queue_ack(q, &job), 0);
    ck_assert_int_eq(queue_take(q, "a", SHORT, IDLE_USEC, &job), QUEUE_EMPTY);
    /* Nothing is left behind: neither entry nor member of the set. */
    ck_assert_int_eq(ask("XLEN corral:jobs"), 0);
    ck_assert_int_eq(ask("SCARD corral:queued"), 0);
    queue_free(q);
}
END_TEST

START_TEST(output_is_untouched_when_empty)
{
    struct queue *q = open_empty();
    struct queue_job job, before;

    memset(&job, 'x', sizeof(job));
    before = job;
    ck_assert_int_eq(queue_take(q, "a", SHORT, IDLE_USEC, &job), QUEUE_EMPTY);
    ck_assert_mem_eq(&job, &before, sizeof(job));
    queue_free(q);
}
END_TEST

START_TEST(known_follows_the_stream)
{
    struct queue *q = open_empty();
    char ids[3][UUID_TEXT_SIZE];
    const char *asked[] = {ids[0], ids[1], ids[2]};
    struct queue_job job;
    bool known[3];

    push_new(q, ids[0]);
    push_new(q, ids[1]);
    uuid_new(ids[2]);
    ck_assert_int_eq(queue_take(q, "a", WAIT_USEC, IDLE_USEC, &job), 0);
    ck_assert_int_eq(queue_known(q, asked, 3, known), 0);
    ck_assert(known[0] && known[1] && !known[2]); /* the taken one, too */
    ck_assert_int_eq(queue_ack(q, &job), 0);
    ck_assert_int_eq(queue_known(q, asked, 3, known), 0);
    ck_assert(!known[0] && known[1] && !known[2]);
    /* A stream that was deleted by hand takes its jobs with it, whatever the set says. */
    ask("DEL corral:jobs");
    ck_assert_int_eq(queue_known(q, asked, 3, known), 0);
    ck_assert(!known[0] && !known[1] && !known[2]);
    queue_free(q);
}
END_TEST

START_TEST(abandoned_job_is_taken_over_and_counted)
{
    struct queue *dead = open_empty(), *alive = open_queue();
    char id[UUID_TEXT_SIZE];
    struct queue_job job;

    push_new(dead, id);
    ck_assert_int_eq(queue_take(dead, "dead", WAIT_USEC, IDLE_USEC, &job), 0);
    queue_free(dead);
    ck_assert_int_eq(queue_take(alive, "alive", SHORT, IDLE_USEC, &job), QUEUE_EMPTY);
    for (uint64_t attempt = 2; attempt <= 4; attempt++) {
        /* Idle for 1 ms: it is, sooner or later. */
        while (queue_take(alive, "alive", SHORT, USEC_PER_MSEC, &job) == QUEUE_EMPTY)
            ;
        ck_assert_str_eq(job.crash_id, id);
        ck_assert_uint_eq(job.attempt, attempt);
    }
    ck_assert_int_eq(queue_ack(alive, &job), 0);
    check_stats(alive, 0, 0, 0);
    queue_free(alive);
}
END_TEST

/* Makes Redis believe that the job was taken two hours ago. */
static void make_old(const struct queue_job *job)
{
    char command[160];

    snprintf(command, sizeof(command), "XCLAIM corral:jobs workers a 0 %s IDLE 7200000 JUSTID",
             job->entry);
    ask(command);
}

START_TEST(touch_keeps_a_job_without_counting)
{
    struct queue *a = open_empty(), *b = open_queue();
    char id[UUID_TEXT_SIZE];
    struct queue_job mine, other;

    push_new(a, id);
    ck_assert_int_eq(queue_take(a, "a", WAIT_USEC, IDLE_USEC, &mine), 0);
    make_old(&mine);
    ck_assert_int_eq(queue_touch(a, "a", &mine), 0);
    ck_assert_int_eq(queue_take(b, "b", SHORT, IDLE_USEC, &other), QUEUE_EMPTY);
    queue_free(b);
    /* Without a sign of life it goes, as the second attempt, for touching is none; and its first
     * owner learns of it. */
    make_old(&mine);
    b = open_queue();
    ck_assert_int_eq(queue_take(b, "b", SHORT, IDLE_USEC, &other), 0);
    ck_assert_str_eq(other.crash_id, id);
    ck_assert_uint_eq(other.attempt, 2);
    ck_assert_int_eq(queue_touch(a, "a", &mine), QUEUE_LOST);
    ck_assert_int_eq(queue_touch(b, "b", &other), 0);
    ck_assert_int_eq(queue_ack(b, &other), 0);
    ck_assert_int_eq(queue_touch(b, "b", &other), QUEUE_LOST);
    queue_free(a);
    queue_free(b);
}
END_TEST

START_TEST(buried_jobs_leave_a_note)
{
    struct queue *q = open_empty();
    char id[UUID_TEXT_SIZE];
    struct queue_job job;

    push_new(q, id);
    ck_assert_int_eq(queue_take(q, "a", WAIT_USEC, IDLE_USEC, &job), 0);
    ck_assert_int_eq(queue_bury(q, &job, "it is poison: 100% \"bad\""), 0);
    check_stats(q, 0, 0, 1);
    ck_assert_int_eq(ask("SCARD corral:queued"), 0);
    queue_free(q);
}
END_TEST

START_TEST(flushall_heals_on_both_sides)
{
    struct queue *maker = open_empty(), *worker = open_queue();
    char id[UUID_TEXT_SIZE];
    struct queue_job job;

    push_new(maker, id);
    ck_assert_int_eq(queue_take(worker, "a", WAIT_USEC, IDLE_USEC, &job), 0);
    ask("FLUSHALL");
    ck_assert_int_eq(queue_touch(worker, "a", &job), QUEUE_LOST);
    ck_assert_int_eq(queue_ack(worker, &job), 0);
    push_new(maker, id);
    while (queue_take(worker, "a", WAIT_USEC, IDLE_USEC, &job) == QUEUE_EMPTY)
        ;
    ck_assert_str_eq(job.crash_id, id);
    queue_free(maker);
    queue_free(worker);
}
END_TEST

START_TEST(foreign_entries_are_removed)
{
    struct queue *q = open_empty();
    char id[UUID_TEXT_SIZE];
    struct queue_job job;
    int r;

    ask("DEL corral:jobs");
    ck_assert_int_eq(ask("EXISTS corral:jobs"), 0);
    ask("XGROUP CREATE corral:jobs workers 0 MKSTREAM");
    ask("XADD corral:jobs 1-1 crash ../../etc/passwd");
    ask("XADD corral:jobs 1-2 other thing");
    push_new(q, id);
    while ((r = queue_take(q, "a", WAIT_USEC, IDLE_USEC, &job)) == QUEUE_EMPTY)
        ;
    ck_assert_int_eq(r, 0);
    ck_assert_str_eq(job.crash_id, id);
    check_stats(q, 0, 1, 0);
    queue_free(q);
}
END_TEST

START_TEST(restart_of_redis)
{
    struct queue *q = open_empty();
    char id[UUID_TEXT_SIZE];
    struct queue_job job;
    struct server own;
    int status;

    queue_free(q);
    /* One that may be killed: the others need theirs. */
    ck_assert(server_redis(&own, &status));
    snprintf(redis.address, sizeof(redis.address), "%s", own.address);
    q = open_queue();
    push_new(q, id);
    server_kill(&own);
    ck_assert_int_eq(queue_push(q, id), QUEUE_UNAVAILABLE);
    ck_assert_str_ne(queue_message(q), "");
    ck_assert_int_eq(queue_ping(q), QUEUE_UNAVAILABLE);
    ck_assert_int_eq(queue_take(q, "a", SHORT, IDLE_USEC, &job), QUEUE_UNAVAILABLE);
    ck_assert(server_redis_start(&own));
    while (queue_ping(q) == QUEUE_UNAVAILABLE)
        clock_sleep(SHORT);
    push_new(q, id);
    while (queue_take(q, "a", SHORT, IDLE_USEC, &job) == QUEUE_EMPTY)
        ;
    ck_assert_str_eq(job.crash_id, id);
    queue_free(q);
    server_end(&own);
}
END_TEST

/* A Redis that has stopped to answer costs a call its timeout, and not more. */
START_TEST(stopped_redis_is_given_up)
{
    struct queue *q = open_empty();
    int64_t before;

    ck_assert_int_eq(queue_ping(q), 0);
    kill(redis.pid, SIGSTOP);
    before = clock_mono();
    ck_assert_int_eq(queue_ping(q), QUEUE_UNAVAILABLE);
    ck_assert_int_lt(clock_mono() - before, 10 * USEC_PER_SEC);
    kill(redis.pid, SIGCONT);
    while (queue_ping(q) == QUEUE_UNAVAILABLE)
        clock_sleep(SHORT);
    queue_free(q);
}
END_TEST

START_TEST(out_of_memory_is_unavailable)
{
    struct queue *q = open_empty();
    char id[UUID_TEXT_SIZE];
    struct queue_job job;

    push_new(q, id);
    ask("CONFIG SET maxmemory 1");
    ck_assert_int_eq(queue_push(q, id), QUEUE_UNAVAILABLE);
    ask("CONFIG SET maxmemory 0");
    while (queue_take(q, "a", SHORT, IDLE_USEC, &job) != 0)
        ;
    ck_assert_int_eq(queue_ack(q, &job), 0);
    check_stats(q, 0, 0, 0);
    queue_free(q);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        {addresses, 1},
        {round_trip, 1},
        {output_is_untouched_when_empty, 1},
        {known_follows_the_stream, 1},
        {abandoned_job_is_taken_over_and_counted, 1},
        {touch_keeps_a_job_without_counting, 1},
        {buried_jobs_leave_a_note, 1},
        {flushall_heals_on_both_sides, 1},
        {foreign_entries_are_removed, 1},
        {restart_of_redis, 1},
        {stopped_redis_is_given_up, 1},
        {out_of_memory_is_unavailable, 1},
    };
    int status;

    if (!server_redis(&redis, &status))
        return status;
    signal(SIGPIPE, SIG_IGN);
    status = unit_run("store/queue", tests, ARRAY_SIZE(tests));
    server_end(&redis);
    return status;
}
