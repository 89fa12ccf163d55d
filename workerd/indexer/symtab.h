/* SPDX-License-Identifier: Apache-2.0 */
/* A symbol table of an ELF file (gABI, "Symbol Table"): .symtab, .dynsym or, without a section
 * table, what PT_DYNAMIC knows of the latter. Bounds-checked; borrows the container's bytes. */
#ifndef CORRAL_WORKERD_INDEXER_SYMTAB_H
#define CORRAL_WORKERD_INDEXER_SYMTAB_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workerd/indexer/container.h"

#define SYMBOL_NAME_MAX 65536u /* bytes; mangled names of templates have some thousands */

struct symtab {
    struct span rows, names;
    struct span sections; /* SHT_SYMTAB_SHNDX: numbers that do not fit into a row */
    bool is64;
    size_t n;
    /* Bytes of names that may still be handed out: each is in the table once, more or less, but
     * hostile rows could all begin in one long name. */
    uint64_t names_left;
};

/* By section; false when it is empty. */
bool symtab_open(struct container *c, struct container_section *s, struct symtab *ret);
/* By PT_DYNAMIC. */
bool symtab_open_dynamic(const struct container *c, struct symtab *ret);
/* Row i < n, its section number resolved (SHN_UNDEF when it is unknown or none). */
Elf64_Sym symtab_row(const struct symtab *t, size_t i, uint32_t *ret_section);
/* NULL when it has none, or an endless one. */
const char *symtab_name(struct symtab *t, const Elf64_Sym *s);

#endif
