/* SPDX-License-Identifier: Apache-2.0 */
/* Pointers of .eh_frame and .eh_frame_hdr, whose encoding (DW_EH_PE_*, one byte) says how many
 * bytes they have and what they are relative to: Linux Standard Base, "DWARF Extensions". Pure. */
#ifndef CORRAL_WORKERD_INDEXER_EHPOINTER_H
#define CORRAL_WORKERD_INDEXER_EHPOINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "workerd/index/cursor.h"

enum eh_format {
    EH_ABSOLUTE = 0x00, /* as wide as an address */
    EH_ULEB128 = 0x01,
    EH_UDATA2 = 0x02,
    EH_UDATA4 = 0x03,
    EH_UDATA8 = 0x04,
    EH_SLEB128 = 0x09,
    EH_SDATA2 = 0x0a,
    EH_SDATA4 = 0x0b,
    EH_SDATA8 = 0x0c,
    EH_FORMAT = 0x0f, /* mask */
    EH_PCREL = 0x10,
    EH_TEXTREL = 0x20,
    EH_DATAREL = 0x30,
    EH_FUNCREL = 0x40,
    EH_ALIGNED = 0x50,
    EH_BASE = 0x70, /* mask */
    EH_INDIRECT = 0x80,
    EH_OMIT = 0xff,
};

/* What pointers are relative to. */
struct eh_bases {
    const uint8_t *start; /* the section's first byte, */
    uint64_t address;     /* and where it is mapped */
    uint64_t text, data, function;
    uint8_t word; /* bytes of an address */
};

/* Reads a pointer and moves behind it. False when there is none, when it is indirect (only the
 * running program knows it), or when the cursor is bad: then it could not even be passed. */
bool eh_pointer(struct cursor *c, uint8_t encoding, const struct eh_bases *b, uint64_t *ret);

#endif
