/* SPDX-License-Identifier: Apache-2.0 */
/* The crashes of the demonstration, in the order in which the server can make sense of them: one
 * with a core for each program, which found the groups; then what was only counted, which is like
 * those. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/demo/crash.h"
#include "client/ctl/demo/demo.h"
#include "client/ctl/server/ask.h"
#include "client/ctl/submission.h"
#include "client/transport/upload.h"
#include "common/base/clock.h"
#include "common/base/version.h"
#include "common/report/limits.h"

#define POLL_USEC  (USEC_PER_SEC / 4)
#define WAIT_USEC  (120 * USEC_PER_SEC)
#define LIST_MAX   1000
#define VALUES_MAX (1u << 20)

static char *path_of(struct demo *d, enum demo_program program)
{
    return arena_printf(&d->arena, "%s/%s", d->folder, demo_programs[program]);
}

/* --- Cores --- */

int demo_take_cores(struct demo *d)
{
    size_t there = 0;

    for (int i = 0; i < DEMO_PROGRAMS; i++) {
        const char *path = path_of(d, i);
        int r;

        demo_progress(d, "crashing programs", (size_t)i + 1, DEMO_PROGRAMS);
        if (access(path, X_OK) < 0)
            continue; /* left out of the build */
        r = crash_program(path, &d->cores[i]);
        if (r == CRASH_NONE)
            return ctl_complain(CTL_ERROR, "%s did not crash", path);
        if (r < 0)
            return ctl_complain(CTL_ERROR,
                                "%s can't be run and held: %s (ptrace(2) must be allowed)", path,
                                strerror(-r));
        there++;
    }
    return there > 0 ? CTL_OK
                     : ctl_complain(CTL_ERROR, "%s: there is no program to crash: run make install",
                                    d->folder);
}

/* --- Reports --- */

static void describe(struct demo *d, const struct demo_crashes *c, struct crash_meta *m)
{
    m->hostname = demo_hosts[c->host];
    m->version = demo_versions[c->version];
    m->executable = path_of(d, c->program);
    m->unit = arena_printf(&d->arena, "%s.service", demo_programs[c->program]);
    m->kernel = c->host < 3 ? "6.1.0-18-amd64" : "6.12.48-cloud";
    m->distribution = c->host < 3 ? "Debian GNU/Linux 12 (bookworm)" : "Ubuntu 24.04.3 LTS";
    m->crashed_at = c->last_at;
}

/* With its core; *id is the crash's. */
static int send_core(struct demo *d, const struct demo_crashes *c, bool imported,
                     char id[static UUID_TEXT_SIZE])
{
    struct submission s;
    int status;

    submission_init(&s);
    s.core_path = demo_programs[c->program];
    s.core = dup(d->cores[c->program]);
    if (s.core < 0)
        return ctl_complain(CTL_ERROR, "%s", strerror(errno));
    describe(d, c, &s.meta);
    s.meta.imported = imported;
    uuid_new(id);
    s.meta.crash_id = id;
    status = submission_send(&s, d->access);
    d->crashes++;
    submission_fini(&s);
    return status;
}

static int refused(const struct demo *d, const struct upload *u)
{
    ctl_complain(0, "%s: the crashes are not taken: %s", d->access->ingest_url, u->detail);
    if (u->verdict != UPLOAD_DENIED)
        return u->status == 0 || u->status == 503 ? CTL_UNREACHABLE : CTL_ERROR;
    return ctl_complain(CTL_DENIED, "the demo needs a token of the scope ingest, or admin");
}

