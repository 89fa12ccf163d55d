/* SPDX-License-Identifier: Apache-2.0 */
/* A module's debug information as the files of this folder share it: one or two ELF files, of which
 * sections are decompressed when they are first needed, and what was found out on the way. */
#ifndef CORRAL_WORKERD_VARIABLES_OPENED_H
#define CORRAL_WORKERD_VARIABLES_OPENED_H

#include "workerd/indexer/coderanges.h"
#include "workerd/indexer/offsetmap.h"
#include "workerd/variables/debug.h"

/* Sections that not every question needs. */
enum debug_section {
    DEBUG_STR,
    DEBUG_LINE_STR,
    DEBUG_STR_OFFSETS,
    DEBUG_RANGES,
    DEBUG_RNGLISTS,
    DEBUG_LOC,
    DEBUG_LOCLISTS,
    DEBUG_ARANGES,
    DEBUG_SECTIONS
};

struct debug_file {
    struct container container; /* without `sections`: not at hand */
    struct dwarf dwarf;         /* has of `late` what it has room for */
    struct dwarf types_dwarf;   /* the same, of .debug_types */
    struct info info, types;    /* types: without units when there is no such section */
    struct span late[DEBUG_SECTIONS];
    unsigned loaded; /* a bit for each of late */
    bool keep_zero;  /* code may begin at address 0 */
};

/* Code of a unit, or of a function of one. */
struct debug_code {
    uint64_t low, high;
    uint64_t offset; /* of the unit, of the function's DIE: in the own file's .debug_info */
};

struct debug_codes {
    struct debug_code *list; /* on the heap */
    size_t n, capacity;
};

/* The functions of a unit, once they were asked for. */
struct debug_functions {
    const struct unit *unit;
    struct debug_codes codes;
};

/* What callsite.c has found out: several values of a frame are asked of one call. */
struct debug_calls {
    bool looked_for, found;
    uint64_t return_pc; /* in the file */
    struct entry site, function;
    bool judged, reliable;
    uint64_t judged_function; /* its DIE's offset */
};

struct debug {
    struct debug_file own, shared;
    struct effort effort;
    struct code_ranges ranges; /* of whichever DIE was last asked for */
    struct debug_codes units;  /* by .debug_aranges, and then by the units themselves */
    bool has_aranges, has_roots;
    struct debug_functions *functions; /* on the heap */
    size_t n_functions, functions_capacity;
    struct offset_map signatures; /* of type units; value: which unit of info, or of types */
    bool has_signatures;
    struct debug_calls calls;
    unsigned language; /* of the unit whose function was asked for last */
};

/* The section of the file that x is of; empty when there is none. */
struct span debug_section(struct debug *d, const struct info *x, enum debug_section s);
/* Where the DIE is that an attribute refers to; not in a type unit. */
bool debug_reference(const struct entry *e, enum die_slot slot, struct info **ret_info,
                     uint64_t *ret);
/* The code of a DIE, in d->ranges until the next call. */
void debug_code_of(const struct entry *e);
bool debug_code_holds(const struct entry *e, uint64_t address);
/* The innermost DW_TAG_subprogram whose code holds the address of the file. */
bool debug_function_at(struct debug *d, uint64_t address, struct entry *ret);
/* Frees what functions.c has made. */
void debug_codes_fini(struct debug *d);

#endif
