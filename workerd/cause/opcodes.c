/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of the Intel manual's appendix A, a row for each opcode or run of them. What is missing is
 * unknown: better no instruction than a wrong one. */
#include "workerd/cause/opcodes.h"

#define K          SHAPE_KNOWN
#define M          (K | SHAPE_MODRM)
#define I8         (K | SHAPE_IMM8)
#define IZ         (K | SHAPE_IMMZ)
#define I32        (K | SHAPE_IMM32)
#define G          (M | SHAPE_GROUP)
#define R(size)    (SHAPE_READS | (uint32_t)SIZE_##size << SHAPE_SIZE_SHIFT)
#define W(size)    (SHAPE_WRITES | (uint32_t)SIZE_##size << SHAPE_SIZE_SHIFT)
#define RW(size)   (R(size) | W(size))
#define ACCESS     (SHAPE_READS | SHAPE_WRITES)
#define SHAPE_SIZE (~0u << SHAPE_SIZE_SHIFT)

/* clang-format off */
/* add, or, adc, sbb, and, sub, xor: memory or a register, then al and eax with a number. */
#define ARITHMETIC(n)                                                                              \
    [n] = M | RW(1), [(n) + 1] = M | RW(OPERAND), [(n) + 2] = M | R(1), [(n) + 3] = M | R(OPERAND), \
    [(n) + 4] = I8, [(n) + 5] = IZ

static const uint32_t plain[256] = {
    ARITHMETIC(0x00), ARITHMETIC(0x08), ARITHMETIC(0x10), ARITHMETIC(0x18),
    ARITHMETIC(0x20), ARITHMETIC(0x28), ARITHMETIC(0x30),
    [0x38] = M | R(1), [0x39] = M | R(OPERAND), [0x3a] = M | R(1), [0x3b] = M | R(OPERAND), /* cmp */
    [0x3c] = I8, [0x3d] = IZ,
    [0x50 ... 0x5f] = K,                                            /* push, pop */
    [0x63] = M | R(4),                                              /* movsxd */
    [0x68] = IZ, [0x69] = M | IZ | R(OPERAND), [0x6a] = I8, [0x6b] = M | I8 | R(OPERAND),
    [0x6c ... 0x6f] = K,                                            /* ins, outs */
    [0x70 ... 0x7f] = I8,                                           /* jcc */
    [0x80] = G | I8 | RW(1), [0x81] = G | IZ | RW(OPERAND), [0x83] = G | I8 | RW(OPERAND),
    [0x84] = M | R(1), [0x85] = M | R(OPERAND),                     /* test */
    [0x86] = M | RW(1), [0x87] = M | RW(OPERAND),                   /* xchg */
    [0x88] = M | W(1), [0x89] = M | W(OPERAND), [0x8a] = M | R(1), [0x8b] = M | R(OPERAND),
    [0x8c] = M | W(2), [0x8d] = M, [0x8e] = M | R(2),               /* segments, lea */
    [0x8f] = G | W(STACK),                                          /* pop; AMD's XOP */
    [0x90 ... 0x99] = K, [0x9b ... 0x9f] = K,
    [0xa0] = K | SHAPE_MOFFS | R(1), [0xa1] = K | SHAPE_MOFFS | R(OPERAND),
    [0xa2] = K | SHAPE_MOFFS | W(1), [0xa3] = K | SHAPE_MOFFS | W(OPERAND),
    [0xa4 ... 0xa7] = K, [0xa8] = I8, [0xa9] = IZ, [0xaa ... 0xaf] = K,
    [0xb0 ... 0xb7] = I8, [0xb8 ... 0xbf] = K | SHAPE_IMMV,
    [0xc0] = M | I8 | RW(1), [0xc1] = M | I8 | RW(OPERAND),         /* shifts */
    [0xc2] = K | SHAPE_IMM16, [0xc3] = K,
    [0xc6] = G | I8 | W(1), [0xc7] = G | IZ | W(OPERAND),
    [0xc8] = I8 | SHAPE_IMM16, [0xc9] = K, [0xca] = K | SHAPE_IMM16, [0xcb ... 0xcc] = K,
    [0xcd] = I8, [0xcf] = K,
    [0xd0] = M | RW(1), [0xd1] = M | RW(OPERAND), [0xd2] = M | RW(1), [0xd3] = M | RW(OPERAND),
    [0xd7] = K,                                                     /* xlat: al is part of it */
    [0xd8 ... 0xdf] = G,                                            /* x87 */
    [0xe0 ... 0xe7] = I8, [0xe8 ... 0xe9] = I32, [0xeb] = I8, [0xec ... 0xef] = K,
    [0xf1] = K, [0xf4 ... 0xf5] = K, [0xf6] = G | R(1), [0xf7] = G | R(OPERAND),
    [0xf8 ... 0xfd] = K, [0xfe] = G | RW(1), [0xff] = G | RW(OPERAND),
};

