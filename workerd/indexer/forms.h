/* SPDX-License-Identifier: Apache-2.0 */
/* The forms in which DWARF 2 to 5 writes an attribute's value (DWARF 5, section 7.5.6, and GNU's
 * additions): how many bytes each has, and what it says before anything is looked up. All sizes
 * hang on the unit that the value is in. Pure. */
#ifndef CORRAL_WORKERD_INDEXER_FORMS_H
#define CORRAL_WORKERD_INDEXER_FORMS_H

#include <dwarf.h>
#include <stdbool.h>
#include <stdint.h>

#include "workerd/index/cursor.h"

/* elfutils' list ends before clang's: an index into .debug_addr, and 4 bytes to be added. */
#define FORM_LLVM_ADDRX_OFFSET 0x2001u

/* What the header of a unit says about the sizes of its values. */
struct form_sizes {
    uint16_t version;
    uint8_t address; /* 4 or 8 */
    uint8_t offset;  /* 4 or 8: of offsets into sections (64-bit DWARF) */
};

/* A value as it is written: a number, an offset, an index; of DW_FORM_string the text itself, of
 * blocks (and of DW_FORM_data16) the bytes, and how many there are. */
struct form_value {
    uint64_t number;
    union {
        const char *text;
        const uint8_t *bytes;
    };
    uint32_t form;
    uint32_t addend; /* of FORM_LLVM_ADDRX_OFFSET */
};

enum form_class {
    FORM_FIXED,   /* always so many bytes */
    FORM_VARIES,  /* as the bytes themselves say */
    FORM_UNKNOWN, /* nothing behind it in the unit can be read */
};

/* How long values of the form are; *ret_size is only set for FORM_FIXED. */
enum form_class form_measure(uint32_t form, const struct form_sizes *s, uint32_t *ret_size);
/* Moves the cursor behind a value; one that cannot be read makes the cursor bad. */
void form_skip(uint32_t form, const struct form_sizes *s, struct cursor *c);
/* `constant` is what DW_FORM_implicit_const stands for. DW_FORM_indirect is resolved. */
void form_read(uint32_t form, int64_t constant, const struct form_sizes *s, struct cursor *c,
               struct form_value *ret);

/* The value as a number that is not negative; false when it is none. */
bool form_number(const struct form_value *v, uint64_t *ret);
/* Whether the value is a number, and not an address (DW_AT_high_pc may be either). */
bool form_is_constant(const struct form_value *v);
/* Whether it is bytes: a block, an expression, or DW_FORM_data16. */
bool form_is_bytes(const struct form_value *v);

#endif
