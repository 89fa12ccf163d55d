/* SPDX-License-Identifier: Apache-2.0 */
/* Prefixes, opcode, ModRM and SIB, displacement, numbers: read one after the other, with an error
 * that stays once the bytes are over. What each opcode wants is in opcodes.c. */
#include "workerd/cause/instruction.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/cause/opcodes.h"

struct decoder {
    const uint8_t *p;
    size_t n, at;
    bool over; /* more was wanted than there is */

    struct opcode opcode;
    bool rex, narrow, repeated;
    uint8_t segment;
    uint8_t rex_r, rex_x, rex_b; /* 8, or 0 */
    uint16_t vector;             /* bytes */
    bool broadcast;

    uint32_t shape;
    uint8_t modrm;
    bool memory; /* ModRM names some, and it is known which */
    bool scaled; /* the displacement is an EVEX one of 8 bits */
    struct memory_operand operand;
};

static uint8_t next(struct decoder *d)
{
    if (d->at >= d->n) {
        d->over = true;
        return 0;
    }
    return d->p[d->at++];
}

static int64_t number(struct decoder *d, unsigned bytes)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)next(d) << (8 * i);
    unsigned shift = 64 - 8 * bytes;

    return bytes ? (int64_t)(v << shift) >> shift : 0;
}

static void skip(struct decoder *d, unsigned bytes)
{
    while (bytes-- > 0)
        next(d);
}

/* --- Prefixes --- */

static bool take_legacy(struct decoder *d, uint8_t byte)
{
    switch (byte) {
    case 0x66:
        d->opcode.size66 = true;
        if (d->opcode.prefix == PREFIX_NONE)
            d->opcode.prefix = PREFIX_66;
        return true;
    case 0x67:
        d->narrow = true;
        return true;
    case 0xf2:
    case 0xf3:
        d->opcode.prefix = byte == 0xf2 ? PREFIX_F2 : PREFIX_F3;
        d->repeated = true;
        return true;
    case 0x64:
    case 0x65:
        d->segment = byte == 0x64 ? SEGMENT_FS : SEGMENT_GS;
        return true;
    case 0x26: /* without effect in 64-bit mode */
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0xf0:
        return true;
    default:
        return false;
    }
}

static void take_rex(struct decoder *d, uint8_t byte)
{
    d->rex = true;
    d->opcode.wide = byte & 8;
    d->rex_r = byte & 4 ? 8 : 0;
    d->rex_x = byte & 2 ? 8 : 0;
    d->rex_b = byte & 1 ? 8 : 0;
}

static void take_inverted(struct decoder *d, uint8_t byte)
{
    d->rex_r = byte & 0x80 ? 0 : 8;
    d->rex_x = byte & 0x40 ? 0 : 8;
    d->rex_b = byte & 0x20 ? 0 : 8;
}

static bool take_map(struct decoder *d, unsigned map)
{
    d->opcode.map = (enum opcode_map)map;
    return map >= OPCODE_0F && map <= OPCODE_0F3A;
}

/* The order of VEX's pp is that of enum opcode_prefix. */
static bool take_vex(struct decoder *d, bool three)
{
    uint8_t first = next(d), last = three ? next(d) : first;

    d->opcode.encoding = ENCODING_VEX;
    d->opcode.prefix = (enum opcode_prefix)(last & 3);
    d->opcode.wide = three && last & 0x80;
    d->vector = last & 4 ? 32 : 16;
    take_inverted(d, three ? first : first | 0x60);
    return take_map(d, three ? first & 0x1f : OPCODE_0F);
}

static bool take_evex(struct decoder *d)
{
    uint8_t a = next(d), b = next(d), c = next(d);

    d->opcode.encoding = ENCODING_EVEX;
    d->opcode.prefix = (enum opcode_prefix)(b & 3);
    d->opcode.wide = b & 0x80;
    d->vector = (uint16_t)(16u << (c >> 5 & 3));
    d->broadcast = c & 0x10;
    take_inverted(d, a);
    return (b & 4) && take_map(d, a & 7);
}

