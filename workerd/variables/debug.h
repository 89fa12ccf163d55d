/* SPDX-License-Identifier: Apache-2.0 */
/* The debug information of one module, opened to be asked and not to be gone through: units by
 * address, DIEs by offset, children, references. An index has functions and lines; what a type is
 * and where a variable lies is read from the DWARF itself when somebody wants to know, for keeping
 * all of it would make indexes as large as what they are made of. Bounds-checked, pure over the
 * files; what all questions together may cost is bounded (effort.h, memory_budget). */
#ifndef CORRAL_WORKERD_VARIABLES_DEBUG_H
#define CORRAL_WORKERD_VARIABLES_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "workerd/indexer/info.h"

/* Files as bytes; size 0: not at hand. */
struct debug_files {
    struct span module, debuginfo, shared;
};

struct debug;

/* A module's debug information, from its own file or the separate one; it lives in the arena and
 * borrows the files and the budget. NULL when there is none that can be read. debug_close frees
 * what is not in the arena; takes NULL. */
struct debug *debug_open(const struct debug_files *f, struct memory_budget *budget,
                         struct arena *a);
void debug_close(struct debug *d);

/* A DIE that was read, and where. */
struct entry {
    struct debug *debug;
    struct info *info; /* of the file, or of the one that is shared */
    struct unit *unit;
    uint64_t offset; /* in info's .debug_info: two entries are the same DIE when info and offset are
                      */
    uint64_t next;   /* behind its attributes: its first child, when it has children */
    struct die die;
};

/* False when nothing that can be read is there. */
bool entry_at(struct debug *d, struct info *x, uint64_t offset, struct entry *ret);
/* What an attribute that refers to a DIE leads to (DW_AT_type, DW_AT_abstract_origin,
 * DW_AT_specification …), in whichever unit, file or type unit (DW_FORM_ref_sig8) it is. */
bool entry_follow(const struct entry *e, enum die_slot slot, struct entry *ret);

/* Children, in order: for (bool more = entry_child(e, &c); more; more = entry_sibling(&c)) … Both
 * leave *ret or *e untouched at the end. */
bool entry_child(const struct entry *e, struct entry *ret);
bool entry_sibling(struct entry *e);

static inline unsigned entry_tag(const struct entry *e)
{
    return e->die.abbrev->tag;
}

/* An attribute as text, as a number that is not negative, as one with a sign, as a flag (false when
 * it is missing), as an address in the file, as bytes (block, exprloc). */
const char *entry_text(const struct entry *e, enum die_slot slot);
bool entry_number(const struct entry *e, enum die_slot slot, uint64_t *ret);
bool entry_signed(const struct entry *e, enum die_slot slot, int64_t *ret);
bool entry_flag(const struct entry *e, enum die_slot slot);
bool entry_address(const struct entry *e, enum die_slot slot, uint64_t *ret);
bool entry_bytes(const struct entry *e, enum die_slot slot, struct span *ret);

/* The unit whose code holds the address of the file; false when none does. Its own DIE. */
bool debug_unit_of(struct debug *d, uint64_t address, struct entry *ret);

#endif
