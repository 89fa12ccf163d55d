/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/event.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/limits.h"
#include "common/report/signals.h"
#include "common/store/blob.h"
#include "dashd/access/access.h"
#include "dashd/app.h"
#include "dashd/values.h"

#define STACK_NEAR                                                                                 \
    (1024 * 1024)           /* bytes above a stack pointer that are taken for its thread's stack */
#define NULL_NEAR      4096 /* an address below this is NULL with an offset */
#define SENTENCE_SHOWN 160  /* bytes of a cause in the verdict */

/* --- Gathering --- */

/* NULL when the file is not there or not what it should be: the page then says what it can. */
static const struct crash_record *load_record(struct app *app, struct arena *a,
                                              const char *crash_id)
{
    struct crash_record *record = arena_new(a, struct crash_record);
    _cleanup_buf_ struct buf b;

    buf_init(&b, META_JSON_MAX + 64 * 1024);
    if (blob_crash_read(app->blobs, crash_id, "meta.json", &b) != 0 ||
        record_parse((struct str){buf_text(&b), b.len}, a, record) < 0)
        return NULL;
    return record;
}

const struct analysis *event_analysis(struct app *app, struct arena *a, const char *crash_id)
{
    struct analysis *an = arena_new(a, struct analysis);
    _cleanup_buf_ struct buf b;

    buf_init(&b, ANALYSIS_JSON_MAX);
    if (blob_crash_read(app->blobs, crash_id, "analysis.json", &b) != 0 ||
        analysis_parse((struct str){buf_text(&b), b.len}, a, an) < 0)
        return NULL;
    return an;
}

static int open_sized(struct app *app, const char *crash_id, const char *name, int *ret_fd,
                      uint64_t *ret_size)
{
    _cleanup_fd_ int fd = -1;
    struct stat st;
    int r = blob_crash_file(app->blobs, crash_id, name, &fd);

    if (r)
        return r;
    if (fstat(fd, &st) < 0)
        return -errno;
    *ret_fd = TAKE_FD(fd);
    *ret_size = (uint64_t)st.st_size;
    return 0;
}

int event_open_core(struct app *app, const struct event_view *e, int *ret_fd, uint64_t *ret_size)
{
    return open_sized(app, e->crash_id, e->has_full ? BLOB_FULL : BLOB_CORE, ret_fd, ret_size);
}

/* The facts are there before the core that they are of. */
static void load_full(struct app *app, struct arena *a, struct event_view *e)
{
    _cleanup_buf_ struct buf b = BUF_INIT(FULLCORE_JSON_MAX);
    _cleanup_fd_ int fd = -1;
    uint64_t size;

    e->has_full = open_sized(app, e->crash_id, BLOB_FULL, &fd, &size) == 0 &&
                  blob_crash_read(app->blobs, e->crash_id, BLOB_FULL_FACTS, &b) == 0 &&
                  fullcore_parse((struct str){buf_text(&b), b.len}, a, &e->full) == 0;
}

/* What is called full by the host and came with the crash is the slim part of it. */
static enum fidelity first_fidelity(const struct event_view *e)
{
    enum fidelity said = e->record ? e->record->meta.fidelity : FIDELITY_UNSAID;

    return said == FIDELITY_FULL ? FIDELITY_SLIM : said;
}

static void load_core(struct app *app, struct arena *a, struct event_view *e)
{
    _cleanup_fd_ int fd = -1;
    bool cut = e->row.flags & EVENT_TRUNCATED;

    load_full(app, a, e);
    if (open_sized(app, e->crash_id, BLOB_CORE, &fd, &e->core_stored) != 0 && !e->has_full)
        return;
    if (e->has_full)
        cut = e->full.core_truncated;
    e->core = cut ? CORE_TRUNCATED : CORE_PRESENT;
    e->core_fidelity = e->has_full ? FIDELITY_FULL : first_fidelity(e);
}

static const struct thread *crashing_thread(const struct analysis *an)
{
    return an && an->n_threads ? &an->threads[0] : NULL;
}

static void load_stack(struct arena *a, struct event_view *e)
{
    const struct thread *t = crashing_thread(e->analysis);
    struct stack_view judged = {0};
    bool has_judged = e->row.frames && stack_parse(str_from(e->row.frames), a, &judged) == 0;

    if (t && t->n_frames)
        stack_of_thread(e->analysis, t, has_judged ? &judged : NULL, a, &e->stack);
    else
        e->stack = judged;
    if (e->analysis)
        stack_fold(e->analysis, a, &e->others);
}

static void load_details(struct request *q, struct event_view *e)
{
    struct app *app = request_app(q);
    struct arena *a = request_arena(q);

    e->hidden = e->row.flags & EVENT_RESTRICTED && !access_has(q, MAY_CORE);
    if (!e->hidden) {
        e->record = load_record(app, a, e->crash_id);
        e->analysis = event_analysis(app, a, e->crash_id);
    }
    load_core(app, a, e);
    load_stack(a, e);
}

int event_load(struct request *q, const char *crash_id, struct event_view *ret)
{
    struct app *app = request_app(q);
    struct arena *a = request_arena(q);
    struct event_view e = {.crash_id = crash_id};
    int r = 0;

    if (uuid_valid(str_from(crash_id)))
        r = query_event(app_db(app), a, crash_id, &e.row);
    if (!r && e.row.crash_id)
        r = query_event_neighbours(app_db(app), a, &e.row, &e.neighbours);
    if (r)
        return r;
    if (e.row.crash_id) {
        e.state = EVENT_KNOWN;
        load_details(q, &e);
    } else if (uuid_valid(str_from(crash_id)) && blob_pending_has(app->blobs, crash_id)) {
        e.state = EVENT_PENDING;
    }
    *ret = e;
    return 0;
}

