/* SPDX-License-Identifier: Apache-2.0 */
/* struct rt_sigframe (arch/x86/include/asm/sigframe.h): the return address, then struct ucontext at
 * a multiple of 16: flags, link, the alternate stack, struct sigcontext. The selectors are the same
 * in every 64-bit program, and nothing else looks so. */
#include "client/slim/sigframe.h"

#include <string.h>

enum {
    AT_FLAGS = 0,
    AT_LINK = 8,
    AT_REGISTERS = 40, /* r8 … r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip */
    AT_SP = 160,
    AT_EFLAGS = 176,
    AT_SELECTORS = 184, /* cs, gs, fs, ss: 16 bits each */
    AT_FAULT = 216,     /* cr2 */
    CONTEXT_BYTES = 224,
};

#define FLAGS_MAX      7u /* UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS */
#define SELECTORS      0x002b000000000033ull
#define SELECTORS_MASK 0xffff00000000ffffull
#define EFLAGS_ALWAYS  0x2u /* bits of the register that are always set and never */
#define EFLAGS_NEVER   0xffffffffffc08028ull

static uint64_t word(const uint8_t *p, size_t at)
{
    uint64_t v;

    memcpy(&v, p + at, sizeof v);
    return v;
}

static bool looks_so(const uint8_t *p)
{
    uint64_t flags = word(p, AT_EFLAGS);

    return (word(p, AT_SELECTORS) & SELECTORS_MASK) == SELECTORS &&
           word(p, AT_FLAGS) <= FLAGS_MAX && word(p, AT_LINK) == 0 && (flags & EFLAGS_ALWAYS) &&
           !(flags & EFLAGS_NEVER);
}

bool sigframe_find(const uint8_t *p, size_t n, size_t from, struct sigframe *ret)
{
    for (size_t at = (from + 15) & ~(size_t)15; at + CONTEXT_BYTES <= n; at += 16) {
        if (!looks_so(p + at))
            continue;
        ret->sp = word(p + at, AT_SP);
        for (size_t i = 0; i < SIGFRAME_REGISTERS - 1; i++)
            ret->registers[i] = word(p + at, AT_REGISTERS + 8 * i);
        ret->registers[SIGFRAME_REGISTERS - 1] = word(p + at, AT_FAULT);
        ret->end = at + CONTEXT_BYTES;
        return true;
    }
    return false;
}
