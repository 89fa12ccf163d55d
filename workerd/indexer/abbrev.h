/* SPDX-License-Identifier: Apache-2.0 */
/* Abbreviations (DWARF 5, section 7.5.3): what a DIE of a code is and which attributes it has. Each
 * table is decoded once, into steps over a DIE's bytes: so many bytes to pass over, then a value
 * that is wanted or one whose length only its bytes tell. A DIE of which nothing is wanted is one
 * step, as a rule. */
#ifndef CORRAL_WORKERD_INDEXER_ABBREV_H
#define CORRAL_WORKERD_INDEXER_ABBREV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "workerd/indexer/container.h"
#include "workerd/indexer/effort.h"
#include "workerd/indexer/forms.h"
#include "workerd/indexer/offsetmap.h"

#define ABBREVS_MEMORY_MAX ((size_t)256 << 20) /* of all tables of a file */

/* What a DIE is to us. */
enum die_kind {
    DIE_OTHER,  /* nothing of it is wanted, but functions may be in it */
    DIE_PASSED, /* nor can there be any in it: it is passed over with what it has in it */
    DIE_UNIT,
    DIE_SPACE, /* a namespace or class: only its name is wanted */
    DIE_FUNCTION,
    DIE_INLINED,
    DIE_CALL,
    DIE_UNKNOWN, /* has a value of a form that is not known */
};

/* How much of a DIE is wanted. */
enum abbrev_wanted {
    ABBREV_FUNCTIONS, /* what an index is made of */
    ABBREV_ALL,       /* each attribute that has a slot, of any DIE */
};

/* The attributes that are ever wanted, each with its place in struct die. */
enum die_slot {
    SLOT_NONE,
    SLOT_SIBLING,
    SLOT_NAME,
    SLOT_LINKAGE_NAME,
    SLOT_MIPS_LINKAGE_NAME,
    SLOT_LOW_PC,
    SLOT_HIGH_PC,
    SLOT_RANGES,
    SLOT_ENTRY_PC,
    SLOT_ABSTRACT_ORIGIN,
    SLOT_SPECIFICATION,
    SLOT_CALL_FILE,
    SLOT_CALL_LINE,
    SLOT_CALL_COLUMN,
    SLOT_RETURN_PC,
    SLOT_CALL_ORIGIN,
    SLOT_TAIL_CALL,
    SLOT_LANGUAGE,
    SLOT_STMT_LIST,
    SLOT_COMP_DIR,
    SLOT_DWO_NAME,
    SLOT_STR_OFFSETS_BASE,
    SLOT_ADDR_BASE,
    SLOT_RNGLISTS_BASE,
    /* Of variables and types, which an index does not have (workerd/variables). */
    SLOT_LOCLISTS_BASE,
    SLOT_TYPE,
    SLOT_LOCATION,
    SLOT_FRAME_BASE,
    SLOT_CONST_VALUE,
    SLOT_CALL_VALUE,
    SLOT_CALL_TARGET,
    SLOT_DECLARATION,
    SLOT_EXTERNAL,
    SLOT_ARTIFICIAL,
    SLOT_SIGNATURE,
    SLOT_IMPORT,
    SLOT_BYTE_SIZE,
    SLOT_BIT_SIZE,
    SLOT_BIT_OFFSET, /* DW_AT_bit_offset, from the other end */
    SLOT_DATA_BIT_OFFSET,
    SLOT_MEMBER_LOCATION,
    SLOT_ENCODING,
    SLOT_LOWER_BOUND,
    SLOT_UPPER_BOUND,
    SLOT_COUNT,
    SLOT_BYTE_STRIDE,
    SLOT_ENUM_CLASS,
    SLOT_DISCRIMINANT, /* DW_AT_discr */
    SLOT_DISCRIMINANT_VALUE,
    SLOT_CONTAINING_TYPE, /* of a pointer to a member: whose */
    SLOTS
};

struct abbrev_step {
    int64_t constant; /* of DW_FORM_implicit_const */
    uint32_t skip;    /* bytes before the value */
    uint16_t form;    /* 0: no value, only bytes */
    uint8_t slot;     /* SLOT_NONE: the value is passed over */
};

struct abbrev {
    uint64_t code;
    const struct abbrev_step *steps;
    uint32_t n_steps;
    uint16_t tag;
    uint8_t kind; /* enum die_kind */
    bool children;
};

struct abbrev_table {
    const struct abbrev *list; /* by code */
    size_t n;
};

/* The tables of a section, as far as they were asked for. */
struct abbrevs {
    struct span section;
    enum abbrev_wanted wanted;
    struct arena arena;
    struct offset_map known; /* key: offset and sizes; value: index in tables */
    const struct abbrev_table **tables;
    size_t n, capacity;
};

void abbrevs_init(struct abbrevs *a, struct span section, enum abbrev_wanted wanted);
void abbrevs_fini(struct abbrevs *a);
/* The table at the offset for units of these sizes; it stays where it is until abbrevs_fini. NULL
 * when it is malformed, or a limit is reached. */
const struct abbrev_table *abbrevs_table(struct abbrevs *a, uint64_t offset,
                                         const struct form_sizes *s, struct effort *e);

/* NULL when there is none. */
const struct abbrev *abbrev_search(const struct abbrev_table *t, uint64_t code);

/* Compilers number from 1 on without a gap. */
static inline const struct abbrev *abbrev_find(const struct abbrev_table *t, uint64_t code)
{
    if (code - 1 < t->n && t->list[code - 1].code == code)
        return &t->list[code - 1];
    return abbrev_search(t, code);
}

#endif
