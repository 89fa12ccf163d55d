/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/group.h"

#include <limits.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/jsontext.h"
#include "common/report/limits.h"

#include "workerd/grouping/fingerprint.h"
#include "workerd/grouping/title.h"

/* PostgreSQL's B-tree and GIN entries may have about a third of a page (2704 bytes): unique texts
 * and elements of searched arrays stay well below. */
#define INDEXED_MAX    512
#define PATH_MAX_KEPT  1024
#define PROBLEM_MAX    1024
#define SIGNAL_MAX     64
#define STACK_JSON_MAX (8u * 1024 * 1024)

/* A fault so near to the stack pointer is the stack's own growth: below it by a frame that was not
 * touched yet, above it by the instruction that moved it. */
#define OVERFLOW_BELOW (64u * 1024)
#define OVERFLOW_ABOVE 4096u

/* --- Texts that fit --- */

/* At most max bytes of it, whole characters; "" for NULL. */
static const char *fit(const char *text, size_t max, struct arena *a)
{
    size_t n = text ? strlen(text) : 0;

    if (n <= max)
        return text ? text : "";
    return arena_strndup(a, text, utf8_valid_prefix(text, max));
}

/* The first text that says something. */
static const char *first_of(const char *x, const char *y, const char *z)
{
    return !cstr_empty(x) ? x : !cstr_empty(y) ? y : z;
}

/* Linear look-up: stacks have at most ANALYSIS_FRAMES_MAX frames. */
static bool add_text(struct text_set *set, const char *text, struct arena *a)
{
    if (cstr_empty(text))
        return false;
    text = fit(text, INDEXED_MAX, a);
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->texts[i], text) == 0)
            return false;
    }
    set->texts[set->n++] = text;
    return true;
}

static void init_set(struct text_set *set, size_t max, struct arena *a)
{
    set->texts = arena_array(a, const char *, max);
}

/* --- Completing an analysis --- */

static const char *thread_name(const struct crash_meta *m, int64_t tid)
{
    for (size_t i = 0; i < m->n_threads; i++) {
        if (m->threads[i].tid == tid)
            return m->threads[i].name;
    }
    return NULL;
}

/* A build-id that is none would not be read back from analysis.json. */
static const char *pc_build_id(const struct crash_meta *m)
{
    return m->pc_build_id && hex_valid(str_from(m->pc_build_id), BUILD_ID_TEXT_SIZE - 1)
               ? m->pc_build_id
               : NULL;
}

static void add_pc_thread(struct analysis *an, const struct crash_meta *m, struct arena *a)
{
    struct thread *t = arena_new(a, struct thread);

    if (cstr_empty(m->pc_module) && !pc_build_id(m))
        return;
    *t = (struct thread){
        .tid = m->tid != META_UNKNOWN ? m->tid : 0,
        .name = m->comm,
        .crashed = true,
        .frames = arena_new(a, struct frame),
        .n_frames = 1,
        .stopped = "nothing of its memory was kept",
    };
    t->frames[0] = (struct frame){
        .module = cstr_empty(m->pc_module) ? "" : m->pc_module,
        .build_id = pc_build_id(m),
        .offset = m->pc_offset != META_UNKNOWN ? (uint64_t)m->pc_offset : 0,
        .trust = TRUST_CONTEXT,
    };
    an->threads = t;
    an->n_threads = 1;
}

void group_complete(struct analysis *an, const struct crash_meta *m, struct arena *a)
{
    if (an->signal == 0 && m->signal != META_UNKNOWN)
        an->signal = m->signal;
    if (an->pid == 0 && m->pid != META_UNKNOWN)
        an->pid = m->pid;
    an->executable = first_of(an->executable, m->executable, m->comm);
    if (!an->architecture)
        an->architecture = m->architecture;
    if (!an->problem && m->core_problem)
        an->problem = arena_strdup(a, m->core_problem);
    an->core_truncated = an->core_truncated || m->core_truncated;
    for (size_t i = 0; i < an->n_threads; i++) {
        if (!an->threads[i].name)
            an->threads[i].name = thread_name(m, an->threads[i].tid);
    }
    if (an->n_threads == 0)
        add_pc_thread(an, m, a);
}

/* --- Grouping --- */

static const struct thread *crashed_thread(const struct analysis *an)
{
    for (size_t i = 0; i < an->n_threads; i++) {
        if (an->threads[i].crashed)
            return &an->threads[i];
    }
    return an->n_threads > 0 ? &an->threads[0] : NULL;
}

static bool stack_pointer(const struct thread *t, uint64_t *ret)
{
    for (size_t i = 0; i < t->n_registers; i++) {
        const char *name = t->registers[i].name;

        if (strcmp(name, "rsp") == 0 || strcmp(name, "sp") == 0 || strcmp(name, "esp") == 0) {
            *ret = t->registers[i].value;
            return true;
        }
    }
    return false;
}