/* --- Words --- */

const char *core_state_name(enum core_state s)
{
    static const char *const names[] = {
        [CORE_NONE] = "none", [CORE_PRESENT] = "present", [CORE_TRUNCATED] = "truncated"};

    return names[s];
}

const char *event_signal(struct arena *a, int64_t signal)
{
    const char *name = signal_name(signal);

    if (name)
        return name;
    return signal ? arena_printf(a, "signal %" PRId64, signal) : "unknown signal";
}

const char *event_code(const struct event_view *e)
{
    const struct analysis *an = e->analysis;

    return an && an->signal ? signal_code_name(an->signal, an->code) : NULL;
}

static const char *fault_words(const struct analysis *an, struct arena *a)
{
    if (!an || !an->has_address)
        return "";
    if (an->address < NULL_NEAR)
        return arena_printf(a, " at address 0x%" PRIx64 " (NULL + 0x%" PRIx64 ")", an->address,
                            an->address);
    return arena_printf(a, " at address 0x%" PRIx64, an->address);
}

/* What the signal says, for want of a cause. */
static const char *signal_words(const struct event_view *e, struct arena *a)
{
    const char *code = event_code(e), *message = e->analysis ? e->analysis->message : NULL;
    const char *what =
        arena_printf(a, "%s%s%s%s", event_signal(a, e->row.signal), code ? " / " : "",
                     code ? code : "", fault_words(e->analysis, a));

    return message ? arena_printf(a, "%s: %s", what, message) : what;
}

const struct cause *event_cause(const struct event_view *e)
{
    return e->analysis && e->analysis->cause.rule ? &e->analysis->cause : NULL;
}

/* Rules say what happened, and behind a colon what that means. */
static const char *short_sentence(const char *sentence, struct arena *a)
{
    const char *colon = strstr(sentence, ": ");
    const char *first = colon ? arena_strndup(a, sentence, (size_t)(colon - sentence)) : sentence;

    return value_cut(first, SENTENCE_SHOWN, a);
}

const char *event_verdict(const struct event_view *e, struct arena *a)
{
    size_t i = stack_culprit(&e->stack);
    const struct frame *f = i < e->stack.n ? e->stack.frames[i].frame : NULL;
    const struct cause *c = event_cause(e);
    const char *what = c ? event_signal(a, e->row.signal) : signal_words(e, a);

    if (f)
        what = arena_printf(a, "%s in %s%s", what, f->function,
                            cstr_ends(f->function, ")") ? "" : "()");
    if (f && f->file)
        what = arena_printf(a, "%s, %s:%u", what, path_base(f->file), f->line);
    return c ? arena_printf(a, "%s: %s", what, short_sentence(c->sentence, a)) : what;
}

static const char *module_of(const struct analysis *an, const char *build_id)
{
    for (size_t i = 0; an && i < an->n_modules; i++)
        if (an->modules[i].build_id && strcmp(an->modules[i].build_id, build_id) == 0)
            return path_base(an->modules[i].path);
    return NULL;
}

const char *event_arrivals(const struct event_view *e, struct arena *a)
{
    char *rest, *id, *ids = arena_strdup(a, e->row.arrived ? e->row.arrived : "");
    const char *all = NULL;

    for (id = strtok_r(ids, ",", &rest); id; id = strtok_r(NULL, ",", &rest)) {
        const char *name = module_of(e->analysis, id);

        all = arena_printf(a, "%s%s%s%sbuild-id %s%s", all ? all : "", all ? ", " : "",
                           name ? name : "", name ? " (" : "", id, name ? ")" : "");
    }
    return all;
}

void event_explain(const struct event_row *row, const struct stack_view *s, struct arena *a,
                   struct explanation *ret)
{
    const struct stack_columns columns = {row->facts, row->grouped};

    explanation_make(&columns, s, a, ret);
}

/* --- Registers --- */

static bool find_register(const struct thread *t, const char *name, uint64_t *ret)
{
    for (size_t i = 0; i < t->n_registers; i++)
        if (strcmp(t->registers[i].name, name) == 0) {
            *ret = t->registers[i].value;
            return true;
        }
    return false;
}

static const struct thread *stack_owner(const struct analysis *an, uint64_t value)
{
    for (size_t i = 0; i < an->n_threads; i++) {
        uint64_t sp;

        if ((find_register(&an->threads[i], "rsp", &sp) ||
             find_register(&an->threads[i], "sp", &sp)) &&
            value >= sp && value - sp < STACK_NEAR)
            return &an->threads[i];
    }
    return NULL;
}

const char *event_points_at(const struct analysis *an, const struct thread *t, uint64_t value,
                            struct arena *a)
{
    const struct thread *owner;

    for (size_t i = 0; i < an->n_modules; i++)
        if (value >= an->modules[i].start && value < an->modules[i].end)
            return arena_printf(a, "%s+0x%" PRIx64, path_base(an->modules[i].path),
                                value - an->modules[i].start);
    owner = stack_owner(an, value);
    if (owner == t)
        return "this thread's stack";
    if (owner)
        return arena_printf(a, "stack of thread %" PRId64, owner->tid);
    if (an->has_address && value == an->address && value >= NULL_NEAR)
        return "the fault address";
    return NULL;
}
