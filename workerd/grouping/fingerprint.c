/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of crash it is and of which class, from the rules that matched above the first frame
 * that counts, the signal and the message; keyset.c makes the keys of it. */
#include "workerd/grouping/fingerprint.h"

#include <signal.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/digests.h"
#include "workerd/grouping/keyset.h"
#include "workerd/grouping/message.h"
#include "workerd/grouping/selection.h"

/* si_code of SIGFPE, of <asm-generic/siginfo.h>: FPE_INTDIV, FPE_FLTDIV. */
enum { DIVIDED_INTEGER = 1, DIVIDED_FLOAT = 3 };

const char *verdict_name(enum verdict_kind k)
{
    static const char *const names[] = {
        [VERDICT_KEPT] = "kept",     [VERDICT_SKIPPED] = "skipped",   [VERDICT_CUT] = "cut",
        [VERDICT_BOTTOM] = "bottom", [VERDICT_REPEATED] = "repeated", [VERDICT_LIMIT] = "limit",
    };

    return names[k];
}

const char *key_kind_name(enum key_kind k)
{
    static const char *const names[] = {[KEY_PROGRAM] = "program",
                                        [KEY_ADDRESSES] = "addresses",
                                        [KEY_SYMBOLS] = "symbols",
                                        [KEY_CALL] = "call",
                                        [KEY_PLACE] = "place"};

    return names[k];
}

/* --- Kind --- */

/* A sanitizer's frames only say that it reported; its message, or the signal, says what. */
static enum crash_kind merge_kinds(enum crash_kind frames, enum crash_kind message)
{
    if (frames == CRASH_SANITIZER && message != CRASH_NONE)
        return message;
    return frames > message ? frames : message;
}

static bool is_division(const struct crash_stack *s)
{
    return s->signal == SIGFPE && (s->code == DIVIDED_INTEGER || s->code == DIVIDED_FLOAT);
}

/* What was thrown is known where it lay, whatever the frames are called. */
static bool is_known_exception(const struct selection *s, enum crash_kind kind)
{
    return s->stack->exception &&
           (kind == CRASH_NONE || kind == CRASH_FATAL || kind == CRASH_TERMINATE);
}

static enum crash_kind find_kind(const struct selection *s, const struct rules *rules)
{
    const char *message = s->stack->message;
    const struct rule *said = message ? rules_message(rules, message) : NULL;
    enum crash_kind kind = said ? said->kind : CRASH_NONE;

    if (!is_crash_signal(s->stack->signal))
        return kind;
    kind = merge_kinds(selection_kind(s), kind);
    if (is_known_exception(s, kind))
        kind = CRASH_EXCEPTION;
    if (selection_overflows(s) && kind < CRASH_STACK_OVERFLOW)
        kind = CRASH_STACK_OVERFLOW;
    return kind == CRASH_NONE && is_division(s->stack) ? CRASH_DIVISION : kind;
}

/* --- Detail --- */

/* operator new throws by itself; elsewhere above the crash it is only an allocator. */
static bool may_throw(const struct selection *s, size_t i)
{
    const char *above = i > 0 ? s->verdicts[i - 1].name : NULL;

    return !cstr_starts(s->verdicts[i].name, "operator new") ||
           (above && cstr_starts(above, "__cxa_throw"));
}

static const char *thrown_type(const struct selection *s)
{
    for (size_t i = 0; i < s->end && (i < s->first || !selection_is_candidate(s, i)); i++) {
        const char *name = s->verdicts[i].name;
        const char *type = NULL;

        if (name && may_throw(s, i))
            type = message_thrown_type(name, s->stack->frames[i].function, s->arena);
        if (type)
            return type;
    }
    return NULL;
}

static const char *find_detail(const struct selection *s, enum crash_kind kind)
{
    const char *detail = message_detail(kind, s->stack->message, s->arena);

    if (detail || kind != CRASH_EXCEPTION)
        return detail;
    return s->stack->exception ? message_type(s->stack->exception, s->arena) : thrown_type(s);
}

/* --- The signal that was handled --- */

