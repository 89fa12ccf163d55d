/* SPDX-License-Identifier: Apache-2.0 */
/* The constructs, by language:
 *
 *   C++   a pack's pattern is looked through for packs, and what it repeats by substitution is
 *         looked through again each time: counted in libiberty's own tree
 *   C++   template arguments of a template parameter, where a conversion operator's type is: read
 *         twice
 *   D     back references to types, and functions' types: read twice
 *   Rust  the lifetimes that a binder declares, where the path is passed over: counted to their
 *         number, whatever it is
 *
 * Counts are made from the bytes, not from the grammar: a name that is within a name counts, too.
 */
#include "workerd/indexer/mangled.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>
#undef ARRAY_SIZE /* ours says the same */

#include "common/base/cleanup.h"
#include "common/base/str.h"

#define DOUBLING_STEPS 32u /* of what is read twice */
#define DOUBLINGS_MAX  15u /* DOUBLING_STEPS << this is MANGLED_STEPS_MAX */
#define FREE_DOUBLINGS 4u
#define FREE_STEPS     4096u
#define SUBSTITUTIONS  8u /* fewer of them can't repeat much */
#define TREE_DEPTH_MAX 4096u
#define BINDER_DIGITS  3u /* of base 62: a quarter of a million lifetimes */

static bool cost_of_doublings(size_t n, size_t *ret)
{
    if (n > DOUBLINGS_MAX)
        return false;
    *ret = n > FREE_DOUBLINGS ? (size_t)DOUBLING_STEPS << n : 0;
    return true;
}

/* --- C++ --- */

/* How often the pattern occurs: a letter, then digits of base 36, '_', and `end` if there is one.
 */
static size_t count_references(const char *s, char letter, char end)
{
    size_t n = 0;

    while ((s = strchr(s, letter))) {
        const char *p = ++s;

        while (isdigit((unsigned char)*p) || isupper((unsigned char)*p))
            p++;
        n += *p == '_' && (!end || p[1] == end);
    }
    return n;
}

/* How many steps it takes to look through a component for a pack, by its place in the array where
 * libiberty has made all of them; 0: not known yet. */
struct weights {
    const struct demangle_component *first;
    uint32_t *known;
    size_t n;
    uint64_t heaviest; /* of those that are looked through */
    bool too_deep;
};

static uint64_t weigh(struct weights *w, const struct demangle_component *c, unsigned depth);

static void note_pattern(struct weights *w, uint64_t weight)
{
    w->heaviest = weight > w->heaviest ? weight : w->heaviest;
}

static uint64_t weigh_below(struct weights *w, const struct demangle_component *c, unsigned depth)
{
    uint64_t n;

    switch (c->type) {
    case DEMANGLE_COMPONENT_PACK_EXPANSION:
        note_pattern(w, weigh(w, c->u.s_binary.left, depth));
        return 0; /* it is not looked into */
    case DEMANGLE_COMPONENT_UNARY:
    case DEMANGLE_COMPONENT_BINARY:
    case DEMANGLE_COMPONENT_TRINARY:
        n = weigh(w, c->u.s_binary.left, depth) + weigh(w, c->u.s_binary.right, depth);
        note_pattern(w, n); /* sizeof..., or a fold */
        return n;
    case DEMANGLE_COMPONENT_TEMPLATE_PARAM:
    case DEMANGLE_COMPONENT_LAMBDA:
    case DEMANGLE_COMPONENT_NAME:
    case DEMANGLE_COMPONENT_OPERATOR:
    case DEMANGLE_COMPONENT_BUILTIN_TYPE:
    case DEMANGLE_COMPONENT_EXTENDED_BUILTIN_TYPE:
    case DEMANGLE_COMPONENT_SUB_STD:
    case DEMANGLE_COMPONENT_CHARACTER:
    case DEMANGLE_COMPONENT_FUNCTION_PARAM:
    case DEMANGLE_COMPONENT_UNNAMED_TYPE:
    case DEMANGLE_COMPONENT_FIXED_TYPE:
    case DEMANGLE_COMPONENT_DEFAULT_ARG:
    case DEMANGLE_COMPONENT_NUMBER:
        return 0;
    case DEMANGLE_COMPONENT_EXTENDED_OPERATOR:
        return weigh(w, c->u.s_extended_operator.name, depth);
    case DEMANGLE_COMPONENT_CTOR:
        return weigh(w, c->u.s_ctor.name, depth);
    case DEMANGLE_COMPONENT_DTOR:
        return weigh(w, c->u.s_dtor.name, depth);
    default:
        return weigh(w, c->u.s_binary.left, depth) + weigh(w, c->u.s_binary.right, depth);
    }
}

