/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/backtrace.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/codepoint.h"
#include "common/base/str.h"
#include "common/report/signals.h"

static void add_clean(struct buf *b, const char *text)
{
    struct str s = str_from(text);

    while (s.n > 0) {
        uint32_t c = codepoint_next(&s);

        if (c == CODEPOINT_BAD || c == '\t' || c == '\n' || codepoint_is_invisible(c))
            buf_addc(b, '?');
        else
            codepoint_put(b, c);
    }
}

static void add_signal(const struct analysis *an, struct buf *b)
{
    const char *name = signal_name(an->signal), *code = signal_code_name(an->signal, an->code);

    if (an->signal == 0)
        return;
    if (name)
        buf_printf(b, "Program terminated with signal %s", name);
    else
        buf_printf(b, "Program terminated with signal %" PRId64, an->signal);
    if (code)
        buf_printf(b, ", %s", code);
    if (an->has_address)
        buf_printf(b, " at 0x%" PRIx64, an->address);
    buf_adds(b, ".\n");
}

static void add_fact(struct buf *b, const char *label, const char *text)
{
    if (!text)
        return;
    buf_adds(b, label);
    add_clean(b, text);
    buf_addc(b, '\n');
}

static void add_cause(const struct cause *c, struct buf *b)
{
    if (!c->rule)
        return;
    buf_adds(b, c->certainty == CAUSE_CERTAIN ? "Why: " : "Why, likely: ");
    add_clean(b, c->sentence);
    buf_addc(b, '\n');
    for (size_t i = 0; i < c->n_evidence; i++) {
        buf_adds(b, "     ");
        add_clean(b, c->evidence[i].what);
        buf_adds(b, ": ");
        add_clean(b, c->evidence[i].value);
        buf_addc(b, '\n');
    }
}

/* How much of an argument stands in the frame's own line. */
#define ARGUMENT_SHOWN 80

static const char *value_or_reason(const struct variable *v)
{
    return v->value ? v->value : v->problem ? v->problem : "unknown";
}

/* Whether the frame's line has the whole of it. */
static bool is_in_line(const struct variable *v)
{
    return v->argument && strlen(value_or_reason(v)) <= ARGUMENT_SHOWN;
}

static void add_value(const struct variable *v, struct buf *b)
{
    buf_adds(b, v->value ? "" : "<");
    add_clean(b, value_or_reason(v));
    buf_adds(b, v->value ? "" : ">");
}

/* One that is long has its value below. */
static void add_arguments(const struct frame *f, struct buf *b)
{
    const char *comma = "";

    buf_adds(b, " (");
    for (size_t i = 0; i < f->n_variables; i++) {
        const struct variable *v = &f->variables[i];

        if (!v->argument)
            continue;
        buf_adds(b, comma);
        add_clean(b, v->name);
        buf_addc(b, '=');
        if (is_in_line(v))
            add_value(v, b);
        else
            buf_adds(b, "...");
        comma = ", ";
    }
    buf_addc(b, ')');
}

/* The first frame at an address shows it; the functions around an inlined one share it. */
static void add_frame(const struct frame *f, size_t number, bool same_place, struct buf *b)
{
    buf_printf(b, "#%-2zu ", number);
    if (!same_place && !f->signal)
        buf_printf(b, "0x%016" PRIx64 " in ", f->pc);
    add_clean(b, f->function ? f->function : "??");
    if (f->signal) {
        buf_addc(b, '\n');
        return;
    }
    add_arguments(f, b);
    if (f->file) {
        buf_adds(b, " at ");
        add_clean(b, f->source ? f->source : f->file);
        if (f->line)
            buf_printf(b, ":%u", f->line);
    } else if (f->module) {
        buf_adds(b, " from ");
        add_clean(b, f->module);
    }
    buf_addc(b, '\n');
}

/* As `bt full` has them: below their frame, without the arguments that stand in it. */
static void add_variables(const struct frame *f, struct buf *b)
{
    for (size_t i = 0; i < f->n_variables; i++) {
        const struct variable *v = &f->variables[i];

        if (is_in_line(v))
            continue;
        buf_adds(b, "        ");
        add_clean(b, v->name);
        buf_adds(b, " = ");
        add_value(v, b);
        buf_addc(b, '\n');
    }
    if (f->variables_left_out)
        buf_printf(b, "        (%" PRIu64 " variables left out)\n", f->variables_left_out);
}

static void add_gap(const struct thread *t, struct buf *b)
{
    buf_printf(b, "(%" PRIu64 " frames left out", t->frames_left_out);
    if (t->recursion) {
        buf_adds(b, ": ");
        add_clean(b, t->recursion);
    }
    buf_adds(b, ")\n");
}

static void add_thread(const struct thread *t, size_t number, struct buf *b)
{
    bool inlined = false;

    buf_printf(b, "\nThread %zu (LWP %" PRId64 "%s", number, t->tid, t->name ? " " : "");
    if (t->name)
        add_clean(b, t->name);
    buf_printf(b, ")%s:\n", t->crashed ? ", crashed" : "");
    for (size_t i = 0, shown = 0; i < t->n_frames; i++, shown++) {
        add_frame(&t->frames[i], shown, inlined, b);
        add_variables(&t->frames[i], b);
        inlined = t->frames[i].inlined;
        if (t->frames_left_out && i == t->gap_after) {
            add_gap(t, b);
            shown += t->frames_left_out;
        }
    }
    if (t->stopped) {
        buf_adds(b, "Backtrace stopped: ");
        add_clean(b, t->stopped);
        buf_addc(b, '\n');
    }
}

void backtrace_format(const struct analysis *an, struct buf *b)
{
    add_fact(b, "Core of ", an->executable);
    add_signal(an, b);
    add_cause(&an->cause, b);
    add_fact(b, "Message: ", an->message);
    add_fact(b, "Problem: ", an->problem);
    if (an->core_truncated)
        buf_adds(b, "The core is truncated: what is beyond its end is missing.\n");
    for (size_t i = 0; i < an->n_threads; i++)
        add_thread(&an->threads[i], i + 1, b);
    if (an->threads_left_out)
        buf_printf(b, "\n(%" PRIu64 " threads left out)\n", an->threads_left_out);
}
