/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
/* Against a Redis of its own, which comes and goes. */
#include "ingestd/feeder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/store/queue.h"
#include "ingestd/counters.h"
#include "tests/lib/server.h"
#include "tests/lib/unit.h"

#define OFTEN (20 * USEC_PER_MSEC)
#define NEVER (3600 * USEC_PER_SEC)
#define IDLE  (3600 * USEC_PER_SEC)

static struct server redis; /* of the test that runs */
static struct blob_store *store;
static struct metrics *metrics;
static char root[64], address[80];

static void begin(void)
{
    int status;

    ck_assert(server_redis(&redis, &status));
    snprintf(address, sizeof(address), "unix:%s", redis.address);
    snprintf(root, sizeof(root), "%s/data", redis.folder);
    ck_assert_int_eq(blob_open(root, true, &store), 0);
    metrics = counters_new();
}

static void end(void)
{
    blob_close(store);
    metrics_free(metrics);
    server_end(&redis);
}

static struct feeder *start(int64_t sweep_usec)
{
    struct feeder *f;

    ck_assert_int_eq(feeder_new(address, store, metrics, sweep_usec, &f), 0);
    return f;
}

/* A crash as a request leaves it, its entry an hour old, so that a sweep looks at it. */
static void accept_crash(char id[static UUID_TEXT_SIZE])
{
    const struct timespec old[2] = {{.tv_sec = clock_now() / USEC_PER_SEC - 3600},
                                    {.tv_sec = clock_now() / USEC_PER_SEC - 3600}};
    _cleanup_fd_ int fd = -1;
    char name[BLOB_PATH_SIZE], path[128];

    uuid_new(id);
    ck_assert_int_eq(blob_crash_begin(store, name, &fd), 0);
    ck_assert_int_eq(blob_crash_commit(store, name, fd, id), 0);
    snprintf(path, sizeof(path), "%s/pending/%s", root, id);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
}

static struct queue *open_queue(void)
{
    struct queue *q;

    ck_assert_int_eq(queue_new(address, &q), 0);
    return q;
}

static void await_job(struct queue *q, const char *id)
{
    struct queue_job job;

    while (queue_take(q, "test", OFTEN, IDLE, &job) != 0)
        ;
    ck_assert_str_eq(job.crash_id, id);
    ck_assert_int_eq(queue_ack(q, &job), 0);
}

START_TEST(pushes_what_is_handed_over)
{
    struct feeder *f;
    struct queue *q;
    char id[UUID_TEXT_SIZE];

    begin();
    f = start(NEVER);
    q = open_queue();
    for (int i = 0; i < 3; i++) {
        uuid_new(id);
        feeder_push(f, id);
        await_job(q, id);
    }
    ck_assert(feeder_redis_up(f));
    uuid_new(id);
    feeder_push(f, id);
    feeder_free(f); /* not before it is out */
    await_job(q, id);
    queue_free(q);
    feeder_free(NULL);
    end();
}
END_TEST

START_TEST(sweeps_what_redis_has_lost)
{
    struct feeder *f;
    struct queue *q;
    char id[UUID_TEXT_SIZE];

    begin();
    accept_crash(id);
    f = start(OFTEN);
    q = open_queue();
    await_job(q,
              id); /* acknowledged, and still pending: as after a worker's mistake or a FLUSHALL */
    await_job(q, id);
    ck_assert_int_eq(blob_pending_remove(store, id), 0);
    feeder_free(f);
    queue_free(q);
    end();
}
END_TEST

START_TEST(leaves_known_jobs_alone)
{
    struct feeder *f;
    struct queue *q;
    struct queue_stats stats;
    char first[UUID_TEXT_SIZE], second[UUID_TEXT_SIZE];

    begin();
    q = open_queue();
    accept_crash(first);
    ck_assert_int_eq(queue_push(q, first), 0);
    accept_crash(second);
    f = start(OFTEN);
    do /* when the second is there, the sweep has seen the first */
        ck_assert_int_eq(queue_stats(q, &stats), 0);
    while (stats.waiting < 2);
    feeder_free(f);
    ck_assert_int_eq(queue_stats(q, &stats), 0);
    ck_assert_uint_eq(stats.waiting, 2);
    queue_free(q);
    end();
}
END_TEST

START_TEST(entries_without_a_crash_are_not_queued)
{
    struct feeder *f;
    struct queue *q;
    struct queue_stats stats;
    char orphan[UUID_TEXT_SIZE], id[UUID_TEXT_SIZE], path[160];
    const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

    begin();
    uuid_new(orphan);
    ck_assert_int_eq(blob_pending_add(store, orphan), 0);
    snprintf(path, sizeof(path), "%s/pending/%s", root, orphan);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
    accept_crash(id);
    q = open_queue();
    f = start(OFTEN);
    while (blob_pending_has(store, orphan)) /* it is older than a day: tidied up */
        clock_sleep(OFTEN);
    await_job(q, id);
    feeder_free(f);
    ck_assert_int_eq(queue_stats(q, &stats), 0);
    ck_assert(blob_pending_has(store, id));
    queue_free(q);
    end();
}
END_TEST

START_TEST(redis_comes_back)
{
    struct feeder *f;
    struct queue *q;
    char id[UUID_TEXT_SIZE];

    begin();
    f = start(NEVER);
    server_kill(&redis);
    accept_crash(id);
    feeder_push(f, id);
    while (feeder_redis_up(f))
        clock_sleep(OFTEN);
    ck_assert_int_gt(metrics_get(metrics, COUNTER_PUSH_FAILURES), 0);
    ck_assert(server_redis_start(&redis)); /* and empty */
    q = open_queue();
    await_job(q, id);
    while (!feeder_redis_up(f))
        clock_sleep(OFTEN);
    feeder_free(f);
    queue_free(q);
    end();
}
END_TEST

START_TEST(half_uploads_of_a_killed_ingestd_are_cleared)
{
    _cleanup_fd_ int fd = -1;
    char name[BLOB_PATH_SIZE], path[BLOB_PATH_SIZE + 80];
    struct feeder *f;

    begin();
    ck_assert_int_eq(blob_crash_begin(store, name, &fd), 0);
    snprintf(path, sizeof(path), "%s/%s", root, name);
    ck_assert_int_eq(access(path, F_OK), 0);
    f = start(NEVER);
    ck_assert_int_eq(access(path, F_OK), -1);
    feeder_free(f);
    end();
}
END_TEST

START_TEST(address_is_checked)
{
    struct feeder *f;

    begin();
    ck_assert_int_eq(feeder_new("nowhere", store, metrics, NEVER, &f), -EINVAL);
    end();
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        {pushes_what_is_handed_over, 1}, {sweeps_what_redis_has_lost, 1},
        {leaves_known_jobs_alone, 1},    {entries_without_a_crash_are_not_queued, 1},
        {redis_comes_back, 1},           {half_uploads_of_a_killed_ingestd_are_cleared, 1},
        {address_is_checked, 1},
    };
    int status;

    if (access("/usr/bin/redis-server", X_OK) < 0) {
        server_missing("redis-server", &status);
        return status;
    }
    signal(SIGPIPE, SIG_IGN);
    return unit_run("ingestd/feeder", tests, ARRAY_SIZE(tests));
}
