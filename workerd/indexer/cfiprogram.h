/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions of call frame information (DWARF 5 section 6.4.2 and the GNU and AArch64 ones
 * besides), run once from a function's first address to its last: what they say along the way is
 * collected as rows. Pure; borrows the section and the writer. */
#ifndef CORRAL_WORKERD_INDEXER_CFIPROGRAM_H
#define CORRAL_WORKERD_INDEXER_CFIPROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workerd/index/cursor.h"
#include "workerd/index/writer.h"
#include "workerd/indexer/ehpointer.h"

#define CFI_STATES_MAX 16u /* remembered at once; compilers remember one */

/* What a row says. */
struct cfi_state {
    bool has_cfa;
    struct cfi_rule rule;
};

struct cfi_rows {
    struct index_writer_row *list;
    size_t n, capacity;
};

struct cfi_program {
    struct index_writer *writer;
    uint16_t machine;
    uint16_t registers; /* numbers from here on take no part in unwinding: they are passed over */
    uint8_t encoding;   /* of the address in DW_CFA_set_loc */
    struct eh_bases bases;
    uint64_t code_factor;
    int64_t data_factor;

    uint64_t location;
    bool in_function; /* else these are the instructions that its CIE begins with */
    bool out_of_memory;
    uint64_t work; /* what rules have cost so far, in about bytes */
    uint64_t work_max;
    struct cfi_state now, initial;
    struct cfi_state stack[CFI_STATES_MAX];
    size_t depth;
    struct cfi_rows rows;
};

/* Forgets all rules. The CIE's constants come into `now.rule` next. */
void cfi_program_reset(struct cfi_program *p);
/* The instructions of the CIE, once for all functions that share it. False when they are malformed.
 */
bool cfi_program_begin(struct cfi_program *p, struct cursor instructions);
/* Those of a function at [start, end), whose rows they fill. When they are malformed the last row
 * says that nothing is known. */
void cfi_program_run(struct cfi_program *p, struct cursor instructions, uint64_t start,
                     uint64_t end);

#endif
