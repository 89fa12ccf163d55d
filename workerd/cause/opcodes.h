/* SPDX-License-Identifier: Apache-2.0 */
/* Within workerd/cause: what follows an opcode, and what it does with its memory operand. */
#ifndef CORRAL_WORKERD_CAUSE_OPCODES_H
#define CORRAL_WORKERD_CAUSE_OPCODES_H

#include <stdbool.h>
#include <stdint.h>

/* A word for each opcode; 0: there is no such instruction, or it is not known here. */
enum opcode_shape {
    SHAPE_KNOWN = 1 << 0,
    SHAPE_MODRM = 1 << 1,
    SHAPE_IMM8 = 1 << 2,
    SHAPE_IMM16 = 1 << 3,
    SHAPE_IMMZ = 1 << 4, /* as wide as operands, at most 4 bytes */
    SHAPE_IMM32 = 1 << 5,
    SHAPE_IMMV = 1 << 6,  /* as wide as operands */
    SHAPE_MOFFS = 1 << 7, /* an address */
    SHAPE_READS = 1 << 8,
    SHAPE_WRITES = 1 << 9,
    SHAPE_ALIGNED = 1 << 10,   /* also when it has no prefix of SSE's time */
    SHAPE_UNALIGNED = 1 << 11, /* though it is of SSE's time and 16 bytes wide */
    SHAPE_HIDDEN = 1 << 12,    /* its address is more than what ModRM says */
    SHAPE_GROUP = 1 << 13,     /* ModRM.reg tells more: opcode_group */
    SHAPE_SIZE_SHIFT = 16,
};

/* How many bytes of memory. */
enum opcode_size {
    SIZE_UNKNOWN,
    SIZE_1,
    SIZE_2,
    SIZE_4,
    SIZE_8,
    SIZE_10,
    SIZE_16,
    SIZE_OPERAND, /* 2, 4 or 8, as prefixes say */
    SIZE_WORD,    /* 4, or 8 with REX.W */
    SIZE_STACK,   /* 8, or 2 with the prefix 66 */
    SIZE_FLOAT,   /* ps, pd: the vector; ss: 4; sd: 8; by the mandatory prefix */
    SIZE_PACKED,  /* the vector; without a prefix 8, for that is MMX */
    SIZE_VECTOR,  /* the vector */
};

/* OPCODE_PLAIN: one byte; the others follow 0F, 0F 38, 0F 3A. */
enum opcode_map { OPCODE_PLAIN, OPCODE_0F, OPCODE_0F38, OPCODE_0F3A };

/* The prefix that selects among several instructions of one opcode. */
enum opcode_prefix { PREFIX_NONE, PREFIX_66, PREFIX_F3, PREFIX_F2 };

/* Which encoding: where several share an opcode, they differ. */
enum opcode_encoding { ENCODING_LEGACY, ENCODING_VEX, ENCODING_EVEX };

struct opcode {
    enum opcode_encoding encoding;
    enum opcode_map map;
    enum opcode_prefix prefix;
    uint8_t byte;
    bool wide;   /* W */
    bool size66; /* the prefix 66 is there, whatever it does */
};

uint32_t opcode_shape(const struct opcode *o);
/* What remains of a shape when ModRM is known; 0: there is no such instruction. */
uint32_t opcode_group(const struct opcode *o, uint32_t shape, uint8_t modrm);
/* Of an EVEX instruction: whether its memory operand is the whole vector (or one element of it that
 * is broadcast), which is what its displacement of 8 bits is counted in. */
bool opcode_full_vector(const struct opcode *o);

static inline enum opcode_size shape_size(uint32_t shape)
{
    return (enum opcode_size)(shape >> SHAPE_SIZE_SHIFT);
}

#endif
