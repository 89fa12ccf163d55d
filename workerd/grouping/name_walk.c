/* SPDX-License-Identifier: Apache-2.0 */
/* From left to right: words and separators are copied, groups are told by their brackets and by
 * what stands before them. Text before a blank was a return type, and so is text before a '*' or
 * '&'; a group that closes and was never opened was cut off with what it belongs to. After the
 * arguments a name is over, unless something that is declared in the function follows. */
#include "workerd/grouping/name.h"

#include <string.h>

#include "common/base/cleanup.h"

#define QUOTED_MAX 64 /* bytes of a name between quotes */

void put(struct pass *p, struct str s)
{
    if (s.n == 0)
        return;
    if (s.n > p->capacity - p->n_out)
        s.n = p->capacity - p->n_out;
    memcpy(p->out + p->n_out, s.p, s.n);
    p->n_out += s.n;
}

void copy(struct pass *p, size_t from, size_t to)
{
    put(p, slice(p->in, from, to));
}

bool out_ends(const struct pass *p, struct str s)
{
    return str_ends((struct str){p->out, p->n_out}, s);
}

static bool group_holds(const struct pass *p, size_t open, struct str *ret)
{
    return given_name(p->in.p[open], slice(p->in, open + 1, (size_t)p->partner[open]), ret);
}

/* A name that a compiler gave; some say nothing, and their separator goes with them. */
static void put_given(struct pass *p, struct str name)
{
    if (name.n > 0)
        put(p, name);
    else if (out_ends(p, STR("::")))
        p->n_out -= 2;
}

/* --- After a blank --- */

/* " const", " &&", " noexcept": the length of one at position i, which ends there. */
static size_t qualifier_length(struct str s, size_t i)
{
    static const char *const words[] = {" const", " volatile", " noexcept", " restrict",
                                        " &&",    " &",        " "};

    for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
        size_t n = strlen(words[k]);
        char next = at(s, i + n);

        if (starts_at(s, i, str_from(words[k])) && (!next || next == ' ' || next == ':'))
            return n;
    }
    return 0;
}

/* What can only follow a name. */
static bool ends_name(struct str s, size_t i)
{
    static const char *const words[] = {" at ",       " -> ",     " + ",     " from ",
                                        " requires ", " [clone ", " [with ", " [inlined"};

    for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
        if (starts_at(s, i, str_from(words[k])))
            return true;
    }
    return false;
}

/* decltype (x), noexcept (x), delegate(x): parentheses that are part of a type. */
static bool out_is_type_word(const struct pass *p, size_t base)
{
    static const char *const words[] = {"decltype", "noexcept", "typeof",  "__typeof__",
                                        "sizeof",   "delegate", "function"};
    struct str out = {p->out + base, p->n_out - base};

    for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
        if (str_eq(out, str_from(words[k])))
            return true;
    }
    return false;
}

/* --- Groups --- */

/* void (*f(int))(char), int (A::*f())(int), int (&f())[3]: what is declared stands within. */
static bool is_declarator(const struct pass *p, size_t open)
{
    size_t i = open + 1;

    while (is_identifier(at(p->in, i)) || at(p->in, i) == ':')
        i++;
    if (at(p->in, i) == '<' && opens(p, i))
        i = (size_t)p->partner[i] + 1;
    while (at(p->in, i) == ':')
        i++;
    return is_one_of(at(p->in, i), "*&") && i + 1 < (size_t)p->partner[open] &&
           (i == open + 1 || p->in.p[i - 1] == ':');
}

/* After the arguments: what is declared within the function goes on with "::" or, in D, with ".";
 * to when nothing does. */
static size_t after_arguments(const struct pass *p, size_t i, size_t to)
{
    size_t n;

    while ((n = qualifier_length(p->in, i)) > 0)
        i += n;
    if (at(p->in, i) == '[' && opens(p, i))
        i = (size_t)p->partner[i] + 1;
    return i < to && (starts_at(p->in, i, STR("::")) || at(p->in, i) == '.') ? i : to;
}

/* Go's receiver: its pointer is dropped, since a method has one name whether or not it was called
 * through the wrapper that takes the pointer. */
static void walk_receiver(struct pass *p, size_t open, size_t close, unsigned depth)
{
    walk(p, at(p->in, open + 1) == '*' ? open + 2 : open + 1, close, depth + 1);
}

/* (…), from its opening bracket; returns the position to go on from. */
static size_t walk_round(struct pass *p, size_t open, size_t base, size_t to, unsigned depth)
{
    size_t close = (size_t)p->partner[open];
    struct str given;

    if ((p->n_out == base || out_ends(p, STR("::"))) && group_holds(p, open, &given)) {
        put_given(p, given);
    } else if (out_ends(p, STR("."))) {
        walk_receiver(p, open, close, depth);
    } else if (p->n_out > base && p->in.p[open - 1] == '!' && !out_ends(p, STR("!"))) {
        ; /* D: f!(int) */
    } else if (out_is_type_word(p, base)) {
        p->n_out = base;
    } else if (p->n_out > base) {
        return after_arguments(p, close + 1, to);
    } else if (is_declarator(p, open)) {
        walk(p, open + 1, close, depth + 1);
        return to;
    } else {
        copy(p, open, close + 1);
    }
    return close + 1;
}

/* <…>: arguments of what stands before; or, where nothing does, a name that a compiler gave or
 * Rust's <X as Y>; or Rust's f::<T> and a::<impl X>. */
