/* SPDX-License-Identifier: Apache-2.0 */
/* Five steps over the frames, each of which only moves verdicts: look every frame up (examine),
 * remove the machinery that reports a crash (cut), the callers of main (bottom), what only stands
 * in between (skip), and collapse recursion. Then hash. */
#include "workerd/grouping/fingerprint.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/signals.h"
#include "workerd/grouping/normalise.h"

#define RECURSION_PERIOD_MAX 8  /* functions in the longest cycle that is recognised */
#define OVERFLOW_REPEATS     50 /* frames that repeat, when nothing better tells an overflow */

/* A stack in the making. */
struct work {
    const struct crash_stack *stack;
    struct arena *arena;
    const struct rule **rules; /* of each frame, or NULL */
    struct verdict *verdicts;
    size_t first, end; /* frames between the cut and the bottom */
    bool cut;          /* something was */
    size_t *kept;      /* indexes of what is left, innermost first */
    size_t n_kept;
    size_t *repeats; /* how often each frame in kept went round */
    size_t n_repeated;
};

static const struct rule signal_frame = {"signal-handler", RULE_SKIP, CRASH_NONE, NULL};
static const struct rule no_name = {"no-name", RULE_SKIP, CRASH_NONE, NULL};

const char *verdict_name(enum verdict_kind k)
{
    static const char *const names[] = {
        [VERDICT_KEPT] = "kept",     [VERDICT_SKIPPED] = "skipped",   [VERDICT_CUT] = "cut",
        [VERDICT_BOTTOM] = "bottom", [VERDICT_REPEATED] = "repeated", [VERDICT_LIMIT] = "limit",
    };

    return names[k];
}

/* --- Looking frames up --- */

static const char *module_key(const struct frame *f, struct arena *a)
{
    const char *module = normalise_module(f->module, a);

    if (f->build_id)
        return arena_printf(a, "%s!%s+0x%llx", module, f->build_id, (unsigned long long)f->offset);
    return arena_printf(a, "%s+0x%llx", module, (unsigned long long)f->offset);
}

static const struct rule *examine_unnamed(const struct frame *f, struct verdict *v, struct arena *a)
{
    if (cstr_empty(f->module) && cstr_empty(f->build_id))
        return &no_name;
    v->key = module_key(f, a);
    return rule_for_module(normalise_module(f->module, a));
}

static const struct rule *examine(const struct frame *f, struct verdict *v, struct arena *a)
{
    const struct rule *rule;

    if (f->signal)
        return &signal_frame;
    if (cstr_empty(f->function))
        return examine_unnamed(f, v, a);
    v->name = v->key = normalise_function(f->function, a);
    rule = rule_for_function(v->name);
    if (rule && rule->action == RULE_WEAK && f->module)
        v->key = arena_printf(a, "%s@%s", v->name, normalise_module(f->module, a));
    return rule;
}

static void examine_all(struct work *w)
{
    for (size_t i = 0; i < w->stack->n_frames; i++)
        w->rules[i] = examine(&w->stack->frames[i], &w->verdicts[i], w->arena);
}

static bool has_action(const struct work *w, size_t i, enum rule_action action)
{
    return w->rules[i] && w->rules[i]->action == action;
}

/* True for a frame that grouping can use: nothing is known against it. */
static bool is_candidate(const struct work *w, size_t i)
{
    return w->verdicts[i].key && !has_action(w, i, RULE_SKIP) && !has_action(w, i, RULE_CUT) &&
           !has_action(w, i, RULE_BOTTOM);
}

/* --- Cut and bottom --- */

static bool is_fault(int64_t signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL;
}

/* A fault in code that the reporting machinery called (a log handler, a terminate handler) is that
 * code's own: cutting needs reporting frames above the first candidate then. */
static bool cut_applies(const struct work *w)
{
    if (!is_fault(w->stack->signal))
        return true;
    for (size_t i = 0; i < w->stack->n_frames && !is_candidate(w, i); i++) {
        if (has_action(w, i, RULE_CUT))
            return true;
    }
    return false;
}

/* The last frame that never returns. A signal handler that ended in such a frame was a crash
 * reporter itself, so that the frame below it is the crash; but an assertion that failed in a
 * handler is that handler's, and what it interrupted has no part in it. */
static void cut(struct work *w)
{
    size_t n = cut_applies(w) ? w->stack->n_frames : 0;
    const char *rule = NULL;
    bool asserted = false;

    for (size_t i = 0; i < n; i++) {
        bool reporter = w->rules[i] == &signal_frame && w->cut && !asserted;

        if (!has_action(w, i, RULE_CUT) && !reporter)
            continue;
        w->cut = true;
        asserted = asserted || w->rules[i]->kind == CRASH_ASSERTION;
        w->first = i + 1;
    }
    for (size_t i = w->first; i-- > 0;) {
        if (has_action(w, i, RULE_CUT) || !rule)
            rule = w->rules[i]->name;
        w->verdicts[i].kind = VERDICT_CUT;
        w->verdicts[i].rule = rule;
    }
}

