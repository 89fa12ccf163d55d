/* SPDX-License-Identifier: Apache-2.0 */
/* One entry for each build-id that was asked for, in an open-addressed table; all go at once, when
 * the store changes or they are too many. */
#include "workerd/stock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "workerd/counters.h"
#include "workerd/index/writer.h"
#include "workerd/sources/shelf.h"
#include "workerd/wire/verdict.h"

#define ENTRIES_MAX 4096u
#define SLOTS       (2 * ENTRIES_MAX)
#define PRUNE_EVERY (3600 * USEC_PER_SEC)
#define JOB_TIMES   2 /* index_timeout, that one job may wait in all */

struct entry {
    const char *build_id;
    const char *problem; /* why there is no index; NULL */
    bool kept;           /* by the zygote */
    bool described;      /* status is known */
    enum module_status status;
};

struct stock {
    struct stock_options o;
    struct shelf shelf;
    struct vigil *vigil; /* of the job that is served */
    int64_t waited;      /* by it, for indexes */
    int64_t next_prune;  /* monotonic */
    uint64_t store_state;
    unsigned generation; /* of the crew */
    size_t n_kept;
    struct entry *slots[SLOTS];
    size_t n_entries;
    struct arena arena; /* of the entries */
};

/* --- What is remembered --- */

/* FNV-1a. */
static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u;

    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h;
}

static void forget_all(struct stock *s)
{
    memset(s->slots, 0, sizeof(s->slots));
    s->n_entries = s->n_kept = 0;
    arena_reset(&s->arena);
    crew_forget(s->o.crew);
}

static void forget_kept(struct stock *s)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (s->slots[i])
            s->slots[i]->kept = false;
    }
    s->n_kept = 0;
    crew_forget(s->o.crew);
}

/* The entry of the build-id, made when there is none. */
static struct entry *entry_of(struct stock *s, const char *build_id)
{
    uint32_t i = hash(build_id) % SLOTS;

    while (s->slots[i] && strcmp(s->slots[i]->build_id, build_id) != 0)
        i = (i + 1) % SLOTS;
    if (s->slots[i])
        return s->slots[i];
    if (s->n_entries == ENTRIES_MAX) {
        forget_all(s);
        i = hash(build_id) % SLOTS;
    }
    s->slots[i] = arena_new(&s->arena, struct entry);
    s->slots[i]->build_id = arena_strdup(&s->arena, build_id);
    s->n_entries++;
    return s->slots[i];
}

static void keep(struct stock *s, struct entry *e, int fd)
{
    if (e->kept)
        return;
    if (s->n_kept == KEPT_MAX)
        forget_kept(s);
    crew_keep(s->o.crew, e->build_id, fd);
    e->kept = true;
    s->n_kept++;
}

/* --- Making an index --- */

/* What the end of the job means: as struct shelf's build. */
static int judge(int status, const char **ret_problem)
{
    switch (verdict_of_index(status, ret_problem)) {
    case VERDICT_DONE:
        return 0;
    case VERDICT_FAILED:
        return SHELF_REFUSED;
    default:
        return -EIO;
    }
}

static struct order order_of(const struct stock *s, const struct shelf_files *files, int out_fd,
                             struct parcel_fds *fds)
{
    struct order o = {
        .kind = ORDER_INDEX,
        .memory_bytes = s->o.index_memory,
        .cpu_seconds = (uint64_t)(s->o.index_timeout / USEC_PER_SEC) + 1,
        .file_bytes = INDEX_SIZE_MAX,
    };

    *fds = (struct parcel_fds){.list = {out_fd}, .n = 1};
    o.has = files_pack(files->module, files->debuginfo, files->shared, fds);
    return o;
}

static int await_index(struct stock *s, uint32_t job, struct vigil *v, const char **ret_problem)
{
    struct report gone;
    int r = crew_wait(s->o.crew, job, v, &gone);

    if (r == CREW_TOO_LATE || r == CREW_UNWANTED) {
        if (crew_end(s->o.crew, job, 0, &gone) == CREW_DIED)
            return -EOWNERDEAD;
        if (r == CREW_UNWANTED)
            return -ECANCELED;
        *ret_problem = "reading it took too long";
        return SHELF_REFUSED;
    }
    return r == CREW_DIED ? -EOWNERDEAD : judge(gone.status, ret_problem);
}

/* struct shelf's build. The job that waits for it gets the time back. */
static int build(void *arg, const struct shelf_files *files, int out_fd, const char **ret_problem)
{
    struct stock *s = arg;
    struct vigil v = *s->vigil;
    int64_t started = clock_mono();
    struct parcel_fds fds;
    struct order o = order_of(s, files, out_fd, &fds);
    int r;

    if (s->waited >= JOB_TIMES * s->o.index_timeout) {
        *ret_problem = "one analysis had to wait too long for indexes";
        return SHELF_NOT_NOW;
    }
    v.deadline = started + s->o.index_timeout;
    r = crew_begin(s->o.crew, &o, &fds);
    r = r ? -EOWNERDEAD : await_index(s, o.job, &v, ret_problem);
    s->waited += clock_mono() - started;
    s->vigil->next_tick = v.next_tick;
    s->vigil->deadline += clock_mono() - started;
    if (s->o.metrics)
        metrics_observe(s->o.metrics, COUNTER_INDEX_SECONDS, clock_mono() - started);
    return r;
}