static void walk_angle(struct pass *p, size_t open, size_t base, unsigned depth)
{
    size_t close = (size_t)p->partner[open];
    bool after_path = out_ends(p, STR("::"));
    struct str given;

    if (p->n_out > base && !after_path)
        return;
    if (group_holds(p, open, &given)) {
        put_given(p, given);
    } else if (p->n_out == base || starts_at(p->in, open + 1, STR("impl "))) {
        p->n_out = base;
        walk_qualified(p, open + 1, close, depth + 1);
    } else {
        p->n_out -= 2;
    }
}

/* […]: an ABI tag, a crate's disambiguator, Go's type arguments; or, where none of these can be,
 * Objective-C's -[Class method]. */
static void walk_square(struct pass *p, size_t open, size_t base)
{
    if ((p->n_out == base || !is_identifier(p->out[p->n_out - 1])) &&
        !starts_at(p->in, open + 1, STR("abi:")))
        copy(p, open, (size_t)p->partner[open] + 1);
}

/* {lambda(int)#1}, {closure#0}, {{closure}}; what is unknown stays as it is. */
static void walk_curly(struct pass *p, size_t open)
{
    size_t close = (size_t)p->partner[open];
    struct str content = slice(p->in, open + 1, close), given;

    if (at(content, 0) == '{' && p->partner[open + 1] == (int32_t)close - 1)
        content = slice(content, 1, content.n - 1);
    if (given_name('{', content, &given))
        put_given(p, given);
    else
        copy(p, open, close + 1);
}

/* A whole group from its opening bracket; returns the position to go on from. */
static size_t walk_group(struct pass *p, size_t open, size_t base, size_t to, unsigned depth)
{
    size_t close = (size_t)p->partner[open];

    if (depth >= NAME_DEPTH_MAX)
        copy(p, open, close + 1);
    else if (p->in.p[open] == '(')
        return walk_round(p, open, base, to, depth);
    else if (p->in.p[open] == '<')
        walk_angle(p, open, base, depth);
    else if (p->in.p[open] == '[')
        walk_square(p, open, base);
    else
        walk_curly(p, open);
    return close + 1;
}

/* --- Blanks, quotes and signs --- */

/* f (int), f <int>: arguments all the same; false when what follows begins anew. */
static bool belongs_to_name(const struct pass *p, size_t i, size_t base)
{
    struct str unused;

    if (!opens(p, i))
        return false;
    if (out_is_type_word(p, base))
        return p->in.p[i] == '(';
    if (p->n_out == base || group_holds(p, i, &unused))
        return false;
    if (p->in.p[i] == '(')
        return !is_declarator(p, i);
    return p->in.p[i] == '<' &&
           find_outside(p, i + 1, (size_t)p->partner[i], STR(" as ")) == (size_t)p->partner[i];
}

/* A blank outside of groups; returns the position to go on from. */
static size_t walk_blank(struct pass *p, size_t i, size_t base, size_t to)
{
    size_t qualifier = p->n_out > base ? qualifier_length(p->in, i) : 0;

    if (p->n_out > base && ends_name(p->in, i))
        return to;
    if (qualifier > 0)
        return i + qualifier;
    if (!belongs_to_name(p, i + 1, base))
        p->n_out = base;
    return i + 1;
}

/* llvm's 'lambda0'(int), MSVC's `anonymous namespace'; returns the position after it, or i. */
static size_t walk_quote(struct pass *p, size_t i, size_t to)
{
    size_t end = i + 1;
    struct str given;

    while (end < to && end - i < QUOTED_MAX && p->in.p[end] != '\'')
        end++;
    if (end >= to || !given_name(p->in.p[i], slice(p->in, i + 1, end), &given))
        return i;
    put_given(p, given);
    end++;
    return at(p->in, end) == '(' && opens(p, end) ? (size_t)p->partner[end] + 1 : end;
}

/* f@module.part(int) of C++, f!int of D; returns the position after it. What follows a '+' is gone
 * for good: Rust's dyn Trait + Send. */
static size_t skip_qualification(const struct pass *p, size_t i)
{
    bool module = i > 0 && p->in.p[i - 1] == '@';

    while (is_identifier(at(p->in, i)) || (module && at(p->in, i) == '.'))
        i++;
    return i;
}

/* Anything else, one byte; returns the position after it. */
static size_t walk_sign(struct pass *p, size_t i, size_t base, size_t to)
{
    char c = p->in.p[i];
    size_t end = c == '\'' || c == '`' ? walk_quote(p, i, to) : walk_go_escape(p, i);

    if (end > i)
        return end;
    if (is_one_of(c, "(<[{"))
        return to; /* never closed: what it belongs to was cut off after it */
    if (is_one_of(c, ")>]}&*"))
        p->n_out = base; /* never opened: what it belongs to was cut off before it */
    else if (p->n_out > base && is_one_of(c, "!@+"))
        return c == '+' ? to : skip_qualification(p, i + 1);
    else if (p->n_out == base && starts_at(p->in, i, STR("::")))
        return i + 2;
    else if (!starts_at(p->in, i, STR("._anon_"))) /* gcc's name of a class without one */
        copy(p, i, i + 1);
    return i + 1;
}

void walk(struct pass *p, size_t from, size_t to, unsigned depth)
{
    const size_t base = p->n_out;
    size_t i = from;

    while (i < to) {
        size_t operator_n = operator_length(p->in, i);

        if (operator_n > 0 && i + operator_n <= to)
            i = walk_operator(p, i, operator_n, to, depth);
        else if (opens(p, i))
            i = walk_group(p, i, base, to, depth);
        else if (p->in.p[i] == ' ')
            i = walk_blank(p, i, base, to);
        else if (is_identifier(p->in.p[i]))
            i = walk_word(p, i, base);
        else
            i = walk_sign(p, i, base, to);
    }
}
