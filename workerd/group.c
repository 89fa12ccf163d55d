/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/group.h"

#include <limits.h>
#include <signal.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/report/jsontext.h"
#include "common/report/limits.h"

#include "workerd/grouping/normalise.h"
#include "workerd/grouping/title.h"

#define PATH_MAX_KEPT 1024
#define PROBLEM_MAX   1024
#define SIGNAL_MAX    64
#define IMPORTED_MAX  (400LL * 24 * 3600 * USEC_PER_SEC) /* before it came here */

/* A fault so near to the stack pointer is the stack's own growth: below it by a frame that was not
 * touched yet, above it by the instruction that moved it. */
#define OVERFLOW_BELOW (64u * 1024)
#define OVERFLOW_ABOVE 4096u

/* --- Texts that fit --- */

/* The first text that says something. */
static const char *first_of(const char *x, const char *y, const char *z)
{
    return !cstr_empty(x) ? x : !cstr_empty(y) ? y : z;
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

/* Whoever knows why it crashed knows whether the stack was used up, also when its handler ran on
 * another one. */
static bool cause_is(const struct analysis *an, const char *rule)
{
    return an->cause.rule && strcmp(an->cause.rule, rule) == 0;
}

static enum overflow_evidence overflow_evidence(const struct analysis *an, const struct thread *t)
{
    uint64_t sp;

    if (cause_is(an, "stack-overflow") || cause_is(an, "stack-frame-too-large"))
        return OVERFLOW_YES;
    if (an->cause.rule && an->cause.certainty == CAUSE_CERTAIN)
        return OVERFLOW_NO;
    if (!an->has_address || !stack_pointer(t, &sp))
        return OVERFLOW_UNKNOWN;
    return an->address >= sp - OVERFLOW_BELOW && an->address < sp + OVERFLOW_ABOVE ? OVERFLOW_YES
                                                                                   : OVERFLOW_NO;
}

/* The kernel reports both mistakes of a division as one. */
static int64_t code_of(const struct analysis *an)
{
    return an->signal == SIGFPE && cause_is(an, "division-overflow") ? FPE_INTOVF : an->code;
}

struct crash_stack group_stack(const struct analysis *an)
{
    const struct thread *t = crashed_thread(an);
    struct crash_stack s = {
        .signal = an->signal,
        .code = code_of(an),
        .message = an->message,
        .executable = an->executable,
        .handled = an->cause.handled,
        .exception = an->cause.exception,
    };

    if (t) {
        s.frames = t->frames;
        s.n_frames = t->n_frames;
        s.overflow = overflow_evidence(an, t);
    }
    return s;
}

/* --- What it lacks --- */

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

    text_set_init(&m->build_ids, s->n_frames, a);
    text_set_init(&m->paths, s->n_frames, a);
    text_set_init(&m->statuses, s->n_frames, a);
    for (size_t i = 0; i < s->n_frames; i++) {
        const struct frame *f = &s->frames[i];
        enum module_status status = f->build_id ? status_of(an, f->build_id) : MODULE_DEBUG;

        if (status == MODULE_DEBUG || !text_set_add(&m->build_ids, f->build_id, a))
            continue;
        m->paths.texts[m->paths.n++] = text_fit(f->module, PATH_MAX_KEPT, a);
        m->statuses.texts[m->statuses.n++] = numbers[status];
    }
}

/* --- How good it is --- */

/* A frame that would take part if its name were known. */
static bool is_passed_over(const struct frame *f, const struct verdict *v)
{
    return v->kind == VERDICT_SKIPPED && v->rule && strcmp(v->rule, "no-name") == 0 &&
           !cstr_empty(f->module);
}

enum fingerprint_quality group_quality(const struct crash_stack *s, const struct grouping *g)
{
    size_t kept = 0;

    if (g->n_kept == 0)
        return QUALITY_NO_FRAME;
    for (size_t i = 0; i < s->n_frames && kept < FINGERPRINT_SYMBOLS; i++) {
        const struct frame *f = &s->frames[i];
        bool is_kept = g->verdicts[i].kind == VERDICT_KEPT;

        if ((is_kept && (cstr_empty(f->function) || cstr_empty(f->file))) ||
            is_passed_over(f, &g->verdicts[i]))
            return QUALITY_MAKESHIFT;
        kept += is_kept;
    }
    return QUALITY_WHOLE;
}

enum title_rank group_title_rank(const struct crash_stack *s, const struct grouping *g)
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

    text = text_fit(text, PROBLEM_MAX, a);
    for (const char *at; (at = strstr(text, "0x")); text = at + 2 + strspn(at + 2, hex)) {
        buf_add(&b, text, (size_t)(at - text));
        buf_adds(&b, mark);
    }
    buf_adds(&b, text);
    return text_fit(arena_strndup(a, buf_text(&b), b.len), PROBLEM_MAX, a);
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
                                          const struct rules *rules, const struct crash_stack *s,
                                          const struct grouping *g, struct arena *a)
{
    struct crash_stack reduced;

    if (is_counted(record) || like_of(record))
        return NULL;
    reduced = stackrow_reduce(rules, s, g, a);
    return stackrow_make(&reduced, g, a);
}