static void find_bottom(struct work *w)
{
    size_t i = w->first;

    while (i < w->stack->n_frames && !has_action(w, i, RULE_BOTTOM))
        i++;
    w->end = i;
    for (; i < w->stack->n_frames; i++) {
        w->verdicts[i].kind = VERDICT_BOTTOM;
        w->verdicts[i].rule = w->rules[w->end]->name;
    }
}

/* --- Skip and recursion --- */

static void keep(struct work *w, size_t i)
{
    w->verdicts[i].kind = VERDICT_KEPT;
    w->verdicts[i].rule = NULL;
    w->repeats[w->n_kept] = 0;
    w->kept[w->n_kept++] = i;
}

static bool same_key(const struct work *w, size_t a, size_t b)
{
    return strcmp(w->verdicts[w->kept[a]].key, w->verdicts[w->kept[b]].key) == 0;
}

/* Do the last n kept frames repeat the n before them? */
static bool repeats(const struct work *w, size_t n)
{
    if (w->n_kept < 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!same_key(w, w->n_kept - 1 - i, w->n_kept - 1 - i - n))
            return false;
    }
    return true;
}

/* Drops the last n kept frames into the n before them. */
static void fold(struct work *w, size_t n)
{
    for (size_t i = w->n_kept - n; i < w->n_kept; i++) {
        w->verdicts[w->kept[i]].kind = VERDICT_REPEATED;
        w->repeats[i - n] += 1 + w->repeats[i];
    }
    w->n_kept -= n;
    w->n_repeated += n;
}

static void collapse(struct work *w)
{
    for (size_t n = 1; n <= RECURSION_PERIOD_MAX; n++) {
        if (repeats(w, n)) {
            fold(w, n);
            return;
        }
    }
}

/* Candidates; where there is none, frames that were skipped but have a name; then any with a key.
 */
static bool is_usable(const struct work *w, size_t i, unsigned attempt)
{
    switch (attempt) {
    case 0:
        return is_candidate(w, i);
    case 1:
        return w->verdicts[i].name != NULL;
    default:
        return w->verdicts[i].key != NULL;
    }
}

static void select_frames(struct work *w)
{
    for (unsigned attempt = 0; attempt < 3 && w->n_kept == 0; attempt++) {
        for (size_t i = w->first; i < w->end; i++) {
            if (is_usable(w, i, attempt)) {
                keep(w, i);
                collapse(w);
            } else {
                w->verdicts[i].kind = VERDICT_SKIPPED;
                w->verdicts[i].rule = w->rules[i] ? w->rules[i]->name : NULL;
            }
        }
    }
}

/* --- Kind --- */

static enum crash_kind higher(enum crash_kind a, enum crash_kind b)
{
    return a > b ? a : b;
}

static bool is_overflow(const struct work *w)
{
    int64_t s = w->stack->signal;

    if (w->cut || (s != 0 && s != SIGSEGV && s != SIGBUS) || w->stack->overflow == OVERFLOW_NO)
        return false;
    return w->stack->overflow == OVERFLOW_YES || w->n_repeated >= OVERFLOW_REPEATS;
}

/* Signals that a program or the kernel sends because something is wrong, in contrast to SIGTERM and
 * its like. */
static bool is_crash_signal(int64_t signal)
{
    return signal == 0 || is_fault(signal) || signal == SIGABRT || signal == SIGTRAP ||
           signal == SIGSYS;
}

static enum crash_kind find_kind(const struct work *w)
{
    const struct rule *message = w->stack->message ? rule_for_message(w->stack->message) : NULL;
    enum crash_kind kind = message ? message->kind : CRASH_NONE;

    if (!is_crash_signal(w->stack->signal))
        return kind;
    for (size_t i = 0; i < w->end && (i < w->first || !is_candidate(w, i)); i++) {
        if (w->rules[i])
            kind = higher(kind, w->rules[i]->kind);
    }
    return is_overflow(w) ? higher(kind, CRASH_STACK_OVERFLOW) : kind;
}

/* --- Stack overflow: the cycle alone --- */

static int compare_keys(const void *a, const void *b, void *arg)
{
    const struct work *w = arg;

    return strcmp(w->verdicts[*(const size_t *)a].key, w->verdicts[*(const size_t *)b].key);
}

