/* SPDX-License-Identifier: Apache-2.0 */
/* A turn: push what was handed over; when it is due, sweep. After a failure the list of what was
 * handed over is dropped, for its ids are on disk, and sweeps are due every RETRY_USEC until one
 * has gone through that saw the youngest of them. */
#include "ingestd/feeder.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/queue.h"

#include "ingestd/counters.h"
#include "ingestd/full_part.h"
#include "ingestd/ticker.h"

#define HANDED_MAX  4096 /* beyond it the sweep has to find them */
#define RETRY_USEC  (500 * USEC_PER_MSEC)
#define YOUNG_USEC  (5 * USEC_PER_SEC)     /* its request may still be about to hand it over */
#define ORPHAN_USEC (86400 * USEC_PER_SEC) /* an entry without a crash */
#define TMP_USEC    (86400 * USEC_PER_SEC) /* half an upload that nobody goes on with */
#define PART_USEC   (3 * ORPHAN_USEC)      /* half a full core: its host may be off for a while */
#define TIDY_USEC   (600 * USEC_PER_SEC)   /* between two looks for these three */
#define BATCH       500                    /* ids in one question to Redis */

struct feeder {
    struct queue *queue; /* the ticker's own, like all down to the lock */
    struct blob_store *store;
    struct metrics *metrics;
    int64_t sweep_usec;
    int64_t failed_at, next_sweep, next_tidy; /* monotonic */
    struct ticker ticker;
    pthread_mutex_t lock; /* over all below */
    char (*handed)[UUID_TEXT_SIZE];
    size_t n_handed;
    bool arrived; /* a module, and nobody has been told */
    bool redis_up;
};

/* --- Redis, and what is said of it --- */

/* Said once when it changes. */
static void note_redis(struct feeder *f, bool up)
{
    bool before;

    pthread_mutex_lock(&f->lock);
    before = f->redis_up;
    f->redis_up = up;
    pthread_mutex_unlock(&f->lock);
    if (before && !up)
        log_warning("cannot queue, crashes wait on disk",
                    LOG_STR("reason", queue_message(f->queue)));
    if (!before && up)
        log_info("queueing again");
}

static int push(struct feeder *f, const char *crash_id)
{
    int r = queue_push(f->queue, crash_id);

    note_redis(f, r == 0);
    if (r) {
        metrics_add(f->metrics, COUNTER_PUSH_FAILURES, 1);
        f->failed_at = f->next_sweep = clock_mono();
    }
    return r;
}

/* --- What was handed over --- */

static size_t take_handed(struct feeder *f, char (*ret)[UUID_TEXT_SIZE])
{
    size_t n;

    pthread_mutex_lock(&f->lock);
    n = f->n_handed;
    memcpy(ret, f->handed, n * sizeof(*ret));
    f->n_handed = 0;
    pthread_mutex_unlock(&f->lock);
    return n;
}

static bool take_arrived(struct feeder *f)
{
    bool arrived;

    pthread_mutex_lock(&f->lock);
    arrived = f->arrived;
    f->arrived = false;
    pthread_mutex_unlock(&f->lock);
    return arrived;
}

/* Once is enough: who waits for it looks at the store from time to time as well. */
static void tell_arrival(struct feeder *f)
{
    if (take_arrived(f))
        note_redis(f, queue_wake(f->queue) == 0);
}

static void push_handed(struct feeder *f)
{
    _cleanup_free_ char(*ids)[UUID_TEXT_SIZE] = calloc(HANDED_MAX, sizeof(*ids));
    size_t n;

    if (!ids)
        abort();
    n = take_handed(f, ids);
    for (size_t i = 0; i < n && push(f, ids[i]) == 0; i++)
        ;
}

/* --- The sweep --- */

struct batch {
    struct feeder *f;
    size_t n, forgotten;
    char ids[BATCH][UUID_TEXT_SIZE];
};

static bool crash_exists(struct feeder *f, const char *crash_id)
{
    _cleanup_fd_ int fd = -1;

    return blob_crash_open(f->store, crash_id, &fd) == 0;
}

/* An entry whose crash is not there: its request was killed between the two, or is still at it, on
 * a slow disk. No worker is troubled with it. */
static int push_forgotten(struct batch *b, const char *crash_id)
{
    if (!crash_exists(b->f, crash_id))
        return 0;
    b->forgotten++;
    return push(b->f, crash_id);
}

static int ask_batch(struct batch *b)
{
    const char *ids[BATCH];
    bool known[BATCH];
    int r;

    if (b->n == 0)
        return 0;
    for (size_t i = 0; i < b->n; i++)
        ids[i] = b->ids[i];
    r = queue_known(b->f->queue, ids, b->n, known);
    note_redis(b->f, r == 0);
    for (size_t i = 0; i < b->n && r == 0; i++)
        if (!known[i])
            r = push_forgotten(b, ids[i]);
    b->n = 0;
    return r ? r : ticker_stopping(&b->f->ticker);
}

