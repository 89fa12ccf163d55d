/* SPDX-License-Identifier: Apache-2.0 */
/* DWARF 2 to 5 as this program reads it: the sections that it is in, and the two readers of them,
 * for line tables and for units. Bounds-checked, pure over the sections; each goes forward once
 * over what it reads, and what is read again on the way has a bound (effort.h). What is not
 * supported says so (split DWARF: the code's tables are in another file). */
#ifndef CORRAL_WORKERD_INDEXER_DWARF_H
#define CORRAL_WORKERD_INDEXER_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workerd/index/writer.h"
#include "workerd/indexer/container.h"

/* The sections of one file, and of the one that it shares with others. */
struct dwarf {
    struct span info, abbrev, str, line, line_str, ranges, rnglists, addr, str_offsets;
    const struct dwarf *shared; /* dwz(1)'s; NULL: not at hand */
    bool is64;                  /* size of an address in the ELF file */
    bool types;                 /* info is .debug_types of DWARF 4 */
};

/* --- Lines: lines.c --- */

/* What a unit says about its line table. */
struct line_program {
    uint64_t offset;      /* DW_AT_stmt_list */
    const char *folder;   /* DW_AT_comp_dir; NULL */
    const char *name;     /* DW_AT_name; NULL */
    uint8_t address_size; /* of the unit */
};

/* The files of a line table, as numbers of index_writer_file; DWARF's file numbers are indexes
 * (before DWARF 5 they begin with 1; entry 0 is then the unit itself). */
struct line_files {
    uint32_t *numbers; /* on the heap; INDEX_NONE: unknown */
    size_t n;
};
void line_files_fini(struct line_files *f);

/* Runs the program: adds its files and, when rows is true, its rows. False when it is malformed:
 * what was read before it stays, and *ret is filled either way. Sequences that begin at address 0
 * are what the linker threw away, unless the file's code begins there (keep_zero). */
bool lines_index(const struct dwarf *d, const struct line_program *p, bool rows, bool keep_zero,
                 struct index_writer *w, struct line_files *ret);

/* --- Functions and calls: scopes.c --- */

/* Goes over all units: functions, inlined calls, call sites, and through lines_index the lines.
 * What could not be used is told to index_writer_problem. */
void dwarf_index(const struct dwarf *d, bool keep_zero, struct index_writer *w);

#endif