static const uint32_t after_0f[256] = {
    [0x00 ... 0x01] = G, [0x02 ... 0x03] = M | R(2),                /* lar, lsl */
    [0x05 ... 0x09] = K, [0x0b] = K, [0x0d] = M, [0x0e] = K,
    [0x10] = M | R(FLOAT) | SHAPE_UNALIGNED, [0x11] = M | W(FLOAT) | SHAPE_UNALIGNED,
    [0x12] = M | R(UNKNOWN), [0x13] = M | W(8), [0x14 ... 0x15] = M | R(FLOAT),
    [0x16] = M | R(UNKNOWN), [0x17] = M | W(8),
    [0x18 ... 0x1f] = M,                                            /* prefetch, nop */
    [0x20 ... 0x23] = M,
    [0x28] = M | R(FLOAT) | SHAPE_ALIGNED, [0x29] = M | W(FLOAT) | SHAPE_ALIGNED,
    [0x2a] = M | R(UNKNOWN), [0x2b] = M | W(FLOAT) | SHAPE_ALIGNED,
    [0x2c ... 0x2d] = M | R(UNKNOWN), [0x2e ... 0x2f] = M | R(UNKNOWN),
    [0x30 ... 0x35] = K, [0x37] = K,
    [0x40 ... 0x4f] = M | R(OPERAND),                               /* cmov */
    [0x50] = M, [0x51] = M | R(FLOAT), [0x52 ... 0x53] = M | R(FLOAT), [0x54 ... 0x57] = M | R(FLOAT),
    [0x58 ... 0x59] = M | R(FLOAT), [0x5a ... 0x5b] = M | R(UNKNOWN), [0x5c ... 0x5f] = M | R(FLOAT),
    [0x60 ... 0x62] = M | R(UNKNOWN), [0x63 ... 0x67] = M | R(PACKED), [0x68 ... 0x6d] = M | R(PACKED),
    [0x6e] = M | R(WORD), [0x6f] = M | R(PACKED) | SHAPE_ALIGNED,
    [0x70] = M | I8 | R(PACKED), [0x71 ... 0x73] = M | I8 | R(VECTOR),
    [0x74 ... 0x76] = M | R(PACKED), [0x77] = K,
    [0x7c ... 0x7d] = M | R(VECTOR), [0x7e] = M | W(WORD), [0x7f] = M | W(PACKED) | SHAPE_ALIGNED,
    [0x80 ... 0x8f] = I32,                                          /* jcc */
    [0x90 ... 0x9f] = M | W(1),                                     /* setcc */
    [0xa0 ... 0xa2] = K, [0xa3] = M | SHAPE_HIDDEN,                 /* bt: the bit may be far off */
    [0xa4] = M | I8 | RW(OPERAND), [0xa5] = M | RW(OPERAND),
    [0xa8 ... 0xaa] = K, [0xab] = M | SHAPE_HIDDEN,
    [0xac] = M | I8 | RW(OPERAND), [0xad] = M | RW(OPERAND),
    [0xae] = G, [0xaf] = M | R(OPERAND),
    [0xb0] = M | RW(1), [0xb1] = M | RW(OPERAND), [0xb2] = M | R(UNKNOWN),
    [0xb3] = M | SHAPE_HIDDEN, [0xb4 ... 0xb5] = M | R(UNKNOWN),
    [0xb6] = M | R(1), [0xb7] = M | R(2), [0xb8] = M | R(OPERAND), [0xb9] = M,
    [0xba] = G | I8 | RW(OPERAND), [0xbb] = M | SHAPE_HIDDEN,
    [0xbc ... 0xbd] = M | R(OPERAND), [0xbe] = M | R(1), [0xbf] = M | R(2),
    [0xc0] = M | RW(1), [0xc1] = M | RW(OPERAND), [0xc2] = M | I8 | R(FLOAT), [0xc3] = M | W(WORD),
    [0xc4] = M | I8 | R(2), [0xc5] = M | I8, [0xc6] = M | I8 | R(VECTOR), [0xc7] = G,
    [0xc8 ... 0xcf] = K,                                            /* bswap */
    [0xd0] = M | R(VECTOR), [0xd1 ... 0xd3] = M | R(UNKNOWN), [0xd4 ... 0xd5] = M | R(PACKED),
    [0xd6] = M | W(8), [0xd7] = M, [0xd8 ... 0xe0] = M | R(PACKED), [0xe1 ... 0xe2] = M | R(UNKNOWN),
    [0xe3 ... 0xe5] = M | R(PACKED), [0xe6] = M | R(UNKNOWN), [0xe7] = M | W(PACKED) | SHAPE_ALIGNED,
    [0xe8 ... 0xef] = M | R(PACKED), [0xf0] = M | R(VECTOR) | SHAPE_UNALIGNED,
    [0xf1 ... 0xf3] = M | R(UNKNOWN), [0xf4 ... 0xf6] = M | R(PACKED), [0xf7] = M | SHAPE_HIDDEN,
    [0xf8 ... 0xfe] = M | R(PACKED), [0xff] = M,
};

