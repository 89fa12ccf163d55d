/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/backtrace.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/str.h"
#include "common/report/signals.h"

/* C0, DEL, and C1 in UTF-8 (0xc2 0x80 to 0x9f), which some terminals obey too. */
static bool is_control(const char *p)
{
    unsigned char c = (unsigned char)p[0], next = (unsigned char)p[1];

    return c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next <= 0x9f);
}

static void add_clean(struct buf *b, const char *text)
{
    size_t valid = utf8_valid_prefix(text, strlen(text));

    for (const char *p = text; *p; p++) {
        if ((size_t)(p - text) == valid) { /* one bad byte, then on */
            buf_addc(b, '?');
            valid += 1 + utf8_valid_prefix(p + 1, strlen(p + 1));
        } else if (is_control(p)) {
            buf_addc(b, '?');
            p += (unsigned char)*p == 0xc2;
        } else {
            buf_addc(b, *p);
        }
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
    buf_adds(b, " ()");
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

/* As `bt full` has them: below their frame. */
static void add_variables(const struct frame *f, struct buf *b)
{
    for (size_t i = 0; i < f->n_variables; i++) {
        const struct variable *v = &f->variables[i];

        buf_adds(b, "        ");
        add_clean(b, v->name);
        buf_adds(b, v->value ? " = " : " = <");
        add_clean(b, v->value ? v->value : v->problem ? v->problem : "unknown");
        buf_adds(b, v->value ? "\n" : ">\n");
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
