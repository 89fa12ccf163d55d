/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/variables/bounded.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "…"
#define PIECE    128u /* bytes that one formatted piece may have */

void bounded_slice(struct bounded *t, struct str s)
{
    size_t room = t->max - t->n;

    if (t->full || s.n == 0)
        return;
    t->full = s.n > room;
    if (s.n > room)
        s.n = room;
    memcpy(t->bytes + t->n, s.p, s.n);
    t->n += s.n;
}

void bounded_add(struct bounded *t, const char *s)
{
    if (s)
        bounded_slice(t, str_from(s));
}

void bounded_printf(struct bounded *t, const char *format, ...)
{
    char piece[PIECE];
    va_list ap;

    va_start(ap, format);
    vsnprintf(piece, sizeof piece, format, ap);
    va_end(ap);
    bounded_add(t, piece);
}

void bounded_cut(struct bounded *t, size_t n)
{
    t->n = n;
    t->full = false;
}

/* What is left of a character at the end goes. */
static void end_with_ellipsis(struct bounded *t)
{
    size_t most = t->max - strlen(ELLIPSIS);

    if (t->n > most)
        t->n = most;
    while (t->n > 0 && ((unsigned char)t->bytes[t->n] & 0xc0) == 0x80)
        t->n--;
    t->n = t->n > most ? most : t->n;
    memcpy(t->bytes + t->n, ELLIPSIS, strlen(ELLIPSIS));
    t->n += strlen(ELLIPSIS);
}

const char *bounded_keep(struct bounded *t, struct arena *a)
{
    if (t->full)
        end_with_ellipsis(t);
    utf8_repair(t->bytes, t->n);
    for (size_t i = 0; i < t->n; i++)
        if ((unsigned char)t->bytes[i] < 0x20 || t->bytes[i] == 0x7f)
            t->bytes[i] = '?';
    return arena_strndup(a, t->bytes, t->n);
}
