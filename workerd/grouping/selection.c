/* SPDX-License-Identifier: Apache-2.0 */
/* Steps over the frames, each of which only moves verdicts. */
#include "workerd/grouping/selection.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/normalise.h"

#define OVERFLOW_REPEATS     50 /* frames that repeat, when nothing better tells an overflow */
#define RECURSION_PERIOD_MAX 8  /* functions in the longest cycle that is recognised */

static const struct rule signal_frame = {"signal-handler", RULE_SKIP, ON_FUNCTION, CRASH_NONE};
static const struct rule no_name = {"no-name", RULE_SKIP, ON_FUNCTION, CRASH_NONE};

/* --- Looking frames up --- */

static const char *module_key(const struct frame *f, struct arena *a)
{
    const char *module = normalise_module(f->module, a);

    if (f->build_id)
        return arena_printf(a, "%s!%s+0x%llx", module, f->build_id, (unsigned long long)f->offset);
    if (f->offset == 0) /* unknown */
        return module;
    return arena_printf(a, "%s+0x%llx", module, (unsigned long long)f->offset);
}

/* Where Go's "main.load.func1" ends being main.load; 0 for other names. */
static size_t before_closure(const char *name)
{
    const char *at = strstr(name, ".func");
    const char *end = at ? at + strlen(".func") : NULL;

    return end && at > name && end[strspn(end, "0123456789.")] == '\0' ? (size_t)(at - name) : 0;
}

/* A lambda counts as the function that it is written in: compilers give it many names, or none that
 * says where it is from, and make it inline or not. */
static const char *enclosing(const char *name, struct arena *a)
{
    static const char *const marks[] = {"::{lambda", "::{closure", "::{{closure"};
    size_t n = before_closure(name);

    for (size_t i = 0; i < ARRAY_SIZE(marks) && n == 0; i++) {
        const char *at = strstr(name, marks[i]);

        n = at ? (size_t)(at - name) : 0;
    }
    return n > 0 ? arena_strndup(a, name, n) : name;
}

static const struct rule *examine(const struct rules *rules, const struct frame *f,
                                  struct verdict *v, struct arena *a)
{
    const struct rule *rule;

    if (f->signal)
        return &signal_frame;
    if (!cstr_empty(f->function))
        v->name = normalise_function(f->function, a);
    else if (!cstr_empty(f->module) || !cstr_empty(f->build_id))
        v->key = module_key(f, a);
    else
        return &no_name;
    if (v->name)
        v->key = enclosing(v->name, a);
    rule = rules_decide(rules, f, v->name);
    if (rule && rule->action == RULE_WEAK && v->name && f->module)
        v->key = arena_printf(a, "%s@%s", v->name, normalise_module(f->module, a));
    return rule;
}

static void examine_all(struct selection *s, const struct rules *rules)
{
    for (size_t i = 0; i < s->stack->n_frames; i++) {
        s->decided[i] = examine(rules, &s->stack->frames[i], &s->verdicts[i], s->arena);
        s->own[i] = rules_own(rules, &s->stack->frames[i], s->verdicts[i].name);
    }
}

static bool has_action(const struct selection *s, size_t i, enum rule_action action)
{
    return s->decided[i] && s->decided[i]->action == action;
}

bool selection_is_candidate(const struct selection *s, size_t i)
{
    return s->verdicts[i].key && !has_action(s, i, RULE_SKIP) && !has_action(s, i, RULE_WAIT) &&
           !has_action(s, i, RULE_CUT) && !has_action(s, i, RULE_BOTTOM);
}

/* --- Cut and bottom --- */

static bool is_fault(int64_t signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL;
}

/* A fault in code that the reporting machinery called (a log handler, a terminate handler) is that
 * code's own: cutting needs reporting frames above the first candidate then. */
static bool cut_applies(const struct selection *s)
{
    if (!is_fault(s->stack->signal))
        return true;
    for (size_t i = 0; i < s->stack->n_frames && !selection_is_candidate(s, i); i++) {
        if (has_action(s, i, RULE_CUT))
            return true;
    }
    return false;
}

/* Did a fault start the signal handler above trampoline i? A thread that waited got its signal from
 * elsewhere. */
