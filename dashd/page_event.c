/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/page.h"

#include <ctype.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/backtrace.h"
#include "common/report/prefixes.h"
#include "common/store/blob.h"
#include "dashd/app.h"
#include "dashd/details.h"
#include "dashd/event.h"
#include "dashd/summary.h"
#include "dashd/templates/templates.h"

#define FOLDS_SHOWN  30    /* different stacks of other threads, unless all are asked for */
#define FRAMES_SHOWN 20000 /* a page with more is of no use and of several megabytes */
#define REFRESH      "1"   /* seconds, of the page of a crash that is being processed */

/* How many folds fit on a page. */
static size_t folds_shown(const struct thread_folds *f, bool all)
{
    size_t frames = 0, n = 0;

    while (n < f->n && (all || n < FOLDS_SHOWN) && frames < FRAMES_SHOWN)
        frames += f->folds[n++].first->n_frames;
    return n;
}

/* With ?threads=all every thread is a fold of its own. */
static void unfold(const struct analysis *an, struct arena *a, struct thread_folds *ret)
{
    struct thread_folds f = {.folds = arena_array(a, struct thread_fold, an->n_threads)};

    for (size_t i = 0; i < an->n_threads; i++) {
        const struct thread **one = arena_new(a, const struct thread *);

        if (an->threads[i].crashed)
            continue;
        *one = &an->threads[i];
        f.folds[f.n++] = (struct thread_fold){.first = *one, .threads = one, .n = 1};
    }
    *ret = f;
}

/* The program's name with nothing in it that a header or a file system could take amiss. */
static const char *core_name(struct arena *a, const struct event_view *e)
{
    const char *fidelity = fidelity_name(e->core_fidelity);
    char *exe = arena_strdup(a, path_base(e->row.executable));

    for (char *p = exe; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._+-", *p))
            *p = '_';
    return arena_printf(a, "%.100s-%s%s%s.core", *exe && *exe != '.' ? exe : "program",
                        e->row.crash_id, fidelity ? "." : "", fidelity ? fidelity : "");
}

static bool has_missing(const struct analysis *an)
{
    for (size_t i = 0; i < an->n_modules; i++)
        if (an->modules[i].status == MODULE_MISSING)
            return true;
    return false;
}

static size_t add_details(const struct app *app, struct arena *a, struct event_view *e)
{
    struct prefixes roots = {.n = 0};

    (void)prefixes_parse(app->conf->source_roots, a, &roots); /* dashd_conf_check has tried it */
    return details_add(e->analysis, &roots, a, &e->stack);
}

/* Of the crashing thread. An analysis may have had no time for them. */
static bool has_values(const struct thread *t)
{
    for (size_t i = 0; t && i < t->n_frames; i++)
        if (t->frames[i].n_variables)
            return true;
    return false;
}

static void show(struct request *q, struct response *r, struct page *p, struct event_view *e)
{
    const char *threads = request_query(q, "threads");
    struct event_page_view v = {
        .e = e,
        .verdict = event_verdict(e, p->arena),
        .signal = event_signal(p->arena, e->row.signal),
        .code = event_code(e),
        .crashed = e->analysis && e->analysis->n_threads ? &e->analysis->threads[0] : NULL,
        .values =
            has_values(e->analysis && e->analysis->n_threads ? &e->analysis->threads[0] : NULL),
        .core_name = core_name(p->arena, e),
        .kept = process_kept(e),
        .process = e->record ? process_view_new(&e->record->meta, p->arena) : NULL,
        .missing = e->analysis && has_missing(e->analysis),
        .arrivals = event_arrivals(e, p->arena),
        .all_threads = threads && strcmp(threads, "all") == 0,
    };

    if (v.all_threads && e->analysis)
        unfold(e->analysis, p->arena, &e->others);
    if (v.crashed)
        v.excerpts = add_details(request_app(q), p->arena, e) > 0;
    event_explain(&e->row, &e->stack, p->arena, &v.explanation);
    if (e->hidden)
        v.explanation.message = v.explanation.detail = NULL;
    v.folds_shown = folds_shown(&e->others, v.all_threads);
    p->section = SECTION_GROUPS;
    p->title = arena_printf(p->arena, "%s - event", v.verdict);
    p->api = arena_printf(p->arena, "/api/v1/events/%s", e->crash_id);
    template_event(response_body(r), p, &v);
    page_send(r);
}

void handle_event(struct request *q, struct response *r)
{
    struct event_view e;
    struct page p;
    int outcome = event_load(q, request_param(q, "id"), &e);

    page_init(&p, q, "Being processed");
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    switch (e.state) {
    case EVENT_UNKNOWN:
        page_no_event(q, r);
        return;
    case EVENT_PENDING:
        p.refresh = REFRESH;
        template_pending(response_body(r), &p, e.crash_id);
        page_send(r);
        return;
    case EVENT_KNOWN:
        show(q, r, &p, &e);
    }
}

void handle_event_text(struct request *q, struct response *r)
{
    struct event_view e;
    int outcome = event_load(q, request_param(q, "id"), &e);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (e.state != EVENT_KNOWN || !e.analysis) {
        page_no_event(q, r);
        return;
    }
    backtrace_format(e.analysis, response_body(r));
    page_send_text(r, "text/plain; charset=utf-8");
}

/* Also of an event without an analysis: what is known of it stands in the database. */
void handle_event_markdown(struct request *q, struct response *r)
{
    const struct app *app = request_app(q);
    struct event_view e;
    int outcome = event_load(q, request_param(q, "id"), &e);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (e.state != EVENT_KNOWN) {
        page_no_event(q, r);
        return;
    }
    summary_event(&e, app->conf->public_url, request_arena(q), response_body(r));
    page_send_text(r, "text/markdown; charset=utf-8");
}

/* --- The core --- */

void handle_event_core(struct request *q, struct response *r)
{
    struct app *app = request_app(q);
    struct audit_entry audit = {
        .actor = access_identity(q)->actor, .action = "core.download", .remote = request_remote(q)};
    _cleanup_fd_ int fd = -1;
    struct event_view e;
    uint64_t size;
    int outcome = event_load(q, request_param(q, "id"), &e);

    if (!outcome && e.state != EVENT_KNOWN) {
        page_no_event(q, r);
        return;
    }
    if (!outcome && event_open_core(app, &e, &fd, &size) != 0) {
        page_problem(q, r, 404, "No core is kept for this crash.");
        return;
    }
    audit.subject = e.crash_id;
    if (!outcome)
        outcome = query_audit(app_db(app), &audit);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    metrics_add(app->metrics, METRIC_CORE_DOWNLOADS, 1);
    response_type(r, "application/zstd");
    response_header(r, "Cache-Control", "no-store");
    response_header(r, "Content-Disposition",
                    arena_printf(request_arena(q), "attachment; filename=\"%s.zst\"",
                                 core_name(request_arena(q), &e)));
    response_file(r, TAKE_FD(fd), size);
}
