/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/summary.h"

#include <inttypes.h>

#include "common/base/cleanup.h"
#include "dashd/values.h"
#include "dashd/view/format.h"
#include "dashd/view/markdown.h"

#define FRAMES_SHOWN 40            /* of a stack */
#define SHARES_SHOWN 5             /* hosts, versions */
#define BLOCK_MAX    (256u * 1024) /* bytes of one stack */

/* --- Parts --- */

static void add_fact(struct buf *out, const char *label, const char *text)
{
    if (!text || !*text)
        return;
    buf_printf(out, "- %s: ", label);
    markdown_code(out, text);
    buf_addc(out, '\n');
}

static void add_time(struct buf *out, const char *label, int64_t at)
{
    char text[FORMAT_SIZE];

    format_time(at, text);
    buf_printf(out, "- %s: %s\n", label, text);
}

static void add_cause(const struct cause *c, struct buf *out)
{
    buf_adds(out, "\n## Why it crashed\n\n");
    if (!c) {
        buf_adds(out, "Not known.\n");
        return;
    }
    markdown_code(out, c->sentence);
    buf_printf(out, "\n\n%s, rule ", c->certainty == CAUSE_CERTAIN ? "Certain" : "Likely");
    markdown_code(out, c->rule);
    buf_adds(out, c->n_evidence ? ":\n\n" : ".\n");
    for (size_t i = 0; i < c->n_evidence; i++) {
        buf_adds(out, "- ");
        markdown_code(out, c->evidence[i].what);
        buf_adds(out, ": ");
        markdown_code(out, c->evidence[i].value);
        buf_addc(out, '\n');
    }
}

/* "#3  process_data (p=0x0) at src/app.c:142" */
static void add_frame(const struct stack_view *s, size_t i, struct arena *a, struct buf *block)
{
    const struct frame_view *v = &s->frames[i];
    const struct frame *f = v->frame;

    buf_printf(block, "#%-2" PRIu64 " ", stack_number(s, i));
    markdown_line(block, f->function ? f->function : f->signal ? "<signal handler called>" : "??");
    if (v->arguments) {
        buf_addc(block, ' ');
        markdown_line(block, v->arguments);
    }
    if (f->file)
        markdown_line(block, arena_printf(a, " at %s:%u", path_tail(f->file), f->line));
    else if (f->module)
        markdown_line(block,
                      arena_printf(a, " from %s+0x%" PRIx64, path_base(f->module), f->offset));
    buf_addc(block, '\n');
}

static void add_gap(const struct stack_view *s, struct arena *a, struct buf *block)
{
    buf_printf(block, "(%" PRIu64 " frames left out", s->left_out);
    markdown_line(block, s->recursion ? arena_printf(a, ": %s", s->recursion) : "");
    buf_adds(block, ")\n");
}

/* The first of many that repeat each other stands for all. */
static void add_frames(const struct stack_view *s, struct arena *a, struct buf *block)
{
    size_t shown = 0, run;

    for (size_t i = 0; i < s->n; i += run) {
        run = stack_run(s, i);
        if (run)
            buf_printf(block, "(%zu frames that repeat those above)\n", run);
        else if (shown++ == FRAMES_SHOWN)
            break;
        else
            add_frame(s, i, a, block);
        run += run == 0;
        if (s->left_out && i + run == s->gap_after + 1)
            add_gap(s, a, block);
    }
    if (shown > FRAMES_SHOWN)
        buf_adds(block, "(and more)\n");
}

static void add_stack(const struct stack_view *s, struct arena *a, struct buf *out)
{
    _cleanup_buf_ struct buf block = BUF_INIT(BLOCK_MAX);

    if (s->n == 0)
        return;
    add_frames(s, a, &block);
    buf_adds(out, "\n## Crashing thread\n\n");
    markdown_block(out, (struct str){buf_text(&block), block.len});
}

static void add_shares(struct buf *out, const char *label, const struct share_list *l,
                       struct arena *a)
{
    const char *all = NULL;

    for (size_t i = 0; i < l->n && i < SHARES_SHOWN; i++) {
        const struct share_row *r = &l->rows[i];

        all = arena_printf(a, "%s%s%s%s%s (%" PRIu64 ")", all ? all : "", all ? ", " : "",
                           r->detail ? path_base(r->detail) : "", r->detail ? " " : "",
                           *r->label ? r->label : "unknown", r->events);
    }
    if (l->n > SHARES_SHOWN)
        all = arena_printf(a, "%s, …", all);
    add_fact(out, label, all);
}

static void add_heading(struct buf *out, const char *title)
{
    buf_adds(out, "# ");
    markdown_code(out, title);
    buf_adds(out, "\n\n");
}

/* --- Wholes --- */

void summary_event(const struct event_view *e, const char *public_url, struct arena *a,
                   struct buf *out)
{
    const struct event_row *row = &e->row;

    add_heading(out, event_verdict(e, a));
    buf_printf(out, "- Event: <%s/events/%s>\n", public_url, e->crash_id);
    buf_printf(out, "- Group: <%s/groups/G-%" PRId64 ">\n", public_url, row->group_id);
    add_time(out, "Crashed", row->crashed_at);
    add_fact(out, "Host", row->host);
    add_fact(out, "Program", row->executable);
    add_fact(out, "Version", row->version);
    add_fact(out, "Signal", event_signal(a, row->signal));
    add_fact(out, "Problem", row->problem);
    if (e->analysis)
        add_cause(event_cause(e), out);
    add_stack(&e->stack, a, out);
}

void summary_group(const struct group_view *v, const char *public_url, struct arena *a,
                   struct buf *out)
{
    const struct group_row *g = &v->group;

    add_heading(out, g->title);
    buf_printf(out, "- Group: <%s/groups/G-%" PRId64 ">, %s\n", public_url, g->id, g->status);
    buf_printf(out, "- Events: %" PRIu64 " on %" PRIu64 " hosts\n", g->event_count, g->host_count);
    add_time(out, "First seen", g->first_seen);
    add_time(out, "Last seen", g->last_seen);
    add_fact(out, "Program", g->executable);
    add_shares(out, "Versions", &v->programs, a);
    add_shares(out, "Hosts", &v->hosts, a);
    if (v->sample.crash_id)
        buf_printf(out, "- Shown below: <%s/events/%s>\n", public_url, v->sample.crash_id);
    if (v->cause_shown)
        add_cause(v->cause, out);
    add_stack(&v->stack, a, out);
}
