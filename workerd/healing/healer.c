/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/healing/healer.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/arrivals.h"

#include "workerd/healing/queries.h"
#include "workerd/healing/round.h"
#include "workerd/life.h"
#include "workerd/regroup/detection.h"
#include "workerd/regroup/requests.h"
#include "workerd/workflow/workflow.h"

#define TAKEN_MAX 256
#define IDLE_USEC USEC_PER_SEC          /* between two looks at the store that nobody asked for */
#define DUE_USEC  (200 * USEC_PER_MSEC) /* while a mark waits for its time */
#define AWAY_USEC (2 * USEC_PER_SEC)    /* after a round that was cut off, or that another leads */

/* --- Waiting --- */

/* What is to be done: marks of what has arrived, what people ask for, what time does to groups,
 * groups to be looked at. */
struct due {
    bool marks, requests, states, hints;
};

static struct due look(struct worker *w, int64_t next_states)
{
    return (struct due){
        .marks = arrivals_any(w->store, w->conf->heal_delay),
        .requests = requests_due(w),
        .states = clock_mono() >= next_states,
        .hints = detection_due(w->db),
    };
}

/* Waits for something to do, until it is due. */
static struct due await_work(struct worker *w, int64_t next_states)
{
    struct due due = look(w, next_states);

    while (!w->stopping() && !due.marks && !due.requests && !due.states && !due.hints) {
        int64_t wait = arrivals_any(w->store, 0) ? DUE_USEC : IDLE_USEC;

        if (queue_await_wake(w->queue, wait) != QUEUE_EMPTY)
            clock_sleep(DUE_USEC);
        due = look(w, next_states);
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
    int r = due.states ? workflow_look(w->db) : 0;

    if (r == 0 && due.requests)
        r = requests_run(w);
    if (r == 0 && due.marks)
        r = lead_round(w);
    if (r || !due.hints)
        return r;
    r = detection_run(w->db);
    clock_sleep(DUE_USEC); /* there is no hurry */
    return r;
}

/* When the states of groups are due, so they are for whoever leads: the others wait as long. */
static void step(struct worker *w, int64_t *next_states)
{
    struct due due = await_work(w, *next_states);
    bool leads = false;
    int r;

    if (w->stopping())
        return;
    if (due.states)
        *next_states = clock_mono() + WORKFLOW_USEC;
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
    int64_t next_states = 0;
    struct worker w;

    if (life_begin(conf, m, &w) < 0 || life_begin_engine(&w) < 0)
        return 1;
    while (!w.stopping() && requests_wish(&w) != 0)
        clock_sleep(AWAY_USEC);
    while (!w.stopping())
        step(&w, &next_states);
    life_end(&w);
    return 0;
}
