/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a module index: opened by checking its header and the bounds of its sections, then
 * searched. Every offset that a row holds is checked when it is followed, so a hostile index gives
 * wrong answers and nothing worse. Pure; borrows the bytes, and all texts that come out lie in
 * them. Addresses are relative to the index's base. No memory is taken, no look-up costs more than
 * a few halvings and one block. */
#ifndef CORRAL_WORKERD_INDEX_INDEX_H
#define CORRAL_WORKERD_INDEX_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/report/analysis.h"
#include "workerd/index/format.h"
#include "workerd/index/rules.h"

#define INDEX_CHAIN_MAX 64u /* functions at one address, expanded in one another */

enum index_outcome {
    INDEX_NOT_AN_INDEX = 1, /* no magic, or shorter than a header */
    INDEX_OTHER_VERSION,    /* of another version of this program: make it again */
    INDEX_DAMAGED,          /* a section lies outside of the file, or the checksum is wrong */
};

struct index {
    const uint8_t *data;
    size_t size;
    const struct index_header *header;
    struct {
        const uint8_t *data;
        size_t n; /* rows; of a section of bytes: bytes */
    } sections[INDEX_SECTIONS];
};

/* Fits the header's checksum field: over all bytes, with the field itself taken as 0. A fast
 * non-cryptographic hash (XXH64): it tells damage, not malice. */
uint64_t index_checksum(const void *data, size_t size);

/* The header of a file of that size says that it is an index of this version. Reads nothing of a
 * file that is smaller than a header. */
int index_check_header(const struct index_header *h, uint64_t size);
/* Checks header, version, sizes and alignment; not the checksum. `data` must be aligned to 8. */
int index_open(const void *data, size_t size, struct index *ret);
/* 0, or INDEX_DAMAGED when the checksum is wrong: reads the whole file. */
int index_verify(const struct index *x);

/* MODULE_STRIPPED, _SYMBOLS or _DEBUG. */
enum module_status index_status(const struct index *x);
/* NULL for 0 and for what lies outside. */
const char *index_text(const struct index *x, uint32_t text);
const struct index_segment *index_segments(const struct index *x, size_t *ret_n);

/* False when no rule covers the address. */
bool index_rule(const struct index *x, uint32_t address, struct cfi_rule *ret);

struct index_symbol {
    const char *name;
    uint32_t start;
};
bool index_symbol(const struct index *x, uint32_t address, struct index_symbol *ret);

/* One function at an address, or one that was expanded inline there. */
struct index_function {
    const char *name;                    /* as people read it; NULL: none */
    bool inlined;                        /* and then, where it was called from: */
    const char *call_folder, *call_file; /* NULL: unknown */
    uint32_t call_line, call_column;     /* 0: unknown */
    uint32_t start;                      /* of a function that is not inlined */
};
/* Innermost first; returns how many, 0 when DWARF knows no function there. A chain that is longer
 * than the limit loses its innermost. */
size_t index_functions(const struct index *x, uint32_t address,
                       struct index_function ret[static INDEX_CHAIN_MAX]);

struct index_line {
    const char *folder, *file; /* folder NULL: part of the file, or unknown */
    uint32_t line, column;
};
bool index_line(const struct index *x, uint32_t address, struct index_line *ret);

/* What is called before a return address. */
struct index_callee {
    const char *symbol; /* NULL: it is in this file, and begins at: */
    uint32_t start;
};
bool index_call(const struct index *x, uint32_t return_address, struct index_callee *ret);
/* The start of a function that has jumps, by its symbol; false when unknown or ambiguous. */
bool index_entry(const struct index *x, const char *symbol, uint32_t *ret_start);
/* The jumps of the function that begins there. */
const struct index_jump *index_jumps(const struct index *x, uint32_t function, size_t *ret_n);

/* Address as in the file. */
bool index_variable(const struct index *x, const char *name, uint64_t *ret);

#endif