static const uint32_t after_0f38[256] = {
    [0x00 ... 0x0b] = M | R(PACKED), [0x10] = M | R(VECTOR), [0x14 ... 0x15] = M | R(VECTOR),
    [0x17] = M | R(VECTOR), [0x1c ... 0x1e] = M | R(PACKED),
    [0x20 ... 0x25] = M | R(UNKNOWN), [0x28 ... 0x29] = M | R(VECTOR),
    [0x2a] = M | R(VECTOR) | SHAPE_ALIGNED, [0x2b] = M | R(VECTOR),
    [0x30 ... 0x35] = M | R(UNKNOWN), [0x37 ... 0x40] = M | R(VECTOR), [0x41] = M | R(VECTOR),
    [0xc8 ... 0xcd] = M | R(16), [0xcf] = M | R(VECTOR), [0xdb ... 0xdf] = M | R(VECTOR),
    [0xf0] = M | R(UNKNOWN), [0xf1] = M | SHAPE_HIDDEN,             /* movbe, crc32 */
    [0xf6] = M | R(WORD), [0xf9] = M | W(WORD),
};

/* What AVX added, or has otherwise. */
static const uint32_t vex_0f38[256] = {
    [0x0c ... 0x0f] = M | R(VECTOR), [0x13] = M | R(UNKNOWN), [0x16] = M | R(VECTOR),
    [0x18 ... 0x1a] = M | R(UNKNOWN),
    [0x2c ... 0x2d] = M | R(UNKNOWN), [0x2e ... 0x2f] = M | W(UNKNOWN), [0x36] = M | R(VECTOR),
    [0x45 ... 0x47] = M | R(VECTOR), [0x58 ... 0x5a] = M | R(UNKNOWN), [0x78 ... 0x79] = M | R(UNKNOWN),
    [0x8c] = M | R(UNKNOWN), [0x8e] = M | W(UNKNOWN), [0x90 ... 0x93] = M | SHAPE_HIDDEN,
    [0x96 ... 0x9f] = M | R(UNKNOWN), [0xa6 ... 0xaf] = M | R(UNKNOWN), [0xb6 ... 0xbf] = M | R(UNKNOWN),
    [0xf0 ... 0xf1] = 0, [0xf2 ... 0xf3] = M | R(WORD), [0xf5 ... 0xf7] = M | R(WORD),
};
/* clang-format on */

