/* SPDX-License-Identifier: Apache-2.0 */
/* The stack machine of DWARF expressions, for whoever knows more operators than call frame
 * information may have: those that say where a variable lies (workerd/variables). */
#ifndef CORRAL_WORKERD_UNWIND_MACHINE_H
#define CORRAL_WORKERD_UNWIND_MACHINE_H

#include <stddef.h>

#include "workerd/index/cursor.h"
#include "workerd/unwind/expression.h"

struct machine {
    const struct expression_context *x;
    struct cursor c; /* behind the operator, at its operands */
    const uint8_t *begin;
    size_t word; /* bytes */
    uint64_t stack[EXPRESSION_STACK_MAX];
    size_t n;
    int outcome; /* the first thing that went wrong */
    bool lost;   /* which was that a register is not known */
    uint64_t unread;
};

static inline void machine_fail(struct machine *m)
{
    if (m->outcome == 0)
        m->outcome = EXPRESSION_BAD;
}

static inline void machine_push(struct machine *m, uint64_t value)
{
    if (m->n == EXPRESSION_STACK_MAX)
        machine_fail(m);
    else
        m->stack[m->n++] = m->word == 8 ? value : (uint32_t)value;
}

static inline uint64_t machine_pop(struct machine *m)
{
    if (m->n > 0)
        return m->stack[--m->n];
    machine_fail(m);
    return 0;
}

/* The lowest `size` bytes of a value, which have a sign. */
static inline int64_t machine_signed(uint64_t value, size_t size)
{
    unsigned shift = 64 - 8 * (unsigned)size;

    return (int64_t)(value << shift) >> shift;
}

/* Fails when the register is not known. */
uint64_t machine_register(struct machine *m, uint64_t number);
/* The `size` bytes at the address, which are no more than a word; fails when they are missing. */
uint64_t machine_read(struct machine *m, uint64_t address, uint64_t size);

/* With an empty stack. Borrows both. */
void machine_init(struct machine *m, const struct expression_context *x,
                  const struct cfi_expression *e);
/* To the end, or until something is wrong: m->outcome. */
void machine_run(struct machine *m);

#endif
