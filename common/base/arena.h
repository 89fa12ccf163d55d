/* SPDX-License-Identifier: Apache-2.0 */
/* Memory by lifetime: an arena belongs to one request or one job, hands out memory that is never
 * freed singly, and gives all of it back at once. Blocks are chained and grow; what it returns is
 * aligned for any type and zeroed. A plain allocation dies when memory is out (it is small by
 * contract); arena_try is for sizes that come from outside and returns NULL once the arena has
 * reached its limit. Not thread-safe: one owner. */
#ifndef CORRAL_BASE_ARENA_H
#define CORRAL_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *head;
    size_t used;  /* bytes handed out */
    size_t limit; /* arena_try fails beyond this; 0 means none */
};

/* For a declaration: _cleanup_arena_ struct arena a = ARENA_INIT(0); */
#define ARENA_INIT(limit_bytes)                                                                    \
    {                                                                                              \
        .limit = (limit_bytes)                                                                     \
    }

void arena_init(struct arena *a, size_t limit);
void arena_fini(struct arena *a);
/* Gives back everything and is ready for the next request. */
void arena_reset(struct arena *a);

void *arena_alloc(struct arena *a, size_t size);
/* As arena_alloc, but NULL when the limit would be passed or memory is out. */
void *arena_try(struct arena *a, size_t size);
/* As arena_alloc, but with whatever was there before: for what is written before it is read, and is
 * so large that zeros would cost. */
void *arena_raw(struct arena *a, size_t size);
void *arena_memdup(struct arena *a, const void *p, size_t size);
/* NULL gives NULL. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list ap);

#define arena_new(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_calloc((a), (n), sizeof(type)))
/* An array, with the multiplication checked. */
void *arena_calloc(struct arena *a, size_t n, size_t size);

#define _cleanup_arena_ _cleanup_(arena_fini)

#endif