static int send_counted(struct demo *d, const struct demo_crashes *c)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(META_JSON_MAX);
    char id[UUID_TEXT_SIZE];
    struct upload u = {0};
    struct crash_meta m;
    int r;

    meta_init(&m);
    uuid_new(id);
    describe(d, c, &m);
    m.client = "corralctl " CORRAL_VERSION;
    m.crash_id = id;
    m.like = d->seeds[c->program];
    m.imported = true;
    m.fidelity = FIDELITY_COUNT;
    m.occurrences = c->count;
    m.first_at = c->first_at;
    m.core_problem = "part of corralctl demo: only counted";
    meta_format(&m, &b);
    r = buf_error(&b);
    if (r == 0)
        r = upload_crash(d->ingest, (struct str){b.data, b.len}, -1, &a, &u);
    if (r < 0)
        return ctl_complain(CTL_ERROR, "%s", strerror(-r));
    d->crashes += c->count;
    return u.verdict == UPLOAD_DONE ? CTL_OK : refused(d, &u);
}

/* --- Waiting --- */

/* CTL_NOT_FOUND: not analysed yet, which need not be said. */
static int ask_group(struct demo *d, const char *id, const char **ret)
{
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    _cleanup_json_ json_t *event = NULL;
    char path[64 + UUID_TEXT_SIZE];
    const char *group;
    int r;

    snprintf(path, sizeof(path), "/api/v1/events/%s", id);
    r = connection_get(d->dash, path, &reply);
    if (r == 0 && reply.status == 404)
        return CTL_NOT_FOUND;
    if (r != 0 || reply.status != 200)
        return access_failure(d->access->dash_url, r, &reply);
    event = jsontree_object((struct str){buf_text(&reply.body), reply.body.len}, VALUES_MAX, NULL);
    group = json_string_value(json_object_get(event, "group"));
    if (group)
        *ret = arena_strdup(&d->arena, group);
    return group ? CTL_OK : CTL_NOT_FOUND;
}

static int await_group(struct demo *d, const char *id, const char **ret)
{
    int64_t end = clock_mono() + WAIT_USEC;
    const char *group = NULL;

    for (;;) {
        int status = ask_group(d, id, &group);

        if (status != CTL_NOT_FOUND) {
            *ret = group;
            return status;
        }
        if (clock_mono() >= end)
            return ctl_complain(CTL_TIMEOUT,
                                "no worker has analysed %s: is corral-workerd running?", id);
        clock_sleep(POLL_USEC);
    }
}

static int count_events(struct demo *d, int64_t *ret)
{
    _cleanup_json_ json_t *rows = NULL;
    const json_t *row;
    size_t i;
    int status =
        ask_list(d->access, d->dash, "/api/v1/groups?status=all", "groups", LIST_MAX, &rows);

    *ret = 0;
    json_array_foreach(rows, i, row)
    {
        const char *id = json_string_value(json_object_get(row, "id"));
        bool ours = false;

        for (int k = 0; id && k < DEMO_PROGRAMS; k++)
            ours |= d->groups[k] && strcmp(d->groups[k], id) == 0;
        *ret += ours ? json_integer_value(json_object_get(row, "event_count")) : 0;
    }
    return status;
}

/* Until all that was sent is counted. */
static int await_counts(struct demo *d)
{
    int64_t end = clock_mono() + WAIT_USEC, n = 0;
    int status;

    while ((status = count_events(d, &n)) == CTL_OK && n < d->crashes && clock_mono() < end) {
        demo_progress(d, "counted by the server", (size_t)n, (size_t)d->crashes);
        clock_sleep(POLL_USEC);
    }
    demo_progress(d, "counted by the server", (size_t)n, (size_t)n);
    if (status == CTL_OK && n < d->crashes)
        ctl_complain(0, "the workers are still busy: %" PRId64 " of %" PRId64 " crashes are there",
                     n, d->crashes);
    return status;
}

/* --- The steps --- */

int demo_send_seeds(struct demo *d)
{
    int status = CTL_OK;

    for (int i = 0; i < DEMO_PROGRAMS && status == CTL_OK; i++) {
        struct demo_crashes first = history_begin(i, d->now);

        if (d->cores[i] >= 0)
            status = send_core(d, &first, true, d->seeds[i]);
        if (status == CTL_OK)
            demo_progress(d, "sending cores", (size_t)i + 1, DEMO_PROGRAMS);
    }
    for (int i = 0; i < DEMO_PROGRAMS && status == CTL_OK; i++)
        if (d->cores[i] >= 0)
            status = await_group(d, d->seeds[i], &d->groups[i]);
    return status;
}

