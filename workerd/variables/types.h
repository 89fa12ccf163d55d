/* SPDX-License-Identifier: Apache-2.0 */
/* What types are made of: DWARF's graph of typedefs, qualifiers, arrays and names, looked at no
 * further than is asked, for it may be cyclic. Private to workerd/variables. */
#ifndef CORRAL_WORKERD_VARIABLES_TYPES_H
#define CORRAL_WORKERD_VARIABLES_TYPES_H

#include "workerd/variables/debug.h"
#include "workerd/variables/bounded.h"

#define TYPE_CHAIN_MAX      32u /* typedefs and qualifiers before a type */
#define TYPE_DIMENSIONS_MAX 8u

/* The type that it has in DW_AT_type. False when it has none (void), or one that cannot be read. */
bool type_of(const struct entry *of, struct entry *ret);
/* The type behind typedefs and qualifiers; of a declaration the definition, when it says where that
 * is. False when there is none, or void. */
bool type_bare(const struct entry *type, struct entry *ret);
/* type_of, then type_bare. */
bool type_of_bare(const struct entry *of, struct entry *ret);
/* Bytes, of a bare type; false when it does not say. */
bool type_size(const struct entry *bare, uint64_t *ret);
/* Its name with the namespaces and classes around it; NULL. */
const char *type_name(const struct entry *type);
/* The same as gdb writes it. */
void add_type_name(struct bounded *t, const struct entry *type);
/* `name` with what is around the entry. */
const char *type_qualified(const struct entry *e, const char *name);
bool type_same(const struct entry *a, const struct entry *b);

bool type_is_rust(const struct entry *e);
bool type_is_c(const struct entry *e); /* and not C++, where a struct's name is a type's */
/* Names of structures that are tuples, or slices, as rustc calls them. */
bool name_starts(const char *name, const char *start);

/* --- Numbers --- */

enum number_kind {
    NUMBER_SIGNED,
    NUMBER_UNSIGNED,
    NUMBER_BOOL,
    NUMBER_FLOAT,
    NUMBER_COMPLEX,
    NUMBER_OTHER, /* of an encoding that is not known here */
};

/* Of a base type. */
enum number_kind type_number_kind(const struct entry *base);

/* Whether a number is also shown as a character, and an array or a pointer of it as a text. */
struct text_unit {
    unsigned width;     /* bytes; 0: no text */
    const char *prefix; /* "", "L", "u", "U" */
};

struct text_unit type_text_unit(const struct entry *type);

/* --- Arrays --- */

struct dimension {
    struct entry range;
    int64_t count;          /* -1: not known, or only at run time: then … */
    enum die_slot computed; /* … this attribute leads to the number; SLOT_NONE */
};

/* The dimensions of a bare array type, from the outermost on; returns how many there are. */
size_t type_dimensions(const struct entry *array, struct dimension *ret, size_t max);

#endif