/* All of them have ModRM and a byte; some write. */
static uint32_t shape_0f3a(uint8_t byte)
{
    switch (byte) {
    case 0x0f:
        return M | I8 | R(PACKED);
    case 0x14 ... 0x17:
    case 0x19:
    case 0x1b:
    case 0x1d:
    case 0x39:
    case 0x3b:
        return M | I8 | W(UNKNOWN);
    case 0x60 ... 0x63:
        return M | I8 | R(VECTOR) | SHAPE_UNALIGNED;
    case 0xf0:
        return M | I8 | R(WORD);
    default:
        return M | I8 | R(UNKNOWN);
    }
}

/* Those of 0F that the prefix makes another instruction of. */
static uint32_t by_prefix(const struct opcode *o, uint32_t shape)
{
    switch (o->byte) {
    case 0x16:
    case 0x12:
        return o->prefix <= PREFIX_66 ? M | R(8) : shape;
    case 0x2e ... 0x2f:
        return o->prefix == PREFIX_66 ? M | R(8) : M | R(4);
    case 0x6f:
    case 0x7f:
        return o->prefix == PREFIX_66 || o->prefix == PREFIX_NONE
                   ? shape
                   : (shape & ~(uint32_t)SHAPE_ALIGNED) | SHAPE_UNALIGNED;
    case 0x7e:
        return o->prefix == PREFIX_F3 ? M | R(8) : shape;
    case 0x78:
    case 0x79:
        return o->prefix == PREFIX_NONE && o->encoding == ENCODING_LEGACY ? 0 : shape;
    default:
        return shape;
    }
}

static uint32_t shape_0f(const struct opcode *o)
{
    /* Mask registers, and no flags. */
    if (o->encoding == ENCODING_VEX &&
        ((o->byte >= 0x41 && o->byte <= 0x4b) || (o->byte >= 0x90 && o->byte <= 0x99)))
        return o->byte == 0x91 ? M | W(UNKNOWN) : M | R(UNKNOWN);
    if (o->encoding != ENCODING_LEGACY) {
        if (!(after_0f[o->byte] & SHAPE_MODRM) && o->byte != 0x77)
            return o->encoding == ENCODING_EVEX && (o->byte == 0x7a || o->byte == 0x7b)
                       ? M | R(UNKNOWN)
                       : 0;
        if (o->byte < 0x10)
            return 0;
    }
    return by_prefix(o, after_0f[o->byte]);
}

static uint32_t shape_0f38(const struct opcode *o)
{
    if (o->encoding == ENCODING_EVEX) /* many, and most read */
        return opcode_full_vector(o) ? M | R(VECTOR) : M | SHAPE_HIDDEN;
    if (o->encoding == ENCODING_VEX && vex_0f38[o->byte])
        return vex_0f38[o->byte];
    return after_0f38[o->byte];
}

uint32_t opcode_shape(const struct opcode *o)
{
    switch (o->map) {
    case OPCODE_PLAIN:
        return plain[o->byte];
    case OPCODE_0F:
        return shape_0f(o);
    case OPCODE_0F38:
        return shape_0f38(o);
    case OPCODE_0F3A:
        return shape_0f3a(o->byte);
    }
    return 0;
}

/* --- What ModRM.reg tells --- */

/* D8 … DF, by reg: what it does with memory. */
/* clang-format off */
static const uint32_t x87[8][8] = {
    {R(4), R(4), R(4), R(4), R(4), R(4), R(4), R(4)},
    {R(4), 0, W(4), W(4), R(UNKNOWN), R(2), W(UNKNOWN), W(2)},
    {R(4), R(4), R(4), R(4), R(4), R(4), R(4), R(4)},
    {R(4), W(4), W(4), W(4), 0, R(10), 0, W(10)},
    {R(8), R(8), R(8), R(8), R(8), R(8), R(8), R(8)},
    {R(8), W(8), W(8), W(8), R(UNKNOWN), 0, W(UNKNOWN), W(2)},
    {R(2), R(2), R(2), R(2), R(2), R(2), R(2), R(2)},
    {R(2), W(2), W(2), W(2), R(10), R(8), W(10), W(8)},
};
/* clang-format on */