/* Leaves in kept only the frames that went round at least half as often as the busiest one. */
static void keep_cycle(struct work *w)
{
    size_t most = 0, n = 0;

    for (size_t i = 0; i < w->n_kept; i++)
        most = w->repeats[i] > most ? w->repeats[i] : most;
    if (most == 0)
        return;
    for (size_t i = 0; i < w->n_kept; i++) {
        if (w->repeats[i] * 2 >= most) {
            w->kept[n++] = w->kept[i];
        } else {
            w->verdicts[w->kept[i]].kind = VERDICT_SKIPPED;
            w->verdicts[w->kept[i]].rule = "outside-recursion";
        }
    }
    w->n_kept = n;
}

static void sort_cycle(struct work *w)
{
    size_t n = 0;

    qsort_r(w->kept, w->n_kept, sizeof(w->kept[0]), compare_keys, w);
    for (size_t i = 0; i < w->n_kept; i++) {
        if (n > 0 && compare_keys(&w->kept[n - 1], &w->kept[i], w) == 0)
            w->verdicts[w->kept[i]].kind = VERDICT_REPEATED;
        else
            w->kept[n++] = w->kept[i];
    }
    w->n_kept = n;
}

static void apply_limit(struct work *w)
{
    for (size_t i = FINGERPRINT_KEPT_MAX; i < w->n_kept; i++)
        w->verdicts[w->kept[i]].kind = VERDICT_LIMIT;
    if (w->n_kept > FINGERPRINT_KEPT_MAX)
        w->n_kept = FINGERPRINT_KEPT_MAX;
}

/* --- The digest --- */

/* With its NUL, so that no two sequences of texts are the same bytes. */
static void add(struct digest *d, const char *text)
{
    digest_add(d, text, strlen(text) + 1);
}

static const char *signal_class(int64_t signal, struct arena *a)
{
    if (signal == SIGSEGV || signal == SIGBUS)
        return "memory";
    return signal == 0 ? "" : arena_printf(a, "signal %lld", (long long)signal);
}

/* What stands between the quotes of glibc's "Assertion `n < max' failed.", or NULL. */
static const char *assertion_expression(const char *message, struct arena *a)
{
    const char *start = message ? strstr(message, "Assertion `") : NULL;
    const char *end;

    if (!start)
        return NULL;
    start += strlen("Assertion `");
    end = strstr(start, "' failed");
    return end ? arena_strndup(a, start, (size_t)(end - start)) : NULL;
}

static void add_no_stack(const struct work *w, struct digest *d)
{
    const struct crash_stack *s = w->stack;

    add(d, "no usable frame");
    add(d, normalise_module(s->executable, w->arena));
    add(d, arena_printf(w->arena, "%lld", (long long)s->signal));
    add(d, normalise_module(s->n_frames > 0 ? s->frames[0].module : NULL, w->arena));
    if (s->why)
        add(d, s->why);
}

static void make_digest(const struct work *w, enum crash_kind kind, uint8_t ret[static SHA256_SIZE])
{
    struct digest *d = digest_new();
    const char *tag = crash_kind_tag(kind);
    const char *expression = assertion_expression(w->stack->message, w->arena);

    add(d, arena_printf(w->arena, "corral fingerprint %d", FINGERPRINT_VERSION));
    add(d, tag ? tag : signal_class(w->stack->signal, w->arena));
    if (kind == CRASH_ASSERTION && expression)
        add(d, expression);
    if (w->n_kept == 0)
        add_no_stack(w, d);
    for (size_t i = 0; i < w->n_kept; i++)
        add(d, w->verdicts[w->kept[i]].key);
    digest_finish(d, ret);
    digest_free(d);
}

static bool is_unsymbolised(const struct work *w)
{
    for (size_t i = 0; i < w->n_kept; i++) {
        if (w->verdicts[w->kept[i]].name)
            return false;
    }
    return w->n_kept > 0;
}

void fingerprint_make(const struct crash_stack *stack, struct arena *a, struct grouping *ret)
{
    struct work w = {.stack = stack, .arena = a, .end = stack->n_frames};

    w.rules = arena_array(a, const struct rule *, stack->n_frames);
    w.verdicts = arena_array(a, struct verdict, stack->n_frames);
    w.kept = arena_array(a, size_t, stack->n_frames);
    w.repeats = arena_array(a, size_t, stack->n_frames);

    examine_all(&w);
    cut(&w);
    find_bottom(&w);
    select_frames(&w);
    ret->kind = find_kind(&w);
    if (ret->kind == CRASH_STACK_OVERFLOW)
        keep_cycle(&w);
    ret->has_culprit = w.n_kept > 0;
    ret->culprit = w.n_kept > 0 ? w.kept[0] : 0;
    if (ret->kind == CRASH_STACK_OVERFLOW && w.n_repeated > 0)
        sort_cycle(&w);
    apply_limit(&w);
    make_digest(&w, ret->kind, ret->fingerprint);
    ret->verdicts = w.verdicts;
    ret->n_kept = w.n_kept;
    ret->unsymbolised = is_unsymbolised(&w);
}
