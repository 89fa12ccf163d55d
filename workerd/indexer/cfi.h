/* SPDX-License-Identifier: Apache-2.0 */
/* .eh_frame and .debug_frame to rules and rows: one pass over all FDEs, each row of each FDE once
 * (DWARF 5 section 6.4; Linux Standard Base, "Exception Frames"; for .eh_frame what differs from
 * it). Pure, bounds-checked; time and memory are linear in the size of the section. Also used alone
 * on the vDSO's image out of a core. */
#ifndef CORRAL_WORKERD_INDEXER_CFI_H
#define CORRAL_WORKERD_INDEXER_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "workerd/index/writer.h"
#include "workerd/indexer/container.h"

struct cfi_section {
    struct span bytes;
    uint64_t address;    /* where it is mapped: DW_EH_PE_pcrel */
    uint64_t text, data; /* DW_EH_PE_textrel, datarel (.got); 0: unknown */
    bool eh;             /* .eh_frame; else .debug_frame */
    bool is64;
    bool keep_zero; /* the file has code at address 0; else what begins there was thrown away */
    uint16_t machine;
};

/* Finds it by name or, when the file has no sections, through PT_GNU_EH_FRAME. False when there is
 * none. */
bool cfi_find_eh_frame(struct container *c, struct cfi_section *ret);
bool cfi_find_debug_frame(struct container *c, struct cfi_section *ret);

/* Adds all rows. Entries that are malformed are passed over; of one whose program breaks off, what
 * comes before stays. -ENOMEM. */
int cfi_index(const struct cfi_section *s, struct index_writer *w);

#endif
