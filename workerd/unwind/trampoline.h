/* SPDX-License-Identifier: Apache-2.0 */
/* Where a signal handler returns to, when call frame information says nothing about it: code that
 * asks the kernel to put back the registers that it saved on the stack. It is known by its symbol,
 * or by its bytes, which every C library and runtime writes alike. */
#ifndef CORRAL_WORKERD_UNWIND_TRAMPOLINE_H
#define CORRAL_WORKERD_UNWIND_TRAMPOLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "workerd/image/image.h"
#include "workerd/index/index.h"
#include "workerd/unwind/registers.h"

struct trampoline;

/* What a handler that returns to pc returns to; NULL: to ordinary code. `symbol` is the one at pc;
 * NULL: none. */
const struct trampoline *trampoline_at(struct image *i, uint64_t pc, const char *symbol);

/* The registers that were interrupted, of a trampoline whose stack pointer is sp. False when memory
 * is missing: at *ret_unread. */
bool trampoline_registers(const struct trampoline *t, struct image *i, uint64_t sp,
                          struct registers *ret, uint64_t *ret_pc, uint64_t *ret_unread);

#endif