static void add_count(const struct crash_record *record, struct event *e)
{
    const struct crash_meta *m = &record->meta;

    e->crashes = is_counted(record) ? m->occurrences : 1;
    e->first_at =
        m->first_at != META_UNKNOWN && m->first_at < e->crashed_at ? m->first_at : e->crashed_at;
    e->like = like_of(record);
}

/* An address key knows of one build only. */
static void add_keys(const struct grouping *g, enum fingerprint_quality quality, struct event *e)
{
    for (size_t i = 0; i < g->n_keys; i++) {
        struct event_key *key = &e->keys[i];

        memcpy(key->fingerprint, g->keys[i].digest, sizeof(key->fingerprint));
        key->kind = g->keys[i].kind;
        key->quality = i == 0 ? quality : QUALITY_MAKESHIFT;
    }
    e->n_keys = g->n_keys;
    e->quality = quality;
    memcpy(e->fingerprint, g->keys[0].digest, sizeof(e->fingerprint));
}

/* --- What the first version said of crashes of which nothing is known --- */

/* With its NUL, as that version had it. */
static void add_word(struct digest *d, const char *word)
{
    digest_add(d, word, strlen(word) + 1);
}

static const char *first_class(int64_t signal, struct arena *a)
{
    if (signal == SIGSEGV || signal == SIGBUS)
        return "memory";
    return signal == 0 ? "" : arena_printf(a, "signal %lld", (long long)signal);
}

/* Its events have no stack that could be grouped anew: their groups are found by the key that they
 * got then. It leads nowhere else: that version did not look at the message, and would make one of
 * what is told apart today. Only where it knew no kind of crash, for it told details of none apart.
 */
static void add_first_key(const struct crash_stack *s, const struct grouping *g, struct arena *a,
                          struct event *e)
{
    struct digest *d;

    if (e->stack || e->keys[0].kind != KEY_PROGRAM ||
        (g->kind != CRASH_NONE && g->kind != CRASH_DIVISION))
        return;
    d = digest_new();
    add_word(d, "corral fingerprint 1");
    add_word(d, first_class(s->signal, a));
    add_word(d, "no usable frame");
    add_word(d, normalise_module(s->executable, a));
    add_word(d, arena_printf(a, "%lld", (long long)s->signal));
    add_word(d, normalise_module(s->n_frames > 0 ? s->frames[0].module : NULL, a));
    if (s->why)
        add_word(d, s->why);
    digest_finish(d, e->first_key);
    digest_free(d);
    e->has_first_key = true;
}

/* --- When --- */

/* By which it is counted and kept. That of receipt is ours, so no host's clock can move it; but
 * what was kept elsewhere for long belongs where it happened. */
static int64_t filed_at(const struct crash_record *record)
{
    int64_t received = record->receipt.received_at, crashed = record->meta.crashed_at;
    bool believed = record->meta.imported && crashed != META_UNKNOWN && crashed < received &&
                    crashed > received - IMPORTED_MAX;

    return believed ? crashed : received;
}

/* --- The whole --- */

void group_make(const struct crash_record *record, const struct analysis *an,
                const struct rules *rules, struct arena *a, struct event *ret)
{
    const struct crash_meta *m = &record->meta;
    struct crash_stack s = group_stack(an);
    struct grouping g;

    if (is_counted(record) && an->problem)
        s.why = without_addresses(an->problem, a);
    fingerprint_make(rules, &s, a, &g);
    *ret = (struct event){
        .crash_id = m->crash_id,
        .received_at = filed_at(record),
        .crashed_at = m->crashed_at == META_UNKNOWN ? record->receipt.received_at : m->crashed_at,
        .hostname = text_fit(first_of(m->hostname, NULL, "unknown"), INDEXED_MAX, a),
        .executable = text_fit(first_of(an->executable, NULL, ""), PATH_MAX_KEPT, a),
        .version = text_fit(first_of(m->version, m->package, ""), INDEXED_MAX, a),
        .pid = within(an->pid, INT_MAX),
        .signal = within(an->signal, SIGNAL_MAX),
        .flags = event_flags(record, an, &g),
        .problem = an->problem ? without_addresses(an->problem, a) : NULL,
        .class = g.class,
        .tag = crash_kind_tag(g.kind),
        .detail = g.detail,
        .title = title_make(&s, &g, a),
        .title_rank = group_title_rank(&s, &g),
        .stack = stack_of(record, rules, &s, &g, a),
        .cause = text_fit(an->cause.rule, INDEXED_MAX, a),
    };
    environment_make(m, a, &ret->environment);
    add_count(record, ret);
    add_keys(&g, group_quality(&s, &g), ret);
    add_first_key(&s, &g, a, ret);
    collect_lacking(an, &s, &ret->lacking, a);
}
