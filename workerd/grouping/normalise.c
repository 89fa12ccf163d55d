/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over a name is: cut what follows it (suffixes, qualifiers), cut what precedes it
 * (aliases' prefixes), pair its brackets once, then walk from left to right and copy, drop or
 * rewrite group by group; a blank outside of all groups means that what was copied so far was a
 * return type. Passes are repeated until nothing changes, which makes the result idempotent by
 * construction: it is a fixed point. A name that does not settle within PASSES_MAX passes (nobody's
 * compiler makes one) is taken as it is, which is a fixed point too. */
#include "workerd/grouping/normalise.h"

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/report/limits.h"

#define PASSES_MAX 4
#define DEPTH_MAX  16 /* groups within groups whose content is looked at; deeper ones are copied */

struct pass {
    struct str in;
    int16_t partner[FUNCTION_NAME_MAX]; /* of a paired bracket; -1 for any other byte */
    char out[FUNCTION_NAME_MAX];        /* never longer than in */
    size_t n_out;
};

static_assert(FUNCTION_NAME_MAX <= INT16_MAX, "positions are kept as int16_t");

static bool in_identifier(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || strchr("_$~'", c);
}

static bool all_of(struct str s, const char *allowed)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!s.p[i] || !strchr(allowed, s.p[i]))
            return false;
    }
    return true;
}

static struct str slice(struct str s, size_t from, size_t to)
{
    return (struct str){s.p + from, to - from};
}

/* --- What follows a name --- */

/* Cuts s before its last byte c; false when there is none, or nothing before it. */
static bool split_last(struct str s, char c, struct str *ret_head, struct str *ret_tail)
{
    for (size_t i = s.n; i-- > 1;) {
        if (s.p[i] == c) {
            *ret_head = slice(s, 0, i);
            *ret_tail = slice(s, i + 1, s.n);
            return true;
        }
    }
    return false;
}

/* gcc and clang: foo.part.0, foo.constprop.0.isra.0, foo.cold, foo.lto_priv.3, foo.llvm.1234. */
static bool cut_clone_suffix(struct str *s)
{
    static const char *const words[] = {"isra",     "part", "constprop", "cold",
                                        "lto_priv", "llvm", "local",     "localalias"};
    struct str head, tail;

    if (!split_last(*s, '.', &head, &tail))
        return false;
    if (tail.n > 0 && all_of(tail, "0123456789") && !split_last(head, '.', &head, &tail))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (str_eq(tail, str_from(words[i]))) {
            *s = head;
            return true;
        }
    }
    return false;
}

/* "foo(int) [clone .cold]", as the demangler writes the above. */
static bool cut_clone_note(struct str *s)
{
    struct str head, tail;

    if (!str_ends(*s, STR("]")) || !split_last(*s, '[', &head, &tail) ||
        !str_starts(tail, STR("clone ")))
        return false;
    *s = str_trim(head);
    return true;
}

/* memcpy@@GLIBC_2.14, puts@plt. */
static bool cut_version(struct str *s)
{
    struct str head, tail;

    if (!split_last(*s, '@', &head, &tail) || tail.n == 0)
        return false;
    for (size_t i = 0; i < tail.n; i++) {
        if (!in_identifier(tail.p[i]) && tail.p[i] != '.')
            return false;
    }
    while (head.n > 1 && head.p[head.n - 1] == '@')
        head.n--;
    *s = head;
    return true;
}

/* ::h0123456789abcdef, which Rust's first mangling puts behind every name. */
static bool cut_rust_hash(struct str *s)
{
    const size_t n = strlen("::h") + 16;
    struct str tail;

    if (s->n <= n)
        return false;
    tail = slice(*s, s->n - n, s->n);
    if (!str_starts(tail, STR("::h")) || !all_of(slice(tail, 3, n), "0123456789abcdef"))
        return false;
    s->n -= n;
    return true;
}

static bool cut_qualifier(struct str *s)
{
    static const char *const words[] = {" const", " volatile", " noexcept", " restrict",
                                        " &",     " &&",       " "};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        struct str word = str_from(words[i]);

        if (s->n > word.n && str_ends(*s, word)) {
            s->n -= word.n;
            return true;
        }
    }
    return false;
}

static struct str cut_tail(struct str s)
{
    while (cut_qualifier(&s) || cut_clone_note(&s) || cut_clone_suffix(&s) || cut_version(&s) ||
           cut_rust_hash(&s))
        ;
    return s;
}

/* --- What precedes a name --- */

/* glibc's and glib's aliases of their own functions for internal calls. */
static struct str cut_head(struct str s)
{
    static const char *const prefixes[] = {"__GI_", "IA__"};

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        struct str prefix = str_from(prefixes[i]);

        if (s.n > prefix.n && str_starts(s, prefix))
            return slice(s, prefix.n, s.n);
    }
    return s;
}

/* --- Pairing brackets --- */

/* The length of an `operator` with its symbol at position i, or 0. Only symbols that hold a bracket
 * are looked at: the others are bytes like any. */
