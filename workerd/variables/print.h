/* SPDX-License-Identifier: Apache-2.0 */
/* A value as text, as gdb's print writes it by default: `5`, `97 'a'`, `0x7ffd… "text"`,
 * `{x = 1, y = 2}`, `{1, 2, 3 <repeats 10 times>}`, `RED`, `true`, `@0x7ffd…: 3`; and a type's name
 * as the language writes it. Types are DWARF's graph, which may be hostile: cyclic, endless, of
 * absurd sizes. Texts are bounded and so is the work. */
#ifndef CORRAL_WORKERD_VARIABLES_PRINT_H
#define CORRAL_WORKERD_VARIABLES_PRINT_H

#include "common/base/buf.h"
#include "workerd/variables/place.h"

#define PRINT_VALUE_MAX    1000u /* bytes of one value's text; what is longer ends in "…" */
#define PRINT_TYPE_MAX     200u
#define PRINT_ELEMENTS_MAX 200u /* of an array, characters of a string: gdb's default */
#define PRINT_DEPTH_MAX    8u   /* of structures in structures */

/* The name of the type that `of` has in DW_AT_type: "const char *", "int [4]", "void" when it has
 * none. In the arena. */
const char *print_type(const struct entry *of, struct arena *a);
/* The same of a variable of a frame, where an array's length may be a variable's value. */
const char *print_type_in(const struct frame_view *f, const struct entry *of, struct arena *a);
/* Of the type itself. */
const char *print_type_itself(const struct entry *type, struct arena *a);

/* What addresses are called, for pointers to functions and to data: gdb's "0x401136 <callback>". */
struct print_symbols {
    /* What lies at the address, and how far behind its beginning that is; false: nothing known. The
     * name may be in the arena. */
    bool (*name)(void *arg, uint64_t address, struct arena *a, const char **ret,
                 uint64_t *ret_offset);
    void *arg;
};

/* The value of the type that `of` has, at the place. In the arena; NULL with *ret_why (static) when
 * nothing of it can be read. */
const char *print_value_with(const struct entry *of, const struct place *p,
                             const struct print_symbols *symbols, struct arena *a,
                             const char **ret_why);
/* The same without symbols. */
const char *print_value(const struct entry *of, const struct place *p, struct arena *a,
                        const char **ret_why);

#endif
