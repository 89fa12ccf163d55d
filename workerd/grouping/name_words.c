/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers that are not the programmer's: namespaces that only tell a library's version, and
 * names that compilers give to what has none. Their numbers count in the order of the source, so
 * that the next version has others, and compilers count differently: they are dropped, and a
 * function's lambdas have one name. */
#include "workerd/grouping/name.h"

#include <string.h>

#include "common/base/cleanup.h"

enum rest {
    NOTHING, /* the word is whole */
    NUMBER,  /* digits and underscores follow */
    ANYTHING
};

struct word {
    const char *after; /* what stands before it */
    const char *text;
    enum rest rest;
    const char *before;  /* what follows; it goes with a word that is dropped */
    const char *becomes; /* NULL: nothing */
};

static const struct word words[] = {
    /* the standard library's versions */
    {"::", "__1", NOTHING, "::", NULL},
    {"::", "__2", NOTHING, "::", NULL},
    {"::", "__7", NOTHING, "::", NULL},
    {"::", "__8", NOTHING, "::", NULL},
    {"::", "_V2", NOTHING, "::", NULL},
    {"::", "__fs", NOTHING, "::", NULL},
    {"::", "__Cr", NOTHING, "::", NULL},
    {"::", "__ndk1", NOTHING, "::", NULL},
    {"::", "__cxx11", NOTHING, "::", NULL},
    {"::", "__debug", NOTHING, "::", NULL},
    {"::", "__cxx1998", NOTHING, "::", NULL},
    /* others' */
    {"fmt::", "v", NUMBER, "::", NULL},
    {"ranges::", "v", NUMBER, "::", NULL},
    {"openvdb::", "v", NUMBER, "::", NULL},
    {"filesystem::", "v", NUMBER, "::", NULL},
    {"experimental::", "fundamentals_v", NUMBER, "::", NULL},
    {"boost::log::", "v2", ANYTHING, "::", NULL},
    {"tbb::detail::", "d", NUMBER, "::", NULL},
    {"tbb::detail::", "r", NUMBER, "::", NULL},
    {"cv::dnn::", "dnn4_v", NUMBER, "::", NULL},
    {"absl::", "lts_", NUMBER, "::", NULL},
    {"nlohmann::", "json_abi", ANYTHING, "::", NULL},
    {"", "icu_", NUMBER, "::", "icu"},
    {"", "Imf_", NUMBER, "::", "Imf"},
    {"", "Iex_", NUMBER, "::", "Iex"},
    {"", "Imath_", NUMBER, "::", "Imath"},
    {"", "OpenImageIO_v", NUMBER, "::", "OpenImageIO"},
    {"", "OpenColorIO_v", NUMBER, "::", "OpenColorIO"},
    /* the demanglers' short names */
    {"std::", "string", NOTHING, "", "basic_string"},
    {"std::", "istream", NOTHING, "", "basic_istream"},
    {"std::", "ostream", NOTHING, "", "basic_ostream"},
    {"std::", "iostream", NOTHING, "", "basic_iostream"},
    {"std::basic_string::", "string", NOTHING, "", "basic_string"},
    {"std::basic_string::", "~string", NOTHING, "", "~basic_string"},
    {"std::basic_istream::", "istream", NOTHING, "", "basic_istream"},
    {"std::basic_istream::", "~istream", NOTHING, "", "~basic_istream"},
    {"std::basic_ostream::", "ostream", NOTHING, "", "basic_ostream"},
    {"std::basic_ostream::", "~ostream", NOTHING, "", "~basic_ostream"},
    {"std::basic_iostream::", "iostream", NOTHING, "", "basic_iostream"},
    {"std::basic_iostream::", "~iostream", NOTHING, "", "~basic_iostream"},
    /* what has no name */
    {"", "_GLOBAL__N_", ANYTHING, "", "(anon)"},
    {"", "$_", NUMBER, "", "{unnamed}"},
    {"::", "_anon_", NUMBER, "", "{unnamed}"},
    {"", "__lambda", NUMBER, "", "{lambda}"},
    {"", "__lambda_L", ANYTHING, "", "{lambda}"},
    {"", "__dgliteral", NUMBER, "", "{lambda}"},
    {"", "__foreachbody", NUMBER, "", "{lambda}"},
    /* what calls a lambda, and the two ways in which Rust's closures are called */
    {"{lambda}::", "_FUN", NOTHING, "", NULL},
    {"{lambda}::", "__invoke", NOTHING, "", NULL},
    {"{unnamed}::", "__invoke", NOTHING, "", NULL},
    {"{closure}::", "call_once", NOTHING, "", NULL},
    {"{closure}::", "call_mut", NOTHING, "", NULL},
    {"{closure}::", "call", NOTHING, "", NULL},
};

