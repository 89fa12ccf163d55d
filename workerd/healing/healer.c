/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/healing/healer.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/arrivals.h"

#include "workerd/healing/queries.h"
#include "workerd/healing/round.h"
#include "workerd/life.h"
#include "workerd/regroup/requests.h"

#define TAKEN_MAX 256
#define IDLE_USEC USEC_PER_SEC          /* between two looks at the store that nobody asked for */
#define DUE_USEC  (200 * USEC_PER_MSEC) /* while a mark waits for its time */
#define AWAY_USEC (2 * USEC_PER_SEC)    /* after a round that was cut off, or that another leads */

/* --- Waiting --- */

/* What is to be done: marks of what has arrived, or what people ask for. */
struct due {
    bool marks, requests;
};

static struct due look(struct worker *w)
{
    return (struct due){
        .marks = arrivals_any(w->store, w->conf->heal_delay),
        .requests = requests_due(w),
    };
}

/* Waits for something to do, until it is due. */
static struct due await_work(struct worker *w)
{
    struct due due = look(w);

    while (!w->stopping() && !due.marks && !due.requests) {
        int64_t wait = arrivals_any(w->store, 0) ? DUE_USEC : IDLE_USEC;

        if (queue_await_wake(w->queue, wait) != QUEUE_EMPTY)
            clock_sleep(DUE_USEC);
        due = look(w);
    }
    return due;
}

/* --- Leading --- */

static int lead_round(struct worker *w)
{
    int r = arrivals_take(w->store, w->conf->heal_delay, TAKEN_MAX);

    if (r == 0)
        r = round_run(w);
    if (r < 0)
        log_error("cannot read the marks of what has arrived", LOG_ERRNO(r));
    return r;
}

static int lead(struct worker *w, struct due due)
{
    int r = due.requests ? requests_run(w) : 0;

    return r || !due.marks ? r : lead_round(w);
}

static void step(struct worker *w)
{
    struct due due = await_work(w);
    bool leads = false;
    int r;

    if (w->stopping())
        return;
    r = query_heal_lead(w->db, &leads);
    if (r == 0 && leads) {
        r = lead(w, due);
        (void)query_heal_follow(w->db);
    }
    if ((r != 0 || !leads) && !w->stopping())
        clock_sleep(AWAY_USEC);
}

int healer_run(const struct worker_conf *conf, struct metrics *m)
{
    struct worker w;

    if (life_begin(conf, m, &w) < 0 || life_begin_engine(&w) < 0)
        return 1;
    while (!w.stopping() && requests_wish(&w) != 0)
        clock_sleep(AWAY_USEC);
    while (!w.stopping())
        step(&w);
    life_end(&w);
    return 0;
}