/* --- Serving a job --- */

static int refuse(struct stock *s, struct entry *e, const char *problem, const char **ret_problem)
{
    if (s->o.metrics)
        metrics_add(s->o.metrics, COUNTER_INDEXES_REFUSED, 1);
    *ret_problem = arena_strdup(&s->arena, problem ? problem : "it cannot be read");
    if (e && s->waited < JOB_TIMES * s->o.index_timeout)
        e->problem = *ret_problem;
    log_warning("no index", LOG_STR("build_id", e ? e->build_id : ""),
                LOG_STR("reason", *ret_problem));
    return WIRE_GIVES_REFUSAL;
}

int stock_give(void *arg, const struct wire_want *w, struct vigil *v, int *ret_fd,
               const char **ret_problem)
{
    struct stock *s = arg;
    struct entry *e = w->build_id[0] ? entry_of(s, w->build_id) : NULL;
    const struct module_wanted wanted = {
        .path = w->path, .build_id = e ? e->build_id : NULL, .main = w->main};
    const char *problem = NULL;
    int r;

    if (e && e->problem) {
        *ret_problem = e->problem;
        return WIRE_GIVES_REFUSAL;
    }
    s->vigil = v;
    r = shelf_open(&s->shelf, &wanted, ret_fd, &problem);
    if (r == SHELF_REFUSED)
        return refuse(s, e, problem, ret_problem);
    if (r == SHELF_NO_MODULE)
        return WIRE_GIVES_NONE;
    if (r == 0 && e)
        keep(s, e, *ret_fd);
    return r;
}

int stock_give_files(void *arg, const struct wire_want *w, struct parcel_fds *ret_fds,
                     uint32_t *ret_has)
{
    const struct stock *s = arg;
    const struct module_wanted wanted = {
        .path = w->path, .build_id = w->build_id[0] ? w->build_id : NULL, .main = w->main};
    struct shelf_files files;
    int r = shelf_open_files(&s->shelf, &wanted, &files);

    if (r != 0)
        return r < 0 ? r : WIRE_GIVES_NONE;
    *ret_has = files_pack(files.module, files.debuginfo, files.shared, ret_fds);
    return 0;
}

ssize_t stock_give_code(void *arg, const struct wire_want *w, uint64_t offset, void *p, size_t n)
{
    const struct stock *s = arg;
    const struct module_wanted wanted = {
        .path = w->path, .build_id = w->build_id[0] ? w->build_id : NULL, .main = w->main};

    return source_read_module(&s->shelf.sources, &wanted, offset, p, n);
}

void stock_describe(struct stock *s, struct analysis *an)
{
    for (size_t i = 0; i < an->n_modules; i++) {
        struct module *m = &an->modules[i];
        struct entry *e;

        if (m->status != MODULE_MISSING || m->problem || !m->build_id)
            continue;
        e = entry_of(s, m->build_id);
        if (!e->described) {
            const struct module_wanted w = {.path = m->path, .build_id = m->build_id};

            e->status = shelf_status(&s->shelf, &w);
            e->described = true;
        }
        m->status = e->status;
    }
}

/* --- From job to job --- */

/* Indexes that the zygote keeps are not opened by anybody else: they would look unused, and stay on
 * disk when they are dropped. */
static void prune(struct stock *s)
{
    uint64_t left = shelf_prune(&s->shelf);

    s->next_prune = clock_mono() + PRUNE_EVERY;
    if (s->o.metrics)
        metrics_set(s->o.metrics, COUNTER_INDEX_BYTES, (int64_t)left);
    forget_kept(s);
}

void stock_begin(struct stock *s)
{
    uint64_t state = blob_modules_changed(s->o.store);
    unsigned generation = crew_generation(s->o.crew);

    s->waited = 0;
    if (clock_mono() >= s->next_prune)
        prune(s);
    if (state != s->store_state)
        forget_all(s);
    else if (generation != s->generation)
        forget_kept(s);
    s->store_state = state;
    s->generation = generation;
}

struct stock *stock_new(const struct stock_options *o)
{
    struct stock *s = calloc(1, sizeof(*s));

    if (!s)
        abort();
    s->o = *o;
    s->shelf = (struct shelf){
        .sources = {.store = o->store}, .quota = o->index_quota, .build = build, .arg = s};
    arena_init(&s->arena, 0);
    return s;
}

void stock_free(struct stock *s)
{
    if (!s)
        return;
    arena_fini(&s->arena);
    free(s);
}