static bool is_interrupted_fault(const struct selection *s, size_t i)
{
    while (++i < s->stack->n_frames && s->decided[i] == &no_name)
        ;
    return i < s->stack->n_frames && !has_action(s, i, RULE_WAIT);
}

/* The last frame that never returns. A signal handler that ended in such a frame was a crash
 * reporter itself, so that the frame below it is the crash; but an assertion that failed in a
 * handler is that handler's, and what it interrupted has no part in it. */
static void cut(struct selection *s)
{
    size_t n = cut_applies(s) ? s->stack->n_frames : 0;
    const char *rule = NULL;
    bool asserted = false;

    for (size_t i = 0; i < n; i++) {
        bool reporter =
            s->decided[i] == &signal_frame && s->cut && !asserted && is_interrupted_fault(s, i);

        if (!has_action(s, i, RULE_CUT) && !reporter)
            continue;
        s->cut = true;
        s->handled = reporter;
        asserted = asserted || s->decided[i]->kind == CRASH_ASSERTION;
        s->first = i + 1;
        if (reporter)
            s->kinds_from = i + 1;
    }
    for (size_t i = s->first; i-- > 0;) {
        if (has_action(s, i, RULE_CUT) || !rule)
            rule = s->decided[i]->name;
        s->verdicts[i].kind = VERDICT_CUT;
        s->verdicts[i].rule = rule;
    }
}

static void find_bottom(struct selection *s)
{
    size_t i = s->first;

    while (i < s->stack->n_frames && !has_action(s, i, RULE_BOTTOM))
        i++;
    s->end = i;
    for (; i < s->stack->n_frames; i++) {
        s->verdicts[i].kind = VERDICT_BOTTOM;
        s->verdicts[i].rule = s->decided[s->end]->name;
    }
}

/* gdb tells the library only of code without debug information: then one function is in a library
 * or not by what was installed, and modules don't tell whose code it is. */
static bool misses_modules(const struct selection *s)
{
    for (size_t i = s->first; i < s->end; i++) {
        if (s->verdicts[i].name && !s->stack->frames[i].module && selection_is_candidate(s, i) &&
            !has_action(s, i, RULE_WEAK))
            return true;
    }
    return false;
}

/* --- Skip and recursion --- */

static void keep(struct selection *s, size_t i)
{
    s->verdicts[i].kind = VERDICT_KEPT;
    s->verdicts[i].rule = NULL;
    s->repeats[s->n_kept] = 0;
    s->kept[s->n_kept++] = i;
}

static bool same_key(const struct selection *s, size_t a, size_t b)
{
    return strcmp(s->verdicts[s->kept[a]].key, s->verdicts[s->kept[b]].key) == 0;
}

/* Do the last n kept frames repeat the n before them? */
static bool repeats(const struct selection *s, size_t n)
{
    if (s->n_kept < 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!same_key(s, s->n_kept - 1 - i, s->n_kept - 1 - i - n))
            return false;
    }
    return true;
}

/* Drops the last n kept frames into the n before them. */
static void fold(struct selection *s, size_t n)
{
    for (size_t i = s->n_kept - n; i < s->n_kept; i++) {
        s->verdicts[s->kept[i]].kind = VERDICT_REPEATED;
        s->repeats[i - n] += 1 + s->repeats[i];
    }
    s->n_kept -= n;
    s->n_repeated += n;
}

static void collapse(struct selection *s)
{
    for (size_t n = 1; n <= RECURSION_PERIOD_MAX; n++) {
        if (repeats(s, n)) {
            fold(s, n);
            return;
        }
    }
}

/* Candidates; where there is none, frames that were skipped but have a name; then any with a key.
 */
static bool is_usable(const struct selection *s, size_t i, unsigned attempt)
{
    switch (attempt) {
    case 0:
        return selection_is_candidate(s, i);
    case 1:
        return s->verdicts[i].name != NULL;
    default:
        return s->verdicts[i].key != NULL;
    }
}