static const struct {
    const char *word;
    int64_t signal;
} signal_words[] = {
    {"sigsegv", SIGSEGV},
    {"segv", SIGSEGV},
    {"segmentation fault", SIGSEGV},
    {"sigbus", SIGBUS},
    {"bus error", SIGBUS},
    {"sigfpe", SIGFPE},
    {"sigill", SIGILL},
    {"illegal instruction", SIGILL},
};

static int64_t signal_in(const char *text)
{
    for (size_t i = 0; text && i < ARRAY_SIZE(signal_words); i++) {
        if (strcasestr(text, signal_words[i].word))
            return signal_words[i].signal;
    }
    return 0;
}

static bool is_fault_of_program(int64_t signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
           signal == SIGTRAP;
}

/* Of which signal the handler's name speaks, or the message that it wrote. A jump to nowhere is a
 * fault for certain. */
static int64_t handled_signal(const struct selection *s)
{
    int64_t signal = 0;

    if (!s->handled)
        return 0;
    if (is_fault_of_program(s->stack->handled))
        return s->stack->handled;
    for (size_t i = 0; i + 1 < s->kinds_from && signal == 0; i++)
        signal = signal_in(s->verdicts[i].name);
    if (signal == 0)
        signal = signal_in(s->stack->message);
    if (signal == 0 && s->kinds_from < s->stack->n_frames && !s->verdicts[s->kinds_from].key &&
        !s->stack->frames[s->kinds_from].signal)
        signal = SIGSEGV;
    return signal;
}

/* --- Class --- */

static const char *class_of(int64_t signal, struct arena *a)
{
    switch (signal) {
    case SIGSEGV:
    case SIGBUS:
        return "memory";
    case SIGFPE:
        return "arithmetic";
    case SIGILL:
    case SIGTRAP:
        return "trap";
    case SIGABRT:
        return "abort";
    default:
        return arena_printf(a, "signal %lld", (long long)signal);
    }
}

/* Did the program end itself, and not only report what happened to it? */
static bool is_aborted(const struct selection *s)
{
    static const char *const names[] = {"abort", "raise",  "gsignal",
                                        "kill",  "tgkill", "pthread_kill"};
    bool reporter_only = true;

    for (size_t i = 0; i < s->first; i++) {
        const struct rule *rule = s->decided[i];

        for (size_t k = 0; s->verdicts[i].name && k < ARRAY_SIZE(names); k++) {
            if (strstr(s->verdicts[i].name, names[k]))
                return true;
        }
        reporter_only = reporter_only && (!rule || rule->kind == CRASH_NONE);
    }
    return !reporter_only;
}

/* Without a signal nearly every crash is a fault or an abort, and so is what a program handles
 * itself a fault. */
static const char *class_of_signal(const struct selection *s, const struct grouping *g)
{
    int64_t signal = s->stack->signal;

    if (g->handled && (signal == SIGABRT || signal == 0))
        signal = g->handled_signal ? g->handled_signal : SIGSEGV;
    if (signal == 0)
        signal = s->cut && is_aborted(s) ? SIGABRT : SIGSEGV;
    return class_of(signal, s->arena);
}

/* Of some kinds the detail knows better: a sanitizer reports signals too. */
static const struct {
    const char *detail, *class;
} classes[] = {
    {"std::bad_alloc", "out-of-memory"},
    {"std::bad_array_new_length", "out-of-memory"},
    {"abort", "abort"},
    {"SIGILL", "trap"},
    {"SIGTRAP", "trap"},
};

static const char *find_class(const struct selection *s, const struct grouping *g)
{
    if (g->kind == CRASH_NONE)
        return class_of_signal(s, g);
    if ((g->kind == CRASH_EXCEPTION || g->kind == CRASH_SANITIZER) && g->detail) {
        for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
            if (strcmp(g->detail, classes[i].detail) == 0)
                return classes[i].class;
        }
    }
    return crash_kind_class(g->kind);
}

void fingerprint_make(const struct rules *rules, const struct crash_stack *stack, struct arena *a,
                      struct grouping *ret)
{
    struct selection s;
    struct grouping g = {.n_keys = 0};

    selection_make(rules, stack, a, &s);
    g.kind = find_kind(&s, rules);
    g.detail = find_detail(&s, g.kind);
    g.handled = s.handled;
    g.handled_signal = handled_signal(&s);
    g.class = find_class(&s, &g);
    keyset_make(rules, &s, &g);
    *ret = g;
}
