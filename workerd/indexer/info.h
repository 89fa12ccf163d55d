/* SPDX-License-Identifier: Apache-2.0 */
/* .debug_info of one file: its units, found by their headers alone, each opened when it is first
 * needed; a DIE as its wanted values; and what those values mean when they are looked up in the
 * other sections. Bounds-checked, pure over the sections. */
#ifndef CORRAL_WORKERD_INDEXER_INFO_H
#define CORRAL_WORKERD_INDEXER_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workerd/indexer/abbrev.h"
#include "workerd/indexer/dwarf.h"

#define UNITS_MAX (1u << 20)

struct unit {
    uint64_t offset, end; /* of its header, of what is behind it; in .debug_info */
    uint64_t first;       /* of its own DIE */
    uint64_t abbrev_offset;
    const struct abbrev_table *abbrevs; /* NULL until it is opened, and when it cannot be */
    uint64_t str_offsets_base, addr_base, rnglists_base, loclists_base;
    uint64_t base_address; /* of its ranges */
    struct form_sizes sizes;
    uint32_t first_space, n_spaces; /* which of info's are in it; spaces.c */
    uint16_t language;              /* DW_LANG_…; 0: it does not say */
    uint8_t type;                   /* DW_UT_… */
    bool opened, spaces_read;
};

/* Name and mangled name of a function; NULL: none. */
struct names {
    const char *linkage, *plain;
    const char *full;     /* plain with what is around it, once it was asked for; spaces.h */
    struct info *home;    /* of the DIE that plain is from, */
    uint64_t offset;      /* and where it is */
    uint64_t start;       /* of the code of what a reference leads to itself; 0: none, or unknown */
    uint32_t price_again; /* of copying them once more; see effort.h */
};

/* A namespace or class, or a function: what it has in it lies in [begin, end) of .debug_info. */
struct space {
    uint64_t begin, end;
    const char *name;
    uint32_t parent; /* INDEX_NONE: none */
};

struct info {
    const struct dwarf *dwarf;
    struct unit *units; /* in the order of the file */
    size_t n;
    const char *flaw; /* the first thing that is wrong with the units' headers; NULL */
    struct abbrevs abbrevs;
    size_t str_end, line_str_end; /* what lies before it ends with NUL */
    struct offset_map named;      /* DIEs whose names were looked up; value: index in names */
    struct names *names;
    size_t n_names, names_capacity;
    struct offset_map texts; /* names that were kept, by their place */
    struct space *spaces;    /* of each unit those that matter, by where they begin */
    size_t n_spaces, spaces_capacity;
    struct arena full_names;
    struct info *shared;  /* of the file that is shared with others; NULL */
    bool types_in_spaces; /* spaces are asked for types, too, and not for functions alone */
    struct effort *effort;
};

/* Finds the units. Borrows all that it is given; what is not read leads to `flaw`. */
void info_init(struct info *x, const struct dwarf *d, enum abbrev_wanted wanted,
               struct info *shared, struct effort *e);
/* To be told when the dwarf's sections of texts have come later than info_init. */
void info_take_texts(struct info *x);
void info_fini(struct info *x);

/* The unit that holds the offset; NULL. */
struct unit *info_unit(struct info *x, uint64_t offset);
/* Reads what a unit says about all of it. False when it cannot be read. */
bool info_open(struct info *x, struct unit *u);

/* --- DIEs --- */

struct die {
    const struct abbrev *abbrev;
    const uint8_t *at; /* its attributes */
    uint64_t present;  /* a bit for each slot that has a value */
    struct form_value values[SLOTS];
};

static inline const struct form_value *die_value(const struct die *d, enum die_slot slot)
{
    return d->present & UINT64_C(1) << slot ? &d->values[slot] : NULL;
}

/* The abbreviation of the DIE at the cursor, which is then behind the code; NULL at the end of
 * siblings, and when it is unknown (which makes the cursor bad). */
static inline const struct abbrev *die_abbrev(const struct unit *u, struct cursor *c)
{
    uint64_t code = cursor_uleb(c);
    const struct abbrev *a = code == 0 ? NULL : abbrev_find(u->abbrevs, code);

    if (code != 0 && (!a || a->kind == DIE_UNKNOWN)) {
        cursor_fail(c);
        return NULL;
    }
    return a;
}

/* Moves behind the attributes. */
void die_skip(const struct unit *u, const struct abbrev *a, struct cursor *c);
/* The same, and keeps what is wanted. */
void die_read(const struct unit *u, const struct abbrev *a, struct cursor *c, struct die *ret);

/* --- What values mean. False or NULL when they cannot be found; `v` may be NULL --- */

const char *value_text(const struct info *x, const struct unit *u, const struct form_value *v);
bool value_address(const struct info *x, const struct unit *u, const struct form_value *v,
                   uint64_t *ret);
/* As libdw's users read numbers: 0 for what is none, or larger than an int. */
uint32_t value_number(const struct form_value *v);
/* A place in .debug_info; *ret_info is x, or the shared one. */
bool value_reference(struct info *x, const struct unit *u, const struct form_value *v,
                     struct info **ret_info, uint64_t *ret);
/* Where the list of ranges begins, in .debug_ranges or .debug_rnglists. */
bool value_ranges(const struct info *x, const struct unit *u, const struct form_value *v,
                  uint64_t *ret);
/* The index-th address of the unit's in .debug_addr. */
bool unit_address(const struct info *x, const struct unit *u, uint64_t index, uint64_t *ret);

#endif
