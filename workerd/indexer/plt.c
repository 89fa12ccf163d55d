/* SPDX-License-Identifier: Apache-2.0 */
/* The procedure linkage table: stubs of a few instructions that jump through a slot, which a
 * relocation fills with the address of a function of another file. No symbol names them; the slot
 * that a stub's own code refers to does, through its relocation, however the linker laid them out
 * (.plt, .plt.sec, .plt.got; bfd's elf_x86_64_get_synthetic_symtab goes the same way). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "workerd/index/cursor.h"
#include "workerd/indexer/symbols.h"
#include "workerd/indexer/symtab.h"

#define PLT_RANK 12 /* as a sized function's */

static const char *const stub_sections[] = {".plt", ".plt.sec", ".plt.got", ".plt.bnd", ".iplt"};
static const char *const relocation_sections[] = {".rela.plt", ".rela.dyn", ".rela.iplt",
                                                  ".rel.plt",  ".rel.dyn",  ".rel.iplt"};

struct slot {
    uint64_t address;
    uint32_t symbol;   /* row of the dynamic symbols; 0: a function that is chosen at run time, */
    uint64_t resolver; /* by this one */
};

struct plt {
    struct container *module;
    struct index_writer *writer;
    uint64_t got; /* what code without program-relative addresses (i386) counts from */
    struct symtab symbols;
    struct slot *slots; /* by address */
    size_t n, capacity;
};

/* --- Slots --- */

struct relocation_types {
    uint16_t machine;
    uint32_t data, jump, chosen; /* R_…_GLOB_DAT, _JUMP_SLOT, _IRELATIVE */
};

static const struct relocation_types relocation_types[] = {
    {EM_X86_64, R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT, R_X86_64_IRELATIVE},
    {EM_386, R_386_GLOB_DAT, R_386_JMP_SLOT, R_386_IRELATIVE},
    {EM_AARCH64, R_AARCH64_GLOB_DAT, R_AARCH64_JUMP_SLOT, R_AARCH64_IRELATIVE},
};

static const struct relocation_types *types_of(uint16_t machine)
{
    for (size_t i = 0; i < ARRAY_SIZE(relocation_types); i++)
        if (relocation_types[i].machine == machine)
            return &relocation_types[i];
    return NULL;
}

static int add_slot(struct plt *p, const struct slot *s)
{
    if (p->n == p->capacity) {
        size_t capacity = p->capacity ? 2 * p->capacity : 256;
        struct slot *slots = reallocarray(p->slots, capacity, sizeof *slots);

        if (!slots)
            return -ENOMEM;
        p->slots = slots;
        p->capacity = capacity;
    }
    p->slots[p->n++] = *s;
    return 0;
}

static int add_slots(struct plt *p, const struct container_section *section, struct span bytes)
{
    const struct elf_view *v = &p->module->view;
    const struct relocation_types *types = types_of(v->machine);
    bool addends = section->header.type == SHT_RELA;
    size_t word = v->is64 ? 8 : 4;
    struct cursor c = cursor_of(bytes.data, bytes.size);
    int r = 0;

    while (cursor_left(&c) > 0 && r == 0) {
        struct slot s = {.address = cursor_number(&c, word)};
        uint64_t info = cursor_number(&c, word);
        uint32_t type = v->is64 ? (uint32_t)ELF64_R_TYPE(info) : (uint32_t)ELF32_R_TYPE(info);

        s.symbol = (uint32_t)(v->is64 ? ELF64_R_SYM(info) : ELF32_R_SYM(info));
        s.resolver = addends ? cursor_number(&c, word) : 0;
        if (type == types->chosen ? s.resolver != 0
                                  : s.symbol != 0 && (type == types->data || type == types->jump))
            r = add_slot(p, &s);
    }
    return r;
}