static void select_frames(struct selection *s)
{
    for (unsigned attempt = 0; attempt < 3 && s->n_kept == 0; attempt++) {
        for (size_t i = s->first; i < s->end; i++) {
            if (is_usable(s, i, attempt)) {
                keep(s, i);
                collapse(s);
            } else {
                s->verdicts[i].kind = VERDICT_SKIPPED;
                s->verdicts[i].rule = s->decided[i] ? s->decided[i]->name : NULL;
            }
        }
    }
}

void selection_make(const struct rules *rules, const struct crash_stack *stack, struct arena *a,
                    struct selection *ret)
{
    struct selection s = {.stack = stack, .arena = a, .end = stack->n_frames};

    s.decided = arena_array(a, const struct rule *, stack->n_frames);
    s.own = arena_array(a, const struct rule *, stack->n_frames);
    s.verdicts = arena_array(a, struct verdict, stack->n_frames);
    s.kept = arena_array(a, size_t, stack->n_frames);
    s.repeats = arena_array(a, size_t, stack->n_frames);
    examine_all(&s, rules);
    cut(&s);
    find_bottom(&s);
    s.some_modules = misses_modules(&s);
    select_frames(&s);
    *ret = s;
}

/* --- Which of them count --- */

/* The module lies where the executable lies, and that is no folder of many programs. */
static bool beside_executable(const struct selection *s, const char *module)
{
    static const char *const shared[] = {"/usr/lib/", "/lib/", "/usr/lib64/", "/lib64/"};
    const char *executable = s->stack->executable;
    const char *slash = cstr_empty(executable) ? NULL : strrchr(executable, '/');
    size_t n = slash ? (size_t)(slash + 1 - executable) : 0;
    const char *last = strrchr(module, '/');

    if (!slash || !last || (size_t)(last + 1 - module) != n || memcmp(module, executable, n) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
        if (strlen(shared[i]) == n && memcmp(shared[i], executable, n) == 0)
            return strcmp(module, executable) == 0;
    }
    return true;
}

static bool is_own(const struct selection *s, size_t frame)
{
    const struct rule *rule = s->own[frame];
    const char *module = s->stack->frames[frame].module;

    if (!rule)
        return true;
    if (rule->action == RULE_APP ||
        (rule->selector == ON_MODULE && s->some_modules && s->verdicts[frame].name))
        return true;
    return rule->selector == ON_MODULE && module && beside_executable(s, module);
}

static bool is_weak(const struct selection *s, size_t frame)
{
    return has_action(s, frame, RULE_WEAK);
}

static void drop(struct selection *s, size_t frame, const char *rule)
{
    s->verdicts[frame].kind = rule ? VERDICT_SKIPPED : VERDICT_LIMIT;
    s->verdicts[frame].rule = rule;
}

static bool any_own(const struct selection *s)
{
    for (size_t i = 0; i < s->n_kept; i++) {
        if (is_own(s, s->kept[i]) && !is_weak(s, s->kept[i]))
            return true;
    }
    return false;
}

static bool any_named_own(const struct selection *s)
{
    for (size_t i = 0; i < s->n_kept; i++) {
        size_t k = s->kept[i];

        if (s->verdicts[k].name && is_own(s, k) && !is_weak(s, k))
            return true;
    }
    return false;
}

/* What the kept frames have, so that others don't count. */
struct standard {
    bool own, named;
};

/* Why the frame does not count beside the innermost one, or NULL. */
static const char *objection(const struct selection *s, size_t frame, struct standard standard)
{
    if (is_weak(s, frame))
        return s->decided[frame]->name;
    if (standard.named && !s->verdicts[frame].name)
        return no_name.name;
    return standard.own && !is_own(s, frame) ? s->own[frame]->name : NULL;
}

/* Rust's main() is called by C's, which is not in every stack. */
static bool is_main_of_main(const struct selection *s, const size_t *before, size_t i)
{
    const char *name = s->verdicts[before[i]].name, *inner = s->verdicts[before[i - 1]].name;

    return i > 1 && name && inner && strcmp(name, "main") == 0 && is_weak(s, before[i - 1]) &&
           str_ends(str_from(inner), STR("::main"));
}

