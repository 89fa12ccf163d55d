/* SPDX-License-Identifier: Apache-2.0 */
/* Rust's methods stand under a type, a trait or both, and its two manglings write that differently:
 * a::<impl Y for X>::f and <X as Y>::f are one, and so are core::str::<impl str>::len and
 * <str>::len. The type's path is the name; a type without a path (u8, [T], T) is not telling, and
 * its trait is; where there is no trait either the type is built in, and the method is core's. */
#include "workerd/grouping/name.h"

#include <string.h>

#include "common/base/cleanup.h"

/* References, pointers and lifetimes in front of a type. */
static size_t skip_reference(const struct pass *p, size_t i, size_t to)
{
    static const char *const words[] = {" ", "&", "mut ", "dyn ", "*const ", "*mut "};

    for (size_t k = 0; k < ARRAY_SIZE(words);) {
        if (starts_at(slice(p->in, 0, to), i, str_from(words[k]))) {
            i += strlen(words[k]);
            k = 0;
        } else if (at(p->in, i) == '\'' && i < to) {
            i += 1 + identifier_length(p->in, i + 1);
        } else {
            k++;
        }
    }
    return i;
}

static bool is_path(const struct pass *p, size_t from, size_t to)
{
    return from < to && (is_identifier(p->in.p[from]) || p->in.p[from] == '<') &&
           find_outside(p, from, to, STR("::")) < to;
}

/* The module of core that has what a built-in type can do; NULL for other types. */
static const char *built_in(struct str type)
{
    static const char *const types[] = {"str",  "bool", "char", "u8",    "u16",  "u32",
                                        "u64",  "u128", "i8",   "i16",   "i32",  "i64",
                                        "i128", "f32",  "f64",  "usize", "isize"};

    if (at(type, 0) == '[')
        return "slice";
    if (at(type, 0) == '*')
        return "ptr";
    for (size_t k = 0; k < ARRAY_SIZE(types); k++) {
        if (str_eq(type, str_from(types[k])))
            return types[k];
    }
    return NULL;
}

static void walk_type(struct pass *p, size_t from, size_t to, size_t trait, size_t trait_end,
                      unsigned depth)
{
    size_t type = skip_reference(p, from, to);
    const char *module = built_in(slice(p->in, at(p->in, from) == '*' ? from : type, to));

    if (is_path(p, type, to)) {
        walk(p, type, to, depth);
    } else if (is_path(p, trait, trait_end)) {
        walk(p, trait, trait_end, depth);
    } else if (module) {
        put(p, STR("core::"));
        put(p, str_from(module));
    } else {
        walk(p, type, to, depth);
    }
}

void walk_qualified(struct pass *p, size_t from, size_t to, unsigned depth)
{
    size_t middle;

    if (starts_at(p->in, from, STR("impl "))) {
        from += strlen("impl ");
        middle = find_outside(p, from, to, STR(" for "));
        if (middle < to)
            walk_type(p, middle + strlen(" for "), to, from, middle, depth);
        else
            walk_type(p, from, to, to, to, depth);
        return;
    }
    middle = find_outside(p, from, to, STR(" as "));
    walk_type(p, from, middle, middle < to ? middle + strlen(" as ") : to, to, depth);
}