static enum overflow_evidence overflow_evidence(const struct analysis *an, const struct thread *t)
{
    uint64_t sp;

    if (!an->has_address || !stack_pointer(t, &sp))
        return OVERFLOW_UNKNOWN;
    return an->address >= sp - OVERFLOW_BELOW && an->address < sp + OVERFLOW_ABOVE ? OVERFLOW_YES
                                                                                   : OVERFLOW_NO;
}

static struct crash_stack crash_stack(const struct analysis *an)
{
    const struct thread *t = crashed_thread(an);
    struct crash_stack s = {
        .signal = an->signal, .message = an->message, .executable = an->executable};

    if (t) {
        s.frames = t->frames;
        s.n_frames = t->n_frames;
        s.overflow = overflow_evidence(an, t);
    }
    return s;
}

/* --- The stack's row --- */

static void format_frame(struct frame f, const struct verdict *v, struct buf *b)
{
    f.pc = 0; /* differs from process to process */
    jsontext_object(b, NULL);
    analysis_format_frame(&f, b);
    if (v) {
        jsontext_string(b, "verdict", verdict_name(v->kind));
        jsontext_string(b, "rule", v->rule);
    }
    jsontext_end_object(b);
}

/* verdicts may be NULL. Borrowed from b. */
static struct str format_frames(const struct crash_stack *s, const struct verdict *verdicts,
                                struct buf *b)
{
    buf_clear(b);
    jsontext_array(b, NULL);
    for (size_t i = 0; i < s->n_frames; i++)
        format_frame(s->frames[i], verdicts ? &verdicts[i] : NULL, b);
    jsontext_end_array(b);
    return (struct str){buf_text(b), b->len};
}

static void collect_texts(const struct crash_stack *s, const struct verdict *verdicts,
                          struct event_stack *row, struct arena *a)
{
    init_set(&row->functions, s->n_frames, a);
    init_set(&row->files, s->n_frames, a);
    init_set(&row->modules, s->n_frames, a);
    init_set(&row->build_ids, s->n_frames, a);
    for (size_t i = 0; i < s->n_frames; i++) {
        add_text(&row->functions, verdicts[i].name, a);
        add_text(&row->files, s->frames[i].file, a);
        add_text(&row->modules, s->frames[i].module, a);
        add_text(&row->build_ids, s->frames[i].build_id, a);
    }
}

/* The digest leaves the verdicts out: new rules judge the same stack anew. */
static const struct event_stack *make_stack(const struct crash_stack *s,
                                            const struct verdict *verdicts, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(STACK_JSON_MAX);
    struct event_stack *row;
    struct str frames;

    if (s->n_frames == 0)
        return NULL;
    row = arena_new(a, struct event_stack);
    frames = format_frames(s, NULL, &b);
    sha256(frames.p, frames.n, row->digest);
    frames = format_frames(s, verdicts, &b);
    if (buf_error(&b) < 0)
        return NULL;
    row->frames = arena_strndup(a, frames.p, frames.n);
    collect_texts(s, verdicts, row, a);
    return row;
}

/* MODULE_DEBUG also for what is no module of the process: nothing can arrive for it. */
static enum module_status status_of(const struct analysis *an, const char *build_id)
{
    for (size_t i = 0; i < an->n_modules; i++) {
        if (an->modules[i].build_id && strcmp(an->modules[i].build_id, build_id) == 0)
            return an->modules[i].status;
    }
    return MODULE_DEBUG;
}

static void collect_lacking(const struct analysis *an, const struct crash_stack *s,
                            struct lacking_modules *m, struct arena *a)
{
    static const char *const numbers[] = {
        [MODULE_MISSING] = "0", [MODULE_STRIPPED] = "1", [MODULE_SYMBOLS] = "2"};

    init_set(&m->build_ids, s->n_frames, a);
    init_set(&m->paths, s->n_frames, a);
    init_set(&m->statuses, s->n_frames, a);
    for (size_t i = 0; i < s->n_frames; i++) {
        const struct frame *f = &s->frames[i];
        enum module_status status = f->build_id ? status_of(an, f->build_id) : MODULE_DEBUG;

        if (status == MODULE_DEBUG || !add_text(&m->build_ids, f->build_id, a))
            continue;
        m->paths.texts[m->paths.n++] = fit(f->module, PATH_MAX_KEPT, a);
        m->statuses.texts[m->statuses.n++] = numbers[status];
    }
}

/* --- How good it is --- */

