/* SPDX-License-Identifier: Apache-2.0 */
/* A rule of call frame information: how the caller's registers are found at an address (DWARF 5
 * section 6.4; the .eh_frame form of it in the Linux Standard Base). Decoded for the unwinder,
 * encoded for the index: equal rules give equal bytes, so that each is stored once. Pure; bounds
 * are checked when a rule is decoded, for an index is not trusted. */
#ifndef CORRAL_WORKERD_INDEX_RULES_H
#define CORRAL_WORKERD_INDEX_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

#define CFI_REGISTERS_MAX  40u   /* rules of one row that are kept: x86_64 has 17, aarch64 33 */
#define CFI_EXPRESSION_MAX 1024u /* bytes of one DWARF expression */

enum cfi_kind {
    CFI_SAME,           /* the caller's value is the callee's */
    CFI_UNDEFINED,      /* lost; of the return address: this is the outermost frame */
    CFI_OFFSET,         /* saved at CFA + value */
    CFI_VAL_OFFSET,     /* is CFA + value */
    CFI_REGISTER,       /* in the register number value */
    CFI_EXPRESSION,     /* saved at the address that the expression computes, CFA on its stack */
    CFI_VAL_EXPRESSION, /* is what the expression computes */
};

struct cfi_expression {
    const uint8_t *bytes; /* borrowed */
    size_t size;
};

struct cfi_register {
    uint16_t number; /* DWARF's */
    uint8_t kind;    /* enum cfi_kind */
    int64_t value;
    struct cfi_expression expression;
};

struct cfi_rule {
    bool signal;            /* 'S': the frame of a signal handler's trampoline */
    bool signed_return;     /* aarch64: the return address carries a pointer authentication code */
    uint16_t return_column; /* the register number that stands for the return address */
    bool cfa_is_expression;
    uint16_t cfa_register;
    int64_t cfa_offset;
    struct cfi_expression cfa_expression;
    size_t n;                                         /* registers without an entry are CFI_SAME */
    struct cfi_register registers[CFI_REGISTERS_MAX]; /* by number */
};

void cfi_rule_encode(const struct cfi_rule *r, struct buf *b);
/* False when the bytes end early or exceed a limit. Expressions point into the bytes. */
bool cfi_rule_decode(const uint8_t *bytes, size_t size, struct cfi_rule *ret);

#endif
