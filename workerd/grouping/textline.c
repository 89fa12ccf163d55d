/* SPDX-License-Identifier: Apache-2.0 */
/* Most lines have nothing to remove and are not copied. */
#include "workerd/grouping/textline.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/slice.h"

static const struct {
    struct str entity;
    char byte;
} entities[] = {
    {STR("&lt;"), '<'},   {STR("&gt;"), '>'},  {STR("&quot;"), '"'},
    {STR("&#39;"), '\''}, {STR("&amp;"), '&'},
};

/* Length of a terminal's sequence "ESC [ 31;1 m"; trackers lose the ESC, then only colours count.
 */
static size_t escape_length(struct str s)
{
    size_t n = *s.p == '\033';

    if (n == s.n || s.p[n] != '[')
        return n;
    n++;
    while (n < s.n && strchr("0123456789;", s.p[n]))
        n++;
    if (n == s.n)
        return 0;
    return *s.p == '\033' || (s.p[n] == 'm' && n > 1) ? n + 1 : 0;
}

/* How much of s stands for one byte that is written otherwise, or for none. */
static size_t replaced(struct str s, bool *ret_keep, char *ret_byte)
{
    size_t n;

    *ret_keep = false;
    if (*s.p == '\033' || *s.p == '[')
        return escape_length(s);
    if (*s.p == '\\' && s.n > 1 && strchr("_<>*~[]#", s.p[1])) {
        *ret_keep = true;
        *ret_byte = s.p[1];
        return 2;
    }
    for (size_t i = 0; *s.p == '&' && i < ARRAY_SIZE(entities); i++) {
        n = entities[i].entity.n;
        if (str_starts(s, entities[i].entity)) {
            *ret_keep = true;
            *ret_byte = entities[i].byte;
            return n;
        }
    }
    return 0;
}

static struct str decode(struct str s, struct arena *a)
{
    char *text = arena_strndup(a, s.p, s.n), *to = text;
    const char *end = s.p + s.n;

    for (const char *p = s.p; p < end;) {
        char byte = *p;
        bool keep = true;
        size_t n = replaced((struct str){p, (size_t)(end - p)}, &keep, &byte);

        if (n == 0 || keep)
            *to++ = byte;
        p += n ? n : 1;
    }
    *to = '\0';
    return (struct str){text, (size_t)(to - text)};
}

static struct str cut_marks(struct str s)
{
    static const struct str marks[] = {STR(">"), STR("(gdb)"), STR("(lldb)"), STR("│"), STR("| #")};
    bool found = true;

    while (found) {
        found = false;
        for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
            if (!str_starts(s, marks[i]))
                continue;
            s = str_trim(after(s, marks[i].n - (marks[i].p[marks[i].n - 1] == '#')));
            found = true;
        }
    }
    return s;
}

struct str textline_clean(struct str line, struct arena *a)
{
    line = str_trim(line);
    if (until(line, "\033[&\\").n < line.n)
        line = decode(line, a);
    return cut_marks(str_trim(line));
}

bool textline_split(struct str *rest, struct str *ret_line)
{
    size_t n = 0, mark = 0;

    if (rest->n == 0)
        return false;
    while (n < rest->n && mark == 0) {
        if (rest->p[n] == '\n')
            mark = 1;
        else if (rest->p[n] == '#' && str_starts(after(*rest, n), STR("#012")))
            mark = strlen("#012");
        else
            n++;
    }
    *ret_line = (struct str){rest->p, n};
    *rest = after(*rest, n + mark);
    return true;
}
