/* SPDX-License-Identifier: Apache-2.0 */
/* Names without namespaces, as C has them: what glibc calls its functions internally, and how other
 * languages put their scopes into a symbol. A name that holds anything but an identifier's bytes is
 * none of these. */
#include "workerd/grouping/name.h"

#include <string.h>

#include "common/base/cleanup.h"

/* __memmove_avx_unaligned_erms is memmove: glibc picks one for the processor it runs on. Those that
 * check their arguments have the underscores without a processor, too. */
static struct str cut_processor(struct str s)
{
    static const char *const families[] = {
        "mem",  "rawmem", "str",       "stp",   "wcs", "wmem",    "wcp",   "sin",
        "cos",  "tan",    "exp",       "log",   "pow", "atan",    "floor", "ceil",
        "rint", "trunc",  "nearbyint", "round", "fma", "ieee754_"};
    static const char *const variants[] = {
        "_avx",  "_sse",     "_ssse",  "_evex",      "_erms",   "_generic", "_sve",   "_mops",
        "_neon", "_aarch64", "_asimd", "_thunderx",  "_falkor", "_kunpeng", "_a64fx", "_oryon",
        "_ia32", "_i586",    "_i686",  "_power",     "_ppc",    "_z13",     "_z196",  "_emag",
        "_fma",  "_lsx",     "_lasx",  "_unaligned", "_rvv",    "_zva"};
    struct str name = str_starts(s, STR("__")) ? slice(s, 2, s.n) : STR("");
    ptrdiff_t first = -1;
    bool known = false;

    for (size_t k = 0; k < ARRAY_SIZE(families); k++)
        known = known || str_starts(name, str_from(families[k]));
    for (size_t k = 0; known && k < ARRAY_SIZE(variants); k++) {
        ptrdiff_t found = str_find(name, str_from(variants[k]));

        if (found > 0 && (first < 0 || found < first))
            first = found;
    }
    if (first < 0)
        return s;
    name = slice(name, 0, (size_t)first);
    return str_ends(name, STR("_chk")) ? slice(s, 0, 2 + (size_t)first) : name;
}

/* read, __read and __libc_read are one function under three names. */
static struct str cut_alias(struct str s)
{
    static const char *const prefixes[] = {"__libc_", "__"};
    static const char *const names[] = {
        "accept",   "calloc",   "close",     "connect",  "fcntl",   "fork",   "free",      "fsync",
        "malloc",   "memalign", "nanosleep", "open",     "open64",  "pause",  "poll",      "pread",
        "pread64",  "pvalloc",  "pwrite",    "pwrite64", "read",    "readv",  "realloc",   "recv",
        "recvfrom", "recvmsg",  "select",    "send",     "sendmsg", "sendto", "sigaction", "system",
        "tcdrain",  "valloc",   "wait4",     "waitpid",  "write",   "writev"};

    for (size_t k = 0; k < ARRAY_SIZE(prefixes); k++) {
        struct str prefix = str_from(prefixes[k]), rest;

        if (!str_starts(s, prefix))
            continue;
        rest = slice(s, prefix.n, s.n);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
            if (str_eq(rest, str_from(names[i])))
                return rest;
        }
    }
    return s;
}

/* Ada numbers functions of one name: pkg__sub__2. */
static struct str cut_overload(struct str s)
{
    size_t n = s.n;

    while (n > 0 && is_digit(s.p[n - 1]))
        n--;
    if (n == s.n || n < 3 || s.p[n - 1] != '_' || s.p[n - 2] != '_')
        return s;
    return str_find(slice(s, 0, n - 2), STR("__")) > 0 ? slice(s, 0, n - 2) : s;
}

/* OCaml numbers all functions of a module: camlList__map_12. */
static struct str cut_stamp(struct str s)
{
    size_t n = s.n;

    while (n > 0 && is_digit(s.p[n - 1]))
        n--;
    return str_starts(s, STR("caml")) && at(s, 4) >= 'A' && at(s, 4) <= 'Z' && n < s.n &&
                   at(s, n - 1) == '_'
               ? slice(s, 0, n - 1)
               : s;
}

/* Fortran's modules: __m_MOD_f is m::f. */
static struct str read_fortran(struct str s, struct arena *a)
{
    ptrdiff_t middle = str_find(s, STR("_MOD_"));
    struct str module, name;

    if (middle <= 2 || !str_starts(s, STR("__")) || (size_t)middle + 5 == s.n)
        return s;
    module = slice(s, 2, (size_t)middle);
    name = slice(s, (size_t)middle + 5, s.n);
    return str_from(arena_printf(a, "%.*s::%.*s", (int)module.n, module.p, (int)name.n, name.p));
}

/* cgo's names hold a hash of the package: _cgo_0123456789ab_Cfunc_f. */
static struct str cut_cgo(struct str s, struct arena *a)
{
    static const char *const prefixes[] = {"_cgo_", "_cgoexp_"};

    for (size_t k = 0; k < ARRAY_SIZE(prefixes); k++) {
        struct str prefix = str_from(prefixes[k]);
        size_t n = prefix.n;

        if (!str_starts(s, prefix))
            continue;
        while (is_one_of(at(s, n), "0123456789abcdef"))
            n++;
        if (n == prefix.n + 12 && at(s, n) == '_')
            return str_from(
                arena_printf(a, "%s%.*s", prefixes[k], (int)(s.n - n - 1), s.p + n + 1));
    }
    return s;
}

struct str plain_name(struct str s, struct arena *a)
{
    if (identifier_length(s, 0) != s.n)
        return s;
    return cut_cgo(read_fortran(cut_stamp(cut_overload(cut_alias(cut_processor(s)))), a), a);
}