int demo_send_history(struct demo *d)
{
    int status = CTL_OK;

    for (size_t i = 0; i < d->history.n && status == CTL_OK; i++) {
        if (d->cores[d->history.rows[i].program] < 0)
            continue;
        status = send_counted(d, &d->history.rows[i]);
        demo_progress(d, "sending history", i + 1, d->history.n);
    }
    return status == CTL_OK ? await_counts(d) : status;
}

/* After people have decided: it brings back what was resolved. */
static int send_return(struct demo *d)
{
    struct demo_crashes c = {.program = DEMO_SESSION_CACHE, .version = DEMO_VERSIONS - 1};
    char id[UUID_TEXT_SIZE];
    const char *group;
    int status;

    if (d->cores[c.program] < 0)
        return CTL_OK;
    c.last_at = clock_now();
    status = send_core(d, &c, false, id);
    return status == CTL_OK ? await_group(d, id, &group) : status;
}

/* --- What people say --- */

struct said {
    enum demo_program program;
    const char *action, *field, *value;
};

static const struct said said[] = {
    {DEMO_SESSION_CACHE, "comment", "text", "find_session() may find nothing. Mended in 2.3.1."},
    {DEMO_SESSION_CACHE, "resolve", NULL, NULL},
    {DEMO_IMAGE_THUMBS, "label", "label", "hardware?"},
    {DEMO_IMAGE_THUMBS, "comment", "text",
     "Since 2.4.0 only on demo-db-2, and everything else falls there, too: memtest first."},
    {DEMO_LEDGER, "mute", "until", "30d"},
    {DEMO_LEDGER, "comment", "text", "The batch starts it again. Not before the new year."},
    {DEMO_RATE_METER, "resolve", NULL, NULL},
    {DEMO_CHAT_RELAY, "label", "label", "memory-safety"},
    {DEMO_CHAT_RELAY, "label", "label", "customer"},
    {DEMO_CHAT_RELAY, "comment", "text", "close_channel() frees the handler, deliver() calls it."},
    {DEMO_CHAT_RELAY, "comment", "text", "Can be had at will: close a channel while it delivers."},
    {DEMO_CHAT_RELAY, "link", "url", "https://tracker.example/CHAT-214"},
};

static int say(struct demo *d, const struct said *s)
{
    _cleanup_buf_ struct buf form = BUF_INIT(4096);
    _cleanup_json_ json_t *group = NULL;
    char path[128];

    if (!d->groups[s->program])
        return CTL_OK;
    ask_add(&form, s->field, s->value);
    snprintf(path, sizeof(path), "/api/v1/groups/%s/%s", d->groups[s->program], s->action);
    return ask_post(d->access, d->dash, path, buf_text(&form), &group);
}

/* To the first user who may sign in; without any, to nobody. */
static int assign(struct demo *d)
{
    struct said s = {DEMO_CHAT_RELAY, "assign", "to", NULL};
    _cleanup_json_ json_t *answer = NULL;
    int status = ask_get(d->access, d->dash, "/api/v1/users", &answer);
    const json_t *user;
    size_t i;

    json_array_foreach(json_object_get(answer, "users"), i, user)
    {
        if (!s.value && !json_is_string(json_object_get(user, "disabled_at")))
            s.value = json_string_value(json_object_get(user, "name"));
    }
    return status == CTL_OK && s.value ? say(d, &s) : status;
}

int demo_decide(struct demo *d)
{
    int status = CTL_OK;

    for (int i = 0; i < DEMO_PROGRAMS && status == CTL_OK; i++)
        status = say(d, &(struct said){i, "label", "label", DEMO_LABEL});
    for (size_t i = 0; i < ARRAY_SIZE(said) && status == CTL_OK; i++)
        status = say(d, &said[i]);
    if (status == CTL_OK)
        status = assign(d);
    return status == CTL_OK ? send_return(d) : status;
}
