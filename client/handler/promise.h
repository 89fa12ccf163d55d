/* SPDX-License-Identifier: Apache-2.0 */
/* How long a core says it is: the head of the stream holds the program headers, and the end of the
 * last segment is the length that the kernel means to write. Fed block by block; keeps the head
 * alone. Pure. */
#ifndef CORRAL_CLIENT_HANDLER_PROMISE_H
#define CORRAL_CLIENT_HANDLER_PROMISE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

/* The headers of the largest core that is read: 131,072 segments of 56 bytes. */
#define PROMISE_HEAD_MAX (8u * 1024 * 1024)

struct promise {
    struct buf head;
    size_t wanted;    /* bytes of the head that are needed; 0: all there is to know is known */
    int64_t expected; /* META_UNKNOWN until it is known, and for what is no ELF core */
};

void promise_init(struct promise *p);
void promise_fini(struct promise *p);
/* The next bytes of the stream, from its first on. */
void promise_feed(struct promise *p, const void *data, size_t n);

#endif
