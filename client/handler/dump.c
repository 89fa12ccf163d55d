/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/dump.h"

#include <errno.h>
#include <string.h>

#include "client/handler/packer.h"
#include "client/handler/rights.h"
#include "common/report/meta.h"

struct stream {
    const struct dump_plan *plan;
    struct packer *packer;
    uint64_t received;
};

static ssize_t get_body(struct stream *s, uint64_t at, uint8_t *to, size_t room)
{
    /* Let go by the watchdog, it is not the process that we read. */
    if (hold_ended(s->plan->hold) != HOLD_HELD)
        return 0;
    return body_read(s->plan->body, at, to, room);
}

/* The next bytes, those of the head first: how many, 0 at the end, or -errno. */
static ssize_t get(struct stream *s, uint64_t at, uint8_t *to, size_t room)
{
    const struct buf *head = &s->plan->head->bytes;

    if (at < head->len) {
        size_t n = head->len - at < room ? head->len - (size_t)at : room;

        memcpy(to, head->data + at, n);
        return (ssize_t)n;
    }
    return s->plan->body ? get_body(s, at, to, room) : hold_read(s->plan->hold, to, room);
}

/* Fills a block up to its size, the maximum or the end; how many bytes. */
static ssize_t fill(struct stream *s, uint8_t *block)
{
    uint64_t left = s->plan->max - s->received;
    size_t size = left < PACKER_BLOCK_SIZE ? (size_t)left : PACKER_BLOCK_SIZE, have = 0;

    while (have < size) {
        ssize_t n = get(s, s->received + have, block + have, size - have);

        if (n < 0)
            return n;
        if (n == 0)
            break;
        have += (size_t)n;
        n = packer_error(s->packer);
        if (n < 0)
            return n;
    }
    return (ssize_t)have;
}

static void treat(struct stream *s, uint8_t *block, size_t n)
{
    if (s->plan->chain)
        chain_feed(s->plan->chain, block, n);
    if (s->plan->scrub)
        scrub_block(s->plan->scrub, s->received, block, n);
    s->received += n;
}

static int copy_stream(struct stream *s)
{
    ssize_t n;

    do {
        uint8_t *block;
        int r = packer_block(s->packer, &block);

        if (r < 0)
            return r;
        hold_moved(s->plan->hold);
        n = fill(s, block);
        if (n > 0) {
            treat(s, block, (size_t)n);
            packer_give(s->packer, (size_t)n);
        }
    } while (n > 0);
    return (int)n;
}

/* What there is to say about the core, the gravest first. */
static void judge(const struct stream *s, struct dump *d)
{
    enum hold_end end = hold_ended(s->plan->hold);
    uint64_t max = s->plan->max;

    d->received = s->received;
    d->expected = s->plan->head->expected;
    if (d->error == -ENOSPC || d->error == -EDQUOT)
        d->problem = "the disk of the spool is full";
    else if (d->error < 0)
        d->problem = "the core could not be read or written";
    else if (s->received == 0)
        d->problem = "the kernel wrote no core";
    else if (end == HOLD_STALLED)
        d->problem = "nothing moved for a while: the process was let go";
    else if (end == HOLD_EXPIRED)
        d->problem = "it took longer than hold_max: the process was let go";
    else if (s->received == max && d->expected != (int64_t)max)
        d->problem = "the core is longer than core_max or its RLIMIT_CORE allow";
    else if (d->expected != META_UNKNOWN && s->received < (uint64_t)d->expected)
        d->problem = "the kernel ended the dump early, as when the process is killed meanwhile";
    d->truncated = d->problem != NULL;
}

void dump_stream(const struct dump_plan *plan, struct dump *ret)
{
    struct stream s = {.plan = plan};
    struct dump d = {0};
    int r;

    if (!plan->body)
        hold_widen(plan->hold);
    d.error = packer_new(plan->to, plan->before, plan->arg, &s.packer);
    if (plan->before) /* … needs the last right, and has its own thread's */
        rights_drop_last();
    if (d.error == 0)
        d.error = copy_stream(&s);
    judge(&s, &d);
    hold_release(plan->hold);
    r = s.packer ? packer_finish(s.packer) : 0;
    if (d.error == 0 && r < 0) {
        d.error = r;
        judge(&s, &d);
    }
    *ret = d;
}
