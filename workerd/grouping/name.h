/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the normaliser share: one pass over one name, and the small readers that all of
 * them use. Nobody else includes it. */
#ifndef CORRAL_WORKERD_GROUPING_NAME_H
#define CORRAL_WORKERD_GROUPING_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#define NAME_DEPTH_MAX  16u /* groups within groups that are read; what is deeper is copied */
#define NAME_GROWTH_MAX 4u  /* no rewriting makes a name longer than so many times itself */
#define NAME_ROOM       64u /* for what is put before one */

/* Names that compilers give to what has none in the source. */
#define NAME_LAMBDA  STR("{lambda}")
#define NAME_CLOSURE STR("{closure}")
#define NAME_UNNAMED STR("{unnamed}")

struct pass {
    struct str in;
    int32_t *partner; /* of a paired bracket; -1 for any other byte */
    char *out;
    size_t n_out, capacity;
};

static inline struct str slice(struct str s, size_t from, size_t to)
{
    return (struct str){s.p + from, to - from};
}

/* The byte at i, or NUL. */
static inline char at(struct str s, size_t i)
{
    return i < s.n ? s.p[i] : '\0';
}

static inline bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static inline bool starts_at(struct str s, size_t i, struct str prefix)
{
    return i <= s.n && str_starts(slice(s, i, s.n), prefix);
}

bool is_identifier(char c);
bool is_digit(char c);
/* How many bytes from i on belong to an identifier; are digits. */
size_t identifier_length(struct str s, size_t i);
size_t number_length(struct str s, size_t i);

/* --- Brackets (name_brackets.c) --- */

/* Pairs (), [], {} and <> of the whole name; operators and less-than signs are none. The stack has
 * room for as many as the name has bytes. */
void pair_brackets(struct pass *p, int32_t *stack);
/* The length of an `operator` with its symbol at position i, or 0: "operator<<", "operator". */
size_t operator_length(struct str s, size_t i);

static inline bool opens(const struct pass *p, size_t i)
{
    return i < p->in.n && p->partner[i] > (int32_t)i;
}

/* Where the text stands in [from, to), outside of inner groups; to when it does not. */
size_t find_outside(const struct pass *p, size_t from, size_t to, struct str text);

/* --- The walk (name_walk.c) --- */

/* Appends the name that stands in [from, to) of the input. */
void walk(struct pass *p, size_t from, size_t to, unsigned depth);
void put(struct pass *p, struct str s);
void copy(struct pass *p, size_t from, size_t to);
bool out_ends(const struct pass *p, struct str s);

/* An `operator` at position i, of that length; returns the position after it (name_operator.c). */
size_t walk_operator(struct pass *p, size_t i, size_t length, size_t to, unsigned depth);

/* The identifier at position i, or what it stands for; returns the position after it
 * (name_words.c). */
size_t walk_word(struct pass *p, size_t i, size_t base);

/* Go's own words, and the dot in a package's name with the module's version behind it
 * ("yaml%2ev3"), at position i; both return the position after it, or i when there is none
 * (name_go.c). */
size_t walk_go_word(struct pass *p, size_t i, size_t n, size_t base);
size_t walk_go_escape(struct pass *p, size_t i);

/* Takes back the "::" behind what has no name ({lambda}, {closure}), for the operator or function
 * that calls it says nothing more; an unnamed class that is called was a lambda. False when there
 * is no such thing. */
bool drop_call(struct pass *p);

/* What a compiler's spelling of a name stands for, which it has written between brackets or quotes
 * that open so: "anonymous namespace", "lambda(int)#1", "closure_env#0"; the empty text for what
 * says nothing. False when it is not one. */
bool given_name(char open, struct str content, struct str *ret);

/* Rust's <X as Y>, <impl Y for X> and <X>; false when the brackets hold no path (name_rust.c). */
void walk_qualified(struct pass *p, size_t from, size_t to, unsigned depth);

/* --- What stands around a name (name_affixes.c) --- */

struct str cut_tail(struct str s);
/* Cuts what stands before a name; *ret_kept is what is to stand before the result. */
struct str cut_head(struct str s, struct str *ret_kept);

/* --- Whole names --- */

/* The name that a mangled one holds, in the arena, or the name itself (name_mangled.c). */
struct str read_mangled(struct str s, struct arena *a);
/* C's names and those of languages that write them as C's (name_c.c). */
struct str plain_name(struct str s, struct arena *a);

#endif
