/* SPDX-License-Identifier: Apache-2.0 */
/* C++'s operators: a symbol, new and its kin, a literal's suffix, or a type to convert to. A type
 * is written in one way, whoever wrote it: "unsigned long" is gcc's "long unsigned int", "char*"
 * is "const char *", and what it has in brackets is gone. The call operator of what has no name is
 * that itself. */
#include "workerd/grouping/name.h"

#include <string.h>

#include "common/base/cleanup.h"

/* Bits of the words that an integer's type is made of, in any order; the word itself is dropped. */
enum {
    TYPE_UNSIGNED = 1,
    TYPE_LONG = 2,
    TYPE_LONG_LONG = 4,
    TYPE_SHORT = 8,
    TYPE_CHAR = 16,
    TYPE_INT = 32,
    TYPE_SIGNED = 64,
};

static const struct {
    const char *word;
    unsigned bit;
} type_words[] = {
    {"unsigned", TYPE_UNSIGNED},
    {"long", TYPE_LONG},
    {"short", TYPE_SHORT},
    {"char", TYPE_CHAR},
    {"int", TYPE_INT},
    {"signed", TYPE_SIGNED},
    {"const", 0},
    {"volatile", 0},
    {"struct", 0},
    {"class", 0},
    {"enum", 0},
};

/* In the order in which they are written. */
static const struct {
    unsigned bits;
    const char *text;
} type_parts[] = {
    {TYPE_UNSIGNED, " unsigned"}, {TYPE_LONG_LONG, " long long"}, {TYPE_LONG, " long"},
    {TYPE_SHORT, " short"},       {TYPE_CHAR, " char"},
};

static bool type_word(struct str word, unsigned *bits)
{
    for (size_t k = 0; k < ARRAY_SIZE(type_words); k++) {
        unsigned bit = type_words[k].bit;

        if (!str_eq(word, str_from(type_words[k].word)))
            continue;
        if (bit == TYPE_LONG && *bits & TYPE_LONG)
            *bits = (*bits & ~(unsigned)TYPE_LONG) | TYPE_LONG_LONG;
        else
            *bits |= bit;
        return true;
    }
    return false;
}

static void put_integer(struct pass *p, unsigned bits)
{
    const unsigned sized = TYPE_LONG | TYPE_LONG_LONG | TYPE_SHORT | TYPE_CHAR;

    for (size_t k = 0; k < ARRAY_SIZE(type_parts); k++) {
        if (bits & type_parts[k].bits)
            put(p, str_from(type_parts[k].text));
    }
    if (bits && !(bits & sized))
        put(p, STR(" int"));
}

/* Where the word that starts at i ends: at a blank, a sign or an argument list. */
static size_t word_end(const struct pass *p, size_t i, size_t to)
{
    while (i < to && !is_one_of(p->in.p[i], " (*&") && !starts_at(p->in, i, STR("::{")))
        i = opens(p, i) ? (size_t)p->partner[i] + 1 : i + 1;
    return i < to ? i : to;
}

/* "operator unsigned long", "operator ns::T<int>*"; returns the position after the type. */
static size_t walk_conversion(struct pass *p, size_t i, size_t to, unsigned depth)
{
    size_t n_signs = 0, start = 0, end = 0;
    unsigned bits = 0;

    while (i < to && p->in.p[i] != '(' && !starts_at(p->in, i, STR("::{"))) {
        size_t next = word_end(p, i, to);

        if (next == i) {
            n_signs += p->in.p[i++] != ' ';
        } else {
            if (!type_word(slice(p->in, i, next), &bits) && p->in.p[i] != '<') {
                start = i;
                end = next;
            }
            i = next;
        }
    }
    if (opens(p, i) && is_one_of(at(p->in, i + 1), "*&") && n_signs == 0)
        n_signs = 1; /* int (*)(char) */
    put_integer(p, bits);
    if (end > start) {
        put(p, STR(" "));
        walk(p, start, end, depth + 1);
    }
    put(p, n_signs > 1 ? STR("**") : n_signs > 0 ? STR("*") : STR(""));
    return i;
}

/* new, delete, co_await and the array forms of the first two. */
static size_t walk_named(struct pass *p, size_t i)
{
    static const char *const words[] = {" new", " delete", " co_await"};

    for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
        size_t end = i + strlen(words[k]);

        if (!starts_at(p->in, i, str_from(words[k])) || is_identifier(at(p->in, end)))
            continue;
        copy(p, i, end);
        if (at(p->in, end) == ' ' && at(p->in, end + 1) == '[')
            end++;
        if (starts_at(p->in, end, STR("[]"))) {
            put(p, STR("[]"));
            end += 2;
        }
        return end;
    }
    return i;
}

static size_t walk_rest(struct pass *p, size_t i, size_t length, size_t to, unsigned depth)
{
    size_t end = i + length;
    bool symbol = length > strlen("operator");
    size_t named;

    put(p, STR("operator"));
    if (starts_at(p->in, i, STR("operator\"\""))) {
        put(p, STR("\"\""));
        while (at(p->in, end) == ' ')
            end++;
        copy(p, end, end + identifier_length(p->in, end));
        return end + identifier_length(p->in, end);
    }
    copy(p, i + strlen("operator"), end);
    if (symbol)
        return at(p->in, end) == ' ' && at(p->in, end + 1) == '<' ? end + 1 : end;
    named = walk_named(p, end);
    return named > end ? named : walk_conversion(p, end, to, depth);
}

size_t walk_operator(struct pass *p, size_t i, size_t length, size_t to, unsigned depth)
{
    bool dropped = drop_call(p); /* it has no other operators that matter */
    size_t kept = p->n_out;
    size_t end;

    if (depth >= NAME_DEPTH_MAX) {
        copy(p, i, i + length);
        return i + length;
    }
    end = walk_rest(p, i, length, to, depth);
    if (dropped)
        p->n_out = kept;
    return end;
}
