/* SPDX-License-Identifier: Apache-2.0 */
/* A chain of blocks, newest first; an allocation comes from the newest one or makes another, each
 * at least twice the last. What is left of an older block is given up: the waste is bounded by the
 * doubling. */
#include "common/base/arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BLOCK 4096u
#define LAST_BLOCK  (1024u * 1024)
#define ALIGNMENT   16u
#define FRESH_BLOCK (128u * 1024) /* from here on calloc(3) maps pages, which are zero already */

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    bool zeroed; /* all of it; else each piece is, when it is handed out */
    _Alignas(ALIGNMENT) unsigned char data[];
};

void arena_init(struct arena *a, size_t limit)
{
    *a = (struct arena){.limit = limit};
}

void arena_reset(struct arena *a)
{
    struct arena_block *b = a->head;

    while (b) {
        struct arena_block *next = b->next;

        free(b);
        b = next;
    }
    a->head = NULL;
    a->used = 0;
}

void arena_fini(struct arena *a)
{
    arena_reset(a);
}

static struct arena_block *add_block(struct arena *a, size_t at_least)
{
    size_t size = a->head ? a->head->size * 2 : FIRST_BLOCK;
    struct arena_block *b;

    if (size > LAST_BLOCK)
        size = LAST_BLOCK;
    if (size < at_least)
        size = at_least;
    b = size < FRESH_BLOCK ? malloc(sizeof(*b) + size) : calloc(1, sizeof(*b) + size);
    if (!b)
        return NULL;
    *b = (struct arena_block){.next = a->head, .size = size, .zeroed = size >= FRESH_BLOCK};
    a->head = b;
    return b;
}

static void *take(struct arena *a, size_t size, bool zero)
{
    struct arena_block *b = a->head;
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    void *p;

    if (rounded < size || rounded > SIZE_MAX / 2)
        return NULL;
    if (a->limit && (rounded > a->limit || a->used > a->limit - rounded))
        return NULL;
    if (!b || b->size - b->used < rounded) {
        b = add_block(a, rounded);
        if (!b)
            return NULL;
    }
    p = b->data + b->used;
    if (zero && !b->zeroed)
        memset(p, 0, rounded);
    b->used += rounded;
    a->used += rounded;
    return p;
}

void *arena_try(struct arena *a, size_t size)
{
    return take(a, size, true);
}

/* A small allocation that fails is the end: there is nothing sensible left to do with the request,
 * and the supervisor starts the program afresh. */
static void out_of_memory(void)
{
    static const char message[] = "level=error msg=\"out of memory\"\n";

    if (write(2, message, sizeof(message) - 1) < 0)
        abort();
    abort();
}

static void *take_always(struct arena *a, size_t size, bool zero)
{
    size_t limit = a->limit;
    void *p;

    a->limit = 0;
    p = take(a, size, zero);
    a->limit = limit;
    if (!p)
        out_of_memory();
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    return take_always(a, size, true);
}

void *arena_raw(struct arena *a, size_t size)
{
    return take_always(a, size, false);
}

void *arena_calloc(struct arena *a, size_t n, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total))
        out_of_memory();
    return arena_alloc(a, total);
}

void *arena_memdup(struct arena *a, const void *p, size_t size)
{
    void *copy = arena_raw(a, size);

    if (size)
        memcpy(copy, p, size);
    return copy;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *copy = arena_raw(a, n + 1);

    if (n)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_vprintf(struct arena *a, const char *format, va_list ap)
{
    va_list again;
    char *text;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(n >= 0);
    text = arena_alloc(a, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, ap);
    return text;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list ap;
    char *text;

    va_start(ap, format);
    text = arena_vprintf(a, format, ap);
    va_end(ap);
    return text;
}