/* Up to the opcode, which it leaves in d. */
static bool take_opcode(struct decoder *d)
{
    uint8_t byte = next(d);

    d->vector = 16;
    while (take_legacy(d, byte) && !d->over)
        byte = next(d);
    if ((byte & 0xf0) == 0x40) {
        take_rex(d, byte);
        byte = next(d);
        if (take_legacy(d, byte) || (byte & 0xf0) == 0x40)
            return false; /* REX without effect: nothing makes such */
    }
    if (byte == 0xc4 || byte == 0xc5 || byte == 0x62) {
        if (!(byte == 0x62 ? take_evex(d) : take_vex(d, byte == 0xc4)))
            return false;
        byte = next(d);
    } else if (byte == 0x0f) {
        byte = next(d);
        d->opcode.map = byte == 0x38 ? OPCODE_0F38 : byte == 0x3a ? OPCODE_0F3A : OPCODE_0F;
        if (d->opcode.map != OPCODE_0F)
            byte = next(d);
    }
    d->opcode.byte = byte;
    return !d->over;
}

/* --- ModRM --- */

static void take_sib(struct decoder *d)
{
    struct memory_operand *m = &d->operand;
    uint8_t sib = next(d);
    int index = (sib >> 3 & 7) | d->rex_x, base = sib & 7;

    if (index != REGISTER_RSP) {
        m->index = (int8_t)index;
        m->scale = (uint8_t)(1u << (sib >> 6));
    }
    if (base == 5 && d->modrm < 0x40)
        m->displacement = number(d, 4);
    else
        m->base = (int8_t)(base | d->rex_b);
}

static void take_modrm(struct decoder *d)
{
    struct memory_operand *m = &d->operand;
    unsigned mode, rm;

    d->modrm = next(d);
    mode = d->modrm >> 6;
    rm = d->modrm & 7;
    if (mode == 3)
        return;
    d->memory = true;
    m->segment = d->segment;
    m->narrow = d->narrow;
    if (rm == 4)
        take_sib(d);
    else if (rm == 5 && mode == 0) {
        m->base = REGISTER_RIP;
        m->displacement = number(d, 4);
    } else {
        m->base = (int8_t)(rm | d->rex_b);
    }
    if (mode == 1) {
        m->displacement = number(d, 1);
        d->scaled = d->opcode.encoding == ENCODING_EVEX;
    } else if (mode == 2) {
        m->displacement = number(d, 4);
    }
}

/* --- Sizes --- */

static unsigned operand_size(const struct decoder *d)
{
    if (d->opcode.wide)
        return 8;
    return d->opcode.size66 ? 2 : 4;
}

static unsigned float_size(const struct decoder *d)
{
    if (d->opcode.prefix == PREFIX_F3)
        return 4;
    return d->opcode.prefix == PREFIX_F2 ? 8 : d->vector;
}

static unsigned access_size(const struct decoder *d)
{
    static const uint8_t fixed[] = {[SIZE_1] = 1,   [SIZE_2] = 2,   [SIZE_4] = 4,     [SIZE_8] = 8,
                                    [SIZE_10] = 10, [SIZE_16] = 16, [SIZE_VECTOR] = 0};
    enum opcode_size s = shape_size(d->shape);
    bool mmx = d->opcode.encoding == ENCODING_LEGACY && d->opcode.prefix == PREFIX_NONE;

    if (d->opcode.encoding == ENCODING_EVEX && d->broadcast)
        return d->opcode.wide ? 8 : 4;
    switch (s) {
    case SIZE_OPERAND:
        return operand_size(d);
    case SIZE_WORD:
        return d->opcode.wide ? 8 : 4;
    case SIZE_STACK:
        return d->opcode.size66 ? 2 : 8;
    case SIZE_FLOAT:
        return float_size(d);
    case SIZE_PACKED:
        return mmx ? 8 : d->vector;
    case SIZE_VECTOR:
        return d->vector;
    default:
        return fixed[s];
    }
}

/* Instructions of SSE's time fault when their 16 bytes are not aligned; later ones only when that
 * is what they are for. */
static unsigned alignment(const struct decoder *d, unsigned size)
{
    if (d->shape & SHAPE_UNALIGNED)
        return 0;
    if (d->opcode.encoding == ENCODING_LEGACY)
        return size == 16 && d->opcode.map != OPCODE_PLAIN ? 16 : 0;
    return d->shape & SHAPE_ALIGNED && size >= 16 ? size : 0;
}

/* An EVEX displacement of 8 bits counts operands. False: it is not known how large they are. */
static bool scale_displacement(struct decoder *d)
{
    if (!d->scaled || d->operand.displacement == 0)
        return true;
    if (!opcode_full_vector(&d->opcode))
        return false;
    d->operand.displacement *= d->broadcast ? (d->opcode.wide ? 8 : 4) : d->vector;
    return true;
}

