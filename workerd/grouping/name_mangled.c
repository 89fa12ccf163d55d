/* SPDX-License-Identifier: Apache-2.0 */
/* The engine demangles in its sandbox; what arrives mangled all the same comes from stacks that
 * others wrote, or was more than a demangler would read. Only plain paths are read here, in one
 * pass without recursion: names of C++ (the identifiers of _ZN…E, its constructors and operators),
 * of Rust (_RNv…, and the escapes of its first mangling) and of D. A name that holds anything else
 * stays as it is, which is a name, too. */
#include "workerd/grouping/name.h"

#include <string.h>

#include "common/base/cleanup.h"

#define NAMESPACES_MAX 32u

struct reader {
    struct str s;
    size_t i;
    struct pass out; /* for its output alone */
    struct str last; /* identifier */
    bool bad;
};

static bool take(struct reader *r, struct str text)
{
    if (!starts_at(r->s, r->i, text))
        return false;
    r->i += text.n;
    return true;
}

static size_t take_number(struct reader *r)
{
    size_t n = 0;

    for (; is_digit(at(r->s, r->i)) && n <= r->s.n; r->i++)
        n = 10 * n + (size_t)(r->s.p[r->i] - '0');
    return n;
}

/* 3foo */
static struct str take_identifier(struct reader *r)
{
    size_t n = take_number(r), from = r->i;

    r->bad = r->bad || n == 0 || n > r->s.n - r->i;
    if (r->bad)
        return STR("");
    r->i += n;
    return r->last = slice(r->s, from, r->i);
}

static void put_part(struct reader *r, struct str separator, struct str part)
{
    if (r->out.n_out > 0)
        put(&r->out, separator);
    put(&r->out, part);
}

/* --- C++ --- */

static const struct {
    const char *code, *name;
} codes[] = {
    {"St", "std"},
    {"Sa", "std::allocator"},
    {"Sb", "std::basic_string"},
    {"Ss", "std::basic_string"},
    {"Si", "std::basic_istream"},
    {"So", "std::basic_ostream"},
    {"Sd", "std::basic_iostream"},
    {"nw", "operator new"},
    {"na", "operator new[]"},
    {"dl", "operator delete"},
    {"da", "operator delete[]"},
    {"cl", "operator()"},
    {"ix", "operator[]"},
    {"pt", "operator->"},
    {"pm", "operator->*"},
    {"pl", "operator+"},
    {"mi", "operator-"},
    {"ml", "operator*"},
    {"dv", "operator/"},
    {"rm", "operator%"},
    {"eo", "operator^"},
    {"an", "operator&"},
    {"or", "operator|"},
    {"co", "operator~"},
    {"nt", "operator!"},
    {"aS", "operator="},
    {"lt", "operator<"},
    {"gt", "operator>"},
    {"le", "operator<="},
    {"ge", "operator>="},
    {"ss", "operator<=>"},
    {"eq", "operator=="},
    {"ne", "operator!="},
    {"ls", "operator<<"},
    {"rs", "operator>>"},
    {"pp", "operator++"},
    {"mm", "operator--"},
    {"pL", "operator+="},
    {"mI", "operator-="},
    {"aa", "operator&&"},
    {"oo", "operator||"},
    {"cm", "operator,"},
    {"de", "operator*"},
    {"ad", "operator&"},
    {"ps", "operator+"},
    {"ng", "operator-"},
    {"lS", "operator<<="},
    {"rS", "operator>>="},
};

/* Template arguments and types up to the 'E' that ends them; those that hold expressions are not
 * read. */
static void skip_arguments(struct reader *r)
{
    size_t depth = 1;

    while (depth > 0 && !r->bad) {
        char c = at(r->s, r->i);

        if (is_digit(c)) {
            take_identifier(r);
            continue;
        }
        r->i++;
        if (c == 'E')
            depth--;
        else if (is_one_of(c, "NIJF"))
            depth++;
        else if (c == 'S' && is_one_of(at(r->s, r->i), "tabsiod"))
            r->i++;
        else if (c == 'S' || c == 'T' || c == 'A')
            while (r->i < r->s.n && r->s.p[r->i++] != '_')
                ;
        else if (c == 'L' && at(r->s, r->i) >= 'a' && at(r->s, r->i) <= 'z')
            while (r->i < r->s.n && r->s.p[r->i++] != 'E')
                ;
        else if (!(is_one_of(c, "PROKVCGM") || (c >= 'a' && c <= 'z')))
            r->bad = true;
    }
}

static bool read_code(struct reader *r)
{
    for (size_t k = 0; k < ARRAY_SIZE(codes); k++) {
        if (take(r, str_from(codes[k].code))) {
            struct str name = str_from(codes[k].name);

            put_part(r, STR("::"), name);
            r->last = str_starts(name, STR("std::")) ? slice(name, 5, name.n) : name;
            return true;
        }
    }
    return false;
}

/* One part of a nested name. */
static void read_part(struct reader *r)
{
    char c = at(r->s, r->i), next = at(r->s, r->i + 1);
    struct str class = r->last;

    if (is_digit(c)) {
        put_part(r, STR("::"), take_identifier(r));
    } else if ((c == 'C' || c == 'D') && is_digit(next)) {
        r->i += 2;
        put_part(r, STR("::"), c == 'D' ? STR("~") : STR(""));
        put(&r->out, class);
    } else if (c == 'B') {
        r->i++;
        take_identifier(r);
        r->last = class;
    } else if (c == 'L' && is_digit(next)) {
        r->i++;
    } else if (c == 'I') {
        r->i++;
        skip_arguments(r);
        r->last = class;
    } else if (!read_code(r)) {
        r->bad = true;
    }
}

