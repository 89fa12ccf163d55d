/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/head.h"

#include "client/handler/promise.h"
#include "common/report/meta.h"

#define PIECE (64u * 1024)

/* 1 when there are that many bytes, 0 at the end of the pipe. */
static int fill(struct hold *h, struct buf *b, size_t size)
{
    char piece[PIECE];

    while (b->len < size) {
        size_t left = size - b->len;
        ssize_t n = hold_read(h, piece, left < sizeof(piece) ? left : sizeof(piece));

        if (n <= 0)
            return (int)n;
        buf_add(b, piece, (size_t)n);
        if (buf_error(b))
            return buf_error(b);
    }
    return 1;
}

int head_read(struct hold *h, struct head *ret)
{
    struct promise p;
    int r;

    *ret = (struct head){.bytes = BUF_INIT(PROMISE_HEAD_MAX), .expected = META_UNKNOWN};
    while ((r = promise_read(ret->bytes.data, ret->bytes.len, &p)) == PROMISE_MORE) {
        r = fill(h, &ret->bytes, p.head);
        if (r <= 0)
            return r < 0 ? r : HEAD_STRANGE;
    }
    if (r != 0)
        return HEAD_STRANGE;
    ret->expected = p.expected;
    return 0;
}

void head_fini(struct head *head)
{
    buf_fini(&head->bytes);
}