/* --- Operands --- */

static void add_operand(struct instruction *i, const struct memory_operand *m)
{
    if ((m->reads || m->writes) && i->n_operands < INSTRUCTION_OPERANDS_MAX)
        i->operands[i->n_operands++] = *m;
}

static void add_at_register(struct instruction *i, const struct decoder *d, int base,
                            int64_t offset, unsigned size, bool writes)
{
    add_operand(i, &(const struct memory_operand){
                       .reads = !writes,
                       .writes = writes,
                       .size = (uint16_t)size,
                       .base = (int8_t)base,
                       .index = REGISTER_NONE,
                       .displacement = offset,
                       .narrow = d->narrow && base != REGISTER_RSP && base != 5,
                   });
}

static void add_explicit(struct instruction *i, struct decoder *d)
{
    struct memory_operand *m = &d->operand;

    if (!d->memory || d->shape & SHAPE_HIDDEN || !scale_displacement(d))
        return;
    m->reads = d->shape & SHAPE_READS;
    m->writes = d->shape & SHAPE_WRITES;
    m->size = (uint16_t)access_size(d);
    m->aligned = (uint16_t)alignment(d, m->size);
    add_operand(i, m);
}

static void push(struct instruction *i, const struct decoder *d)
{
    int64_t size = d->opcode.size66 ? 2 : 8;

    add_at_register(i, d, REGISTER_RSP, -size, (unsigned)size, true);
}

static void pop(struct instruction *i, const struct decoder *d)
{
    add_at_register(i, d, REGISTER_RSP, 0, d->opcode.size66 ? 2 : 8, false);
}

static void add_string(struct instruction *i, const struct decoder *d)
{
    const int source = 6, destination = 7;
    unsigned size = d->opcode.byte & 1 ? operand_size(d) : 1;

    i->kind = INSTRUCTION_STRING;
    switch (d->opcode.byte & 0xfe) {
    case 0xa4: /* movs */
    case 0xa6: /* cmps */
        add_at_register(i, d, source, 0, size, false);
        i->operands[0].segment = d->segment;
        add_at_register(i, d, destination, 0, size, (d->opcode.byte & 0xfe) == 0xa4);
        break;
    case 0xaa: /* stos */
        add_at_register(i, d, destination, 0, size, true);
        break;
    case 0xac: /* lods */
        add_at_register(i, d, source, 0, size, false);
        i->operands[0].segment = d->segment;
        break;
    default: /* scas */
        add_at_register(i, d, destination, 0, size, false);
        break;
    }
}

/* The register that ModRM names where it could have named memory. */
static void take_source(struct instruction *i, const struct decoder *d, unsigned size)
{
    i->source_size = (uint8_t)size;
    if (d->memory)
        return;
    i->source = (int8_t)((d->modrm & 7) | d->rex_b);
    if (size == 1 && !d->rex && i->source >= 4) {
        i->source -= 4;
        i->source_high = true;
    }
}

static void tell_group5(struct instruction *i, const struct decoder *d)
{
    unsigned reg = d->modrm >> 3 & 7;

    if (reg == 2 || reg == 4) {
        i->kind = reg == 2 ? INSTRUCTION_CALL_INDIRECT : INSTRUCTION_JUMP_INDIRECT;
        take_source(i, d, 8);
    }
    if (reg == 2 || reg == 6)
        push(i, d);
}

