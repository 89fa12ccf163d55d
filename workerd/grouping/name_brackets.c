/* SPDX-License-Identifier: Apache-2.0 */
/* Brackets are paired once for the whole name, with a stack, in linear time. Bytes that look like
 * brackets and are none: those of operators, the '>' of "->", and a '<' that is still open when an
 * outer bracket closes, which was a less-than sign. */
#include "workerd/grouping/name.h"

#include <ctype.h>
#include <string.h>

#include "common/base/cleanup.h"

bool is_identifier(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || is_one_of(c, "_$~");
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

size_t identifier_length(struct str s, size_t i)
{
    size_t n = 0;

    while (is_identifier(at(s, i + n)))
        n++;
    return n;
}

size_t number_length(struct str s, size_t i)
{
    size_t n = 0;

    while (is_digit(at(s, i + n)))
        n++;
    return n;
}

/* "operator<<int>" is operator< of int where nothing separates them. */
static bool takes_argument(struct str rest)
{
    return str_starts(rest, STR("<<")) && (is_identifier(at(rest, 2)) || at(rest, 2) == ':');
}

/* The longer ones first. */
static size_t symbol_length(struct str rest)
{
    static const char *const symbols[] = {"<=>", "<<=", ">>=", "->*", "()", "[]", "->", "<<",  ">>",
                                          "<=",  ">=",  "==",  "!=",  "&&", "||", "++", "--",  "+=",
                                          "-=",  "*=",  "/=",  "%=",  "^=", "&=", "|=", "\"\""};

    if (takes_argument(rest))
        return 1;
    for (size_t k = 0; k < ARRAY_SIZE(symbols); k++) {
        if (str_starts(rest, str_from(symbols[k])))
            return strlen(symbols[k]);
    }
    return is_one_of(at(rest, 0), "+-*/%^&|~!=<>,") ? 1 : 0;
}

size_t operator_length(struct str s, size_t i)
{
    const struct str word = STR("operator");

    if (at(s, i) != 'o' || !starts_at(s, i, word) || (i > 0 && is_identifier(s.p[i - 1])))
        return 0;
    i += word.n;
    if (is_identifier(at(s, i)) && at(s, i) != '~')
        return 0;
    return word.n + symbol_length(slice(s, i, s.n));
}

static bool is_pair(char open, char close)
{
    static const char pairs[] = "()[]{}<>";
    const char *first = strchr(pairs, open);

    return first && first[1] == close;
}

/* Closes the innermost open bracket of that kind. */
static void close_bracket(struct pass *p, const int32_t *stack, size_t *depth, size_t i)
{
    size_t d = *depth;

    if (p->in.p[i] != '>') {
        while (d > 0 && p->in.p[stack[d - 1]] == '<')
            d--;
    }
    *depth = d;
    if (d == 0 || !is_pair(p->in.p[stack[d - 1]], p->in.p[i]))
        return;
    *depth = d - 1;
    p->partner[stack[d - 1]] = (int32_t)i;
    p->partner[i] = stack[d - 1];
}

void pair_brackets(struct pass *p, int32_t *stack)
{
    size_t depth = 0;

    memset(p->partner, -1, p->in.n * sizeof(p->partner[0]));
    for (size_t i = 0; i < p->in.n; i++) {
        size_t skip = operator_length(p->in, i);
        char c = p->in.p[i];

        if (skip > 0)
            i += skip - 1;
        else if (c == '-' && at(p->in, i + 1) == '>')
            i++;
        else if (is_one_of(c, "([{<"))
            stack[depth++] = (int32_t)i;
        else if (is_one_of(c, ")]}>"))
            close_bracket(p, stack, &depth, i);
    }
}

size_t find_outside(const struct pass *p, size_t from, size_t to, struct str text)
{
    for (size_t i = from; i < to; i++) {
        if (opens(p, i))
            i = (size_t)p->partner[i];
        else if (starts_at(slice(p->in, 0, to), i, text))
            return i;
    }
    return to;
}
