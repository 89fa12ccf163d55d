/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of an ELF file's symbol tables, sorted by address once, so that each look-up is a
 * binary search (libdwfl scans the whole table for every frame). */
#ifndef CORRAL_WORKERD_REFERENCE_SYMBOLS_H
#define CORRAL_WORKERD_REFERENCE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libelf.h>

#define SYMBOLS_MAX (4u << 20) /* of one file; Chromium has about a million */

struct symbol {
    uint64_t address, end; /* in the file's addresses, [address, end) */
    bool label;            /* without a size (assembler): its end is that of its section */
    const char *name;      /* in the Elf's memory */
    uint8_t rank;          /* which of several names for one address is preferred: the higher one */
};

struct symbol_table;

/* From .symtab of either file, or .dynsym where there is none. Either may be NULL. The files must
 * outlive the table. */
struct symbol_table *symbol_table_new(Elf *file, Elf *debug_file);
void symbol_table_free(struct symbol_table *t);

/* The function that holds the address; NULL. */
const struct symbol *symbol_table_find(const struct symbol_table *t, uint64_t address);

/* The address of the function with this name, without its version; false unless there is exactly
 * one. A scan of the table. */
bool symbol_table_address(const struct symbol_table *t, const char *name, uint64_t *ret);

/* The address of a dynamic symbol by its name. */
bool dynamic_symbol_address(Elf *file, const char *name, uint64_t *ret);

#endif