static void tell_plain(struct instruction *i, const struct decoder *d)
{
    unsigned reg = d->modrm >> 3 & 7;

    switch (d->opcode.byte) {
    case 0x50 ... 0x57:
    case 0x68:
    case 0x6a:
    case 0x9c:
        push(i, d);
        break;
    case 0x58 ... 0x5f:
    case 0x8f:
    case 0x9d:
        pop(i, d);
        break;
    case 0xa4 ... 0xa7:
    case 0xaa ... 0xaf:
        add_string(i, d);
        break;
    case 0xc2 ... 0xc3:
        i->kind = INSTRUCTION_RETURN;
        add_at_register(i, d, REGISTER_RSP, 0, 8, false);
        break;
    case 0xc9: /* leave */
        add_at_register(i, d, 5, 0, 8, false);
        break;
    case 0xcc:
    case 0xf1:
        i->kind = INSTRUCTION_BREAKPOINT;
        break;
    case 0xe8:
        i->kind = INSTRUCTION_CALL;
        push(i, d);
        break;
    case 0x6c ... 0x6f:
    case 0xe4 ... 0xe7:
    case 0xec ... 0xef:
    case 0xf4:
    case 0xfa ... 0xfb:
        i->kind = INSTRUCTION_PRIVILEGED;
        break;
    case 0xf6 ... 0xf7:
        if (reg >= 6) {
            i->kind = reg == 6 ? INSTRUCTION_DIVIDE : INSTRUCTION_DIVIDE_SIGNED;
            take_source(i, d, d->opcode.byte & 1 ? operand_size(d) : 1);
        }
        break;
    case 0xff:
        tell_group5(i, d);
        break;
    }
}

static bool is_privileged_0f(const struct decoder *d)
{
    unsigned reg = d->modrm >> 3 & 7;

    switch (d->opcode.byte) {
    case 0x00:
        return reg == 2 || reg == 3;
    case 0x01:
        return d->memory && (reg == 2 || reg == 3 || reg == 6 || reg == 7);
    case 0x06 ... 0x09:
    case 0x20 ... 0x23:
    case 0x30:
    case 0x32:
    case 0x35:
        return true;
    default:
        return false;
    }
}

static void tell_0f(struct instruction *i, const struct decoder *d)
{
    switch (d->opcode.byte) {
    case 0x05:
        i->kind = INSTRUCTION_SYSCALL;
        break;
    case 0x0b:
    case 0xb9:
    case 0xff:
        i->kind = INSTRUCTION_UNDEFINED;
        break;
    case 0xa0:
    case 0xa8:
        push(i, d);
        break;
    case 0xa1:
    case 0xa9:
        pop(i, d);
        break;
    default:
        if (is_privileged_0f(d))
            i->kind = INSTRUCTION_PRIVILEGED;
        break;
    }
}

/* --- Behind ModRM --- */

static void take_numbers(struct decoder *d)
{
    unsigned z = d->opcode.size66 && !d->opcode.wide ? 2 : 4;

    if (d->shape & SHAPE_MOFFS) {
        d->operand.displacement = number(d, d->narrow ? 4 : 8);
        d->operand.segment = d->segment;
        d->memory = true;
    }
    skip(d, d->shape & SHAPE_IMM16 ? 2 : 0);
    skip(d, d->shape & SHAPE_IMM8 ? 1 : 0);
    skip(d, d->shape & SHAPE_IMMZ ? z : 0);
    skip(d, d->shape & SHAPE_IMM32 ? 4 : 0);
    skip(d, d->shape & SHAPE_IMMV ? operand_size(d) : 0);
}

static bool take_all(struct decoder *d)
{
    if (!take_opcode(d))
        return false;
    d->shape = opcode_shape(&d->opcode);
    if (d->shape & SHAPE_MODRM) {
        take_modrm(d);
        d->shape = opcode_group(&d->opcode, d->shape, d->modrm);
    }
    if (!(d->shape & SHAPE_KNOWN))
        return false;
    take_numbers(d);
    return !d->over;
}

bool instruction_decode(const uint8_t *p, size_t n, struct instruction *ret)
{
    struct decoder d = {
        .p = p,
        .n = n < INSTRUCTION_BYTES_MAX ? n : INSTRUCTION_BYTES_MAX,
        .operand = {.base = REGISTER_NONE, .index = REGISTER_NONE},
    };
    struct instruction i = {.source = REGISTER_NONE};

    if (!take_all(&d))
        return false;
    i.length = (uint8_t)d.at;
    i.wide = d.opcode.encoding == ENCODING_EVEX;
    i.vex = d.opcode.encoding == ENCODING_VEX;
    add_explicit(&i, &d);
    if (d.opcode.map == OPCODE_PLAIN)
        tell_plain(&i, &d);
    else if (d.opcode.map == OPCODE_0F && d.opcode.encoding == ENCODING_LEGACY)
        tell_0f(&i, &d);
    *ret = i;
    return true;
}

const char *instruction_register(int number)
{
    static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                        "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                        "r12", "r13", "r14", "r15", "rip"};

    return number >= 0 && number < (int)ARRAY_SIZE(names) ? names[number] : "";
}