static uint32_t group_plain(uint8_t byte, uint32_t shape, unsigned reg)
{
    switch (byte) {
    case 0x80 ... 0x83:
        return reg == 7 ? shape & ~(uint32_t)SHAPE_WRITES : shape;
    case 0x8f:
        return reg == 0 ? shape : 0;
    case 0xc6 ... 0xc7:
        return reg == 0 || reg == 7 ? shape : 0;
    case 0xd8 ... 0xdf:
        return M | x87[byte - 0xd8][reg];
    case 0xf6 ... 0xf7:
        if (reg <= 1)
            return shape | (byte == 0xf6 ? I8 : IZ);
        return reg <= 3 ? shape | SHAPE_WRITES : shape;
    case 0xfe:
        return reg <= 1 ? shape : 0;
    default: /* ff */
        if (reg <= 1)
            return shape;
        if (reg == 7)
            return 0;
        return reg == 3 || reg == 5 ? M | R(UNKNOWN) : M | R(STACK);
    }
}

static uint32_t group_system(uint8_t byte, unsigned reg)
{
    static const uint32_t shapes[2][8] = {
        {M | W(2), M | W(2), M | R(2), M | R(2), M | R(2), M | R(2), 0, 0},
        {M | W(10), M | W(10), M | R(10), M | R(10), M | W(2), M, M | R(2), M},
    };

    return shapes[byte][reg];
}

static uint32_t group_0f(const struct opcode *o, uint32_t shape, uint8_t modrm)
{
    static const uint32_t states[8] = {M | W(UNKNOWN), M | R(UNKNOWN), M | R(4), M | W(4),
                                       M | W(UNKNOWN), M | R(UNKNOWN), M,        M};
    unsigned reg = modrm >> 3 & 7;

    switch (o->byte) {
    case 0x00 ... 0x01:
        return modrm >= 0xc0 ? M : group_system(o->byte, reg);
    case 0xae:
        return states[reg];
    case 0xba:
        if (reg < 4)
            return 0;
        return reg == 4 ? shape & ~(uint32_t)SHAPE_WRITES : shape;
    default: /* c7 */
        if (reg == 1)
            return o->wide ? M | RW(16) : M | RW(8);
        return M | SHAPE_HIDDEN;
    }
}

uint32_t opcode_group(const struct opcode *o, uint32_t shape, uint8_t modrm)
{
    if (!(shape & SHAPE_GROUP))
        return shape;
    if (o->map == OPCODE_PLAIN)
        return group_plain(o->byte, shape, modrm >> 3 & 7);
    return group_0f(o, shape, modrm);
}

/* --- Whole vectors --- */

static bool full_0f(const struct opcode *o)
{
    switch (o->byte) {
    case 0x10 ... 0x11:
    case 0x51:
    case 0x58 ... 0x59:
    case 0x5c ... 0x5f:
    case 0xc2:
        return o->prefix <= PREFIX_66;
    case 0x14 ... 0x15:
    case 0x28 ... 0x29:
    case 0x54 ... 0x57:
    case 0x60 ... 0x6d:
    case 0x6f:
    case 0x74 ... 0x76:
    case 0x7f:
    case 0xc6:
    case 0xd4 ... 0xd5:
    case 0xd8 ... 0xe0:
    case 0xe3 ... 0xe5:
    case 0xe7 ... 0xef:
    case 0xf4 ... 0xf6:
    case 0xf8 ... 0xfe:
        return true;
    default:
        return false;
    }
}

static bool full_0f38(const struct opcode *o)
{
    switch (o->byte) {
    case 0x00:
    case 0x0b:
    case 0x1c ... 0x1e:
    case 0x26 ... 0x27: /* vptestm, vptestnm */
    case 0x2a:
    case 0x39 ... 0x40:
        return o->prefix == PREFIX_66 || o->byte == 0x26 || o->byte == 0x27;
    default:
        return false;
    }
}

bool opcode_full_vector(const struct opcode *o)
{
    switch (o->map) {
    case OPCODE_0F:
        return full_0f(o);
    case OPCODE_0F38:
        return full_0f38(o);
    case OPCODE_0F3A: /* vpternlog, vpcmp */
        return o->byte == 0x25 || o->byte == 0x1e || o->byte == 0x1f || o->byte == 0x3e ||
               o->byte == 0x3f;
    default:
        return false;
    }
}
