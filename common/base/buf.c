/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST 256u

void buf_init(struct buf *b, size_t max)
{
    assert(max > 0 && max < SIZE_MAX / 2);
    *b = (struct buf){.max = max};
}

void buf_fini(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->error = 0;
    if (b->data)
        b->data[0] = '\0';
}

/* Room for n more bytes and the NUL; false marks the buffer as failed. */
static bool reserve(struct buf *b, size_t n)
{
    size_t need, capacity;
    char *data;

    if (b->error)
        return false;
    if (n > b->max - b->len) {
        b->error = -E2BIG;
        return false;
    }
    need = b->len + n + 1;
    if (need <= b->capacity)
        return true;
    capacity = b->capacity ? b->capacity * 2 : SMALLEST;
    if (capacity < need)
        capacity = need;
    data = realloc(b->data, capacity);
    if (!data) {
        b->error = -ENOMEM;
        return false;
    }
    b->data = data;
    b->capacity = capacity;
    return true;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    if (!reserve(b, n))
        return;
    if (n)
        memcpy(b->data + b->len, p, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

/* What most texts are written by: there is room, as a rule. */
void buf_addc(struct buf *b, char c)
{
    if (b->error || b->len == b->max || b->len + 1 >= b->capacity) {
        buf_add(b, &c, 1);
        return;
    }
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

void buf_vprintf(struct buf *b, const char *format, va_list ap)
{
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(n >= 0);
    if (!reserve(b, (size_t)n))
        return;
    vsnprintf(b->data + b->len, (size_t)n + 1, format, ap);
    b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    buf_vprintf(b, format, ap);
    va_end(ap);
}

int buf_error(const struct buf *b)
{
    return b->error;
}

const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *buf_take(struct buf *b)
{
    char *data = b->data;

    if (!data) {
        data = calloc(1, 1);
        if (!data)
            abort();
    }
    b->data = NULL;
    b->len = b->capacity = 0;
    return data;
}