static size_t operator_length(struct str s, size_t i)
{
    static const char *const symbols[] = {"()", "[]", "<=>", "<<=", ">>=", "->*", "->",
                                          "<<", ">>", "<=",  ">=",  "<",   ">",   ""};
    struct str rest = slice(s, i, s.n);
    const struct str word = STR("operator");

    if (!str_starts(rest, word) || (i > 0 && in_identifier(s.p[i - 1])))
        return 0;
    rest = slice(rest, word.n, rest.n);
    if (rest.n > 0 && in_identifier(rest.p[0]))
        return 0;
    for (size_t k = 0; k < ARRAY_SIZE(symbols); k++) {
        if (str_starts(rest, str_from(symbols[k])))
            return word.n + strlen(symbols[k]);
    }
    return 0;
}

static bool is_pair(char open, char close)
{
    static const char pairs[] = "()[]{}<>";
    const char *at = strchr(pairs, open);

    return at && at[1] == close;
}

/* Closes the innermost open bracket of that kind. A '<' that is still open when an outer bracket
 * closes was a less-than sign. */
static void close_bracket(struct pass *p, int16_t *stack, size_t *depth, size_t i)
{
    size_t d = *depth;

    if (p->in.p[i] != '>') {
        while (d > 0 && p->in.p[stack[d - 1]] == '<')
            d--;
    }
    if (d == 0 || !is_pair(p->in.p[stack[d - 1]], p->in.p[i]))
        return;
    *depth = d - 1;
    p->partner[stack[d - 1]] = (int16_t)i;
    p->partner[i] = stack[d - 1];
}

static void pair_brackets(struct pass *p)
{
    int16_t stack[FUNCTION_NAME_MAX];
    size_t depth = 0;

    memset(p->partner, -1, p->in.n * sizeof(p->partner[0]));
    for (size_t i = 0; i < p->in.n; i++) {
        size_t skip = operator_length(p->in, i);
        char c = p->in.p[i];

        if (skip > 0)
            i += skip - 1;
        else if (c == '-' && i + 1 < p->in.n && p->in.p[i + 1] == '>')
            i++;
        else if (c && strchr("([{<", c))
            stack[depth++] = (int16_t)i;
        else if (c && strchr(")]}>", c))
            close_bracket(p, stack, &depth, i);
    }
}

/* --- The walk --- */

static void walk(struct pass *p, size_t from, size_t to, unsigned depth);

static void copy(struct pass *p, size_t from, size_t to)
{
    memcpy(p->out + p->n_out, p->in.p + from, to - from);
    p->n_out += to - from;
}

static void put(struct pass *p, struct str s)
{
    memcpy(p->out + p->n_out, s.p, s.n);
    p->n_out += s.n;
}

static bool out_ends(const struct pass *p, struct str s)
{
    return str_ends((struct str){p->out, p->n_out}, s);
}

static bool anonymous(struct str content)
{
    return str_eq(content, STR("anonymous namespace")) || str_eq(content, STR("anonymous")) ||
           str_eq(content, STR("unnamed"));
}

/* Where " as " stands in a Rust path <X as Y>, outside of inner groups; to when there is none. */
static size_t find_as(const struct pass *p, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (p->partner[i] > (int)i)
            i = (size_t)p->partner[i];
        else if (str_starts(slice(p->in, i, to), STR(" as ")))
            return i;
    }
    return to;
}

/* <…>: arguments of what stands before, or Rust's <X as Y>:: when nothing does. */
static void walk_angle(struct pass *p, size_t open, size_t close, size_t base, unsigned depth)
{
    struct str content = slice(p->in, open + 1, close);

    if (p->n_out == base || out_ends(p, STR("::"))) {
        if (anonymous(content)) {
            put(p, STR("(anon)"));
            return;
        }
        if (str_starts(content, STR("lambda"))) {
            put(p, STR("{lambda}"));
            return;
        }
    }
    if (p->n_out == base)
        walk(p, open + 1, find_as(p, open + 1, close), depth + 1);
    else if (out_ends(p, STR("::")))
        p->n_out -= 2; /* Vec::<T>::new */
}

/* (…): arguments, unless it is a namespace without a name, Go's receiver (main.(*T).f), or stands
 * first. */
static void walk_round(struct pass *p, size_t open, size_t close, size_t base)
{
    if (anonymous(slice(p->in, open + 1, close)) ||
        str_eq(slice(p->in, open + 1, close), STR("anon")))
        put(p, STR("(anon)"));
    else if (p->n_out == base || out_ends(p, STR(".")))
        copy(p, open, close + 1);
}

/* […]: an ABI tag, a crate's disambiguator, Go's type arguments; or, first or after a sign,
 * Objective-C's -[Class method]. */
static void walk_square(struct pass *p, size_t open, size_t close, size_t base)
{
    if (p->n_out == base || !in_identifier(p->out[p->n_out - 1]))
        copy(p, open, close + 1);
}

