/* SPDX-License-Identifier: Apache-2.0 */
/* DWARF expressions as call frame information has them (DWARF 5 section 2.5.1; 6.4.2 says which
 * operators may not occur): a small stack machine over a frame's registers and the process's
 * memory. It ends after a bounded number of steps, whatever the bytes are. */
#ifndef CORRAL_WORKERD_UNWIND_EXPRESSION_H
#define CORRAL_WORKERD_UNWIND_EXPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "workerd/image/image.h"
#include "workerd/index/rules.h"
#include "workerd/unwind/registers.h"

#define EXPRESSION_STEPS_MAX 256u
#define EXPRESSION_STACK_MAX 64u

enum expression_outcome {
    EXPRESSION_BAD = 1, /* malformed, too long, or needs a register that is not known */
    EXPRESSION_UNREAD,  /* memory is missing: at *ret_unread */
};

struct machine;

struct expression_context {
    struct image *image;
    const struct registers *registers;
    uint64_t bias;    /* of addresses in the file */
    bool has_cfa;     /* not while the CFA itself is computed */
    uint64_t cfa;     /* the machine starts with it on its stack */
    uint64_t *effort; /* what it takes is added */
    /* Operators that call frame information does not have (machine.h); false: not one of them.
     * NULL: there are none. */
    bool (*more)(struct machine *m, uint8_t op);
    void *arg; /* of more */
};

/* 0, or one of the outcomes. */
int expression_evaluate(const struct expression_context *x, const struct cfi_expression *e,
                        uint64_t *ret, uint64_t *ret_unread);

#endif
