/* SPDX-License-Identifier: Apache-2.0 */
/* A place is a word that ends like a source file, and a number right behind it: "a.rs:9:5",
 * "a.cc(9)", "a.c, line 9", "a.c: f: 9". Everything else is looked at once and passed over. */
#include "workerd/grouping/place.h"

#include <ctype.h>
#include <string.h>

#include "common/base/cleanup.h"

#define SUFFIX_MAX 4 /* bytes: "cpp" and one more, which makes it another word */

static const char *const suffixes[] = {"c",   "cc", "cpp", "cxx", "c++", "h",  "hh", "hpp",
                                       "hxx", "rs", "go",  "m",   "mm",  "d",  "y",  "l",
                                       "in",  "ii", "inl", "ipp", "tcc", "zig"};

static bool in_suffix(char c)
{
    return isalnum((unsigned char)c) || c == '+';
}

/* The length of a source file's suffix at s, or 0. */
static size_t suffix_length(const char *s)
{
    size_t n = 0;

    while (n < SUFFIX_MAX && in_suffix(s[n]))
        n++;
    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
        if (strlen(suffixes[i]) == n && memcmp(suffixes[i], s, n) == 0)
            return n;
    }
    return 0;
}

static size_t digits(const char *s)
{
    return strspn(s, "0123456789");
}

/* ":9:5", ":9", "(9)". */
static size_t colon_length(const char *s)
{
    size_t line = *s == ':' || *s == '(' ? digits(s + 1) : 0;
    size_t n = 1 + line;

    if (line == 0)
        return 0;
    if (*s == ':' && s[n] == ':' && digits(s + n + 1) > 0)
        n += 1 + digits(s + n + 1);
    return n;
}

/* Behind " line 9", with what may stand before it. */
static size_t word_length(const char *s)
{
    static const char *const words[] = {", line ", " line ", "\", line ", ":line "};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        size_t n = strlen(words[i]);

        if (strncmp(s, words[i], n) == 0 && digits(s + n) > 0)
            return n + digits(s + n);
    }
    return 0;
}

/* musl: "(a.c: f: 9)". */
static size_t function_length(const char *s)
{
    size_t name, n;

    if (s[0] != ':' || s[1] != ' ')
        return 0;
    name = strcspn(s + 2, ": \n");
    n = 2 + name;
    if (name == 0 || s[n] != ':' || s[n + 1] != ' ' || digits(s + n + 2) == 0)
        return 0;
    return n + 2 + digits(s + n + 2);
}

static size_t line_length(const char *s)
{
    size_t n = colon_length(s);

    if (n == 0)
        n = word_length(s);
    return n > 0 ? n : function_length(s);
}

/* What a file's name does not have here, though the kernel would let it. */
static bool ends_file(char c)
{
    return isspace((unsigned char)c) || strchr("\"'`()[]{}<>,;:=", c);
}

bool message_place(const char *message, struct message_place *ret)
{
    const char *start = message;

    for (const char *p = message; *p; p++) {
        size_t suffix, line;

        if (ends_file(*p)) {
            start = p + 1;
            continue;
        }
        suffix = *p == '.' && p > start ? suffix_length(p + 1) : 0;
        line = suffix > 0 ? line_length(p + 1 + suffix) : 0;
        if (line == 0)
            continue;
        ret->file = (struct str){start, (size_t)(p + 1 + suffix - start)};
        ret->whole = (struct str){start, ret->file.n + line};
        return true;
    }
    return false;
}
