/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/source/excerpt.h"

#include <errno.h>
#include <string.h>

#include "common/base/io.h"

#define CHUNK 65536

/* Where the reading is: between two bytes of the file. */
struct scan {
    unsigned first, last; /* lines wanted */
    unsigned number;      /* of the current line */
    char text[EXCERPT_LINE_MAX];
    size_t n; /* bytes of it that are kept */
    bool cut;
    bool zero; /* a wanted line had a zero byte */
    bool some; /* the current line has a byte */
};

/* Without the beginning of a character at the end, that a cut has left. */
static size_t whole_characters(const char *text, size_t n)
{
    size_t valid = utf8_valid_prefix(text, n);

    return n - valid < 4 ? valid : n;
}

static void end_line(struct scan *s, struct arena *a, struct excerpt *x)
{
    if (s->number >= s->first && s->number <= s->last) {
        size_t n = s->n > 0 && s->text[s->n - 1] == '\r' ? s->n - 1 : s->n;

        if (s->cut)
            n = whole_characters(s->text, n);
        x->lines[x->n++] = (struct excerpt_line){s->number, arena_strndup(a, s->text, n), s->cut};
    }
    s->number++;
    s->n = 0;
    s->cut = s->some = false;
}

/* Bytes of one line, not its end. */
static void take(struct scan *s, const char *p, size_t n)
{
    size_t room = sizeof(s->text) - s->n;

    s->some |= n > 0;
    if (s->number < s->first)
        return;
    s->zero |= memchr(p, 0, n) != NULL;
    s->cut |= n > room;
    n = n < room ? n : room;
    memcpy(s->text + s->n, p, n);
    s->n += n;
}

static void scan_chunk(struct scan *s, const char *p, size_t n, struct arena *a, struct excerpt *x)
{
    while (n > 0 && s->number <= s->last) {
        const char *end = memchr(p, '\n', n);
        size_t length = end ? (size_t)(end - p) : n;

        take(s, p, length);
        if (!end)
            return;
        end_line(s, a, x);
        p += length + 1;
        n -= length + 1;
    }
}

int excerpt_read(int fd, unsigned line, struct arena *a, struct excerpt *ret)
{
    struct excerpt x = {.marked = line};
    struct scan s = {.number = 1,
                     .first = line > EXCERPT_AROUND ? line - EXCERPT_AROUND : 1,
                     .last = line < EXCERPT_FILE_MAX ? line + EXCERPT_AROUND : 0};
    char *chunk = arena_alloc(a, CHUNK);
    size_t total = 0;
    ssize_t n = 1;

    while (s.number <= s.last && total < EXCERPT_FILE_MAX && n > 0) {
        n = io_read(fd, chunk, CHUNK);
        if (n < 0)
            return (int)n;
        scan_chunk(&s, chunk, (size_t)n, a, &x);
        total += (size_t)n;
    }
    if (s.some && s.number <= s.last) /* a last line without its end */
        end_line(&s, a, &x);
    if (line == 0 || x.n == 0 || x.lines[x.n - 1].number < line)
        return EXCERPT_NO_SUCH_LINE;
    if (s.zero)
        return EXCERPT_NOT_TEXT;
    *ret = x;
    return 0;
}
