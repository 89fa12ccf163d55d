/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/life.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"

#include "workerd/child.h"
#include "workerd/front/programs.h"
#include "workerd/migrate.h"
#include "workerd/queries.h"

#define VARIABLES_SAVED (2 * USEC_PER_SEC)    /* of the time that variables may take */
#define AWAY_WAIT       (500 * USEC_PER_MSEC) /* while the schema is not there */

static volatile sig_atomic_t asked_to_stop;

static void on_term(int signal)
{
    (void)signal;
    asked_to_stop = 1;
}

static bool is_stopping(void)
{
    return asked_to_stop;
}

/* No job is taken before the database can take its event: a missing migration is nobody's attempt.
 */
static void await_schema(struct worker *w)
{
    int64_t wanted = migrations[n_migrations - 1].version, version = 0;
    bool said = false;

    while (!is_stopping() && (query_schema_version(w->db, &version) != 0 || version < wanted)) {
        if (!said)
            log_warning("waiting for the database", LOG_INT("schema", version),
                        LOG_INT("needed", wanted), LOG_STR("reason", db_message(w->db)),
                        LOG_STR("hint", "corral-workerd --migrate brings the schema up to date"));
        said = true;
        clock_sleep(AWAY_WAIT);
    }
}

/* Unique among all processes of a queue, and telling where one runs. */
static void name_consumer(char *name, size_t size)
{
    char host[64] = "localhost";

    gethostname(host, sizeof(host) - 1);
    snprintf(name, size, "%s:%d", host, (int)getpid());
}

static int open_services(struct worker *w)
{
    int r = blob_open(w->conf->data, true, &w->store);

    if (r < 0) {
        log_error("cannot open the blob store", LOG_STR("data", w->conf->data), LOG_ERRNO(r));
        return r;
    }
    r = queue_new(w->conf->redis, &w->queue);
    return r < 0 ? r : db_new(w->conf->database, &w->db);
}

static void handle_signals(void)
{
    struct sigaction term = {.sa_handler = on_term};
    sigset_t none;

    sigaction(SIGTERM, &term, NULL);
    sigaction(SIGINT, &term, NULL);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int life_begin(const struct worker_conf *conf, struct metrics *m, struct worker *ret)
{
    int r;

    *ret = (struct worker){.conf = conf, .metrics = m, .stopping = is_stopping, .scratch_fd = -1};
    handle_signals();
    name_consumer(ret->consumer, sizeof(ret->consumer));
    r = open_services(ret);
    if (r == 0)
        await_schema(ret);
    return r;
}

int life_begin_engine(struct worker *w)
{
    static char path[4096];
    const struct worker_conf *conf = w->conf;
    int r = program_path(PROGRAM_ENGINE, path, sizeof(path));

    if (r < 0) {
        log_error("cannot find the engine", LOG_STR("program", PROGRAM_ENGINE), LOG_ERRNO(r));
        return r;
    }
    w->scratch_fd = child_scratch(conf->data);
    if (w->scratch_fd < 0) {
        log_error("cannot make a file for cores", LOG_STR("data", conf->data),
                  LOG_ERRNO(w->scratch_fd));
        return w->scratch_fd;
    }
    allowance_begin(&w->variables, (unsigned)conf->variables_share, VARIABLES_SAVED, clock_mono());
    w->crew = crew_new(path, w->metrics);
    w->stock = stock_new(&(const struct stock_options){
        .store = w->store,
        .crew = w->crew,
        .metrics = w->metrics,
        .index_timeout = conf->index_timeout,
        .index_memory = conf->index_memory,
        .index_quota = conf->index_quota,
    });
    return 0;
}

void life_end(struct worker *w)
{
    db_free(w->db);
    queue_free(w->queue);
    stock_free(w->stock);
    crew_free(w->crew);
    if (w->scratch_fd >= 0)
        close(w->scratch_fd);
    blob_close(w->store);
}
