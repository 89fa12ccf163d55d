/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of one frame, by DWARF's numbers, as far as they are known. Pure. */
#ifndef CORRAL_WORKERD_UNWIND_REGISTERS_H
#define CORRAL_WORKERD_UNWIND_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#define UNWIND_REGISTERS_MAX 40u /* numbers from 0 on that are kept: aarch64 has 33 */

struct registers {
    uint64_t values[UNWIND_REGISTERS_MAX];
    uint64_t known; /* one bit for each */
};

/* False when it is not known. */
static inline bool registers_get(const struct registers *r, uint64_t number, uint64_t *ret)
{
    if (number >= UNWIND_REGISTERS_MAX || !(r->known >> number & 1))
        return false;
    *ret = r->values[number];
    return true;
}

/* What is beyond those that are kept is passed over. */
static inline void registers_set(struct registers *r, uint64_t number, uint64_t value)
{
    if (number >= UNWIND_REGISTERS_MAX)
        return;
    r->values[number] = value;
    r->known |= UINT64_C(1) << number;
}

static inline void registers_forget(struct registers *r, uint64_t number)
{
    if (number < UNWIND_REGISTERS_MAX)
        r->known &= ~(UINT64_C(1) << number);
}

#endif
