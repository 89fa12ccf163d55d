/* SPDX-License-Identifier: Apache-2.0 */
/* One x86-64 instruction, as far as it tells why it faulted: how long it is, of which kind, and
 * which memory it reads or writes, as registers and numbers. No disassembler: of operands that are
 * registers nothing is said but where a division or a call takes its own from. What is not known
 * for certain (an encoding that this does not know, an address that depends on more than a base and
 * an index) is left out. Pure over at most 15 bytes, which may be anything. Facts are from the
 * Intel manual, volume 2, appendix A. */
#ifndef CORRAL_WORKERD_CAUSE_INSTRUCTION_H
#define CORRAL_WORKERD_CAUSE_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSTRUCTION_BYTES_MAX    15u /* longer ones fault whatever they are */
#define INSTRUCTION_OPERANDS_MAX 2u

/* Registers as instructions number them: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 … r15. */
#define REGISTER_NONE (-1)
#define REGISTER_RSP  4
#define REGISTER_RIP  16 /* of the next instruction */

enum instruction_kind {
    INSTRUCTION_OTHER,
    INSTRUCTION_DIVIDE,        /* div */
    INSTRUCTION_DIVIDE_SIGNED, /* idiv */
    INSTRUCTION_UNDEFINED,     /* ud0, ud1, ud2: meant to fault */
    INSTRUCTION_BREAKPOINT,    /* int3, int1 */
    INSTRUCTION_CALL,          /* to an address that is in it */
    INSTRUCTION_CALL_INDIRECT,
    INSTRUCTION_JUMP_INDIRECT,
    INSTRUCTION_RETURN,
    INSTRUCTION_STRING, /* movs, stos, cmps, lods, scas */
    INSTRUCTION_SYSCALL,
    INSTRUCTION_PRIVILEGED, /* the kernel's alone */
};

enum instruction_segment { SEGMENT_NONE, SEGMENT_FS, SEGMENT_GS };

/* segment + base + index × scale + displacement. */
struct memory_operand {
    bool reads, writes;
    uint16_t size;    /* bytes; 0: unknown */
    uint16_t aligned; /* the address must be a multiple of this; 0: of nothing */
    int8_t base, index;
    uint8_t scale;
    uint8_t segment; /* enum instruction_segment */
    bool narrow;     /* the sum, without the segment, is cut to 32 bits */
    int64_t displacement;
};

struct instruction {
    uint8_t length;
    enum instruction_kind kind;
    /* The register that a division divides by, that a call or jump takes its target from;
     * REGISTER_NONE: it is operands[0]. */
    int8_t source;
    uint8_t source_size; /* its bytes */
    bool source_high;    /* ah, ch, dh, bh */
    bool wide;           /* EVEX: AVX-512 */
    bool vex;            /* VEX: AVX */
    size_t n_operands;
    struct memory_operand operands[INSTRUCTION_OPERANDS_MAX];
};

/* False when the bytes are not known to be an instruction, or end before it does. */
bool instruction_decode(const uint8_t *p, size_t n, struct instruction *ret);
/* "rax"; "" for what is none. */
const char *instruction_register(int number);

#endif
