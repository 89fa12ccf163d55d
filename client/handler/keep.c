/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of the crash, and when the process may go: at once when no memory is wanted, behind
 * the copy of what stacks need when it is kept slim, and behind the last byte when it is kept in
 * full. The slim core is on disk before a byte of the full one is written, so that whatever happens
 * to that costs no stack. */
#include <errno.h>

#include "client/handler/dump.h"
#include "client/handler/squeeze.h"
#include "client/handler/steps.h"
#include "common/report/jsontext.h"

#define FULL_JSON_MAX 4096

/* --- No memory --- */

int keep_meta(struct capture *c)
{
    struct slim_source source = memory_source(&c->memory);
    int r;

    if (hold_ended(&c->hold) == HOLD_HELD && c->known)
        modules_identify(&c->modules, &source, &c->arena);
    hold_release(&c->hold);
    if (!c->meta.core_problem)
        c->meta.core_problem = "over the budget of such crashes";
    c->fidelity = FIDELITY_META;
    /* Without a stack of its own it belongs where the latest of its kind is. */
    if (ledger_like(c->ledger, &c->crash, c->like))
        c->meta.like = c->like;
    r = publish_begin(c);
    return r < 0 ? r : publish(c);
}

/* --- The stream of the kernel --- */

static struct dump_plan plan_of(struct capture *c, struct scrub *scrub, const struct sink *to)
{
    uint64_t max = c->settings.core_max;
    bool from_memory = false;

    if (c->core_limit < max)
        max = c->core_limit;
    if (c->has_core)
        scrub_init(scrub, &c->core, &c->privacy, &c->arena);
    if (c->has_core && c->known)
        from_memory = body_open(&c->core, memory_source(&c->memory), c->head.expected, &c->body);
    return (struct dump_plan){.hold = &c->hold,
                              .head = &c->head,
                              .body = from_memory ? &c->body : NULL,
                              .scrub = scrub,
                              .chain = &c->chain,
                              .to = to,
                              .max = max};
}

static void warn_of_problem(const struct capture *c, const struct dump *d)
{
    if (d->problem)
        capture_warn(c, "the core is not complete", d->problem);
}

static void describe_dump(struct crash_meta *m, const struct dump *d)
{
    m->encoding = CORE_ZSTD;
    m->core_bytes = (int64_t)d->received;
    m->core_expected = d->expected;
    m->core_truncated = d->truncated;
    m->core_problem = d->problem;
}

/* A core that could not be written makes room for the metadata. */
static void drop_core(struct capture *c)
{
    close(TAKE_FD(c->core_fd));
    (void)draft_drop_core(&c->draft);
    c->meta.core_bytes = 0;
    c->fidelity = FIDELITY_META;
}

/* All of it in one go, where no slim core can be made first. */
static int keep_whole(struct capture *c)
{
    struct scrub scrub = {0};
    struct dump_plan plan;
    struct sink to;
    struct dump d;
    int r = draft_create_core(&c->draft, &c->core_fd);

    if (r < 0) {
        c->meta.core_problem = "the spool took no core";
        return keep_meta(c);
    }
    to = sink_file(c->core_fd);
    plan = plan_of(c, &scrub, &to);
    dump_stream(&plan, &d);
    describe_dump(&c->meta, &d);
    warn_of_problem(c, &d);
    c->fidelity = FIDELITY_FULL;
    if (d.error < 0 || d.received == 0)
        drop_core(c);
    return publish(c);
}

/* --- Slim --- */

static int take_slim(struct capture *c)
{
    const struct slim_limits limits = {.crashing_stack = c->settings.slim_stack,
                                       .other_stack = c->settings.slim_other_stack,
                                       .pointers = c->settings.slim_pointers,
                                       .total = c->settings.slim_max};
    struct slim_source source = memory_source(&c->memory);
    int r;

    if (!c->has_core || !c->known)
        return -ENODATA;
    r = slim_take(&c->core, c->head.bytes.data, c->head.bytes.len, &source, &limits, &c->slim);
    if (r < 0)
        return r;
    /* Killed, or let go with core_pipe_limit 0, while it was read: what is missing is missing. */
    if (process_verify(&c->process, c->args) != 0)
        c->meta.core_problem = "the process was gone before all of its stacks were copied";
    return 0;
}

static void blank_copies(void *arg, void *p, size_t n)
{
    copies_blank(arg, p, n);
}

static int write_slim(struct capture *c, const struct sink *to, struct chain *chain)
{
    slim_blank(c->slim, c->privacy.ranges, c->privacy.n_ranges);
    slim_each(c->slim, blank_copies, (void *)(uintptr_t)c->privacy.copies);
    if (c->privacy.arguments)
        slim_set_arguments(c->slim, c->privacy.arguments);
    return squeeze_slim(c->slim, to, chain);
}

