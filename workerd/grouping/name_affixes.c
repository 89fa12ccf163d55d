/* SPDX-License-Identifier: Apache-2.0 */
/* What linkers, compilers and debuggers write before and behind a name. Behind it are cut, as often
 * as there is something: suffixes of cloned and split functions, versions, offsets, Rust's hashes.
 * Each look back is short, so that the whole is linear. */
#include "workerd/grouping/name.h"

#include <string.h>

#include "common/base/cleanup.h"

#define SUFFIX_MAX 64 /* bytes of one suffix */

static bool all_of(struct str s, const char *allowed)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_one_of(s.p[i], allowed))
            return false;
    }
    return s.n > 0;
}

/* Cuts s before its last byte c; false when there is none, or nothing before it. */
static bool split_last(struct str s, char c, struct str *ret_head, struct str *ret_tail)
{
    for (size_t i = s.n; i-- > 1 && s.n - i <= SUFFIX_MAX;) {
        if (s.p[i] == c) {
            *ret_head = slice(s, 0, i);
            *ret_tail = slice(s, i + 1, s.n);
            return true;
        }
    }
    return false;
}

/* A name of C or C++, by what Go's packages do not have. */
static bool is_name_of_c(struct str s)
{
    return str_find(s, STR("::")) >= 0 ||
           (str_find(s, STR("_")) >= 0 && str_find(s, STR("/")) < 0 && str_find(s, STR(".")) < 0);
}

/* foo.part.0, foo.isra, foo.cold, foo.llvm.1234, main.f.abi0. Words that somebody could have called
 * a function (in Go, main.part) count only with a number; gdb leaves that of .part away. */
static bool cut_clone(struct str *s)
{
    static const struct {
        const char *word;
        bool numbered;
    } words[] = {
        {"isra", false},         {"constprop", false},
        {"cold", false},         {"lto_priv", false},
        {"localalias", false},   {"_omp_fn", false},
        {"omp_outlined", false}, {"omp_outlined_debug__", false},
        {"argprom", false},      {"cfi", false},
        {"abi0", false},         {"abiinternal", false},
        {"default", false},      {"avx", false},
        {"avx2", false},         {"avx512f", false},
        {"part", true},          {"__part", true},
        {"llvm", true},          {"__uniq", true},
        {"local", true},         {"specialized", true},
    };
    struct str head, tail;
    bool numbered = split_last(*s, '.', &head, &tail) && all_of(tail, "0123456789");

    if (numbered ? !split_last(head, '.', &head, &tail) : !split_last(*s, '.', &head, &tail))
        return false;
    for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
        if (!str_eq(tail, str_from(words[k].word)) ||
            (words[k].numbered && !numbered && !(str_eq(tail, STR("part")) && is_name_of_c(head))))
            continue;
        *s = head;
        return true;
    }
    return false;
}

/* inner.0, of a function within a function or one of several of that name, and .omp_outlined..1;
 * but main.init.0 is Go's. */
static bool cut_number(struct str *s)
{
    struct str head, tail, unused;

    if (!split_last(*s, '.', &head, &tail) || !all_of(tail, "0123456789"))
        return false;
    if (!str_ends(head, STR(".")) && split_last(head, '.', &unused, &tail))
        return false;
    *s = head;
    return true;
}

/* memcpy@@GLIBC_2.14, puts@plt. */
static bool cut_version(struct str *s)
{
    struct str head, tail;

    if (!split_last(*s, '@', &head, &tail) || tail.n == 0)
        return false;
    for (size_t i = 0; i < tail.n; i++) {
        if (!is_identifier(tail.p[i]) && tail.p[i] != '.')
            return false;
    }
    while (head.n > 1 && head.p[head.n - 1] == '@')
        head.n--;
    *s = head;
    return true;
}

/* foo+0x12, foo+18. */
static bool cut_offset(struct str *s)
{
    struct str head, tail;

    if (!split_last(*s, '+', &head, &tail) || str_ends(head, STR("operator")))
        return false;
    if (str_starts(tail, STR("0x")) ? !all_of(slice(tail, 2, tail.n), "0123456789abcdefABCDEF")
                                    : !all_of(tail, "0123456789"))
        return false;
    *s = head;
    return true;
}

/* ::h0123456789abcdef, which Rust's first mangling puts behind every name. */
static bool cut_rust_hash(struct str *s)
{
    const size_t n = strlen("::h") + 16;

    if (s->n <= n || !str_starts(slice(*s, s->n - n, s->n), STR("::h")) ||
        !all_of(slice(*s, s->n - 16, s->n), "0123456789abcdef"))
        return false;
    s->n -= n;
    return true;
}

/* Go: a method as a value, and the bodies of loops over functions. */
static bool cut_go(struct str *s)
{
    struct str head, tail;

    if (!split_last(*s, '-', &head, &tail))
        return false;
    if (!str_eq(tail, STR("fm")) &&
        !(str_starts(tail, STR("range")) && all_of(slice(tail, 5, tail.n), "0123456789")))
        return false;
    *s = head;
    return true;
}

static bool cut_blank(struct str *s)
{
    size_t n = s->n;

    *s = str_trim(*s);
    return s->n < n;
}

struct str cut_tail(struct str s)
{
    while (cut_blank(&s) || cut_clone(&s) || cut_version(&s) || cut_offset(&s) ||
           cut_rust_hash(&s) || cut_go(&s))
        ;
    cut_number(&s);
    return s;
}

/* --- What precedes a name --- */

static const struct {
    const char *text;
    const char *becomes; /* in front of what follows, which is read like any name */
} prefixes[] = {
    {"__GI_", ""},
    {"IA__", ""},
    {"_ada_", ""},
    {"*", ""},
    {"(inlined by) ", ""},
    {"[inlined] ", ""},
    {"type:.", "type.."},
    {"type..", "type.."},
    {"vtable for ", "vtable for "},
    {"VTT for ", "VTT for "},
    {"typeinfo for ", "typeinfo for "},
    {"typeinfo name for ", "typeinfo name for "},
    {"construction vtable for ", "construction vtable for "},
    {"guard variable for ", "guard variable for "},
    {"TLS wrapper function for ", "TLS wrapper function for "},
    {"thread-local wrapper routine for ", "TLS wrapper function for "},
    {"TLS init function for ", "TLS init function for "},
    {"thread-local initialization routine for ", "TLS init function for "},
    {"global constructors keyed to ", "_GLOBAL__sub_I_"},
    {"global destructors keyed to ", "_GLOBAL__sub_D_"},
    {"_GLOBAL__I_", "_GLOBAL__sub_I_"},
    {"_GLOBAL__D_", "_GLOBAL__sub_D_"},
};

/* Swift: "closure #1 (Swift.Int) -> () in main.f() -> ()" is part of main.f. */
static struct str cut_swift_closure(struct str s)
{
    size_t i = s.n;

    if (!str_starts(s, STR("closure #")) && !str_starts(s, STR("implicit closure #")))
        return s;
    while (i > 0 && !starts_at(s, i, STR(" in ")))
        i--;
    return i > 0 ? slice(s, i + strlen(" in "), s.n) : s;
}

struct str cut_head(struct str s, struct str *ret_kept)
{
    s = cut_swift_closure(s);
    *ret_kept = STR("");
    for (size_t k = 0; k < ARRAY_SIZE(prefixes); k++) {
        struct str prefix = str_from(prefixes[k].text);

        if (s.n > prefix.n && str_starts(s, prefix)) {
            *ret_kept = str_from(prefixes[k].becomes);
            return slice(s, prefix.n, s.n);
        }
    }
    return s;
}