/* {…}: a name that the compiler gave: {lambda(int)#1}, {closure#0}, {{closure}}. */
static void walk_curly(struct pass *p, size_t open, size_t close, unsigned depth)
{
    bool doubled =
        close > open + 1 && p->partner[open + 1] == (int)close - 1 && p->in.p[open + 1] == '{';

    if (!doubled)
        put(p, STR("{"));
    walk(p, open + 1, close, depth + 1);
    if (!doubled)
        put(p, STR("}"));
}

/* A whole group from its opening bracket; returns the position after it. */
static size_t walk_group(struct pass *p, size_t open, size_t base, unsigned depth)
{
    size_t close = (size_t)p->partner[open];

    if (depth >= DEPTH_MAX)
        copy(p, open, close + 1);
    else if (p->in.p[open] == '<')
        walk_angle(p, open, close, base, depth);
    else if (p->in.p[open] == '(')
        walk_round(p, open, close, base);
    else if (p->in.p[open] == '[')
        walk_square(p, open, close, base);
    else
        walk_curly(p, open, close, depth);
    return close + 1;
}

/* An operator: its symbol, or after a blank the words up to the arguments: "operator new[]",
 * "operator unsigned long". */
static size_t walk_operator(struct pass *p, size_t i, size_t length, size_t to)
{
    size_t end = i + length;
    bool symbol = end < to && p->in.p[end] != ' ' && length > strlen("operator");

    copy(p, i, end);
    if (end + 1 < to && p->in.p[end] == ' ' && p->in.p[end + 1] == '<')
        return end + 1; /* operator<< <int> */
    while (!symbol && end < to && p->in.p[end] != '(' &&
           !str_starts(slice(p->in, end, to), STR("::{"))) {
        if (p->in.p[end] == '<' && p->partner[end] > (int)end)
            end = (size_t)p->partner[end];
        else
            copy(p, end, end + 1);
        end++;
    }
    return end;
}

/* Appends the name that stands in [from, to) of the input. */
static void walk(struct pass *p, size_t from, size_t to, unsigned depth)
{
    const size_t base = p->n_out;
    size_t i = from;

    while (i < to) {
        size_t operator_n = operator_length(p->in, i);

        if (str_starts(slice(p->in, i, to), STR(" -> ")))
            return; /* Swift's return type */
        if (operator_n > 0 && i + operator_n <= to) {
            i = walk_operator(p, i, operator_n, to);
        } else if (p->partner[i] > (int)i) {
            i = walk_group(p, i, base, depth);
        } else if (p->in.p[i] == ' ') {
            p->n_out = base;
            i++;
        } else if (p->n_out == base && strchr("&*", p->in.p[i])) {
            i++; /* of a reference or pointer type */
        } else {
            copy(p, i, i + 1);
            i++;
        }
    }
}

/* --- Names of their own --- */

/* __memmove_avx_unaligned_erms is memmove: glibc picks one for the processor it runs on. */
static struct str cut_processor(struct str s)
{
    static const char *const families[] = {"mem", "rawmem", "str", "stp", "wcs", "wmem", "wcp"};
    static const char *const variants[] = {
        "_avx",  "_sse",     "_ssse",  "_evex",     "_erms",   "_generic", "_sve",   "_mops",
        "_neon", "_aarch64", "_asimd", "_thunderx", "_falkor", "_kunpeng", "_a64fx", "_oryon"};
    struct str name = s;
    bool known = false;

    if (!str_starts(s, STR("__")))
        return s;
    name = slice(s, 2, s.n);
    for (size_t i = 0; i < ARRAY_SIZE(families); i++)
        known = known || str_starts(name, str_from(families[i]));
    for (size_t i = 0; known && i < ARRAY_SIZE(variants); i++) {
        ptrdiff_t at = str_find(name, str_from(variants[i]));

        if (at > 0)
            return slice(name, 0, (size_t)at);
    }
    return s;
}

/* One pass: in to p->out; what would leave nothing leaves everything. */
static struct str run_pass(struct pass *p, struct str in)
{
    struct str out;

    p->in = cut_head(cut_tail(str_trim(in)));
    p->n_out = 0;
    pair_brackets(p);
    walk(p, 0, p->in.n, 0);
    out = cut_processor((struct str){p->out, p->n_out});
    return out.n > 0 ? out : in;
}

static struct str settle(struct str raw, struct arena *a)
{
    struct str name = raw;
    struct pass p;

    for (unsigned i = 0; i < PASSES_MAX; i++) {
        struct str next = run_pass(&p, name);

        if (str_eq(next, name))
            return name;
        name = (struct str){arena_memdup(a, next.p, next.n), next.n};
    }
    return raw;
}

const char *normalise_function(const char *name, struct arena *a)
{
    struct str s = str_from(name);

    if (s.n > FUNCTION_NAME_MAX)
        s = slice(s, s.n - FUNCTION_NAME_MAX, s.n);
    s = settle(s, a);
    return arena_strndup(a, s.p, s.n);
}

const char *normalise_module(const char *path, struct arena *a)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    struct str name = str_from(slash ? slash + 1 : path);
    ptrdiff_t so = str_find(name, STR(".so."));

    if (so > 0)
        name.n = (size_t)so + strlen(".so");
    return arena_strndup(a, name.p ? name.p : "", name.n);
}