/* Is this what was written last, as whole words? */
static bool follows(const struct pass *p, struct str after, size_t base)
{
    if (after.n > p->n_out - base || !out_ends(p, after))
        return false;

    size_t start = p->n_out - after.n;

    return start == base || !is_identifier(at(after, 0)) || !is_identifier(p->out[start - 1]);
}

static bool matches(const struct pass *p, const struct word *w, size_t i, size_t n, size_t base)
{
    struct str word = slice(p->in, i, i + n), text = str_from(w->text);

    if (!str_starts(word, text) || !starts_at(p->in, i + n, str_from(w->before)) ||
        !follows(p, str_from(w->after), base))
        return false;
    if (w->rest == NOTHING)
        return word.n == text.n;
    for (size_t k = text.n; w->rest == NUMBER && k < word.n; k++) {
        if (!is_digit(word.p[k]) && word.p[k] != '_')
            return false;
    }
    return w->rest == ANYTHING || word.n > text.n;
}

bool drop_call(struct pass *p)
{
    bool unnamed = out_ends(p, STR("{unnamed}::"));

    if (!unnamed && !out_ends(p, STR("{lambda}::")) && !out_ends(p, STR("{closure}::")))
        return false;
    p->n_out -= 2;
    if (unnamed) {
        p->n_out -= NAME_UNNAMED.n;
        put(p, NAME_LAMBDA);
    }
    return true;
}

/* A word that is dropped takes along what separates it from the next one or, at the end, from the
 * one before. */
static size_t put_word(struct pass *p, const struct word *w, size_t end)
{
    if (w->becomes)
        put(p, str_from(w->becomes));
    else if (*w->before)
        return end + strlen(w->before);
    else
        drop_call(p);
    return end;
}

size_t walk_word(struct pass *p, size_t i, size_t base)
{
    size_t n = identifier_length(p->in, i);
    size_t end = walk_go_word(p, i, n, base);

    if (end > i)
        return end;
    for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
        if (matches(p, &words[k], i, n, base))
            return put_word(p, &words[k], i + n);
    }
    copy(p, i, i + n);
    return i + n;
}

/* --- Between brackets or quotes --- */

static const struct {
    const char *within;  /* opening brackets and quotes */
    const char *text;    /* a blank, a number, '#', '(' or the end follows */
    const char *becomes; /* "": nothing */
} given[] = {
    {"(<{'`", "anonymous namespace", "(anon)"},
    {"(<{", "unnamed namespace", "(anon)"},
    {"(<", "anonymous class", "{unnamed}"},
    {"(<", "anonymous struct", "{unnamed}"},
    {"(<", "anonymous union", "{unnamed}"},
    {"(<", "unnamed struct", "{unnamed}"},
    {"(<", "unnamed class", "{unnamed}"},
    {"(<", "unnamed union", "{unnamed}"},
    {"(<", "unnamed enum", "{unnamed}"},
    {"(", "lambda at", "{lambda}"},
    {"(<", "anonymous", "(anon)"},
    {"(<", "unnamed", "(anon)"},
    {"(", "anon", "(anon)"},
    {"<{'", "lambda", "{lambda}"},
    {"{'", "unnamed", "{unnamed}"},
    {"{", "unnamed type", "{unnamed}"},
    {"'", "block-literal", "{lambda}"},
    {"{", "default arg", ""},
    /* Rust */
    {"{", "closure", "{closure}"},
    {"{", "closure_env", "{closure}"},
    {"{", "coroutine", "{closure}"},
    {"{", "coroutine_env", "{closure}"},
    {"{", "async_fn", "{closure}"},
    {"{", "async_fn_env", "{closure}"},
    {"{", "async_block", "{closure}"},
    {"{", "async_block_env", "{closure}"},
    {"{", "async_closure", "{closure}"},
    {"{", "async_closure_env", "{closure}"},
    {"{", "gen_fn", "{closure}"},
    {"{", "gen_block", "{closure}"},
    {"{", "constant", "{constant}"},
    {"{", "vtable.shim", ""},
    {"{", "vtable-shim", ""},
    {"{", "shim:vtable", ""},
    {"{", "shim", ""},
};

bool given_name(char open, struct str content, struct str *ret)
{
    for (size_t k = 0; k < ARRAY_SIZE(given); k++) {
        struct str text = str_from(given[k].text);
        char next = at(content, text.n);

        if (!is_one_of(open, given[k].within) || !str_starts(content, text))
            continue;
        if (next && !is_digit(next) && !is_one_of(next, " #("))
            continue;
        *ret = str_from(given[k].becomes);
        return true;
    }
    return false;
}