/* One function alone is not much: the outermost weak one (main, of this module) goes with it. */
static void add_weak(struct selection *s, const size_t *before, size_t n_before)
{
    for (size_t i = n_before; s->n_kept == 1 && i-- > 1;) {
        if (is_weak(s, before[i]) && !is_main_of_main(s, before, i))
            keep(s, before[i]);
    }
}

void selection_choose(struct selection *s, size_t max)
{
    const size_t *before = arena_memdup(s->arena, s->kept, s->n_kept * sizeof(*s->kept));
    struct standard standard = {any_own(s), any_named_own(s)};
    size_t n_before = s->n_kept;
    bool limited = false;

    if (n_before > 0 && standard.named && !s->verdicts[before[0]].name)
        s->verdicts[before[0]].key = normalise_module(s->stack->frames[before[0]].module, s->arena);
    s->n_kept = n_before > 0;
    for (size_t i = 1; i < n_before; i++) {
        const char *rule = objection(s, before[i], standard);

        if (!rule && s->n_kept < max)
            s->kept[s->n_kept++] = before[i];
        else
            drop(s, before[i], rule);
        limited = limited || !rule;
    }
    if (!limited)
        add_weak(s, before, n_before);
}

/* --- Stack overflow: the cycle alone --- */

static int compare_keys(const void *a, const void *b, void *arg)
{
    const struct selection *s = arg;

    return strcmp(s->verdicts[*(const size_t *)a].key, s->verdicts[*(const size_t *)b].key);
}

/* Leaves only the frames that went round at least half as often as the busiest one. */
static void drop_outside(struct selection *s)
{
    size_t most = 0, n = 0;

    for (size_t i = 0; i < s->n_kept; i++)
        most = s->repeats[i] > most ? s->repeats[i] : most;
    for (size_t i = 0; i < s->n_kept; i++) {
        if (s->repeats[i] * 2 >= most)
            s->kept[n++] = s->kept[i];
        else
            drop(s, s->kept[i], "outside-recursion");
    }
    s->n_kept = n;
}

static void drop_foreign(struct selection *s)
{
    bool own_only = any_own(s);
    size_t n = 0;

    for (size_t i = 0; i < s->n_kept; i++) {
        if (own_only && !is_own(s, s->kept[i]))
            drop(s, s->kept[i], s->own[s->kept[i]]->name);
        else
            s->kept[n++] = s->kept[i];
    }
    s->n_kept = n;
}

size_t selection_keep_cycle(struct selection *s, size_t max)
{
    size_t n = 0, innermost;

    drop_outside(s);
    drop_foreign(s);
    innermost = s->kept[0];
    qsort_r(s->kept, s->n_kept, sizeof(s->kept[0]), compare_keys, s);
    for (size_t i = 0; i < s->n_kept; i++) {
        if (n > 0 && compare_keys(&s->kept[n - 1], &s->kept[i], s) == 0)
            s->verdicts[s->kept[i]].kind = VERDICT_REPEATED;
        else if (n < max)
            s->kept[n++] = s->kept[i];
        else
            drop(s, s->kept[i], NULL);
    }
    s->n_kept = n;
    return innermost;
}

/* --- What it tells --- */

/* The handler of the fault ended the program: what is known of the overflow is the fault's. */
static bool is_handled_overflow(const struct selection *s)
{
    return s->handled && s->stack->handled == SIGSEGV && s->stack->overflow == OVERFLOW_YES;
}

bool selection_overflows(const struct selection *s)
{
    int64_t signal = s->stack->signal;

    if (is_handled_overflow(s))
        return true;
    if (s->cut || (signal != 0 && signal != SIGSEGV && signal != SIGBUS) ||
        s->stack->overflow == OVERFLOW_NO)
        return false;
    return s->stack->overflow == OVERFLOW_YES || s->n_repeated >= OVERFLOW_REPEATS;
}

enum crash_kind selection_kind(const struct selection *s)
{
    enum crash_kind kind = CRASH_NONE;

    for (size_t i = s->kinds_from; i < s->end; i++) {
        if (i >= s->first && selection_is_candidate(s, i))
            break;
        if (s->decided[i] && s->decided[i]->kind > kind)
            kind = s->decided[i]->kind;
    }
    return kind;
}
