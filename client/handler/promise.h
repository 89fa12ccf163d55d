/* SPDX-License-Identifier: Apache-2.0 */
/* What the first bytes of a core say about the rest: how long its head is (ELF header, program
 * headers and notes, which come before any memory: fs/binfmt_elf.c) and how long the whole is, the
 * end of the last segment. Pure. */
#ifndef CORRAL_CLIENT_HANDLER_PROMISE_H
#define CORRAL_CLIENT_HANDLER_PROMISE_H

#include <stddef.h>
#include <stdint.h>

/* Of the largest core that is read: 131,072 segments of 56 bytes. */
#define PROMISE_TABLE_MAX (8u * 1024 * 1024)
/* Of notes; a thread takes about 3.5 KiB. What is longer is cut here. */
#define PROMISE_NOTES_MAX (64u * 1024 * 1024)
#define PROMISE_HEAD_MAX  (PROMISE_TABLE_MAX + PROMISE_NOTES_MAX)

struct promise {
    size_t head;      /* bytes from the first on that are needed */
    int64_t expected; /* bytes of the whole */
};

enum promise_outcome {
    PROMISE_MORE = 1, /* ret->head bytes are needed to tell more; never fewer than n + 1 */
    PROMISE_NONE,     /* no ELF core, or one over the limits */
};

/* p: the first n bytes. 0: the head is whole. *ret is set unless it is PROMISE_NONE; expected only
 * with 0. */
int promise_read(const void *p, size_t n, struct promise *ret);

#endif
