/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "client/handler/packer.h"
#include "client/handler/promise.h"
#include "common/report/meta.h"

#define PIPE_SIZE (1024 * 1024) /* fs.pipe-max-size; fewer turns between the kernel and us */

struct stream {
    struct hold *hold;
    struct packer *packer;
    struct promise promise;
    uint64_t received, max;
};

/* Some bytes, as many as there are at once: how many, 0 at the end, or -errno. A signal is the
 * watchdog's: the next read sees the end. */
static ssize_t get(struct stream *s, uint8_t *to, size_t room)
{
    ssize_t n;

    do
        n = read(s->hold->pipe, to, room);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* Fills a block up to its size, the maximum or the end; how many bytes. */
static ssize_t fill(struct stream *s, uint8_t *block)
{
    uint64_t left = s->max - s->received;
    size_t size = left < PACKER_BLOCK_SIZE ? (size_t)left : PACKER_BLOCK_SIZE, have = 0;

    while (have < size) {
        ssize_t n = get(s, block + have, size - have);

        if (n < 0)
            return n;
        if (n == 0)
            break;
        have += (size_t)n;
        hold_moved(s->hold);
        n = packer_error(s->packer);
        if (n < 0)
            return n;
    }
    promise_feed(&s->promise, block, have);
    s->received += have;
    return (ssize_t)have;
}

static int copy_stream(struct stream *s)
{
    ssize_t n;

    do {
        uint8_t *block;
        int r = packer_block(s->packer, &block);

        if (r < 0)
            return r;
        hold_moved(s->hold);
        n = fill(s, block);
        if (n > 0)
            packer_give(s->packer, (size_t)n);
    } while (n > 0);
    return (int)n;
}

/* What there is to say about the core, the gravest first. */
static void judge(struct stream *s, struct dump *d)
{
    enum hold_end end = hold_ended(s->hold);

    d->received = s->received;
    d->expected = s->promise.expected;
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
    else if (s->received == s->max && d->expected != (int64_t)s->max)
        d->problem = "the core is longer than core_max or its RLIMIT_CORE allow";
    else if (d->expected != META_UNKNOWN && s->received < (uint64_t)d->expected)
        d->problem = "the kernel ended the dump early, as when the process is killed meanwhile";
    d->truncated = d->problem != NULL;
}

void dump_stream(struct hold *h, int out, uint64_t max, struct dump *ret)
{
    struct stream s = {.hold = h, .max = max};
    struct dump d = {0};
    int r;

    promise_init(&s.promise);
    /* As large as we are allowed to; the default will do. */
    (void)fcntl(h->pipe, F_SETPIPE_SZ, PIPE_SIZE);
    d.error = packer_new(out, &s.packer);
    if (d.error == 0)
        d.error = copy_stream(&s);
    judge(&s, &d);
    hold_release(h);
    r = s.packer ? packer_finish(s.packer) : 0;
    if (d.error == 0 && r < 0) {
        d.error = r;
        judge(&s, &d);
    }
    promise_fini(&s.promise);
    *ret = d;
}
