/* SPDX-License-Identifier: Apache-2.0 */
/* Growable bytes with a mandatory maximum. Appending past the maximum, or out of memory, marks the
 * buffer as failed and drops the bytes; the caller checks once, at the end (buf_error). The content
 * is always NUL-terminated beyond its length, so that text can be used as a C string. */
#ifndef CORRAL_BASE_BUF_H
#define CORRAL_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
    char *data; /* NULL while empty: use buf_text for a C string */
    size_t len;
    size_t capacity;
    size_t max; /* bytes of content, without the NUL */
    int error;  /* 0, -E2BIG or -ENOMEM; sticky */
};

/* For a declaration: _cleanup_buf_ struct buf b = BUF_INIT(LINE_MAX); */
#define BUF_INIT(max_bytes)                                                                        \
    {                                                                                              \
        .max = (max_bytes)                                                                         \
    }

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
/* Empties it and forgets the error; keeps the memory. */
void buf_clear(struct buf *b);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list ap);

/* 0 or the first error that an append met. */
int buf_error(const struct buf *b);
/* The content as a C string; "" while empty. Borrowed: valid until the next append. */
const char *buf_text(const struct buf *b);
/* Hands the heap memory on (free() it); the buffer is empty afterwards. Never NULL. */
char *buf_take(struct buf *b);

#define _cleanup_buf_ _cleanup_(buf_fini)

#endif