static enum fingerprint_quality quality_of(const struct crash_stack *s, const struct grouping *g)
{
    if (g->n_kept == 0)
        return QUALITY_NO_FRAME;
    for (size_t i = 0; i < s->n_frames; i++) {
        if (g->verdicts[i].kind == VERDICT_KEPT &&
            (cstr_empty(s->frames[i].function) || cstr_empty(s->frames[i].file)))
            return QUALITY_MAKESHIFT;
    }
    return QUALITY_WHOLE;
}

static enum title_rank title_rank_of(const struct crash_stack *s, const struct grouping *g)
{
    const struct frame *f = g->has_culprit ? &s->frames[g->culprit] : NULL;

    if (!f)
        return TITLE_PROGRAM;
    if (!g->verdicts[g->culprit].name)
        return TITLE_OFFSET;
    return cstr_empty(f->file) || f->line == 0 ? TITLE_FUNCTION : TITLE_LINE;
}

/* --- The event --- */

/* A problem's row is shared by all events that have it, but addresses differ from process to
 * process: of "0x7f01" the row keeps "0x…". The whole text is in analysis.json. */
static const char *without_addresses(const char *text, struct arena *a)
{
    static const char hex[] = "0123456789abcdef", mark[] = "0x…";
    _cleanup_buf_ struct buf b = BUF_INIT(3 * PROBLEM_MAX);

    text = fit(text, PROBLEM_MAX, a);
    for (const char *at; (at = strstr(text, "0x")); text = at + 2 + strspn(at + 2, hex)) {
        buf_add(&b, text, (size_t)(at - text));
        buf_adds(&b, mark);
    }
    buf_adds(&b, text);
    return fit(arena_strndup(a, buf_text(&b), b.len), PROBLEM_MAX, a);
}

/* With a core it is one crash, whatever the metadata says. */
static bool is_counted(const struct crash_record *record)
{
    return record->meta.occurrences != META_UNKNOWN && record->receipt.core_stored == 0;
}

static const char *like_of(const struct crash_record *record)
{
    const char *like = record->meta.like;

    return like && record->receipt.core_stored == 0 && uuid_valid(str_from(like)) ? like : NULL;
}

static int64_t within(int64_t n, int64_t max)
{
    return n >= 0 && n <= max ? n : 0;
}

static unsigned event_flags(const struct crash_record *record, const struct analysis *an,
                            const struct grouping *g)
{
    unsigned flags = 0;

    if (record->meta.restricted)
        flags |= EVENT_RESTRICTED;
    if (an->core_truncated)
        flags |= EVENT_TRUNCATED;
    if (g->n_kept == 0)
        flags |= EVENT_NO_STACK;
    if (is_counted(record))
        flags |= EVENT_COUNTED;
    return flags;
}

/* What is counted stands for crashes of which others of its group show the stack: its one frame
 * tells the group, and is not shown in their place. */
static const struct event_stack *stack_of(const struct crash_record *record,
                                          const struct crash_stack *s,
                                          const struct verdict *verdicts, struct arena *a)
{
    return is_counted(record) || like_of(record) ? NULL : make_stack(s, verdicts, a);
}

static void add_count(const struct crash_record *record, struct event *e)
{
    const struct crash_meta *m = &record->meta;

    e->crashes = is_counted(record) ? m->occurrences : 1;
    e->first_at =
        m->first_at != META_UNKNOWN && m->first_at < e->crashed_at ? m->first_at : e->crashed_at;
    e->like = like_of(record);
}

void group_make(const struct crash_record *record, const struct analysis *an, struct arena *a,
                struct event *ret)
{
    const struct crash_meta *m = &record->meta;
    struct crash_stack s = crash_stack(an);
    struct grouping g;

    if (is_counted(record) && an->problem)
        s.why = without_addresses(an->problem, a);
    fingerprint_make(&s, a, &g);
    *ret = (struct event){
        .crash_id = m->crash_id,
        .received_at = record->receipt.received_at,
        .crashed_at = m->crashed_at == META_UNKNOWN ? record->receipt.received_at : m->crashed_at,
        .hostname = fit(first_of(m->hostname, NULL, "unknown"), INDEXED_MAX, a),
        .executable = fit(first_of(an->executable, NULL, ""), PATH_MAX_KEPT, a),
        .version = fit(first_of(m->version, m->package, ""), INDEXED_MAX, a),
        .pid = within(an->pid, INT_MAX),
        .signal = within(an->signal, SIGNAL_MAX),
        .flags = event_flags(record, an, &g),
        .problem = an->problem ? without_addresses(an->problem, a) : NULL,
        .quality = quality_of(&s, &g),
        .title = title_make(&s, &g, a),
        .title_rank = title_rank_of(&s, &g),
        .stack = stack_of(record, &s, g.verdicts, a),
    };
    add_count(record, ret);
    memcpy(ret->fingerprint, g.fingerprint, sizeof(ret->fingerprint));
    collect_lacking(an, &s, &ret->lacking, a);
}