static int compare_slots(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;

    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

static const struct slot *find_slot(const struct plt *p, uint64_t address)
{
    size_t low = 0, high = p->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (p->slots[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->n && p->slots[low].address == address ? &p->slots[low] : NULL;
}

/* --- Stubs --- */

/* Some code and where it is. */
struct code {
    struct span bytes;
    uint64_t address;
};

static void add_stub(struct plt *p, uint64_t start, uint64_t end, uint64_t slot_address)
{
    const struct slot *slot = find_slot(p, slot_address);
    _cleanup_buf_ struct buf name = BUF_INIT(SYMBOL_NAME_MAX + 16);
    const char *function = NULL;
    uint32_t section;

    if (!slot || slot->symbol >= p->symbols.n + (slot->symbol == 0))
        return;
    if (slot->symbol == 0) {
        buf_printf(&name, "*ABS*+0x%llx", (unsigned long long)slot->resolver);
    } else {
        Elf64_Sym row = symtab_row(&p->symbols, slot->symbol, &section);

        function = symtab_name(&p->symbols, &row);
        if (!function)
            return;
        buf_adds(&name, function);
    }
    buf_adds(&name, "@plt");
    const struct index_writer_symbol symbol = {
        .start = start, .end = end, .rank = PLT_RANK, .name = buf_text(&name)};

    index_writer_symbol(p->writer, &symbol);
}

/* jmp *slot, after ENDBR and a BND prefix, if any. False when the stub is another one. */
static bool x86_slot(const struct plt *p, const uint8_t *stub, size_t size, uint64_t address,
                     uint64_t *ret)
{
    static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e}; /* and fa or fb */
    bool is64 = p->module->view.is64;
    int32_t distance;
    size_t i = size >= 4 && memcmp(stub, endbr, sizeof endbr) == 0 ? 4 : 0;

    i += i < size && stub[i] == 0xf2;
    if (size - i < 6 || stub[i] != 0xff)
        return false;
    uint8_t mode = stub[i + 1];

    memcpy(&distance, stub + i + 2, sizeof distance);
    if (mode == 0x25)
        *ret = is64 ? address + i + 6 + (uint64_t)(int64_t)distance : (uint32_t)distance;
    else if (mode == 0xa3 && !is64) /* relative to %ebx */
        *ret = (uint32_t)(p->got + (uint32_t)distance);
    else
        return false;
    return true;
}

/* Stubs have 16 bytes, or 8 where a jump is all of it. */
static void add_x86_stubs(struct plt *p, const struct code *code)
{
    for (size_t at = 0; at < code->bytes.size; at += 8) {
        const uint8_t *stub = code->bytes.data + at;
        size_t left = code->bytes.size - at;
        uint64_t start = code->address + at, slot, next;

        if (!x86_slot(p, stub, left, start, &slot))
            continue;
        bool is_short = left <= 8 || x86_slot(p, stub + 8, left - 8, start + 8, &next);

        add_stub(p, start, start + (is_short ? 8 : 16), slot);
    }
}

static uint32_t instruction(const struct code *code, size_t at)
{
    uint32_t word = 0;

    if (at <= code->bytes.size && code->bytes.size - at >= sizeof word)
        memcpy(&word, code->bytes.data + at, sizeof word);
    return word;
}

/* adrp x16, page; ldr x17, [x16, offset]; add; br x17; with a BTI before and an AUTIA1716 within
 * where those are used. */
static void add_aarch64_stubs(struct plt *p, const struct code *code)
{
    const uint32_t bti_c = 0xd503245f, br_x17 = 0xd61f0220;

    for (size_t at = 0; at < code->bytes.size; at += 4) {
        uint32_t adrp = instruction(code, at), ldr = instruction(code, at + 4);

        if ((adrp & 0x9f00001f) != 0x90000010 || (ldr & 0xffc003ff) != 0xf9400211)
            continue;
        uint32_t pages = (adrp >> 29 & 3) | (adrp >> 5 & 0x7ffff) << 2;
        int64_t page = (int64_t)((uint64_t)pages << 43) >> 43; /* 21 bits with a sign */
        uint64_t slot = ((code->address + at) & ~0xfffull) + (uint64_t)page * 4096 +
                        (uint64_t)(ldr >> 10 & 0xfff) * 8;
        size_t start = at >= 4 && instruction(code, at - 4) == bti_c ? at - 4 : at;
        size_t end = at + 16;

        while (end < at + 24 && instruction(code, end - 4) != br_x17)
            end += 4;
        add_stub(p, code->address + start, code->address + end, slot);
    }
}

/* --- All of it --- */

static int read_slots(struct plt *p)
{
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(relocation_sections) && r == 0; i++) {
        struct container_section *s = container_find(p->module, relocation_sections[i]);

        if (s)
            r = add_slots(p, s, container_contents(p->module, s));
    }
    if (p->n > 1)
        qsort(p->slots, p->n, sizeof *p->slots, compare_slots);
    return r;
}

static void read_stubs(struct plt *p)
{
    for (size_t i = 0; i < ARRAY_SIZE(stub_sections); i++) {
        struct container_section *s = container_find(p->module, stub_sections[i]);
        struct code code = {.bytes = container_contents(p->module, s)};

        if (code.bytes.size == 0)
            continue;
        code.address = s->header.address;
        if (p->module->view.machine == EM_AARCH64)
            add_aarch64_stubs(p, &code);
        else
            add_x86_stubs(p, &code);
    }
}

int plt_index(struct container *module, struct index_writer *w)
{
    struct plt p = {.module = module, .writer = w};
    struct container_section *dynamic = container_find_type(module, SHT_DYNSYM);
    const struct container_section *got = container_find(module, ".got.plt");
    int r;

    if (!types_of(module->view.machine))
        return 0;
    if (!got)
        got = container_find(module, ".got");
    p.got = got ? got->header.address : 0;
    if (dynamic)
        symtab_open(module, dynamic, &p.symbols);
    r = read_slots(&p);
    if (r == 0 && p.n > 0)
        read_stubs(&p);
    free(p.slots);
    return r;
}