static void describe_slim(struct capture *c)
{
    struct crash_meta *m = &c->meta;

    m->encoding = CORE_ZSTD;
    m->core_bytes = (int64_t)slim_size(c->slim);
    m->core_truncated = m->core_problem || slim_was_cut(c->slim);
    if (slim_was_cut(c->slim) && !m->core_problem)
        m->core_problem = "some stacks are longer than the limits of a slim core";
}

/* The slim core in its draft. A disk that takes the metadata alone still gets these. */
static int store_slim(struct capture *c, struct chain *chain)
{
    struct sink to;
    int r = draft_create_core(&c->draft, &c->core_fd);

    if (r == 0) {
        to = sink_file(c->core_fd);
        r = write_slim(c, &to, chain);
    }
    describe_slim(c);
    if (r == 0)
        return 0;
    c->meta.core_problem = r == -ENOSPC || r == -EDQUOT ? "the disk of the spool is full"
                                                        : "the slim core could not be written";
    capture_fail(c, "cannot write the core", r);
    if (c->core_fd >= 0)
        drop_core(c);
    return 1;
}

static int stream_slim(struct capture *c)
{
    struct sink to = sink_deputy(&c->sender, STREAM_PATIENCE);
    int r;

    describe_slim(c);
    r = publish(c);
    return r < 0 ? r : write_slim(c, &to, &c->chain);
}

/* Where nothing slim can be had of it, the whole is taken if it is short. */
static int keep_otherwise(struct capture *c)
{
    bool small = c->head.expected <= (int64_t)c->settings.auto_full_max;
    int r;

    if (c->streamed || (!small && c->fidelity != FIDELITY_FULL)) {
        c->meta.core_problem = "no slim core could be made of it";
        return keep_meta(c);
    }
    r = publish_begin(c);
    return r < 0 ? r : keep_whole(c);
}

int keep_slim(struct capture *c)
{
    int r = take_slim(c);

    if (r < 0)
        return keep_otherwise(c);
    hold_release(&c->hold);
    r = publish_begin(c);
    if (r < 0)
        return r;
    if (c->streamed)
        return stream_slim(c);
    (void)store_slim(c, &c->chain);
    return publish(c);
}

/* --- Full --- */

static int finish_full(struct capture *c, const struct dump *d)
{
    _cleanup_buf_ struct buf b = BUF_INIT(FULL_JSON_MAX);

    jsontext_object(&b, NULL);
    jsontext_int(&b, "core_bytes", (int64_t)d->received);
    if (d->expected != META_UNKNOWN)
        jsontext_int(&b, "core_expected", d->expected);
    jsontext_bool(&b, "core_truncated", d->truncated);
    jsontext_string(&b, "core_problem", d->problem);
    jsontext_end_object(&b);
    return entry_finish_full(&c->entry, c->full_fd, (struct str){b.data, b.len});
}

/* The part of it that is done beside the reading, before a byte of the full core is written: the
 * entry with the slim core is made whole. A thread of its own runs it. */
static int publish_slim(void *arg)
{
    struct capture *c = arg;
    int r = publish_begin(c);

    if (r == 0 && store_slim(c, NULL) == 0) {
        r = draft_create_full(&c->draft, &c->full_fd);
        if (r < 0)
            capture_fail(c, "cannot begin the full core", r);
    }
    c->full = sink_file(c->full_fd);
    r = publish(c);
    c->published = r == 0;
    if (r == 0 && c->full_fd < 0)
        r = -ENOSPC;
    return r;
}

/* Once the entry is whole nothing that happens here makes the crash a lost one. */
static int add_full(struct capture *c)
{
    struct scrub scrub = {0};
    struct dump_plan plan = plan_of(c, &scrub, &c->full);
    struct dump d;
    int r;

    plan.before = publish_slim;
    plan.arg = c;
    dump_stream(&plan, &d);
    warn_of_problem(c, &d);
    if (!c->published)
        return d.error;
    r = c->full_fd >= 0 ? finish_full(c, &d) : 0;
    if (r < 0)
        capture_fail(c, "cannot complete the full core", r);
    return 0;
}

static int publish_meta(void *arg)
{
    struct capture *c = arg;
    int r;

    c->meta.encoding = CORE_ZSTD;
    c->meta.core_expected = c->head.expected;
    r = publish_begin(c);
    return r < 0 ? r : publish(c);
}

static int stream_full(struct capture *c)
{
    struct sink to = sink_deputy(&c->sender, STREAM_PATIENCE);
    struct scrub scrub = {0};
    struct dump_plan plan = plan_of(c, &scrub, &to);
    struct dump d;

    plan.before = publish_meta;
    plan.arg = c;
    dump_stream(&plan, &d);
    warn_of_problem(c, &d);
    return d.error;
}

int keep_full(struct capture *c)
{
    if (c->streamed)
        return stream_full(c);
    return take_slim(c) < 0 ? keep_otherwise(c) : add_full(c);
}