static int add_to_batch(const char *crash_id, void *arg)
{
    struct batch *b = arg;

    memcpy(b->ids[b->n++], crash_id, UUID_TEXT_SIZE);
    return b->n == BATCH ? ask_batch(b) : 0;
}

static void sweep(struct feeder *f)
{
    _cleanup_free_ struct batch *b = calloc(1, sizeof(*b));
    int64_t now = clock_mono();
    int r;

    if (!b)
        abort();
    b->f = f;
    r = blob_pending_each(f->store, YOUNG_USEC, add_to_batch, b);
    if (r == 0)
        r = ask_batch(b);
    if (r < 0)
        log_error("cannot read pending/", LOG_ERRNO(r));
    if (b->forgotten > 0)
        log_info("queued again what Redis did not know", LOG_UINT("crashes", b->forgotten));
    if (r != 0 || now < f->failed_at + YOUNG_USEC + RETRY_USEC)
        f->next_sweep = now + RETRY_USEC;
    else
        f->next_sweep = now + f->sweep_usec;
}

/* --- Leftovers --- */

static int drop_orphan(const char *crash_id, void *arg)
{
    struct feeder *f = arg;

    return crash_exists(f, crash_id) ? 0 : blob_pending_remove(f->store, crash_id);
}

static void tidy(struct feeder *f)
{
    int r = blob_sweep_tmp(f->store, TMP_USEC);

    if (r == 0)
        r = blob_pending_each(f->store, ORPHAN_USEC, drop_orphan, f);
    if (r == 0)
        r = full_part_sweep(f->store, PART_USEC);
    if (r < 0)
        log_error("cannot tidy the store", LOG_ERRNO(r));
    f->next_tidy = clock_mono() + TIDY_USEC;
}

/* --- The ticker's turn --- */

static int64_t turn(void *arg)
{
    struct feeder *f = arg;

    push_handed(f);
    tell_arrival(f);
    if (ticker_stopping(&f->ticker))
        return 0;
    if (clock_mono() >= f->next_sweep)
        sweep(f);
    if (clock_mono() >= f->next_tidy)
        tidy(f);
    return f->next_sweep < f->next_tidy ? f->next_sweep : f->next_tidy;
}

/* --- Life --- */

int feeder_new(const char *redis, struct blob_store *store, struct metrics *metrics,
               int64_t sweep_usec, struct feeder **ret)
{
    struct feeder *f = calloc(1, sizeof(*f));
    int r;

    if (!f)
        abort();
    f->handed = calloc(HANDED_MAX, sizeof(*f->handed));
    if (!f->handed)
        abort();
    ticker_init(&f->ticker);
    pthread_mutex_init(&f->lock, NULL);
    f->store = store;
    f->metrics = metrics;
    f->sweep_usec = sweep_usec;
    f->failed_at = clock_mono(); /* whoever ran before may have been killed with its hands full */
    f->redis_up = true;          /* so that the first failure is said */
    /* A store has one ingestd and nothing is served yet: what lies in tmp/ was left by one that was
     * killed. */
    if (blob_sweep_tmp(store, 0) < 0)
        log_warning("cannot clear what a killed ingestd left in tmp/");
    r = queue_new(redis, &f->queue);
    if (r == 0)
        r = ticker_start(&f->ticker, turn, f);
    if (r < 0) {
        feeder_free(f);
        return r;
    }
    *ret = f;
    return 0;
}

void feeder_free(struct feeder *f)
{
    if (!f)
        return;
    ticker_fini(&f->ticker);
    pthread_mutex_destroy(&f->lock);
    queue_free(f->queue);
    free(f->handed);
    free(f);
}

void feeder_push(struct feeder *f, const char *crash_id)
{
    pthread_mutex_lock(&f->lock);
    if (f->n_handed < HANDED_MAX)
        memcpy(f->handed[f->n_handed++], crash_id, UUID_TEXT_SIZE);
    pthread_mutex_unlock(&f->lock);
    ticker_nudge(&f->ticker);
}

void feeder_tell_arrival(struct feeder *f)
{
    pthread_mutex_lock(&f->lock);
    f->arrived = true;
    pthread_mutex_unlock(&f->lock);
    ticker_nudge(&f->ticker);
}

bool feeder_redis_up(struct feeder *f)
{
    bool up;

    pthread_mutex_lock(&f->lock);
    up = f->redis_up;
    pthread_mutex_unlock(&f->lock);
    return up;
}