static uint64_t weigh(struct weights *w, const struct demangle_component *c, unsigned depth)
{
    if (!c)
        return 0;
    size_t i = ((uintptr_t)c - (uintptr_t)w->first) / sizeof *c;

    w->too_deep |= depth == TREE_DEPTH_MAX || i >= w->n;
    if (w->too_deep)
        return 0;
    if (w->known[i] == 0) {
        uint64_t n = 1 + weigh_below(w, c, depth + 1);

        w->known[i] = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
    }
    return w->known[i];
}

static bool weigh_tree(const struct demangle_component *root, const void *first, size_t n,
                       size_t *ret)
{
    _cleanup_free_ uint32_t *known = calloc(n, sizeof *known);
    struct weights w = {.first = first, .known = known, .n = n};

    if (!known)
        return false;
    weigh(&w, root, 0);
    *ret = w.heaviest > FREE_STEPS ? (size_t)w.heaviest : 0;
    return !w.too_deep && w.heaviest < MANGLED_STEPS_MAX;
}

static bool cost_of_packs(const char *symbol, size_t *ret)
{
    _cleanup_free_ void *components = NULL;
    struct demangle_component *root;

    *ret = 0;
    if (count_references(symbol, 'S', 0) < SUBSTITUTIONS)
        return true;
    root = cplus_demangle_v3_components(symbol, DMGL_ANSI, &components);
    return !root || weigh_tree(root, components, 2 * strlen(symbol), ret);
}

static bool cost_of_cplus(const char *symbol, size_t *ret)
{
    size_t conversions = 0, packs = 0;

    if (strstr(symbol, "cv") &&
        !cost_of_doublings(count_references(symbol, 'T', 'I'), &conversions))
        return false;
    if (!cost_of_packs(symbol, &packs))
        return false;
    *ret = conversions + packs;
    return true;
}

/* --- D --- */

/* Whether a back reference's number, in base 26 with the last digit in lower case, leads to
 * something other than a name. */
static bool is_type_reference(const char *begin, const char *q)
{
    size_t distance = 0;
    const char *p = q + 1;

    for (; isupper((unsigned char)*p) && distance < INT32_MAX; p++)
        distance = 26 * distance + (size_t)(*p - 'A');
    if (!islower((unsigned char)*p))
        return false;
    distance = 26 * distance + (size_t)(*p - 'a');
    return distance <= (size_t)(q - begin) && !isdigit((unsigned char)*(q - distance));
}

static bool cost_of_d(const char *symbol, size_t *ret)
{
    size_t n = 0;

    for (const char *p = symbol; *p; p++)
        n += *p == 'Q' ? is_type_reference(symbol, p) : strchr("FUWVRY", *p) != NULL;
    return cost_of_doublings(n, ret);
}

/* --- Rust --- */

/* Behind a number of base 62, which ends with '_'. */
static const char *skip_number(const char *p)
{
    while (isalnum((unsigned char)*p))
        p++;
    return *p == '_' ? p + 1 : p;
}

/* Behind a name, which begins with its length. */
static const char *skip_name(const char *p)
{
    size_t n = 0;

    while (isdigit((unsigned char)*p) && n < INT32_MAX)
        n = 10 * n + (size_t)(*p++ - '0');
    p += *p == '_';
    return p + strnlen(p, n);
}

/* Behind a constant, of which p is the type. */
static const char *skip_constant(const char *p)
{
    if (!islower((unsigned char)*p))
        return p;
    p++;
    while (isdigit((unsigned char)*p) || (*p >= 'a' && *p <= 'f') || *p == 'n')
        p++;
    return p + (*p == '_');
}

/* Numbers and names may hold any letters, so each is passed over. */
static bool cost_of_rust(const char *symbol, size_t *ret)
{
    const char *p = symbol + 2, *end;

    *ret = 0;
    while (*p) {
        if (isdigit((unsigned char)*p)) {
            p = skip_name(p);
        } else if (*p == 's' || *p == 'B' || *p == 'L') {
            p = skip_number(p + 1);
        } else if (*p == 'K') {
            p = skip_constant(p + 1);
        } else if (*p == 'G') {
            end = skip_number(p + 1);
            if (end - p > 2 + BINDER_DIGITS)
                return false;
            *ret += end - p == 2 + BINDER_DIGITS ? 62 * 62 * 62 : 0;
            p = end;
        } else {
            p++;
        }
    }
    return true;
}

bool mangled_cost(const char *symbol, size_t *ret)
{
    *ret = 0;
    if (cstr_starts(symbol, "_Z"))
        return cost_of_cplus(symbol, ret);
    if (cstr_starts(symbol, "_R"))
        return cost_of_rust(symbol, ret);
    return !cstr_starts(symbol, "_D") || cost_of_d(symbol, ret);
}
