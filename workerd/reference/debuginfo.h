/* SPDX-License-Identifier: Apache-2.0 */
/* From an address to source: the function, the functions that were expanded inline there, and file,
 * line and column of each. Reads DWARF through libdw, but searches by itself: libdw's
 * dwarf_getscopes does not descend into namespaces (so it finds nothing in Rust), walks a unit's
 * tree for every address, and needs .debug_aranges, which clang does not write. All addresses are
 * the file's. */
#ifndef CORRAL_WORKERD_REFERENCE_DEBUGINFO_H
#define CORRAL_WORKERD_REFERENCE_DEBUGINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfutils/libdw.h>

#include "common/base/arena.h"

#define SOURCE_FRAMES_MAX 64 /* functions at one address, expanded in one another */

/* One function at an address. */
struct source_frame {
    const char *function;  /* as in DW_AT_name; NULL: unknown */
    const char *linkage;   /* mangled name; NULL: none */
    const char *file;      /* absolute where the compiler's folder is known; NULL: unknown */
    unsigned line, column; /* 0: unknown */
    bool inlined;
};

struct debug_index;

/* Sorts the address ranges of all units; the Dwarf must outlive it. NULL when memory is out. */
struct debug_index *debug_index_new(Dwarf *dwarf);
void debug_index_free(struct debug_index *x);

/* Fills ret innermost first; returns how many. One frame without a function is possible: lines
 * without a function around them. Texts are in the arena or in the Dwarf's memory. */
size_t debug_index_find(struct debug_index *x, uint64_t address, struct arena *a,
                        struct source_frame ret[static SOURCE_FRAMES_MAX]);

/* The function that holds the address, as a DIE with code of its own. */
bool debug_index_function(struct debug_index *x, uint64_t address, Dwarf_Die *ret);

#endif