/* The offsets of thunks: _ZThn16_N…, _ZTv0_n24_N…. */
static void skip_thunk(struct reader *r)
{
    unsigned n = take(r, STR("Th")) ? 1 : take(r, STR("Tv")) ? 2 : 0;

    for (; n > 0; n--) {
        take(r, STR("n"));
        take_number(r);
        r->bad = r->bad || !take(r, STR("_"));
    }
}

static void read_cxx(struct reader *r)
{
    skip_thunk(r);
    if (!take(r, STR("N"))) {
        if (take(r, STR("St")))
            put(&r->out, STR("std"));
        take(r, STR("L"));
        read_part(r);
        return;
    }
    while (is_one_of(at(r->s, r->i), "rVKRO"))
        r->i++;
    while (!r->bad && !take(r, STR("E")))
        read_part(r);
}

/* --- Rust --- */

static void skip_disambiguator(struct reader *r)
{
    if (at(r->s, r->i) != 's')
        return;
    while (r->i < r->s.n && r->s.p[r->i++] != '_')
        ;
}

/* 3foo, 4_3foo: what begins with a digit or '_' has a '_' in front that is not counted. */
static struct str take_rust_identifier(struct reader *r)
{
    size_t from = r->i, n = take_number(r);

    if (take(r, STR("_")) && n <= r->s.n - r->i && n > 0) {
        r->i += n;
        return slice(r->s, r->i - n, r->i);
    }
    r->i = from;
    return take_identifier(r);
}

/* Nv Nt Cs1234_ 7mycrate 3foo 3bar: the kinds of the parts from the last one on, then the parts. */
static void read_rust(struct reader *r)
{
    char kinds[NAMESPACES_MAX];
    size_t n = 0;

    take(r, STR("I"));
    while (n < NAMESPACES_MAX && take(r, STR("N")))
        kinds[n++] = at(r->s, r->i++);
    r->bad = n == 0 || !take(r, STR("C"));
    for (bool first = true; !r->bad; first = false) {
        skip_disambiguator(r);
        if (first || (kinds[n] >= 'a' && kinds[n] <= 'z')) {
            put_part(r, STR("::"), take_rust_identifier(r));
        } else {
            take_number(r);
            put_part(r, STR("::"), kinds[n] == 'C' ? NAME_CLOSURE : STR("{shim}"));
        }
        if (n-- == 0)
            return;
    }
}

/* The first mangling's escapes, where the demangler knew only of C++. */
static const struct {
    const char *escape, *text;
} escapes[] = {
    {"$LT$", "<"},  {"$GT$", ">"},  {"$RF$", "&"},   {"$BP$", "*"},  {"$LP$", "("},
    {"$RP$", ")"},  {"$C$", ","},   {"$SP$", "@"},   {"$u20$", " "}, {"$u27$", "'"},
    {"$u5b$", "["}, {"$u5d$", "]"}, {"$u7b$", "{"},  {"$u7d$", "}"}, {"$u3b$", ";"},
    {"$u2b$", "+"}, {"$u7e$", "~"}, {"$u22$", "\""}, {"..", "::"},   {"_$", "$"},
};

static bool read_escape(struct reader *r)
{
    for (size_t k = 0; k < ARRAY_SIZE(escapes); k++) {
        if (take(r, str_from(escapes[k].escape))) {
            r->i -= k + 1 == ARRAY_SIZE(escapes); /* the '$' is the next one's */
            put(&r->out, escapes[k].escape[0] == '_' ? STR("") : str_from(escapes[k].text));
            return true;
        }
    }
    return false;
}

static struct str read_escapes(struct reader *r)
{
    r->i = 0;
    r->out.n_out = 0;
    while (r->i < r->s.n) {
        if (!read_escape(r)) {
            put(&r->out, slice(r->s, r->i, r->i + 1));
            r->i++;
        }
    }
    return (struct str){r->out.out, r->out.n_out};
}

static bool has_escapes(struct str s)
{
    return str_find(s, STR("$LT$")) >= 0 || str_find(s, STR("$u7b$")) >= 0;
}

/* --- D --- */

/* _D 3app 4main F…: what follows the path is its type. */
static void read_d(struct reader *r)
{
    size_t n = 0;

    for (; !r->bad && is_digit(at(r->s, r->i)); n++)
        put_part(r, STR("."), take_identifier(r));
    r->bad = r->bad || n < 2; /* a module and a function at least */
}

/* --- All --- */

static const struct {
    const char *prefix;
    void (*read)(struct reader *);
} manglings[] = {{"_Z", read_cxx}, {"_R", read_rust}, {"_D", read_d}};

static struct reader reader_of(struct str s, struct arena *a)
{
    struct reader r = {.s = s, .out.capacity = NAME_GROWTH_MAX * s.n + NAME_ROOM};

    r.out.out = arena_raw(a, r.out.capacity);
    return r;
}

struct str read_mangled(struct str s, struct arena *a)
{
    for (size_t k = 0; at(s, 0) == '_' && k < ARRAY_SIZE(manglings); k++) {
        struct reader r = reader_of(s, a);

        if (!take(&r, str_from(manglings[k].prefix)))
            continue;
        manglings[k].read(&r);
        if (!r.bad && r.out.n_out > 0 && utf8_valid_prefix(r.out.out, r.out.n_out) == r.out.n_out)
            s = (struct str){r.out.out, r.out.n_out};
        break;
    }
    if (has_escapes(s)) {
        struct reader r = reader_of(s, a);

        s = read_escapes(&r);
    }
    return s;
}
